"""Exercise 9.1: plausible mistakes are named, and right answers written differently pass."""

from typing import Any

import pytest
import torch

from wmcourse.checks import dreamer as check
from wmcourse.checks.check import CheckFailed


def shifted(term, steps):
    going = 1.0 - term.float()
    rolled = going.roll(steps, 1)
    rolled[:, 0 if steps > 0 else -1] = 1.0
    return rolled


WRONG_TARGETS = {
    "truncation is terminal": (lambda term, trunc: 1.0 - (term | trunc).float(), "truncation is not termination"),
    "inverted": (lambda term, trunc: term.float(), "inverted"),
    "always one": (lambda term, trunc: torch.ones(term.shape), "ends of episodes are missing"),
    "wrong flag": (lambda term, trunc: 1.0 - trunc.float(), "flags are swapped"),
    "truncation wins": (lambda term, trunc: 1.0 - (term & ~trunc).float(), "does not undo a termination"),
    "boolean": (lambda term, trunc: ~term, "dtype torch.bool"),
    "double": (lambda term, trunc: 1.0 - term.double(), "float32"),
    "bool arithmetic": (lambda term, trunc: 1 - term, "RuntimeError"),
    "one number": (lambda term, trunc: 1.0 - term.any(1).float(), r"shape \(3, 4\)"),
    "zero for ever": (lambda term, trunc: (1.0 - term.float()).cumprod(1), "for ever after the first fall"),
    "first fall only": (lambda term, trunc: 1.0 - (term & (term.cumsum(1) == 1)).float(), "only the first fall counts"),
    "a step late": (lambda term, trunc: shifted(term, 1), "a step late"),
    "a step early": (lambda term, trunc: shifted(term, -1), "a step early"),
    "exclusive or": (lambda term, trunc: 1.0 - (term ^ trunc).float(), "nor does it end a future"),
    "in place": (lambda term, trunc: term.logical_not_().float(), "a changed `terminated`"),
    "other flag in place": (lambda term, trunc: 1.0 - (trunc.logical_and_(term) | term).float(), "changed `truncated`"),
    "squeezed": (lambda term, trunc: (1.0 - term.float()).squeeze(), "a batch of one is still a batch"),
    "discounted": (lambda term, trunc: 0.99 * (1.0 - term.float()), "a target is 0 or 1"),
    "bool arithmetic, named": (lambda term, trunc: 1 - term, "turn the flags into numbers"),
    "double, named": (lambda term, trunc: 1.0 - term.double(), "float32 output"),
    "if": (lambda term, trunc: torch.zeros(3, 4) if term else torch.ones(3, 4), "take one flag"),
}


@pytest.mark.parametrize("name", WRONG_TARGETS)
def test_continue_target_names_the_mistake(name: str) -> None:
    wrong, message = WRONG_TARGETS[name]
    with pytest.raises(CheckFailed, match=message):
        check.continue_target(wrong)


RIGHT = [
    lambda term, trunc: torch.where(term, 0.0, 1.0),
    lambda term, trunc: torch.ones(term.shape).masked_fill(term, 0.0),
]


@pytest.mark.parametrize("answer", RIGHT)
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.continue_target(answer)
