"""Masks of V-JEPA (Bardes et al. 2024, section 3.2): rectangles of a picture that stay hidden through a whole clip."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

ASPECT = (0.75, 1.5)
"""Smallest and largest height of a rectangle over its width."""


@dataclass(frozen=True)
class Blocks:
    """A kind of mask: so many rectangles, each of this share of the picture. They may overlap."""

    count: int
    area: float


SHORT_RANGE, LONG_RANGE = Blocks(8, 0.15), Blocks(2, 0.7)
"""V-JEPA's two kinds."""


class Tubes(NamedTuple):
    """Which of a clip's N tokens an encoder is given, and which are to be predicted: the same places in every frame.

    Tokens are counted frame by frame, row by row.
    """

    seen: Int[Tensor, "batch seen"]
    hidden: Int[Tensor, "batch hidden"]


def draw_tubes(
    batch: int, grid: tuple[int, int, int], blocks: Blocks, generator: Generator, *, least: float = 0.125
) -> Tubes:
    """Masks for clips of `grid` = (frames, rows, columns) tokens, of one size of rectangle, at places of their own.

    A mask that leaves less than a share `least` is drawn anew. So that all have the same length, what one clip has more
    than the others of either kind is left out, by chance, and is then neither seen nor predicted.
    """
    frames, rows, columns = grid
    height, width = rectangle(rows, columns, blocks.area, generator)
    visible = torch.zeros(batch, rows * columns, dtype=torch.bool)
    short = torch.arange(batch)
    while len(short):
        visible[short] = ~covered(len(short), rows, columns, height, width, blocks.count, generator).flatten(1)
        short = (visible.sum(dim=1) < max(1, least * rows * columns)).nonzero().squeeze(1)
    order = torch.rand(visible.shape, generator=generator)
    places = [some_of(kind, order) for kind in (visible, ~visible)]
    starts = rows * columns * torch.arange(frames)[:, None]
    return Tubes(*[(starts + each[:, None, :]).flatten(1) for each in places])


def rectangle(rows: int, columns: int, area: float, generator: Generator) -> tuple[int, int]:
    """Height and width in tokens of a rectangle of about this share of the picture; its aspect is drawn."""
    low, high = ASPECT
    aspect = low + (high - low) * torch.rand((), generator=generator).item()
    tokens = int(area * rows * columns)
    return min(rows, round(math.sqrt(tokens * aspect))), min(columns, round(math.sqrt(tokens / aspect)))


def covered(
    batch: int, rows: int, columns: int, height: int, width: int, count: int, generator: Generator
) -> Bool[Tensor, "batch rows columns"]:
    """What `count` rectangles at random places hide."""
    top = torch.randint(rows - height + 1, (batch, count, 1), generator=generator)
    left = torch.randint(columns - width + 1, (batch, count, 1), generator=generator)
    row, column = torch.arange(rows), torch.arange(columns)
    inside_rows = (row >= top) & (row < top + height)
    inside_columns = (column >= left) & (column < left + width)
    return (inside_rows[..., :, None] & inside_columns[..., None, :]).any(dim=1)


def some_of(kind: Bool[Tensor, "batch place"], order: Float[Tensor, "batch place"]) -> Int[Tensor, "batch some"]:
    """As many places of a kind for each clip as the clip has that has the fewest, the first ones by `order`."""
    fewest = int(kind.sum(dim=1).min())
    return order.masked_fill(~kind, 2.0).topk(fewest, dim=1, largest=False).indices
