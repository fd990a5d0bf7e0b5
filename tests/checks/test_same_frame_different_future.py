"""Exercise 2.5: plausible mistakes are named, and right answers written differently pass."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from wmcourse.checks import latent_dynamics as check
from wmcourse.checks.check import CheckFailed
from wmcourse.envs.cartpole import cartpole_dynamics, cartpole_fallen, render_cartpole


def right():
    return torch.tensor([0.0, -1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0, 0.0]), 1


def states(first, second, action: Any = 1):
    return lambda: (torch.tensor(first), torch.tensor(second), action)


def another_name():
    first = torch.zeros(4)
    second = first
    second[1] = 1.0
    return first, second, 0


STILL = [0.0, 0.0, 0.0, 0.0]
LEFT, RIGHT = [0.0, -1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]
WRONG_STATES = {
    "positions": (states(STILL, [0.3, 1.0, 0.0, 0.0]), "the positions differ"),
    "positions alone": (states(STILL, [0.3, 0.0, 0.0, 0.0]), "the positions differ"),
    "angles": (states(STILL, [0.0, 0.0, 0.1, 1.0]), "the angles differ"),
    "angles alone": (states([0.0, 0.0, -0.1, 0.0], [0.0, 0.0, 0.1, 0.0]), "the angles differ"),
    "other order": (states([0.5, 0.1, -0.1, 0.0], [0.5, 0.1, 0.1, 1.0]), "is the order"),
    "other order, both velocities": (states([0.5, 0.1, -0.1, 0.0], [0.5, 0.1, 0.1, 0.5]), "is the order"),
    "all": (states(STILL, [0.5, 0.5, 0.1, 0.5]), "the two states look different"),
    "same": (states(STILL, STILL), "the same state twice"),
    "another name": (another_name, "copies nothing"),
    "equal velocities": (states(STILL, [0.001, 0.0, 0.0, 0.0]), "the velocities are equal, so the future is equal"),
    "small velocities": (states(STILL, [0.0, 0.1, 0.0, 0.1]), "too close to each other"),
    "velocity in pixels": (states(STILL, [0.0, 100.0, 0.0, 0.0]), "at most 2 m/s"),
    "fast turn": (states(STILL, [0.0, 0.0, 0.0, -5.0]), "at most 3 rad/s"),
    "beyond the edge": (states([3.0, 0.0, 0.0, 0.0], [3.0, 1.0, 0.0, 0.0]), "state_a is terminal already"),
    "second fallen": (states(STILL, [0.0, 1.0, 0.5, 0.0]), "state_b is terminal already"),
    "invisible": (states([5.0, 0.0, 0.0, 0.0], [6.0, 1.0, 0.0, 0.0]), "state_a is terminal already"),
    "degrees": (states([0.0, -1.0, 5.0, 0.0], [0.0, 1.0, 5.0, 0.0]), "the third number, in radians"),
    "falls": (states([0.0, 0.0, 0.2, 2.0], [0.0, 0.0, 0.2, -2.0]), "begin closer"),
    "rolls out": (states([2.39, 1.0, 0.0, 0.0], [2.39, -1.0, 0.0, 0.0]), "begin closer"),
    "two": (lambda: right()[:2], "end with `return state_a, state_b, action`"),
    "two actions": (lambda: (*right(), 0), "one action for both"),
    "action first": (lambda: (1, *right()[:2]), "the states come first"),
    "action first of three states": (lambda: (torch.zeros(4), torch.zeros(4), torch.zeros(4)), "the states come first"),
    "one-hot": (states(LEFT, RIGHT, torch.tensor([0.0, 1.0])), "not its one-hot"),
    "one-hot list": (states(LEFT, RIGHT, [0, 1]), "no list"),
    "plan": (states(LEFT, RIGHT, [1] * 5), "taken 5 times: no list"),
    "sign": (states(LEFT, RIGHT, -1), "no third"),
    "third": (states(LEFT, RIGHT, 2), "no third"),
    "float": (states(LEFT, RIGHT, 1.0), "a whole number"),
    "text": (states(LEFT, RIGHT, "right"), "a whole number"),
    "none": (states(LEFT, RIGHT, None), "a whole number"),
    "lists": (lambda: (LEFT, RIGHT, 1), "make a tensor of it"),
    "arrays": (lambda: (np.array(LEFT), np.array(RIGHT), 1), "make a tensor of it"),
    "batch": (states([LEFT], [RIGHT]), "without a batch axis"),
    "positions only": (states([0.0, 0.0], [0.0, 0.1]), "velocities too"),
    "nan": (states(LEFT, [0.0, math.nan, 0.0, 0.0]), "all finite"),
    "function": (lambda: right, "three things"),
    "arguments": (lambda state: (state, state, 1), "keep the arguments of the stub"),
}


@pytest.mark.parametrize("name", WRONG_STATES)
def test_same_frame_different_future_names_the_mistake(name: str) -> None:
    wrong, message = WRONG_STATES[name]
    with pytest.raises(CheckFailed, match=message):
        check.same_frame_different_future(wrong)


RIGHT_STATES = {
    "cart": right,
    "cart and rest": states(STILL, RIGHT, 0),
    "pole": states([0.0, 0.0, 0.0, -1.0], [0.0, 0.0, 0.0, 1.0], 0),
    "pole and rest": states([1.0, 0.0, 0.05, 0.0], [1.0, 0.0, 0.05, -1.5], 1),
    "whole numbers": states([0, -1, 0, 0], [0, 1, 0, 0]),
    "list": lambda: list(right()),
    "double": lambda: (right()[0].double(), right()[1].double(), 1),
    "one is double": lambda: (right()[0].double(), right()[1], 1),
    "half": lambda: (right()[0].half(), right()[1].half(), 1),
    "numpy action": states(LEFT, RIGHT, np.int64(0)),
    "tensor action": states(LEFT, RIGHT, torch.tensor(1)),
    "at the limits": states([-2.1, 2.0, -0.2, 3.0], [-2.1, -2.0, -0.2, 1.5], 1),
    "with a gradient": lambda: (torch.zeros(4, requires_grad=True), torch.tensor(RIGHT), 1),
    "nearly the same place": states(LEFT, [0.001, 1.0, 0.0, 0.0]),
}


@pytest.mark.parametrize("name", RIGHT_STATES)
def test_an_answer_written_differently_is_right_too(name: str) -> None:
    check.same_frame_different_future(RIGHT_STATES[name])


def test_the_shipped_answer_holds_in_the_course_s_own_cartpole(answers_of) -> None:
    *pair, action = answers_of("02_latent_dynamics")["solved"]["same_frame_different_future"]()
    push = torch.eye(2)[action]
    assert np.array_equal(*map(render_cartpole, pair))
    for _ in range(5):
        pair = [cartpole_dynamics(state, push) for state in pair]
        assert not any(map(cartpole_fallen, pair))
    first, second = map(render_cartpole, pair)
    assert (first != second).any(-1).sum() >= 1000
