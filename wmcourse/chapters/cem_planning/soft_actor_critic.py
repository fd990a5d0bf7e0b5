"""What no model comes to: SAC of Stable-Baselines3 on Pendulum-v1, for the study alone (Haarnoja et al. 2018)."""

import time
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from wmcourse.envs.pendulum import ENV_ID
from wmcourse.evaluation.pendulum import share_of_oracle
from wmcourse.evaluation.returns import episode_returns
from wmcourse.evaluation.statistics import bootstrap_mean
from wmcourse.recipes.history import Row
from wmcourse.studies.results import Run

PEER = "stable-baselines3==2.9.2"
"""What nothing else in the course needs."""
LEARNING_RATE = 1e-3
"""Of RL Baselines3 Zoo's tuned settings for this task; all else is the library's default, and theirs."""


class Learned:
    """A policy of Stable-Baselines3 as one of ours; it acts by the mode of its distribution."""

    def __init__(self, agent: Any) -> None:
        self.agent = agent

    def initial(self, batch_size: int) -> None:
        """No memory."""
        return None

    def act(
        self, memory: None, observation: Float[Tensor, "batch 3"], *, greedy: bool = True
    ) -> tuple[Float[Tensor, "batch 1"], None]:
        """What it has learned to do there."""
        action, _ = self.agent.predict(observation.numpy(), deterministic=greedy)
        return torch.from_numpy(action), None


def soft_actor_critic(
    seed: int,
    *,
    steps: tuple[int, ...],
    validate_every: int,
    validation: tuple[int, int],
    episodes: int,
    evaluation: int,
) -> Run:
    """Train to the last of `steps`; measure on fresh episodes at each, and watch the return on the way.

    `validation` is the number of episodes and their seed, `evaluation` the seed of the `episodes` that count.
    """
    try:
        from stable_baselines3 import SAC
    except ImportError as error:
        raise ImportError(f"this part of the study needs a peer: pip install {PEER}") from error
    started = time.perf_counter()
    agent = SAC("MlpPolicy", ENV_ID, learning_rate=LEARNING_RATE, seed=seed, device="cpu")
    policy, history, metrics = Learned(agent), list[Row](), {}
    for done in range(validate_every, steps[-1] + 1, validate_every):
        agent.learn(validate_every, reset_num_timesteps=done == validate_every)
        watched = episode_returns(ENV_ID, policy, episodes=validation[0], seed=validation[1])
        row: Row = {
            "update": done,
            "environment_steps": done,
            "validation_return": watched.mean().item(),
            "wall_s": time.perf_counter() - started,
        }
        history.append(row)
        if done in steps:
            returns = episode_returns(ENV_ID, policy, episodes=episodes, seed=evaluation)
            metrics[f"return_{done}"] = bootstrap_mean(returns)
            metrics[f"share_{done}"] = share_of_oracle(returns, seed=evaluation)
    parameters = sum(each.numel() for each in agent.policy.parameters())
    return Run(
        seed,
        wall_s=time.perf_counter() - started,
        metrics=metrics,
        history=history,
        environment_steps=steps[-1],
        parameters=parameters,
    )
