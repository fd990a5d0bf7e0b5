"""Two views of the same things, and the parts of VICReg's terms, for exercise 14.1."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from wmcourse.exercises import Draw
from wmcourse.exercises.draw import Case

Terms = tuple[Tensor, Tensor, Tensor]
EPSILON = 1e-4


def two_views(draw: Draw) -> Iterator[Case]:
    """Dimensions that are wide, narrow, or both; two rows; fewer rows than dimensions; rows that are all the same."""
    for rows, dim, low, high, noise in (
        (5, 3, 0.1, 3.0, 0.3),
        (7, 2, 0.02, 0.5, 0.01),
        (4, 6, 2.0, 30.0, 5.0),
        (2, 4, 0.3, 3.0, 0.1),
        (30, 7, 0.003, 0.03, 1e-3),
        (3, 5, 0.0, 0.0, 0.2),
        (11, 8, 0.01, 100.0, 1.0),
    ):
        width = draw.magnitudes(dim, low=low, high=high) if high else torch.zeros(dim)
        a = width * (draw.normal(rows, dim) + draw.normal(rows, 1)) + 0.5 * draw.normal(dim)
        yield {"a": a, "b": a + noise * draw.magnitudes(dim, low=0.3, high=3.0) * draw.normal(rows, dim)}


def mean_square(a: Tensor, b: Tensor) -> Tensor:
    """Of all differences."""
    return (a - b).square().mean()


def std(rows: Tensor) -> Tensor:
    """Of each dimension, with the small number under the root."""
    return (rows.var(0) + EPSILON).sqrt()


def shortfall(rows: Tensor) -> Tensor:
    """Of the standard deviations, on average."""
    return (1 - std(rows)).relu().mean()


def matrix(rows: Tensor) -> Tensor:
    """All covariances (D, D)."""
    return (rows - rows.mean(0)).T @ (rows - rows.mean(0)) / (len(rows) - 1)


def squares_between(cov: Tensor) -> Tensor:
    """Off the diagonal, on average."""
    return (cov.square().sum() - cov.diag().square().sum()) / (len(cov) * (len(cov) - 1))


def of_rows(part: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """A part of each view, added."""
    return lambda a, b: part(a) + part(b)


VARIANCE, COVARIANCE = of_rows(shortfall), of_rows(lambda rows: squares_between(matrix(rows)))


def terms(
    a: Tensor,
    b: Tensor,
    invariance: Callable[[Tensor, Tensor], Tensor] = mean_square,
    variance: Callable[[Tensor, Tensor], Tensor] = VARIANCE,
    covariance: Callable[[Tensor, Tensor], Tensor] = COVARIANCE,
) -> Terms:
    """The three, unless one of them is replaced."""
    return invariance(a, b), variance(a, b), covariance(a, b)
