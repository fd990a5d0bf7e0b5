"""The Galton board's scores: the true odds, dressed as a world model, get the best ones, and a blur does not."""

import itertools
import math
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.distributions import Binomial
from torch.nn.functional import one_hot

from wmcourse.agents import RandomPolicy
from wmcourse.chapters.rssm.galton_board import (
    SHARP,
    best_crps,
    cross_entropy,
    dreamed_landings,
    expected_crps,
    measure_galton,
    right_odds,
    sharp,
)
from wmcourse.data.collect import collect
from wmcourse.envs.galton import BINS, CORNERS, ENV_ID, HITS, PAY, RIGHT_ODDS, SIDE, STEPS, board_picture, landing_odds
from wmcourse.models import Prediction, WorldModel, first_look

PATHS = list(itertools.product([-1, 1], repeat=len(HITS)))
"""In the order of the bits of 0..7: the first peg's way is the highest."""


class BoardState(NamedTuple):
    time: Tensor
    belief: Tensor
    """(B, 8) over paths; pegs not reached yet count as left."""
    sign: Tensor
    reward: Tensor


class TrueBoard:
    """The true dynamics: `imagine` draws a way with the true odds, `observe` reads it off the picture.

    With `blurry` it draws nothing, and shows the mean of all pictures that may come: the least squared error.
    """

    observation_shape, action_dim = (SIDE * SIDE,), len(RIGHT_ODDS)

    def __init__(self, odds: tuple[float, ...] = RIGHT_ODDS, *, blurry: bool = False) -> None:
        self.odds, self.blurry = torch.tensor(odds), blurry
        gone = [sum(hit < time for hit in HITS) for time in range(STEPS + 1)]
        pictures = [
            [board_picture(time, list(ways[: gone[time]]), None) for ways in PATHS] for time in range(STEPS + 1)
        ]
        self.pictures = torch.from_numpy(np.array(pictures))  # (time, path, pixel)

    def initial(self, batch_size: int) -> BoardState:
        nothing = torch.zeros(batch_size)
        return BoardState(nothing - 1, one_hot(torch.zeros(batch_size).long(), 8).float(), nothing, nothing)

    def advance(self, state: BoardState, action: Tensor) -> BoardState:
        """The exact distribution one step later."""
        right = action @ self.odds
        belief, time = state.belief, int(state.time[0])
        if time in HITS:
            bit = 4 >> HITS.index(time)
            to_right = torch.zeros_like(belief)
            came = [path for path in range(8) if not path & bit]
            to_right[:, [path | bit for path in came]] = belief[:, came]
            belief = (1 - right[:, None]) * belief + right[:, None] * to_right
        return BoardState(state.time + 1, belief, torch.zeros_like(state.sign), torch.zeros_like(state.reward))

    def imagine(self, state: BoardState, action: Tensor, temperature: float = 1.0) -> BoardState:
        after = self.advance(state, action)
        if self.blurry:
            return after
        path = after.belief.argmax(-1) if temperature == 0 else after.belief.multinomial(1).squeeze(-1)
        return after._replace(belief=one_hot(path, 8).float())

    def observe(
        self, state: BoardState, action: Tensor | None, observation: Tensor, temperature: float = 1.0
    ) -> BoardState:
        if action is None:
            state, action = self.initial(len(observation)), observation.new_zeros(len(observation), self.action_dim)
        after, path, hit = self.advance(state, action), state.belief.argmax(-1), int(state.time[0])
        image = observation.unflatten(-1, (SIDE, SIDE))
        sign = sum(way * (image[:, 0, columns].amin(-1) > 0.1) for way, (_, columns) in CORNERS.items())
        if hit not in HITS:
            return after._replace(belief=state.belief, sign=sign.float())
        bit = 4 >> HITS.index(hit)
        left, right = (self.pictures[hit + 1, way] for way in (path, path | bit))
        went_right = (observation - right).square().sum(-1) < (observation - left).square().sum(-1)
        path = torch.where(went_right, path | bit, path)
        paid = torch.where(went_right, PAY[1] * (state.sign == 1), PAY[-1] * (state.sign == -1))
        return BoardState(after.time, one_hot(path, 8).float(), sign.float(), paid)

    def decode(self, state: BoardState) -> Prediction:
        if not self.blurry:
            return Prediction(self.pictures[state.time.long(), state.belief.argmax(-1)], state.reward)
        weight = one_hot(state.time.long(), STEPS + 1).unsqueeze(-1) * state.belief.unsqueeze(1)  # (B, time, path)
        return Prediction(weight.flatten(1) @ self.pictures.flatten(0, 1), state.reward)


def games(episodes, seed=0):
    """Actions (B, 10, 3) and pictures (B, 11, 256) of random tilts."""
    played = collect(ENV_ID, RandomPolicy(3, seed=seed), episodes=episodes, seed=seed)
    return torch.stack([ep.actions for ep in played]), torch.stack([ep.observations for ep in played])


def random_tilts(batch):
    return one_hot(torch.randint(3, (batch, STEPS)), 3).float()


def draw_landings(odds, dreams):
    """N columns for each row of odds, by torch's own sampler."""
    return torch.tensor(BINS)[odds.multinomial(dreams, replacement=True)].T


def expected_cross_entropy(odds, dreams):
    """Of N forecasts drawn from the truth: every count of turns to the right, weighted with its probability."""
    count = torch.arange(dreams + 1.0)
    foreseen = (count + 0.5) / (dreams + 1)
    scores = cross_entropy(torch.full((1, dreams + 1), odds), foreseen.unsqueeze(0))[0]
    return (Binomial(dreams, torch.tensor(odds)).log_prob(count).exp() * scores).sum().item()


def test_the_true_board_is_a_world_model_that_foresees_what_happens():
    """The oracle itself, checked: from what it saw it knows every picture but the coin on the peg and the sign."""
    model, (actions, pictures) = TrueBoard(), games(6)
    assert isinstance(model, WorldModel)
    state = first_look(model, pictures[:, 0])
    for t in range(STEPS):
        state = model.observe(state, actions[:, t], pictures[:, t + 1])
        believed = model.decode(state).observation.view(-1, SIDE, SIDE)[:, 2:]  # below the signs
        torch.testing.assert_close(believed, pictures[:, t + 1].view(-1, SIDE, SIDE)[:, 2:])


def test_the_true_odds_are_read_from_the_tilt_on_each_peg():
    actions, pictures = games(4)
    true, _ = right_odds(TrueBoard(), actions, pictures, seed=0, dreams=2)
    for b, peg in itertools.product(range(4), range(3)):
        assert true[b, peg] == pytest.approx(RIGHT_ODDS[int(actions[b, HITS[peg]].argmax())])


@pytest.mark.parametrize("odds", [RIGHT_ODDS, (0.85, 0.3, 0.15)])
def test_foreseen_odds_are_those_of_the_models_own_dreams(odds):
    """A model with other odds is taken at its word: k of N dreams to the right become (k + 1/2) / (N + 1)."""
    actions, pictures = games(4)
    _, foreseen = right_odds(TrueBoard(odds), actions, pictures, seed=0, dreams=100)
    expected = (100 * (actions[:, HITS] @ torch.tensor(odds)) + 0.5) / 101
    assert ((foreseen - expected).abs() < 4 * 0.5 / math.sqrt(100)).all()
    assert (foreseen - expected).mean().abs() < 4 * 0.5 / math.sqrt(100 * foreseen.numel())
    count = 101 * foreseen - 0.5
    torch.testing.assert_close(count, count.round(), atol=1e-3, rtol=0)


def test_cross_entropy_is_least_at_the_truth_where_it_is_the_entropy():
    true = torch.tensor([RIGHT_ODDS])
    entropy = torch.distributions.Bernoulli(probs=true).entropy()
    torch.testing.assert_close(cross_entropy(true, true), entropy)
    grid = torch.linspace(0.01, 0.99, 99).unsqueeze(1).expand(99, 3)
    scores = cross_entropy(true.expand(99, 3), grid)
    torch.testing.assert_close(grid.gather(0, scores.argmin(0, keepdim=True)), true, atol=1e-6, rtol=0)


def test_best_crps_equals_the_expected_score_over_all_pairs_of_forecast_and_truth():
    """E |X - Y| - E |X - X'| / 2 by enumeration; and the integral of the variance of 1[Y <= x] over x."""
    odds = landing_odds(random_tilts(5)).double()
    for row, score in zip(odds, best_crps(odds.float()), strict=True):
        pairs = sum(p * q * abs(x - y) for p, x in zip(row, BINS, strict=True) for q, y in zip(row, BINS, strict=True))
        assert score.item() == pytest.approx((pairs - pairs / 2).item(), rel=1e-5)
        cdf = row.cumsum(0)[:-1]
        assert score.item() == pytest.approx((4.0 * cdf * (1 - cdf)).sum().item(), rel=1e-5)


def test_expected_crps_of_dreams_of_the_truth_is_the_best_and_of_any_other_worse():
    odds = landing_odds(random_tilts(200))
    best = best_crps(odds).mean().item()
    true = expected_crps(draw_landings(odds, 100), odds)
    blur = expected_crps((odds @ torch.tensor(BINS)).expand(100, 200), odds)
    level = expected_crps(draw_landings(torch.tensor([[1, 3, 3, 1]]).expand(200, 4) / 8.0, 100), odds)
    error = (true - best_crps(odds)).std().item() / math.sqrt(200)
    assert true.mean().item() == pytest.approx(best, abs=4 * error)
    assert error < 0.02 * best
    assert blur.mean().item() > best + 0.2
    assert level.mean().item() > best + 0.2


def test_expected_crps_of_a_point_is_its_mean_distance():
    odds = landing_odds(random_tilts(5))
    point = torch.full((7, 5), 4.0)
    oracle = sum(odds[:, k] * abs(place - 4.0) for k, place in enumerate(BINS))
    torch.testing.assert_close(expected_crps(point, odds), oracle)


def test_dreamed_landings_of_the_true_board_fall_with_the_true_odds():
    """Chi-square of 300 landings of each of four games, foreseen from the first picture alone."""
    actions, pictures = games(4)
    landings = dreamed_landings(TrueBoard(), actions, pictures[:, :1], seed=0, dreams=300)
    nearest = (landings.unsqueeze(-1) - torch.tensor(BINS)).abs()
    assert nearest.amin(-1).max() < 0.01
    counts = one_hot(nearest.argmin(-1), 4).sum(0)
    expected = 300 * landing_odds(actions)
    chi_square = ((counts - expected).square() / expected).sum(-1)
    assert (chi_square < 21.1).all()  # the 99.99 % point with 3 degrees of freedom
    cold = dreamed_landings(TrueBoard(), actions, pictures[:, :1], seed=0, dreams=2, temperature=0.0)
    assert torch.equal(cold[0], cold[1])


def test_a_landing_is_sharp_within_a_pixel_of_a_bin():
    columns = torch.tensor([[BINS[0], BINS[3], BINS[1] + 0.9 * SHARP, BINS[2] - 1.1 * SHARP, 7.5, -3.0]])
    assert sharp(columns).tolist() == [[1.0, 1.0, 1.0, 0.0, 0.0, 0.0]]


@pytest.fixture(scope="module")
def measured():
    """What the true board and its blur are found to be, on the same twelve episodes."""
    return {
        blurry: measure_galton(RandomPolicy(3, seed=1), TrueBoard(blurry=blurry), episodes=12, seed=5)
        for blurry in (False, True)
    }


def test_the_true_board_scores_the_best_possible_values(measured):
    """The odds are told by 100 dreams, which costs about 1/200 of a nat: `expected_cross_entropy` knows how much."""
    metrics = measured[False]
    actions, _ = games(12, seed=5)
    tilts = actions[:, HITS].argmax(-1).flatten().tolist()
    exact = sum(expected_cross_entropy(RIGHT_ODDS[tilt], 100) for tilt in tilts) / len(tilts)
    best = sum(torch.distributions.Bernoulli(RIGHT_ODDS[tilt]).entropy().item() for tilt in tilts) / len(tilts)
    assert metrics["peg_nll_best_nats"].value == pytest.approx(best, abs=1e-5)
    assert metrics["peg_nll_nats"].value == pytest.approx(exact, abs=0.005)
    assert 0 < metrics["peg_nll_nats"].value - best < 0.01
    assert metrics["landing_crps_best_px"].value == pytest.approx(best_crps(landing_odds(actions)).mean().item())
    assert metrics["landing_crps_px"].value == pytest.approx(metrics["landing_crps_best_px"].value, abs=0.03)
    assert metrics["landed_share"].value == 1.0
    assert metrics["reward_error"].value == 0.0


def test_a_blur_has_less_squared_error_and_worse_scores(measured):
    """Why the proper scores are there: by its drift alone, the model that never decides would be the better one."""
    true, blur = measured[False], measured[True]
    for drift in ("drift_closed_nmse", "drift_open_nmse"):
        assert blur[drift].value < true[drift].value
    assert blur["peg_nll_nats"].value > true["peg_nll_nats"].value + 0.2
    assert blur["landing_crps_px"].value > true["landing_crps_px"].value + 0.3
    assert blur["landed_share"].value < 0.7 < true["landed_share"].value  # half of all columns are near a bin
    assert blur["peg_nll_best_nats"] == true["peg_nll_best_nats"]


def test_the_return_is_that_of_the_policy_played(measured):
    played = collect(ENV_ID, RandomPolicy(3, seed=1), episodes=12, seed=5)
    expected = sum(episode.rewards.sum().item() for episode in played) / 12
    assert measured[False]["return_mean"].value == pytest.approx(expected)


def test_drift_is_the_squared_error_over_the_variance_of_the_pictures(constant_world):
    """A model that always shows the mean of each pixel has an nMSE of 1, whether it looks or not."""
    _, pictures = games(6, seed=2)
    mean = constant_world(pictures[:, 1:].mean((0, 1)), action_dim=3)
    metrics = measure_galton(RandomPolicy(3, seed=2), mean, episodes=6, seed=2)
    unbiased = (6 * STEPS - 1) / (6 * STEPS)
    assert metrics["drift_closed_nmse"].value == pytest.approx(unbiased, rel=1e-4)
    assert metrics["drift_open_nmse"].value == pytest.approx(unbiased, rel=1e-4)
    assert "reward_error" not in metrics  # it has no head for the reward
