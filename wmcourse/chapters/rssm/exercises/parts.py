"""The small RSSMs of exercise 8.1."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Generator, Tensor, nn

from wmcourse.exercises import Draw
from wmcourse.exercises.draw import Case


class Parts(NamedTuple):
    """The networks of a small RSSM. Its latent is `groups` one-hot vectors of `classes` entries each."""

    cell: nn.Module
    """Reads [z, a] (batch, groups * classes + action) and h (batch, deter), gives h' (batch, deter)."""
    prior: nn.Module
    """Reads h' (batch, deter), gives logits (batch, groups, classes)."""
    posterior: nn.Module
    """Reads [h', e] (batch, deter + embed), gives logits (batch, groups, classes)."""


class Leaky(nn.Module):
    """A cell that is no GRU: it forgets at a fixed rate, and cannot learn what it keeps."""

    rate: Tensor

    def __init__(self, inputs: int, deter: int) -> None:
        super().__init__()
        self.read = nn.Parameter(torch.zeros(inputs, deter))
        self.keep = nn.Parameter(torch.zeros(deter, deter), requires_grad=False)
        self.register_buffer("rate", torch.tensor(0.3))

    def forward(self, inputs: Tensor, deter: Tensor) -> Tensor:
        """The next memory."""
        return self.rate * deter + (1 - self.rate) * torch.tanh(inputs @ self.read + deter @ self.keep)


def small(draw: Draw, deter: int, groups: int, classes: int, action: int, embedding: int) -> Parts:
    """A GRU cell, and heads of a single layer."""

    def head(inputs: int) -> nn.Module:
        return nn.Sequential(nn.Linear(inputs, groups * classes), nn.Unflatten(-1, (groups, classes)))

    cell = nn.GRUCell(groups * classes + action, deter)
    return drawn(draw, Parts(cell, head(deter), head(deter + embedding)))


def other(draw: Draw, deter: int, groups: int, classes: int, action: int, embedding: int, shift: float) -> Parts:
    """A leaky cell, and heads whose logits are all shifted: a softmax does not see it, an exp() overflows."""

    def head(inputs: int) -> nn.Module:
        linear = nn.Linear(inputs, groups * classes)
        return nn.Sequential(nn.LayerNorm(inputs), linear, nn.Unflatten(-1, (groups, classes)))

    cell = Leaky(groups * classes + action, deter)
    parts = drawn(draw, Parts(cell, head(deter), head(deter + embedding)))
    for shifted in (parts.prior, parts.posterior):
        shifted.get_parameter("1.bias").data += shift
    return parts


def drawn(draw: Draw, parts: Parts) -> Parts:
    """With random weights, so that prior and posterior, rows and groups are far apart."""
    for part in parts:
        for parameter in part.parameters():
            parameter.data = draw.normal(*parameter.shape, scale=0.7)
    return parts


def steps(draw: Draw) -> Iterator[Case]:
    """With an embedding and without one, cells and heads of two kinds, a batch and a group of one."""
    for batch, deter, groups, classes, action, embedding, shift in (
        (2, 4, 3, 5, 1, 6, None),
        (2, 4, 3, 5, 1, None, None),
        (1, 3, 2, 4, 5, 6, None),
        (1, 5, 4, 2, 3, None, 100.0),
        (3, 6, 1, 2, 4, 5, -150.0),
    ):
        sizes = deter, groups, classes, action, embedding or 7
        yield {
            "parts": small(draw, *sizes) if shift is None else other(draw, *sizes, shift),
            "deter": draw.uniform(batch, deter, low=-1.0),
            "stoch": draw.one_hot(batch, groups, classes).flatten(1),
            "action": draw.normal(batch, action),
            "embedding": None if embedding is None else draw.normal(batch, embedding),
            "generator": None if batch == 1 else Generator().manual_seed(batch),
        }
