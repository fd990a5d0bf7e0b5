"""Logits to choose from, and what can be seen of the choices, for exercise 9.5."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from wmcourse.exercises import Draw, frequencies, obedience, one_hot_rows
from wmcourse.exercises.draw import Case

DRAWS = 6_000
"""How often the choice in each row is repeated."""
NO_CHANCE = 1e-9


def choices(draw: Draw) -> Iterator[Case]:
    """Rows and classes of many numbers, one among them; logits of all sizes, close together and far from 0."""
    for rows, classes, scale, mean in (
        (2, 3, 1.0, 0.0),
        (3, 2, 0.1, 5.0),
        (1, 5, 1.5, -2.0),
        (4, 6, 8.0, 0.0),
        (2, 4, 1.0, 200.0),
        (3, 7, 30.0, -90.0),
        (1, 2, 1.0, 0.0),
        (3, 1, 1.0, 0.0),
    ):
        logits = draw.normal(rows, classes, scale=scale, mean=mean)
        yield {"logits": logits, "generator": Generator().manual_seed(draw.integer(1, 99))}


def look(answer: Callable[..., Any], logits: Tensor, generator: Generator) -> dict[str, Any]:
    """The sample's shape, dtype and gradient; many hard draws of the same logits; and where the randomness is from."""
    sample = answer(logits, generator)
    if not isinstance(sample, Tensor) or sample.shape != logits.shape:
        return {"the result": sample}
    impossible = torch.softmax(logits.detach(), -1) < NO_CHANCE
    draws = answer(logits.detach().repeat(DRAWS, 1), generator).detach().unflatten(0, (DRAWS, -1))
    even = torch.zeros(40, 4)
    return {
        "the result": sample - sample.detach(),
        **one_hot_rows(draws),
        "the frequency of each class": frequencies(draws),
        "whether a class of no chance is never drawn, or hardly ever": float(draws[:, impossible].sum()) <= 3,
        **obedience(lambda given: (answer(even) if given is None else answer(even, given)).detach()),
    }
