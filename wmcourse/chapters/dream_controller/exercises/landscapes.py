"""Landscapes to climb, for exercise 6.2."""

from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor

from wmcourse.exercises import CheckFailed, Draw
from wmcourse.exercises.draw import Case
from wmcourse.exercises.failure import describe


def valley(goal: Tensor, steep: Tensor, size: float, base: float) -> Callable[[Any], Tensor]:
    """A score of `base` at the goal, less everywhere else."""

    def score(candidates: Any) -> Tensor:
        if not isinstance(candidates, Tensor) or candidates.dim() != 2 or candidates.shape[1] != len(goal):
            wanted = f"score(candidates) with candidates of shape (M, {len(goal)})"
            raise CheckFailed(wanted, describe(candidates), "score all candidates at once, a row each")
        return base - size * (steep * (candidates - goal)).square().sum(-1)

    return score


def landscapes(draw: Draw) -> Iterator[Case]:
    """Populations even and odd, from two up; one parameter and many; scores of all sizes; steps wide and narrow."""
    for members, parameters, size, base, wide in (
        (6, 3, 1.0, 0.0, 1.0),
        (9, 4, 10.0, 50.0, 0.5),
        (2, 5, 1.0, 0.0, 1.0),
        (3, 2, 1.0, -9.0, 1.0),
        (7, 1, 0.1, 0.0, 2.0),
        (12, 6, 1e6, 1.0, 1e-2),
        (5, 7, 1e-6, 0.0, 30.0),
        (16, 8, 1.0, 300.0, 0.1),
    ):
        mean = draw.normal(parameters)
        goal, steep = mean + 3 * wide * draw.normal(parameters), draw.uniform(parameters, low=0.5, high=2.0)
        yield {
            "mean": mean,
            "spread": wide * draw.uniform(parameters, low=0.3, high=1.5),
            "noise": draw.normal(members, parameters),
            "score": valley(goal, steep / wide, size, base),
        }
