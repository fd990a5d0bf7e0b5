"""What can be compared of a function that draws: frequencies, hard draws, and whether it obeys its generator.

To be used in an exercise's `view`. The draws of two right answers differ; what these functions say of them does not.
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from wmcourse.exercises.difference import Near


def frequencies(rows: Tensor) -> Near:
    """The mean over the first axis of N zeros and ones; near enough is five standard errors of two fair coins."""
    return Near(rows.detach().double().mean(0), (12.5 / len(rows)) ** 0.5)


def one_hot_rows(sample: Tensor) -> dict[str, bool]:
    """Is each vector along the last axis exactly one-hot?"""
    sample = sample.detach()
    return {
        "whether every entry is exactly 0 or 1": bool(((sample == 0) | (sample == 1)).all()),
        "whether every row has a single 1": bool((sample.round().sum(-1) == 1).all()),
    }


def obedience(drawn: Callable[[Generator | None], Tensor]) -> dict[str, bool]:
    """Does it draw from the generator it is given, and from the global state without one? `drawn` makes many draws."""
    generator = Generator().manual_seed(5)
    first, following = drawn(generator), drawn(generator)
    return {
        "whether a generator in the same state gives the same draws": torch.equal(drawn(_seeded(5)), first),
        "whether another generator gives other draws": not torch.equal(drawn(_seeded(6)), first),
        "whether the generator has moved on after a draw": not torch.equal(following, first),
        "whether two calls without a generator give different draws": not torch.equal(drawn(None), drawn(None)),
    }


def _seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)
