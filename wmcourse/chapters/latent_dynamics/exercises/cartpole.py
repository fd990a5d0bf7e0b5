"""CartPole for exercise 2.5: gymnasium's own physics and picture."""

import os
from functools import cache
from typing import Any

import gymnasium as gym
import torch
from torch import Tensor


def differing(first: Tensor, second: Tensor) -> int:
    """How many pixels of the two states' pictures, 400 by 600, are not the same."""
    pictures = []
    for state in (first, second):
        _world().state = state.double().numpy()
        pictures.append(_world().render())
    return int((pictures[0] != pictures[1]).any(-1).sum())


def played(state: Tensor, action: int, steps: int) -> Tensor:
    """The states that follow (steps, 4) when the same action is taken again and again; no end of an episode ends it."""
    world, states = _world(), torch.empty(steps, 4)
    world.state = state.double().numpy()
    for step in range(steps):
        world.steps_beyond_terminated = None  # it would warn
        world.step(action)
        states[step] = torch.as_tensor(world.state)
    return states


@cache
def _world() -> Any:
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # no screen is needed
    world = gym.make("CartPole-v1", render_mode="rgb_array").unwrapped
    world.reset(seed=0)
    return world
