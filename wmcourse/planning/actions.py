"""The actions that a plan may be made of: between bounds, or one of several."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from gymnasium import spaces
from jaxtyping import Float
from torch import Generator, Tensor

from wmcourse.nets.latents import gumbel_max

ROUNDING = 1e-4
"""How far a mean of actions may lie outside their bounds, as a share of half the distance between those."""


class Box:
    """Continuous actions between `low` and `high` (A,), in the environment's units."""

    def __init__(self, low: Sequence[float] | float, high: Sequence[float] | float) -> None:
        self.low = torch.as_tensor(low, dtype=torch.float32).reshape(-1)
        self.high = torch.as_tensor(high, dtype=torch.float32).reshape(-1)
        if self.low.shape != self.high.shape or not (torch.isfinite(self.high - self.low).all()):
            raise ValueError(f"low and high must be finite and of one length; got {low} and {high}")
        if not (self.low < self.high).all():
            raise ValueError(f"low must be below high in every dimension; got {low} and {high}")
        self.dim = len(self.low)

    @classmethod
    def of(cls, space: Any) -> "Box":
        """The bounds of a gymnasium space; raises `ValueError` for one without, or one that is not flat."""
        if not isinstance(space, spaces.Box) or len(space.shape) != 1:
            raise ValueError(f"plans need a flat gymnasium.spaces.Box of actions; got {space}")
        return cls(space.low.tolist(), space.high.tolist())

    @property
    def middle(self) -> Float[Tensor, " action"]:
        """Halfway between the bounds."""
        return (self.low + self.high) / 2

    @property
    def half(self) -> Float[Tensor, " action"]:
        """Half the distance between the bounds: the scale of every standard deviation."""
        return (self.high - self.low) / 2

    def clip(self, actions: Float[Tensor, "*batch action"]) -> Float[Tensor, "*batch action"]:
        """The nearest actions within bounds."""
        return actions.clamp(self.low.to(actions.device), self.high.to(actions.device))

    def uniform(self, *shape: int, generator: Generator | None = None) -> Float[Tensor, "*batch action"]:
        """Random actions, all equally likely: (*shape, A)."""
        return self.low + (self.high - self.low) * torch.rand(*shape, self.dim, generator=generator)

    def begin(self, start: Tensor | None, batch: int, horizon: int) -> Float[Tensor, "batch horizon action"]:
        """The mean of the first candidates: `start`, with the middle where it is NaN, or the middle everywhere.

        Raises:
            ValueError: `start` has another shape, or actions out of bounds.
        """
        if start is None:
            return self.middle.repeat(batch, horizon, 1)
        check_start(start, (batch, horizon, self.dim))
        start = torch.where(start.isnan(), self.middle.to(start), start)
        within = self.clip(start)
        if ((start - within).abs() > ROUNDING * self.half.to(start)).any():
            raise ValueError(
                f"start has actions out of bounds {self.low.tolist()}..{self.high.tolist()}: "
                f"they go from {start.min():.3g} to {start.max():.3g}"
            )
        return within

    def realize(
        self, mean: Float[Tensor, "batch horizon action"], generator: Generator | None = None
    ) -> Float[Tensor, "batch horizon action"]:
        """A plan from what `begin` says: the mean itself."""
        return mean


class Choices:
    """One of `count` discrete actions, as one-hot vectors."""

    def __init__(self, count: int) -> None:
        if count < 2:
            raise ValueError(f"a choice needs at least 2 actions; got {count}")
        self.dim = count

    def uniform(self, *shape: int, generator: Generator | None = None) -> Float[Tensor, "*batch action"]:
        """Random actions, all equally likely: (*shape, A)."""
        return F.one_hot(torch.randint(self.dim, shape, generator=generator), self.dim).float()

    def begin(self, start: Tensor | None, batch: int, horizon: int) -> Float[Tensor, "batch horizon action"]:
        """The probabilities of the first candidates: `start`, with equal ones where it is NaN, or equal everywhere.

        Raises:
            ValueError: `start` has another shape, or rows that are no probabilities.
        """
        if start is None:
            return torch.full((batch, horizon, self.dim), 1 / self.dim)
        check_start(start, (batch, horizon, self.dim))
        start = torch.where(start.isnan(), torch.full_like(start, 1 / self.dim), start)
        if (start < 0).any() or not torch.allclose(start.sum(-1), torch.ones_like(start[..., 0]), atol=1e-4):
            raise ValueError("start must hold probabilities of the actions, which add up to 1 at each step")
        return start

    def realize(
        self, probs: Float[Tensor, "batch horizon action"], generator: Generator | None = None
    ) -> Float[Tensor, "batch horizon action"]:
        """A plan from what `begin` says: a draw."""
        return gumbel_max(probs.log(), 1.0, generator)


def check_start(start: Tensor, shape: tuple[int, int, int]) -> None:
    """Raise a `ValueError` unless `start` has the shape (batch, horizon, action)."""
    if tuple(start.shape) != shape:
        raise ValueError(f"start must have shape {shape} (batch, horizon, action); got {tuple(start.shape)}")
