"""The checker of exercise 2.5: one picture of CartPole, two futures."""

import math
import operator
import os
from collections.abc import Callable
from functools import cache
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from torch import Tensor

from wmcourse.checks.check import CheckFailed, checker, describe, expect, numbers

Answer = Callable[..., Any]

STEPS = 5
"""The action is taken for so many steps, a tenth of a second."""
PIXELS = 1000
"""Pictures differ visibly where at least so many of their 400 x 600 pixels do."""
MAX_POSITION, MAX_ANGLE = 2.4, math.radians(12)  # m, rad
MAX_SPEED, MAX_TURN = 2.0, 3.0  # m/s, rad/s

_STATE = "a tensor of shape (4,): [x, x_dot, theta, theta_dot]"


@checker("2.5")
def same_frame_different_future(answer: Answer) -> None:
    """Oracle: gymnasium's own CartPole, its physics and its picture."""
    first, second, action = _expect_parts(answer())
    for name, state in (("state_a", first), ("state_b", second)):
        _expect_possible(name, state)
    _expect_one_picture(first, second)
    expect(
        not torch.equal(first, second),
        "two states that differ in what a picture does not show",
        f"the same state twice, {numbers(first)}",
        "equal velocities lead to an equal future (and b = a copies nothing, b is another name for a)",
    )
    futures = [_played(name, state, action) for name, state in (("state_a", first), ("state_b", second))]
    changed = _differing(*futures)
    if changed < PIXELS:
        likely = "the velocities are too close to each other: a picture moves by speed times 0.1 s"
        if torch.equal(first[[1, 3]], second[[1, 3]]):
            likely = "the velocities are equal, so the future is equal: it is they that a picture does not show"
        wanted = f"pictures that differ in at least {PIXELS} pixels after {STEPS} steps"
        raise CheckFailed(wanted, f"{changed} pixels", likely)


def _expect_parts(returned: Any) -> tuple[Tensor, Tensor, int]:
    wanted = "three things: state_a, state_b, action"
    expect(returned is not None, wanted, "None", "the function has no return statement")
    if not isinstance(returned, tuple | list) or len(returned) != 3:
        got = f"{type(returned).__name__} of {len(returned)}" if isinstance(returned, tuple | list) else ""
        likely = "end with `return state_a, state_b, action`"
        if isinstance(returned, tuple | list) and len(returned) == 4:
            likely = "one action for both states: with two actions it is no wonder that the futures differ"
        raise CheckFailed(wanted, got or describe(returned), likely)
    state_a, state_b, action = returned
    return _expect_state("state_a", state_a), _expect_state("state_b", state_b), _expect_action(action)


def _expect_state(name: str, state: Any) -> Tensor:
    wanted = f"{name}: {_STATE}"
    if not isinstance(state, Tensor):
        likely = "make a tensor of it: torch.tensor([x, x_dot, theta, theta_dot])"
        if isinstance(state, int | float):
            likely = "the states come first, the action last: `return state_a, state_b, action`"
        raise CheckFailed(wanted, describe(state), likely)
    if tuple(state.shape) != (4,):
        likely = "one state, without a batch axis" if state.numel() == 4 else "a state has four numbers, velocities too"
        raise CheckFailed(wanted, describe(state), likely)
    expect(
        not state.is_complex() and state.dtype != torch.bool, wanted, describe(state), "numbers of m, m/s, rad, rad/s"
    )
    state = state.detach().cpu().double()
    expect(bool(state.isfinite().all()), f"{wanted}, all finite", describe(state))
    return state


def _expect_action(action: Any) -> int:
    wanted = "action: 0 (push left) or 1 (push right)"
    if isinstance(action, Tensor) and action.numel() == 2:
        raise CheckFailed(wanted, describe(action), "the number of the action, not its one-hot vector")
    if isinstance(action, Tensor) and tuple(action.shape) == (4,):
        last = "the states come first, the action last: `return state_a, state_b, action`"
        raise CheckFailed(wanted, describe(action), last)
    try:
        number = operator.index(action)
    except TypeError:
        plan = isinstance(action, list | tuple) or (isinstance(action, Tensor) and action.numel() > 1)
        likely = f"one action, which is taken {STEPS} times: no list" if plan else "a whole number, an int"
        raise CheckFailed(wanted, describe(action), likely) from None
    expect(number in (0, 1), wanted, str(number), "CartPole has two actions and no third: there is no way not to push")
    return number


def _expect_possible(name: str, state: Tensor) -> None:
    """Still in play, and no faster than it may be."""
    x, x_dot, theta, theta_dot = state.tolist()
    over = f"{name} is terminal already: the episode is over, there is no future"
    degrees = "the angle is the third number, in radians: 12 degrees are 0.2094" if 1 <= abs(theta) <= 12 else over
    expect(abs(x) <= MAX_POSITION, f"{name} with |x| at most {MAX_POSITION} m", f"x = {x:g}", over)
    expect(abs(theta) <= MAX_ANGLE, f"{name} with |theta| at most {MAX_ANGLE:.4f} rad", f"theta = {theta:g}", degrees)
    fast = "real episodes are not so fast"
    expect(abs(x_dot) <= MAX_SPEED, f"{name} with |x_dot| at most {MAX_SPEED:g} m/s", f"x_dot = {x_dot:g}", fast)
    wanted = f"{name} with |theta_dot| at most {MAX_TURN:g} rad/s"
    expect(abs(theta_dot) <= MAX_TURN, wanted, f"theta_dot = {theta_dot:g}", fast)


def _expect_one_picture(first: Tensor, second: Tensor) -> None:
    different = _differing(first, second)
    if not different:
        return
    likely = "the two states look different: a picture shows x and theta, so they have to be equal"
    order = [0, 2, 1, 3]  # as if a state were [x, theta, x_dot, theta_dot]
    if torch.equal(first[:2], second[:2]) or not _differing(first[order], second[order]):
        likely = "the angles differ, and a picture shows them: is the order [x, x_dot, theta, theta_dot]?"
    elif torch.equal(first[2:], second[2:]):
        likely = "the positions differ, and a picture shows them: only velocities may differ"
    raise CheckFailed("the very same picture of state_a and state_b", f"{different} pixels that differ", likely)


def _played(name: str, state: Tensor, action: int) -> Tensor:
    """The state after `STEPS` times the action, none of them after the end of the episode."""
    world = _world()
    world.reset(seed=0)
    world.state = state.numpy()
    for step in range(1, STEPS + 1):
        _, _, terminated, _, _ = world.step(action)
        if terminated:
            likely = "begin closer to the middle or upright, or with smaller velocities"
            got = f"x = {world.state[0]:.2f} m, theta = {world.state[2]:.2f} rad after step {step}: terminal"
            raise CheckFailed(f"{name} still in play after {STEPS} times action {action}", got, likely)
    return torch.tensor(np.array(world.state))


def _differing(first: Tensor, second: Tensor) -> int:
    """How many pixels differ between the pictures of two states."""
    return int(np.any(_picture(first) != _picture(second), axis=-1).sum())


def _picture(state: Tensor) -> np.ndarray:
    world = _world()
    world.state = state.numpy()
    return world.render()


@cache
def _world() -> Any:
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # no screen is needed
    world = gym.make("CartPole-v1", render_mode="rgb_array").unwrapped
    world.reset(seed=0)
    return world
