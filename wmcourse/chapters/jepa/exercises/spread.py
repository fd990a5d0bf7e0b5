"""Embeddings that have collapsed, in one way or the other or not at all, for exercise 14.3."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from wmcourse.exercises import Draw
from wmcourse.exercises.draw import Case

Report = tuple[Tensor, Tensor, Tensor, str]


def factors(draw: Draw, rows: int, dim: int, rank: int, noise: float = 0.0) -> Tensor:
    """Numbers of about size 1 in `dim` dimensions, mixed of `rank` ones; and a little noise."""
    return draw.normal(rows, rank) @ draw.normal(rank, dim) / rank**0.5 + noise * draw.normal(rows, dim)


def embeddings(draw: Draw) -> Iterator[Case]:
    """Narrow and wide, dead dimensions, few directions and many, equal rows; most of them far from 0."""
    shifted = draw.normal(7) > 0
    for each in (
        draw.normal(9, 3) * torch.tensor([1.0, 0.3, 2.0]) + draw.normal(3, scale=3.0),
        factors(draw, 200, 16, 2, 1e-3) + draw.normal(16, scale=2.0),
        1e-3 * draw.normal(30, 5) + draw.normal(5),  # complete, and of full rank
        draw.normal(6, 8) + 1.0,  # fewer rows than dimensions
        draw.normal(11, 4) * torch.tensor([1.0, 0.0, 0.5, 0.2]) + 0.5,  # one dimension is dead
        shifted.float().repeat(12, 1) - 0.5,  # all rows are equal
        draw.normal(50, 10) * torch.tensor([100.0] + 9 * [0.3]) + 20.0,
        0.03 * draw.normal(80, 6) + 0.1,  # small, and not collapsed
        factors(draw, 100, 12, 4) - 1.0,  # fewer than half of its directions, more than a quarter
        draw.normal(40, 7) * torch.tensor([0.03] + 6 * [1e-3]),  # complete, though one dimension is wider
        draw.normal(2, 5, scale=2.0),  # two rows have one direction
    ):
        yield {"embeddings": each}


def look(answer: Callable[[Tensor], Any], embeddings: Tensor) -> Any:
    """What is returned, Python numbers made tensors, of whatever precision."""
    found = answer(embeddings)
    if not isinstance(found, tuple | list):
        return found
    return tuple(torch.as_tensor(x).float() if isinstance(x, float | int | Tensor) else x for x in found)


def shares(x: Tensor, *, centered: bool = True) -> Tensor:
    """Of each singular value in their sum, the largest first; NaN where all rows are equal."""
    values = torch.linalg.svdvals((x - x.mean(0) if centered else x).double())
    return values / values.sum()


def entropy(p: Tensor) -> Tensor:
    """In nats."""
    return torch.special.entr(p).sum()


def verdict(mean: Tensor, rank: Tensor, dim: int) -> str:
    """The complete collapse first."""
    return "complete" if mean < 0.01 else "dimensional" if rank < dim / 4 else "none"


def report(
    x: Tensor,
    std: Callable[[Tensor], Tensor] = lambda x: x.std(0),
    rank: Callable[[Tensor], Tensor] = lambda x: entropy(shares(x)).exp().nan_to_num(0.0),
    judge: Callable[[Tensor, Tensor, Tensor], str] = lambda x, widths, rank: verdict(widths.mean(), rank, x.shape[1]),
) -> Report:
    """All four, unless a part is replaced."""
    widths, directions = std(x), rank(x).float()
    return widths.min(), widths.mean(), directions, judge(x, widths, directions)
