"""Exercise 9.1: what the continue head learns."""

from collections.abc import Iterator

import torch
from torch import Tensor

from wmcourse.exercises import Draw, Exercise
from wmcourse.exercises.draw import Case


def endings(draw: Draw) -> Iterator[Case]:
    """All four pairs of flags first; falls at the first step and at the last; a batch and a time of one; no ending."""
    yield {
        "terminated": torch.tensor([[True, False, True, False, True], [False, False, False, True, False]]),
        "truncated": torch.tensor([[False, True, True, False, False], [False, False, True, True, False]]),
    }
    for batch, time, share in ((3, 2, 0.5), (1, 4, 0.5), (4, 1, 0.5), (1, 1, 1.0), (2, 6, 0.0), (5, 9, 0.3)):
        yield {"terminated": draw.flags(batch, time, share=share), "truncated": draw.flags(batch, time, share=0.4)}


def table(terminated: Tensor, truncated: Tensor) -> Tensor:
    """Step by step, in plain Python."""
    return torch.tensor([[0.0 if fell else 1.0 for fell in episode] for episode in terminated.tolist()])


continue_target = Exercise("9.1", table, endings)


@continue_target.mistake("truncation is not termination: the clock ran out, the pole still stands, the target stays 1")
def _either(terminated: Tensor, truncated: Tensor) -> Tensor:
    return table(terminated | truncated, truncated)


@continue_target.mistake("inverted: this is 1 where the episode terminates; the target is the chance to go on")
def _inverted(terminated: Tensor, truncated: Tensor) -> Tensor:
    return table(~terminated, truncated)


@continue_target.mistake("the two flags are swapped: it is `terminated` that ends the future")
def _swapped(terminated: Tensor, truncated: Tensor) -> Tensor:
    return table(truncated, terminated)


@continue_target.mistake("the ends of episodes are missing: the target is 0 after a termination")
def _endless(terminated: Tensor, truncated: Tensor) -> Tensor:
    return torch.ones(terminated.shape)


@continue_target.mistake("when both flags are set the pole did fall: truncation does not undo a termination")
def _undone(terminated: Tensor, truncated: Tensor) -> Tensor:
    return table(terminated & ~truncated, truncated)


@continue_target.mistake(
    "this is 0 where exactly one flag is set: `terminated` alone counts, whatever the other flag says"
)
def _exclusive(terminated: Tensor, truncated: Tensor) -> Tensor:
    return table(terminated ^ truncated, truncated)


@continue_target.mistake("0 for ever after the first fall: each step answers for itself, a new episode may follow")
def _for_ever(terminated: Tensor, truncated: Tensor) -> Tensor:
    return table(terminated, truncated).cumprod(1)


@continue_target.mistake("only the first fall counts here: a new episode may follow, and fall as well")
def _first_fall(terminated: Tensor, truncated: Tensor) -> Tensor:
    return table(terminated & (terminated.cumsum(1) == 1), truncated)


@continue_target.mistake("a step late: c_t is 0 at the very step that terminated")
def _late(terminated: Tensor, truncated: Tensor) -> Tensor:
    return torch.cat([torch.ones(len(terminated), 1), table(terminated, truncated)[:, :-1]], 1)


@continue_target.mistake("a step early: c_t is 0 at the very step that terminated")
def _early(terminated: Tensor, truncated: Tensor) -> Tensor:
    return torch.cat([table(terminated, truncated)[:, 1:], torch.ones(len(terminated), 1)], 1)


@continue_target.mistake("0 for ever after a truncation: only a step that terminated has the target 0")
def _nothing_after_the_clock(terminated: Tensor, truncated: Tensor) -> Tensor:
    over = truncated.cumsum(1) - truncated.long() > 0
    return table(terminated | over, truncated)


@continue_target.mistake("a discount belongs to the return, not here: a target is 0 or 1, it says what happened")
def _discounted(terminated: Tensor, truncated: Tensor) -> Tensor:
    return 0.99 * table(terminated, truncated)
