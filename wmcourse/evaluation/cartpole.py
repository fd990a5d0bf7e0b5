"""The measurements every CartPole model is judged by, so that all of them can be compared."""

from collections.abc import Sequence

import torch

from wmcourse.agents.random_policy import RandomPolicy
from wmcourse.data.collect import Policy, collect
from wmcourse.data.episode import Episode
from wmcourse.evaluation.drift import drift
from wmcourse.evaluation.held_out import held_out
from wmcourse.evaluation.horizon import horizon_table
from wmcourse.evaluation.rollout import rollout
from wmcourse.evaluation.statistics import Interval, bootstrap_mean, wilson_interval
from wmcourse.models.protocol import WorldModel

ENV_ID = "CartPole-v1"
FULL_EPISODE = 500
ANGLE = 2
"""The pole's angle among the four numbers of an observation."""
HORIZONS = (1, 5, 10, 11, 25, 50)
PEEKS: dict[str, int | None] = {"closed": 1, "peek10": 10, "peek20": 20, "peek40": 40, "open": None}
MODEL_EPISODES = 100
"""Most policy episodes used to judge the model; random ones are short, so ten times as many."""


def measure_cartpole(policy: Policy, model: WorldModel, *, episodes: int, seed: int) -> dict[str, Interval]:
    """Metrics of a policy and of a world model on CartPole-v1 states, units in their names.

    Policy: mean return, and the share of episodes that reach 500 (Wilson interval). Model, on episodes of that policy
    and on those of a random one: error of the pole's angle and nMSE h steps open loop, and VPT80@0.25. Drift over the
    full 500-step policy episodes, for several peek intervals: the angle's error before each look, its mean over an
    episode and its largest value; intervals over episodes.
    """
    played = collect(ENV_ID, policy, episodes=episodes, seed=seed)
    returns = torch.stack([episode.rewards.sum() for episode in played])
    metrics = {
        "return_mean": bootstrap_mean(returns),
        "solved_share": wilson_interval(int((returns >= FULL_EPISODE).sum()), len(returns)),
    }
    watched = played[:MODEL_EPISODES]
    random = collect(ENV_ID, RandomPolicy(model.action_dim, seed=seed), episodes=10 * len(watched), seed=seed)
    metrics |= _horizon_metrics(model, watched, "policy")
    metrics |= _horizon_metrics(model, random, "random")
    full = [episode for episode in watched if len(episode) == FULL_EPISODE]
    return metrics | (_drift_metrics(model, full) if full else {})


def measure_cartpole_heads(policy: Policy, model: WorldModel, *, episodes: int, seed: int) -> dict[str, Interval]:
    """`measure_cartpole`, and what the two other heads get wrong on random-policy episodes, all of which terminate.

    The error of the reward, which is always 1, as expected before each look; and the probability to go on that the
    model still sees in the terminal state, having looked at it; it should be 0.
    """
    random = collect(ENV_ID, RandomPolicy(model.action_dim, seed=seed), episodes=10 * MODEL_EPISODES, seed=seed)
    data = held_out(model, random)
    seen = rollout(model, data.actions, data.observations, peek_every=1)
    if seen.expected.reward is None or seen.believed.continues is None:
        raise ValueError("this model has no head for the reward, or none for the end of an episode")
    error = (seen.expected.reward - 1.0).abs().masked_fill(~data.real, torch.nan)[:, 1:]
    end = seen.believed.continues.gather(1, data.lengths.unsqueeze(1)).squeeze(1)
    heads = {"reward_error": bootstrap_mean(error.nanmean(1)), "continue_at_end": bootstrap_mean(end)}
    return measure_cartpole(policy, model, episodes=episodes, seed=seed) | heads


def _horizon_metrics(model: WorldModel, episodes: Sequence[Episode], kind: str) -> dict[str, Interval]:
    longest = max(len(episode) for episode in episodes)
    table = horizon_table(model, episodes, horizons=[h for h in HORIZONS if h <= longest])
    metrics = {f"vpt80_steps_{kind}": table.vpt}
    for h, nmse, absolute in zip(table.horizons, table.nmse, table.absolute, strict=True):
        metrics[f"pole_angle_error_rad_h{h}_{kind}"] = absolute[ANGLE]
        metrics[f"nmse_h{h}_{kind}"] = nmse
    return metrics


def _drift_metrics(model: WorldModel, episodes: Sequence[Episode]) -> dict[str, Interval]:
    metrics = {}
    for name, peek_every in PEEKS.items():
        expected = drift(model, episodes, peek_every=peek_every).expected
        metrics[f"drift_{name}_mean_rad"] = expected.mean(ANGLE)
        metrics[f"drift_{name}_max_rad"] = expected.max(ANGLE)
    return metrics
