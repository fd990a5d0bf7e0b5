"""How planners do on Pendulum-v1: their returns, and where those lie between chance and the oracle."""

from functools import cache

from jaxtyping import Float
from torch import Tensor

from wmcourse.agents.random_policy import UniformPolicy
from wmcourse.data.collect import Policy
from wmcourse.envs.pendulum import ENV_ID, MAX_TORQUE
from wmcourse.evaluation.returns import episode_returns
from wmcourse.evaluation.statistics import Interval, bootstrap_mean, bootstrap_ratio
from wmcourse.models.known import known_pendulum
from wmcourse.models.protocol import WorldModel
from wmcourse.planning import CEM, MPPI, Box, GradientPlanner, Imagination, Planner, RandomShooting, RecedingHorizon

TORQUE = Box(-MAX_TORQUE, MAX_TORQUE)
HORIZON = 20
"""Steps: one second."""
PLANNERS: dict[str, Planner] = {
    "shooting": RandomShooting(TORQUE, horizon=HORIZON, samples=192),
    "cem": CEM(TORQUE, horizon=HORIZON, samples=64, elites=8, iterations=3, init_std=1.0),
    "mppi": MPPI(TORQUE, horizon=HORIZON, samples=64, iterations=3, temperature=1.0, std=0.6),
    "gradient": GradientPlanner(TORQUE, horizon=HORIZON, samples=3, iterations=20),
}
"""Sampling planners try 192 plans a decision; the gradient's 60, each with a backward pass, cost about as much."""
TEMPERATURE = 1.0
"""Of learned models: particles draw from what their networks predict, as in PETS."""


def planning_policy(
    model: WorldModel,
    planner: str = "cem",
    *,
    temperature: float = TEMPERATURE,
    pessimism: float = 0.0,
    seed: int = 0,
) -> RecedingHorizon:
    """The policy that plans with `model`, by one of `PLANNERS`, anew at each step."""
    imagination = Imagination(model, temperature=temperature, pessimism=pessimism)
    return RecedingHorizon(imagination, PLANNERS[planner], seed=seed)


@cache
def reference_returns(kind: str, *, episodes: int, seed: int) -> Float[Tensor, " episode"]:
    """Returns of `episodes` by chance ("random"), or by CEM on the true dynamics ("oracle")."""
    policies: dict[str, Policy] = {
        "random": UniformPolicy([-MAX_TORQUE], [MAX_TORQUE], seed=seed),
        "oracle": planning_policy(known_pendulum(), seed=seed),
    }
    return episode_returns(ENV_ID, policies[kind], episodes=episodes, seed=seed)


def share_of_oracle(returns: Float[Tensor, " episode"], *, seed: int) -> Interval:
    """Where the mean return lies between chance (0) and the oracle (1), all from the same starts."""
    chance = reference_returns("random", episodes=len(returns), seed=seed)
    oracle = reference_returns("oracle", episodes=len(returns), seed=seed)
    return bootstrap_ratio(returns - chance, oracle - chance)


def measure_pendulum(
    model: WorldModel, *, episodes: int, seed: int, planners: tuple[str, ...] = tuple(PLANNERS)
) -> dict[str, Interval]:
    """Return of each planner with `model` on Pendulum-v1, and its share of the oracle's, over the same episodes."""
    metrics = {
        f"{kind}_return": bootstrap_mean(reference_returns(kind, episodes=episodes, seed=seed))
        for kind in ("random", "oracle")
    }
    for planner in planners:
        policy = planning_policy(model, planner, seed=seed)
        returns = episode_returns(ENV_ID, policy, episodes=episodes, seed=seed)
        metrics |= {
            f"{planner}_return": bootstrap_mean(returns),
            f"{planner}_share": share_of_oracle(returns, seed=seed),
        }
    return metrics
