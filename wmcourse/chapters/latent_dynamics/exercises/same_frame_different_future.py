"""Exercise 2.5: one picture of CartPole, two futures."""

import math
import operator
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from wmcourse.chapters.latent_dynamics.exercises.cartpole import differing, played
from wmcourse.exercises import Draw, Exercise
from wmcourse.exercises.draw import Case

STEPS, PIXELS = 5, 1000
LARGEST = torch.tensor([2.4, 2.0, math.radians(12), 3.0])
"""In float32 as the states are, so that 2.4 m is not beyond 2.4 m."""
LIMITS = "|x| at most 2.4 m", "|x_dot| at most 2 m/s", "|theta| at most 0.2094 rad", "|theta_dot| at most 3 rad/s"


def one_call(draw: Draw) -> Iterator[Case]:
    """The function has no arguments."""
    yield {}


def triple(state_a: list[float], state_b: list[float]) -> tuple[Tensor, Tensor, int]:
    """An answer; the action is 1."""
    return torch.tensor(state_a), torch.tensor(state_b), 1


def seen(answer: Callable[[], Any]) -> dict[str, Any]:
    """How an answer's triple is, in named properties, up to the first that is not as it should be."""
    return dict(properties(answer()))


def properties(returned: Any) -> Iterator[tuple[str, Any]]:
    """A right triple has the same ones; what follows a wrong one only tells mistakes apart."""
    parts = returned if isinstance(returned, tuple | list) else ()
    yield "state_a, state_b, action", (None,) * len(parts) or returned
    if len(parts) != 3:
        return
    *states, action = parts
    yield "whether both states are tensors", all(isinstance(state, Tensor) for state in states)
    if not all(isinstance(state, Tensor) for state in states):
        return
    states = [state.float() for state in states]
    good = [state.shape == (4,) for state in states]
    yield "state_a", LARGEST if good[0] else states[0]
    yield "state_b", LARGEST if good[1] else states[1]
    yield "the action", "0 or 1, a whole number" if is_action(action) else repr(action)
    if all(good) and is_action(action):
        yield from shown(torch.stack(states).detach(), operator.index(action))


def is_action(action: Any) -> bool:
    """Is it a whole number, and 0 or 1?"""
    try:
        number = operator.index(action)
    except TypeError:
        return False
    return number in (0, 1) and torch.as_tensor(action).dtype != torch.bool  # True, too, is an index


def shown(pair: Tensor, action: int) -> Iterator[tuple[str, Any]]:
    """The properties of two states and an action."""
    possible = (pair.abs() <= LARGEST).all(0).tolist()
    yield from ((f"whether both states have {limit}", holds) for limit, holds in zip(LIMITS, possible, strict=True))
    if not all(possible):
        yield "degrees", bool((pair[:, 2].abs() >= 1).any())
        return
    same = differing(pair[0], pair[1]) == 0
    yield "whether the two pictures are the same, pixel by pixel", same
    if not same:
        yield "equal positions and angles", (pair[0] == pair[1])[[0, 2]].tolist()
        return
    futures = torch.stack([played(state, action, STEPS) for state in pair])
    lasts = bool((futures.abs() <= LARGEST)[..., [0, 2]].all())
    yield f"whether neither episode is over within {STEPS} steps", lasts
    if lasts:
        differ = differing(*futures[:, -1]) >= PIXELS
        yield f"whether at least {PIXELS} pixels differ after {STEPS} steps", differ
        if not differ:
            yield "equal velocities", torch.equal(pair[0, [1, 3]], pair[1, [1, 3]])


STILL, MOVING = [0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]
MISTAKES = {
    "the angle is the third number, in radians: 12 degrees are 0.2094": ([0.0, -1.0, 5.0, 0.0], [0.0, 1.0, 5.0, 0.0]),
    "the positions differ, and a picture shows them: only velocities may differ": (STILL, [0.3, 1.0, 0.0, 0.0]),
    "the angles differ, and a picture shows them: theta is the third number": (STILL, [0.0, 1.0, 0.1, 0.0]),
    "the two states look different: x and theta have to be equal": (STILL, [0.3, 0.0, 0.1, 0.0]),
    "begin closer to the middle or upright, or with smaller velocities": ([0.0, 0.0, 0.2, 2.0], [0.0, 0.0, 0.2, -2.0]),
    "the velocities are equal, so the future is equal: it is they that a picture does not show": (STILL, STILL),
    "the velocities are too close to each other: a picture moves by speed times 0.1 s": (STILL, [0.0, 0.1, 0.0, 0.1]),
}

same_frame_different_future = Exercise("2.5", partial(triple, STILL, MOVING), one_call, view=seen, unseen=False)
for words, states in MISTAKES.items():
    same_frame_different_future.mistake(words)(partial(triple, *states))
