"""What a model of the Galton board is judged by. The odds are known, so each score has its best value beside it."""

import torch
from jaxtyping import Float
from torch import Tensor

from wmcourse.agents.random_policy import RandomPolicy
from wmcourse.data.collect import Policy, collect
from wmcourse.envs.galton import BINS, ENV_ID, HITS, RIGHT_ODDS, STEPS, ball_column, landing_odds
from wmcourse.evaluation.predictive import ensemble
from wmcourse.evaluation.rollout import rollout
from wmcourse.evaluation.scores import ensemble_crps
from wmcourse.evaluation.statistics import Interval, bootstrap_mean
from wmcourse.models.protocol import WorldModel

DREAMS = 100
"""Futures imagined per episode."""
MODEL_EPISODES = 200
"""Most episodes of random tilts used to judge the model."""
SHARP = 1.0
"""A dreamed ball counts as landed if it is seen this many pixels or less from a bin; half of all places are."""


def measure_galton(policy: Policy, model: WorldModel, *, episodes: int, seed: int) -> dict[str, Interval]:
    """Metrics of a policy and of a world model on the Galton board, units in their names (rewards are in points).

    Policy: mean return. Model, on episodes of random tilts: the expected negative log-likelihood of the way a ball goes
    at a peg, and the expected CRPS of where it lands, foreseen from the first picture, both under the true odds and
    beside their best possible values; the share of dreamed landings that are in a bin; and, at temperature 0, the error
    of the reward believed after a hit, and the mean squared error of a picture before it is seen, in closed loop and
    with nothing seen but the first, over the variance of the data.
    """
    played = collect(ENV_ID, policy, episodes=episodes, seed=seed)
    watched = min(episodes, MODEL_EPISODES)
    random = collect(ENV_ID, RandomPolicy(model.action_dim, seed=seed), episodes=watched, seed=seed)
    actions = torch.stack([episode.actions for episode in random])
    observations = torch.stack([episode.observations for episode in random])
    true, foreseen = right_odds(model, actions, observations, seed=seed)
    landings = dreamed_landings(model, actions, observations[:, :1], seed=seed)
    odds = landing_odds(actions)
    seen = rollout(model, actions, observations, peek_every=1)
    metrics = {
        "return_mean": bootstrap_mean(torch.stack([episode.rewards.sum() for episode in played])),
        "peg_nll_nats": bootstrap_mean(cross_entropy(true, foreseen).mean(1)),
        "peg_nll_best_nats": bootstrap_mean(cross_entropy(true, true).mean(1)),
        "landing_crps_px": bootstrap_mean(expected_crps(landings, odds)),
        "landing_crps_best_px": bootstrap_mean(best_crps(odds)),
        "landed_share": bootstrap_mean(sharp(landings).mean(0)),
    }
    if seen.believed.reward is not None:
        after = torch.tensor(HITS)
        earned = torch.stack([episode.rewards for episode in random])[:, after]
        metrics["reward_error"] = bootstrap_mean((seen.believed.reward[:, after + 1] - earned).abs().mean(1))
    blind = rollout(model, actions, observations[:, :1])
    variance = observations[:, 1:].var((0, 1)).mean()
    for name, followed in (("closed", seen), ("open", blind)):
        error = (followed.expected.require_observation() - observations)[:, 1:].square().mean((1, 2))
        metrics[f"drift_{name}_nmse"] = bootstrap_mean(error / variance)
    return metrics


def right_odds(
    model: WorldModel,
    actions: Float[Tensor, "batch time 3"],
    observations: Float[Tensor, "batch steps 256"],
    *,
    seed: int,
    dreams: int = DREAMS,
) -> tuple[Float[Tensor, "batch hits"], Float[Tensor, "batch hits"]]:
    """The odds of going right at each peg (B, 3): the true ones, and those in the model's one-step dreams.

    Before each peg the model has seen everything so far. Of N dreams k go right, and its odds are (k + 1/2) / (N + 1).
    """
    hits = torch.tensor(HITS)
    followed = ensemble(model, actions, observations, particles=dreams, peek_every=1, seed=seed)
    column, before = ball_column(followed.expected.require_observation()), ball_column(observations)
    right = (column[:, :, hits + 1] > before[:, hits]).float().sum(0)
    return (actions[:, hits] * torch.tensor(RIGHT_ODDS)).sum(-1), (right + 0.5) / (dreams + 1)


def dreamed_landings(
    model: WorldModel,
    actions: Float[Tensor, "batch time 3"],
    first: Float[Tensor, "batch 1 256"],
    *,
    seed: int,
    dreams: int = DREAMS,
    temperature: float = 1.0,
) -> Float[Tensor, "dream batch"]:
    """The column (N, B) in which each of N dreams sees the ball land, with nothing but the first picture to go by."""
    imagined = ensemble(model, actions, first, particles=dreams, temperature=temperature, seed=seed)
    return ball_column(imagined.expected.require_observation()[:, :, STEPS])


def cross_entropy(
    true: Float[Tensor, "batch hits"], foreseen: Float[Tensor, "batch hits"]
) -> Float[Tensor, "batch hits"]:
    """Expected negative log-likelihood in nats of a yes-or-no forecast; least when it is the truth."""
    return -(true * foreseen.log() + (1 - true) * (1 - foreseen).log())


def expected_crps(samples: Float[Tensor, "dream batch"], odds: Float[Tensor, "batch bin"]) -> Float[Tensor, " batch"]:
    """Expected CRPS of N forecast samples if the truth is in bin k with probability `odds[:, k]`; in pixels."""
    scores = [ensemble_crps(samples, torch.full_like(samples[0], place)) for place in BINS]
    return (torch.stack(scores, dim=1) * odds).sum(1)


def best_crps(odds: Float[Tensor, "batch bin"]) -> Float[Tensor, " batch"]:
    """Expected CRPS of the true odds themselves: half the mean distance between two landings; in pixels."""
    bins = torch.tensor(BINS)
    distance = (bins.unsqueeze(0) - bins.unsqueeze(1)).abs()
    return 0.5 * torch.einsum("bi,ij,bj->b", odds, distance, odds)


def sharp(landings: Float[Tensor, "dream batch"]) -> Float[Tensor, "dream batch"]:
    """1 where a dreamed ball lies in a bin, 0 where it lies between them."""
    return ((landings.unsqueeze(-1) - torch.tensor(BINS)).abs().amin(-1) <= SHARP).float()
