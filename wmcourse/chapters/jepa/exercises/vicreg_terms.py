"""Exercise 14.1: the three terms of VICReg."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from wmcourse.chapters.jepa.exercises.views import (
    COVARIANCE,
    EPSILON,
    VARIANCE,
    Terms,
    matrix,
    of_rows,
    shortfall,
    squares_between,
    std,
    terms,
    two_views,
)
from wmcourse.exercises import Exercise


def by_pairs(a: Tensor, b: Tensor) -> Terms:
    """A covariance is half the mean product of the differences between two rows: no mean is needed. In float64."""
    variance, covariance = [], []
    for rows in (a.double(), b.double()):
        count, dim = rows.shape
        apart = rows[:, None] - rows[None]
        for i in range(dim):
            for j in range(dim):
                cov = (apart[..., i] * apart[..., j]).sum() / (2 * count * (count - 1))
                if i == j:
                    variance.append(torch.relu(1 - torch.sqrt(cov + EPSILON)) / dim)
                else:
                    covariance.append(cov**2 / (dim * (dim - 1)))
    apart = sum(((p - q) ** 2 for p, q in zip(a.double(), b.double(), strict=True)), torch.zeros(())) / len(a)
    return apart.mean().float(), torch.stack(variance).sum().float(), torch.stack(covariance).sum().float()


vicreg_terms = Exercise("14.1", by_pairs, two_views, returns=("invariance", "variance", "covariance"))

MISTAKES: dict[str, dict[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "the invariance is summed over the dimensions: take their mean too": {
        "invariance": lambda a, b: (a - b).square().sum(-1).mean()
    },
    "the hinge is missing: a dimension that is wider than 1 costs nothing, max(0, 1 - std)": {
        "variance": of_rows(lambda x: (1 - std(x)).mean())
    },
    "the mean is taken before the hinge: a wide dimension does not make up for a narrow one": {
        "variance": of_rows(lambda x: (1 - std(x).mean()).relu())
    },
    "the hinge is on the variance: take its root, the standard deviation": {
        "variance": of_rows(lambda x: (1 - x.var(0) - EPSILON).relu().mean())
    },
    "1e-4 is missing under the root, where it keeps the gradient finite": {
        "variance": of_rows(lambda x: (1 - x.std(0)).relu().mean())
    },
    "the covariances are divided by N: divide them by N - 1": {
        "covariance": of_rows(lambda x: squares_between(matrix(x) * (len(x) - 1) / len(x)))
    },
    "the diagonal is among the covariances: it holds the variances, leave it out": {
        "covariance": of_rows(lambda x: matrix(x).square().sum() / (x.shape[1] * (x.shape[1] - 1)))
    },
    "the covariances are divided by D, as in the paper: here by D (D - 1), the number of pairs": {
        "covariance": of_rows(lambda x: squares_between(matrix(x)) * (x.shape[1] - 1))
    },
    "the rows are not centered: subtract their mean before the product": {
        "covariance": of_rows(lambda x: squares_between(x.T @ x / (len(x) - 1)))
    },
    "this is the covariance of a with b: each view has a matrix of its own": {
        "covariance": lambda a, b: squares_between((a - a.mean(0)).T @ (b - b.mean(0)) / (len(a) - 1))
    },
    "variance and covariance are those of a alone: add those of b": {
        "variance": lambda a, b: shortfall(a),
        "covariance": lambda a, b: squares_between(matrix(a)),
    },
    "variance and covariance are means over the two views: add them": {
        "variance": lambda a, b: VARIANCE(a, b) / 2,
        "covariance": lambda a, b: COVARIANCE(a, b) / 2,
    },
}


def wrong(**parts: Any) -> Callable[..., Terms]:
    """The terms with other parts."""
    return partial(terms, **parts)


for words, parts in MISTAKES.items():
    vicreg_terms.mistake(words)(wrong(**parts))
