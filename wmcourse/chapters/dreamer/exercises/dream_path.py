"""Paths through a world, for exercise 9.3: of states and of actions, as lists, and joined over time."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from wmcourse.chapters.dreamer.exercises.dream_world import Belief, World

Act = Callable[[Any], Tensor]
Step = Callable[[Belief], tuple[Tensor, Belief]]
"""From a state to the action in it and the state that follows."""


def path(state: Belief, horizon: int, step: Step) -> tuple[list[Belief], list[Tensor]]:
    """The path from a state is that state, and then the path from the next."""
    if horizon == 0:
        return [state], []
    action, following = step(state)
    states, actions = path(following, horizon - 1, step)
    return [state, *states], [action, *actions]


def joined(states: list[Belief], actions: list[Tensor]) -> tuple[Belief, Tensor]:
    """Over time, field by field."""
    place, memory, age = (torch.stack(field, 1) for field in zip(*states, strict=True))
    return Belief(place, memory, age), torch.stack(actions, 1)


def dream(model: World, state: Belief, policy: Act, horizon: int) -> tuple[list[Belief], list[Tensor]]:
    """States and actions, as lists."""
    return path(state, horizon, lambda now: (action := policy(now), model.imagine(now, action)))


def detached(state: Belief) -> Belief:
    """The state without its graph."""
    return Belief(*(field.detach() for field in state))
