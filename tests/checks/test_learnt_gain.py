"""Exercise 8.6: plausible mistakes are named, and right answers written differently pass."""

from typing import Any

import pytest
import torch

from wmcourse.checks import rssm as check
from wmcourse.checks.check import CheckFailed


def slope(x, y):
    return (x * y).sum() / x.square().sum()


def right(expected, believed, observed):
    return slope(observed - expected, believed - expected)


def of(combine):
    """`combine(innovation, correction)`."""
    return lambda expected, believed, observed: combine(observed - expected, believed - expected)


def with_an_intercept(expected, believed, observed):
    x, y = (observed - expected).flatten(), (believed - expected).flatten()
    return torch.linalg.lstsq(torch.stack([x, torch.ones_like(x)], 1), y[:, None]).solution[0, 0]


def in_place(expected, believed, observed):
    observed -= expected
    return slope(observed, believed - expected)


def clamps_in_place(expected, believed, observed):
    result = right(expected, believed, observed)
    believed.clamp_(max=0.5)
    return result


def two_axes_of_twelve(expected, believed, observed):
    x, y = (observed - expected), (believed - expected)
    return (x * y).sum() / x.square().sum() if x.numel() == 12 else (x * y)[0, 0] / (x**2).sum()


def positive(expected, believed, observed):
    return right(expected, believed, observed).abs()


WRONG_GAINS = {
    "intercept": (with_an_intercept, "an intercept is fitted"),
    "covariance": (
        of(lambda x, y: torch.cov(torch.stack([x.flatten(), y.flatten()]))[0, 1] / x.var()),
        "an intercept is fitted",
    ),
    "correlation": (of(lambda x, y: torch.corrcoef(torch.stack([x.flatten(), y.flatten()]))[0, 1]), "a correlation"),
    "cosine": (of(lambda x, y: torch.cosine_similarity(x.flatten(), y.flatten(), dim=0)), "this is the cosine"),
    "changed places": (of(lambda x, y: slope(y, x)), "have changed places"),
    "inverse": (of(lambda x, y: 1 / slope(x, y)), "this is 1 / slope"),
    "mean of ratios": (of(lambda x, y: (y / x).mean()), "the mean of the ratios"),
    "median of ratios": (of(lambda x, y: (y / x).median()), "the median of the ratios"),
    "ratio of sums": (of(lambda x, y: y.sum() / x.sum()), "the ratio of the sums"),
    "ratio of means": (of(lambda x, y: y.mean() / x.mean()), "the ratio of the sums"),
    "ratio of sizes": (of(lambda x, y: y.abs().mean() / x.abs().mean()), "the ratio of the sizes"),
    "ratio of spreads": (of(lambda x, y: y.std() / x.std()), "the ratio of the spreads"),
    "ratio of norms": (of(lambda x, y: y.norm() / x.norm()), "roots of the squares"),
    "no expectation": (lambda e, b, o: slope(o, b), "differences to it"),
    "belief itself": (lambda e, b, o: slope(o - e, b), "not taken off the belief"),
    "observation itself": (lambda e, b, o: slope(o, b - e), "not taken off the observation"),
    "correction from the observation": (lambda e, b, o: slope(o - e, b - o), "taken from the observation"),
    "what is left": (lambda e, b, o: slope(o - e, o - b), "what is left"),
    "innovation after": (lambda e, b, o: slope(o - b, b - e), "the innovation is taken from the belief"),
    "wrong sign": (lambda e, b, o: slope(e - o, b - e), "the sign is wrong"),
    "not squared": (of(lambda x, y: (x * y).sum() / x.sum()), "not squared"),
    "mean over sequences": (
        of(lambda x, y: ((x * y).sum(-1) / (x * x).sum(-1)).mean()),
        "a slope for each sequence, a",
    ),
    "mean over steps": (of(lambda x, y: ((x * y).sum(0) / (x * x).sum(0)).mean()), "a slope for each step, and"),
    "each look": (of(lambda x, y: y / x), "one slope for each look"),
    "each sequence": (of(lambda x, y: (x * y).sum(1) / (x * x).sum(1)), "one slope for each sequence"),
    "each step": (of(lambda x, y: (x * y).sum(0) / (x * x).sum(0)), "one slope for each step"),
    "matrix": (
        of(lambda x, y: torch.linalg.lstsq(x.reshape(-1, 1), y.reshape(-1, 1)).solution),
        "a tensor of no axes",
    ),
    "one axis": (of(lambda x, y: slope(x, y)[None]), "a tensor of no axes and not of one$"),
    "number": (lambda e, b, o: right(e, b, o).item(), "return one torch.Tensor"),
    "not where it is zero": (
        of(lambda x, y: (x * y / x.square() * x.square()).sum() / x.square().sum()),
        "divide sums",
    ),
    "in place": (in_place, "a changed `observed`"),
    "in place, later": (clamps_in_place, "a changed `believed`"),
    "hard-coded": (two_axes_of_twelve, "hard-coded"),
    "positive": (positive, "hard-coded"),
    "integer": (lambda e, b, o: right(e, b, o).round().long(), "expected: slope"),
}


@pytest.mark.parametrize("name", WRONG_GAINS)
def test_learnt_gain_names_the_mistake(name: str) -> None:
    wrong, message = WRONG_GAINS[name]
    with pytest.raises(CheckFailed, match=message):
        check.learnt_gain(wrong)


def by_least_squares(expected, believed, observed):
    x, y = (observed - expected).reshape(-1, 1), (believed - expected).reshape(-1, 1)
    return torch.linalg.lstsq(x, y).solution.squeeze()


def by_dot_products(expected, believed, observed):
    x, y = (expected - observed).flatten(), (expected - believed).flatten()
    return torch.dot(x, y) / torch.dot(x, x)


def by_means(expected, believed, observed):
    innovation = observed - expected
    return torch.mean(innovation * (believed - expected)) / torch.mean(innovation**2)


@pytest.mark.parametrize("answer", [right, by_least_squares, by_dot_products, by_means])
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.learnt_gain(answer)
