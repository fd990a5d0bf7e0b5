"""Does an answer draw from the generator it is given?"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from wmcourse.checks.check import expect


def expect_obedience(drawn: Callable[[Generator | None], Tensor]) -> None:
    """The same draws from the same state of the generator, others otherwise; without one, the global state."""
    generator = Generator().manual_seed(5)
    sample, following = drawn(generator), drawn(generator)
    other, again = drawn(Generator().manual_seed(6)), drawn(Generator().manual_seed(5))
    expect(
        torch.equal(again, sample) and not torch.equal(other, sample),
        "the same draws from the same generator, others from another",
        "draws that do not depend on the generator",
        "hand it on: torch.multinomial(probabilities, 1, generator=generator), and do not seed it",
    )
    expect(
        not torch.equal(following, sample),
        "a generator that moves on with each call",
        "the same draws twice in a row from one generator",
        "draw from the generator itself, not from a copy of it or its seed",
    )
    expect(
        not torch.equal(drawn(None), drawn(None)),
        "new draws at each call without a generator",
        "the same draws twice",
        "no generator of your own and no seed: a new torch.Generator() has the same seed each time; hand None on",
    )
