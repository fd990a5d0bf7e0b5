"""Acting in a real environment and keeping what happened."""

from typing import Any, Protocol, runtime_checkable

import gymnasium as gym
import numpy as np
import torch
from gymnasium.spaces import Discrete
from jaxtyping import Float
from torch import Tensor

from wmcourse.data.episode import Episode


@runtime_checkable
class Policy(Protocol):
    """Anything that acts: a memory, and an action for each observation.

    The memory is whatever the policy carries from step to step (a belief, an RNN state, nothing).
    """

    def initial(self, batch_size: int) -> Any:
        """The memory before the first observation."""
        ...

    def act(
        self, memory: Any, observation: Float[Tensor, "batch *observation"], *, greedy: bool = True
    ) -> tuple[Float[Tensor, "batch action"], Any]:
        """Choose an action (one-hot if discrete) and update the memory. Greedy takes the mode, else a sample."""
        ...


@torch.no_grad()
def collect(
    env_id: str,
    policy: Policy,
    *,
    episodes: int,
    seed: int,
    greedy: bool = True,
) -> list[Episode]:
    """Play `episodes` whole episodes side by side, each in its own copy of a registered gymnasium environment.

    The same seed gives the same episodes if the policy is greedy. Every copy contributes exactly its first episode,
    so long episodes are not under-represented. Raises `ValueError` if `episodes` is not positive.
    """
    if episodes < 1:
        raise ValueError(f"episodes must be at least 1, not {episodes}")
    envs = _make_vector(env_id, episodes)
    try:
        return _play(envs, policy, seed, greedy)
    finally:
        envs.close()


def _make_vector(env_id: str, count: int) -> gym.vector.VectorEnv:
    """The environment's own vectorized form where it has one (CartPole does), else `count` copies in turn."""
    mode = "vector_entry_point" if gym.spec(env_id).vector_entry_point else "sync"
    return gym.make_vec(env_id, num_envs=count, vectorization_mode=mode)


def _play(envs: gym.vector.VectorEnv, policy: Policy, seed: int, greedy: bool) -> list[Episode]:
    discrete, count = isinstance(envs.single_action_space, Discrete), envs.num_envs
    observation, _ = envs.reset(seed=seed)
    memory = policy.initial(count)
    observations, actions, rewards = [observation.astype(np.float32)], [], []
    length, terminated = np.zeros(count, dtype=int), np.zeros(count, dtype=bool)
    running = np.ones(count, dtype=bool)
    while running.any():
        action, memory = policy.act(memory, torch.from_numpy(observations[-1]), greedy=greedy)
        chosen = action.cpu().numpy().astype(np.float32)
        observation, reward, ended, cut, _ = envs.step(chosen.argmax(-1) if discrete else chosen)
        observations.append(observation.astype(np.float32))
        actions.append(chosen)
        rewards.append(reward.astype(np.float32))
        length[running] += 1
        terminated |= running & ended
        running &= ~(ended | cut)
    stacked = [torch.from_numpy(np.stack(rows)) for rows in (observations, actions, rewards)]
    return [
        Episode(
            observations=stacked[0][: steps + 1, i].clone(),
            actions=stacked[1][:steps, i].clone(),
            rewards=stacked[2][:steps, i].clone(),
            terminated=bool(terminated[i]),
        )
        for i, steps in enumerate(length.tolist())
    ]
