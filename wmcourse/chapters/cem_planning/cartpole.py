"""Discrete CEM on CartPole with Dreamer's own model, beside Dreamer's own policy."""

import time
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from wmcourse.agents.dreamer import Dreamer
from wmcourse.data.collect import Policy, collect
from wmcourse.envs.cartpole import MAX_ANGLE, MAX_POSITION
from wmcourse.evaluation.cartpole import ENV_ID
from wmcourse.evaluation.statistics import bootstrap_mean, wilson_interval
from wmcourse.planning import CategoricalCEM, Choices, Imagination, RecedingHorizon
from wmcourse.studies.results import Run

HORIZON, SAMPLES, ELITES, ITERATIONS = 15, 32, 4, 3
LONG = 30
DECISIONS = 50
"""Timed, one at a time."""


def upright(observation: Float[Tensor, "row 4"], action: Float[Tensor, "row 2"]) -> Float[Tensor, " row"]:
    """Minus a cost: squares of position and angle, each 1 where the episode ends."""
    return -((observation[:, 0] / MAX_POSITION).square() + (observation[:, 2] / MAX_ANGLE).square())


def upright_and_alive(observation: Float[Tensor, "row 4"], action: Float[Tensor, "row 2"]) -> Float[Tensor, " row"]:
    """The same with a point for each step, so that it is never good to end."""
    return 1 + upright(observation, action)


IMAGINATIONS: dict[str, Callable[[Dreamer], Imagination]] = {
    "reward head": lambda dreamer: Imagination(dreamer.world),
    "critic at the end": lambda dreamer: Imagination(
        dreamer.world, value=dreamer.critic, discount=dreamer.config.discount
    ),
    "minus a cost": lambda dreamer: Imagination(dreamer.world, reward=upright),
    "a point minus a cost": lambda dreamer: Imagination(dreamer.world, reward=upright_and_alive),
}


def planner(horizon: int = HORIZON) -> CategoricalCEM:
    """The search of the study."""
    return CategoricalCEM(Choices(2), horizon=horizon, samples=SAMPLES, elites=ELITES, iterations=ITERATIONS)


def played(dreamer: Dreamer, policy: Policy, *, seed: int, episodes: int, evaluation: int) -> Run:
    """Returns of `episodes` episodes, how they ended, and milliseconds for a decision, on this machine, one thread."""
    started = time.perf_counter()
    runs = collect(ENV_ID, policy, episodes=episodes, seed=evaluation)
    off_track = sum(abs(each.observations[-1, 0].item()) > MAX_POSITION for each in runs)
    returns = torch.stack([each.rewards.sum() for each in runs])
    return Run(
        seed,
        wall_s=time.perf_counter() - started,
        metrics={"return_mean": bootstrap_mean(returns), "off_track_share": wilson_interval(off_track, episodes)},
        numbers={"decision_ms": decision_ms(policy, runs[0].observations[:1])},
    )


def decision_ms(policy: Policy, observation: Float[Tensor, "1 4"]) -> float:
    """Median milliseconds of a decision for one agent."""
    memory, took = policy.initial(1), []
    for _ in range(DECISIONS):
        before = time.perf_counter()
        _, memory = policy.act(memory, observation)
        took.append(1000 * (time.perf_counter() - before))
    return sorted(took)[DECISIONS // 2]


def planning(dreamer: Dreamer, aim: str, *, seed: int, horizon: int = HORIZON) -> RecedingHorizon:
    """The policy that plans for one of `IMAGINATIONS`, anew at each step."""
    return RecedingHorizon(IMAGINATIONS[aim](dreamer), planner(horizon), seed=seed)
