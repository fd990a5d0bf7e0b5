"""The Galton board: its odds, its pay and its pictures, against counting, enumeration and drawing by hand."""

import itertools
import math
import warnings

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from wmcourse.envs import galton
from wmcourse.envs.galton import (
    BEST_RETURN,
    BINS,
    CORNERS,
    ENV_ID,
    HITS,
    LEFT,
    LEVEL,
    PAY,
    RIGHT,
    RIGHT_ODDS,
    SIDE,
    SIGN,
    SIGNLESS_RETURN,
    STEPS,
    GaltonBoard,
    ball_column,
    board_picture,
    landing_odds,
    went_right,
)

WAYS = list(itertools.product([-1, 1], repeat=len(HITS)))
SIGNS = [None, -1, 1]
MIDDLE = (SIDE - 1) / 2


def column_by_hand(time, ways):
    """Each peg throws the ball two pixels aside: half of that in one step, 80% in two, all in three."""
    shares = {1: 0.5, 2: 0.8, 3: 1.0}
    return MIDDLE + sum(2.0 * way * shares[min(time - hit, 3)] for hit, way in zip(HITS, ways, strict=False))


def picture(time, ways, sign=None):
    return torch.from_numpy(board_picture(time, list(ways), sign))


def scenes():
    """Every time, with each of the ways that the ball can have gone by then."""
    for time in range(STEPS + 1):
        yield from ((time, ways) for ways in itertools.product([-1, 1], repeat=sum(hit < time for hit in HITS)))


@pytest.fixture
def unpainted(monkeypatch, unchecked_shapes):
    """A board whose observations are what its pictures would show: (time, ways so far, sign)."""
    monkeypatch.setattr(galton, "board_picture", lambda time, ways, sign: (time, tuple(ways), sign))
    return GaltonBoard()


def play(board, tilt, episodes, seed=0):
    """Episodes as lists of observations and rewards; `tilt(time)` chooses."""
    for episode in range(episodes):
        seen, rewards, ended = [board.reset(seed=seed if episode == 0 else None)[0]], [], False
        while not ended:
            observation, reward, ended, _, _ = board.step(tilt(len(rewards)))
            seen.append(observation)
            rewards.append(reward)
        yield seen, rewards


def likely(count, trials, odds):
    """Is `count` within four standard deviations of a binomial distribution?"""
    return abs(count - trials * odds) < 4 * math.sqrt(trials * odds * (1 - odds))


def test_it_is_a_gymnasium_environment():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gym.make(ENV_ID).unwrapped)


@pytest.mark.parametrize("tilt", [LEFT, LEVEL, RIGHT])
def test_the_tilt_on_a_peg_sets_the_odds_and_no_other_tilt_does(unpainted, tilt):
    other = (tilt + 1) % 3
    ways = [seen[-1][1] for seen, _ in play(unpainted, lambda t: tilt if t in HITS else other, episodes=600)]
    for peg in zip(*ways, strict=True):
        assert likely(peg.count(1), 600, RIGHT_ODDS[tilt])
    assert likely(sum(peg.count(1) for peg in ways), 1800, RIGHT_ODDS[tilt])


def test_off_the_pegs_the_tilt_changes_nothing(unpainted):
    games = [list(play(unpainted, lambda t, o=other: LEVEL if t in HITS else o, 20)) for other in (LEFT, RIGHT)]
    assert games[0] == games[1]


def test_a_seed_repeats_an_episode_and_a_reset_clears_the_board(unpainted):
    first, second = (list(play(unpainted, lambda t: t % 3, 5, seed=3)) for _ in range(2))
    assert first == second
    assert len({str(seen) for seen, _ in first}) > 1  # unseeded resets go on with the luck
    assert [seen[0] for seen, _ in first] == [(0, (), None)] * 5


def test_an_episode_is_ten_steps_and_its_pictures_are_what_happened():
    board = GaltonBoard()
    ((seen, rewards),) = play(board, lambda t: LEVEL, 1)
    assert len(rewards) == len(seen) - 1 == STEPS
    assert all(observation in board.observation_space for observation in seen)
    columns = ball_column(torch.from_numpy(np.stack(seen)))
    ways = [1 if went_right(torch.from_numpy(seen[hit]), torch.from_numpy(seen[hit + 1])) else -1 for hit in HITS]
    expected = [column_by_hand(t, ways[: sum(hit < t for hit in HITS)]) for t in range(STEPS + 1)]
    torch.testing.assert_close(columns, torch.tensor(expected), atol=0.15, rtol=0)


def test_signs_come_on_the_pegs_alone_and_are_fair_coins(unpainted):
    games = [seen for seen, _ in play(unpainted, lambda t: LEVEL, 600)]
    signs = [[sign for _, _, sign in seen] for seen in games]
    for t, column in enumerate(zip(*signs, strict=True)):
        if t in HITS:
            assert set(column) == {-1, 1}
            assert likely(column.count(1), 600, 0.5)
        else:
            assert set(column) == {None}
    # Nor does a sign foretell the way, or the next sign.
    ways = [seen[-1][1] for seen in games]
    agree = sum(signs[i][hit] == ways[i][k] for i in range(600) for k, hit in enumerate(HITS))
    assert likely(agree, 1800, 0.5)
    assert likely(sum(row[HITS[0]] == row[HITS[1]] for row in signs), 600, 0.5)


def test_the_reward_is_the_pay_for_the_signed_way_and_else_nothing(unpainted):
    paid = set()
    for seen, rewards in play(unpainted, lambda t: LEVEL, 100):
        ways = seen[-1][1]
        for t, reward in enumerate(rewards):
            if t not in HITS:
                assert reward == 0.0
                continue
            sign, way = seen[t][2], ways[HITS.index(t)]
            assert reward == (PAY[sign] if sign == way else 0.0)
            paid.add((sign, way, reward))
    assert paid == {(-1, -1, 0.5), (-1, 1, 0.0), (1, -1, 0.0), (1, 1, 1.0)}  # all four happened


def test_the_best_returns_are_those_of_every_policy_of_one_peg_tried():
    """A peg leaves nothing behind that pays, so the best tilt at one is the best at all three."""

    def expected(tilts):
        """Pay at one peg when `tilts[sign]` is chosen."""
        odds = {sign: {1: RIGHT_ODDS[tilt], -1: 1 - RIGHT_ODDS[tilt]} for sign, tilt in tilts.items()}
        return sum(0.5 * odds[sign][sign] * PAY[sign] for sign in (-1, 1))

    policies = [{-1: left, 1: right} for left in range(3) for right in range(3)]
    best = max(policies, key=expected)
    assert best == {-1: LEFT, 1: RIGHT}
    assert pytest.approx(len(HITS) * expected(best)) == BEST_RETURN
    blind = max((policy for policy in policies if policy[-1] == policy[1]), key=expected)
    assert blind == {-1: RIGHT, 1: RIGHT}
    assert pytest.approx(len(HITS) * expected(blind)) == SIGNLESS_RETURN


def test_the_return_of_the_best_player_is_the_best_return(unpainted):
    returns = []
    for episode in range(600):
        (_, _, sign), _ = unpainted.reset(seed=0 if episode == 0 else None)
        total, ended = 0.0, False
        while not ended:
            (_, _, sign), reward, ended, _, _ = unpainted.step(RIGHT if sign == 1 else LEFT)
            total += reward
        returns.append(total)
    assert np.mean(returns) == pytest.approx(BEST_RETURN, abs=4 * np.std(returns) / math.sqrt(600))


def test_landing_odds_equal_the_enumeration_of_all_eight_ways():
    tilts = torch.nn.functional.one_hot(torch.randint(3, (30, STEPS)), 3).float()
    oracle = torch.zeros(30, len(BINS))
    for b in range(30):
        for ways in WAYS:
            probability = 1.0
            for hit, way in zip(HITS, ways, strict=True):
                right = RIGHT_ODDS[int(tilts[b, hit].argmax())]
                probability *= right if way == 1 else 1 - right
            oracle[b, ways.count(1)] += probability
    torch.testing.assert_close(landing_odds(tilts), oracle)
    torch.testing.assert_close(landing_odds(tilts).sum(1), torch.ones(30))


def test_the_ball_lands_in_the_bin_of_its_turns_to_the_right():
    for ways in WAYS:
        landed = ball_column(picture(STEPS, ways)).item()
        assert landed == pytest.approx(BINS[ways.count(1)], abs=0.01)
        assert column_by_hand(STEPS, ways) == BINS[ways.count(1)]


def test_the_seen_column_is_the_drawn_ball_at_every_time():
    """To 0.15 of a pixel; nearest to the pegs, whose light is taken off, it is least exact."""
    for time, ways in scenes():
        assert ball_column(picture(time, ways)).item() == pytest.approx(column_by_hand(time, ways), abs=0.15)


def test_the_seen_column_is_blind_to_signs_and_pegs():
    for time, ways in scenes():
        left, right = (ball_column(picture(time, ways, sign)) for sign in (-1, 1))
        assert left == right == ball_column(picture(time, ways))
    pegs = np.minimum.reduce([board_picture(time, list(ways), None) for time, ways in scenes()])
    assert pegs.max() > 0.2  # there is something to be blind to
    for corner in CORNERS.values():
        pegs.reshape(SIDE, SIDE)[corner] = SIGN
    assert ball_column(torch.from_numpy(pegs)).item() == MIDDLE  # no ball: the middle


def test_the_seen_column_of_two_half_balls_is_between_them():
    """What a blurry model shows is not taken for a landing."""
    blurred = (picture(STEPS, (-1, -1, 1)) + picture(STEPS, (-1, 1, 1))) / 2
    assert ball_column(blurred).item() == pytest.approx((BINS[1] + BINS[2]) / 2, abs=0.01)


def test_went_right_reads_the_way_from_any_two_pictures_around_a_peg():
    before, after, oracle = [], [], []
    for peg, hit in enumerate(HITS):
        for ways in itertools.product([-1, 1], repeat=peg + 1):
            for sign in (-1, 1):
                before.append(picture(hit, ways[:-1], sign))
                after.append(picture(hit + 1, ways))
                oracle.append(ways[-1] == 1)
    assert went_right(torch.stack(before), torch.stack(after)).tolist() == oracle


def test_a_picture_shows_its_sign_in_its_corner_and_nowhere_else():
    for time, ways in scenes():
        plain = picture(time, ways).view(SIDE, SIDE)
        for sign, corner in CORNERS.items():
            signed = picture(time, ways, sign).view(SIDE, SIDE)
            torch.testing.assert_close(signed[corner], torch.full_like(signed[corner], SIGN))
            assert plain[corner].max() < 0.1  # neither ball nor peg hides it
            changed = (signed != plain).nonzero()
            assert len(changed) == signed[corner].numel()


def test_pictures_are_brightnesses_and_no_two_scenes_look_alike():
    """Where the ball was matters only through where it is: from the third step after a peg on, order is forgotten."""
    shown = {}
    for time, ways in scenes():
        image = picture(time, ways)
        assert image.min() >= 0 and image.max() <= 1 and image.max() > 0.7
        shown.setdefault((time, round(column_by_hand(time, ways), 6)), []).append(image)
    for alike in shown.values():
        assert all(torch.equal(alike[0], image) for image in alike)
    firsts = [alike[0] for alike in shown.values()]
    assert all(not torch.allclose(a, b, atol=0.1) for a, b in itertools.combinations(firsts, 2))
