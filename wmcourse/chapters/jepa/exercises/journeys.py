"""A predictor, where a journey starts and should end, and plans for it, for exercise 14.5."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from wmcourse.exercises import CheckFailed, Draw
from wmcourse.exercises.draw import Case
from wmcourse.exercises.failure import describe


class Predictor:
    """`predict(z, action)`: the next embeddings of all plans at once, (N, D)."""

    def __init__(self, draw: Draw, plans: int, dim: int, action: int, scale: float) -> None:
        self.shapes, self.scale = ((plans, dim), (plans, action)), scale
        self.keeps, self.moves = draw.normal(dim, dim) / dim**0.5, draw.normal(action, dim)

    def __call__(self, z: Any, action: Any) -> Tensor:
        for name, given, shape in zip(("z", "action"), (z, action), self.shapes, strict=True):
            if not isinstance(given, Tensor) or given.shape != shape:
                wanted = f"predict(z, action) with {name} of shape {shape}"
                raise CheckFailed(wanted, describe(given), "all plans side by side, a row each: (N, D) and (N, A)")
        return self.predicted(z, action)

    def predicted(self, z: Tensor, action: Tensor) -> Tensor:
        """As many rows as there are, in the precision that they are given in."""
        inner = z / self.scale @ self.keeps.to(z.dtype) + action @ self.moves.to(z.dtype)
        return self.scale * torch.tanh(inner)


def journeys(draw: Draw) -> Iterator[Case]:
    """A few plans first; then one plan, one step, one number, many; goals near and far, embeddings of all sizes."""
    for plans, horizon, dim, action, scale, far in (
        (4, 3, 2, 1, 1.0, 1.0),
        (5, 4, 3, 2, 1.0, 5.0),
        (1, 6, 4, 3, 2.0, 1.0),
        (6, 1, 5, 2, 1.0, 0.3),
        (7, 5, 1, 3, 0.5, 1.0),
        (1, 1, 3, 4, 1.0, 2.0),
        (40, 12, 6, 5, 1e3, 1.0),
        (3, 2, 5, 1, 1e-3, 1.0),
    ):
        yield {
            "predict": Predictor(draw, plans, dim, action, scale),
            "start": draw.normal(dim, scale=scale),
            "goal": draw.normal(dim, scale=far * scale),
            "plans": draw.normal(plans, horizon, action),
        }
