"""The checker of exercise 8.6: the gain that training found, as the slope of a line through the origin."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from wmcourse.checks.check import CheckFailed, checker, expect_close, expect_tensor, expect_unchanged

Answer = Callable[..., Any]


@checker("8.6", {"elements cannot be converted to Scalar": "sum over all of them first: the slope is one number"})
def learnt_gain(answer: Answer) -> None:
    """Oracle: torch.linalg.lstsq with a single column, so without an intercept."""
    hard_coded = "the first example was right: a number or a size is hard-coded"
    cases = (((4, 3), 0.6, "beliefs that follow the looks", ""), ((1, 5), -0.2, "other beliefs", hard_coded))
    for shape, slope, what, hint in cases:
        before = _beliefs(shape, slope)
        given = {name: tensor.clone() for name, tensor in before.items()}
        returned = answer(*given.values())
        expect_unchanged(given, before)
        shapes = {
            "one slope for each look: sum over all of them, above and below the fraction line": shape,
            "one slope for each sequence: sum over all of them": shape[:1],
            "one slope for each step: sum over all of them": shape[1:],
            "the slope is one number, a tensor of no axes": (1, 1),
            "the slope is one number, a tensor of no axes and not of one": (1,),
        }
        if isinstance(returned, Tensor) and returned.shape == () and not returned.isfinite():
            single = "a look may bring no innovation at all: divide sums by sums, not each by each"
            raise CheckFailed("a finite slope", str(returned.item()), single)
        got = expect_tensor(returned, (), "the slope", shapes)
        innovation, correction = (before[name] - before["expected"] for name in ("observed", "believed"))
        oracle = torch.linalg.lstsq(innovation.view(-1, 1), correction.view(-1, 1)).solution.view(())
        mistakes = {hint: got} if hint else _wrong_slopes(**before)
        expect_close(got, oracle, f"slope for {what}", mistakes)


def _beliefs(shape: tuple[int, ...], slope: float) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(11)
    expected = 1 + torch.randn(shape, generator=generator)
    innovation = 0.7 + torch.randn(shape, generator=generator)
    if slope < 0:
        innovation[0, 0] = 0.0  # as expected, to the last digit
    scatter = 0.3 * torch.randn(shape, generator=generator)
    return {
        "expected": expected,
        "believed": expected + slope * innovation + scatter,
        "observed": expected + innovation,
    }


def _wrong_slopes(expected: Tensor, believed: Tensor, observed: Tensor) -> dict[str, Tensor]:
    """What the usual mistakes lead to."""
    x, y = observed - expected, believed - expected
    centered_x, centered_y = x - x.mean(), y - y.mean()
    slope = (x * y).sum() / x.square().sum()
    origin = "the line goes through the origin: no innovation, no correction"
    return {
        f"an intercept is fitted: {origin}, so subtract no means": (
            (centered_x * centered_y).sum() / centered_x.square().sum()
        ),
        f"this is a correlation: the slope, with {origin}": torch.corrcoef(torch.stack([x.flatten(), y.flatten()]))[
            0, 1
        ],
        "this is the cosine between them: divide by the squares of the innovations alone": (
            (x * y).sum() / (x.square().sum() * y.square().sum()).sqrt()
        ),
        "innovation and correction have changed places: divide by the squares of the innovations": (
            (x * y).sum() / y.square().sum()
        ),
        "this is 1 / slope: divide by the squares of the innovations": 1 / slope,
        "this is the mean of the ratios: small innovations count too much": (y / x).mean(),
        "this is the median of the ratios: least squares weighs large innovations more": (y / x).median(),
        "this is the ratio of the sums: multiply by the innovation above and below, so that signs do not cancel": (
            y.sum() / x.sum()
        ),
        "this is the ratio of the sizes: it forgets whether both have the same sign": y.abs().sum() / x.abs().sum(),
        "this is the ratio of the spreads: it forgets whether both go together": y.std() / x.std(),
        "this is the ratio of the roots of the squares: it forgets whether both go together": (
            y.square().sum() / x.square().sum()
        ).sqrt(),
        "the expectation is not taken off: innovations and corrections are differences to it": (
            (observed * believed).sum() / observed.square().sum()
        ),
        "the expectation is not taken off the belief: a correction is believed - expected": (
            (x * believed).sum() / x.square().sum()
        ),
        "the expectation is not taken off the observation: an innovation is observed - expected": (
            (observed * y).sum() / observed.square().sum()
        ),
        "the correction is taken from the observation: it is believed - expected": (
            (x * (believed - observed)).sum() / x.square().sum()
        ),
        "what is left is taken for the correction: it is believed - expected": (
            (x * (observed - believed)).sum() / x.square().sum()
        ),
        "the innovation is taken from the belief: it is observed - expected": (
            ((observed - believed) * y).sum() / (observed - believed).square().sum()
        ),
        "the sign is wrong: both are differences to the expectation, taken the same way": -slope,
        "the denominator is not squared: divide by the sum of the squares": (x * y).sum() / x.sum(),
        "a slope for each sequence, and their mean: sum over all looks first": (
            (x * y).sum(-1) / x.square().sum(-1)
        ).mean(),
        "a slope for each step, and their mean: sum over all looks first": ((x * y).sum(0) / x.square().sum(0)).mean(),
    }
