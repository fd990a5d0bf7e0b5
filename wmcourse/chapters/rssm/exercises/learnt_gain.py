"""Exercise 8.6: the slope of a line through the origin."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from wmcourse.chapters.rssm.exercises.view import as_tensor
from wmcourse.exercises import Draw, Exercise
from wmcourse.exercises.draw import Case


def looks(draw: Draw) -> Iterator[Case]:
    """Slopes of both signs, none, and more than 1; innovations from 1e-8 to 1e5, some of them exactly 0."""
    for batch, time, slope, scale, scatter in (
        (2, 4, 0.6, 1.0, 0.3),
        (3, 2, 1.3, 1.0, 0.3),
        (1, 5, -0.2, 1.0, 0.3),
        (6, 1, 0.8, 1.0, 0.5),
        (4, 7, 0.0, 1.0, 0.0),
        (5, 3, 0.4, 1e-8, 0.1),
        (2, 9, 0.7, 1e5, 0.1),
    ):
        expected, innovation = draw.normal(batch, time + 1, mean=1.0), draw.normal(batch, time + 1, mean=0.7)
        innovation[draw.flags(batch, time + 1, share=0.2)] = 0.0
        correction = slope * innovation + scatter * draw.normal(batch, time + 1)
        told = {"expected": expected, "believed": expected + correction, "observed": expected + innovation}
        yield {name: (scale * each)[:, 1:] for name, each in told.items()}  # parts of larger tensors, as in a notebook


def by_projection(expected: Tensor, believed: Tensor, observed: Tensor) -> Tensor:
    """What the pseudo-inverse of a single column gives, and so without an intercept; in float64."""
    column = (observed - expected).double().reshape(-1, 1)
    return (torch.linalg.pinv(column) @ (believed - expected).double().flatten()).float()[0]


learnt_gain = Exercise(
    "8.6",
    by_projection,
    looks,
    view=as_tensor,
    learns=(),
    unseen=False,
    advice={"elements cannot be converted to Scalar": "sum over all of them first: the slope is one number"},
)


def slope(x: Tensor, y: Tensor) -> Tensor:
    """Of `y` on `x`, over all of their entries."""
    return (x * y).sum() / (x * x).sum()


def of_differences(wrong: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """`wrong(x, y)` makes the slope of innovations and corrections."""
    return lambda expected, believed, observed: wrong(observed - expected, believed - expected)


SLOPES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "an intercept is fitted: the line goes through the origin, so subtract no means": (
        lambda x, y: slope(x - x.mean(), y - y.mean())
    ),
    "this is a correlation: divide by the squares of the innovations alone, and subtract no means": (
        lambda x, y: torch.corrcoef(torch.stack([x.flatten(), y.flatten()]))[0, 1]
    ),
    "this is the cosine between them: divide by the squares of the innovations alone": (
        lambda x, y: torch.cosine_similarity(x.flatten(), y.flatten(), dim=0)
    ),
    "innovation and correction have changed places: divide by the squares of the innovations": (
        lambda x, y: slope(y, x)
    ),
    "this is the mean of the ratios: small innovations count too much, and one of 0 spoils it": (
        lambda x, y: (y / x).mean()
    ),
    "this is the ratio of the sums: multiply by the innovation above and below, or signs cancel": (
        lambda x, y: y.sum() / x.sum()
    ),
    "the denominator is not squared: divide by the sum of the squares": lambda x, y: (x * y).sum() / x.sum(),
    "what is left is taken for the correction: it is believed - expected": lambda x, y: slope(x, x - y),
    "the innovation is taken from the belief: it is observed - expected": lambda x, y: slope(x - y, y),
    "the sign is wrong: both are differences to the expectation, taken the same way": lambda x, y: slope(-x, y),
    "a slope for each sequence, and their mean: sum over all looks first": (
        lambda x, y: ((x * y).sum(-1) / (x * x).sum(-1)).mean()
    ),
}
for words, wrong in SLOPES.items():
    learnt_gain.mistake(words)(of_differences(wrong))


@learnt_gain.mistake("the expectation is not taken off: innovations and corrections are differences to it")
def _absolute(expected: Tensor, believed: Tensor, observed: Tensor) -> Tensor:
    return slope(observed, believed)
