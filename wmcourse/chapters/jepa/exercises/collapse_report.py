"""Exercise 14.3: has it collapsed?"""

import math
from collections.abc import Callable
from statistics import fmean, stdev
from typing import Any

import torch
from torch import Tensor

from wmcourse.chapters.jepa.exercises.spread import Report, embeddings, entropy, look, report, shares, verdict
from wmcourse.exercises import Exercise


def by_eigenvalues(embeddings: Tensor) -> Report:
    """Python's statistics, and the eigenvalues of the smaller of the two product matrices: squared singular values."""
    widths = [stdev(column) for column in embeddings.double().T.tolist()]
    around = embeddings.double() - embeddings.double().mean(0)
    gram = around @ around.T if around.shape[0] < around.shape[1] else around.T @ around
    values = [math.sqrt(value) if value > 1e-12 * gram.trace() else 0.0 for value in torch.linalg.eigvalsh(gram)]
    parts = [value / sum(values) for value in values if value > 0]
    rank = math.prod(p**-p for p in parts) if parts else 0.0
    complete, few = fmean(widths) < 0.01, rank < embeddings.shape[1] / 4
    words = "complete" if complete else "dimensional" if few else "none"
    return torch.tensor(min(widths)), torch.tensor(fmean(widths)), torch.tensor(rank), words


collapse_report = Exercise(
    "14.3",
    by_eigenvalues,
    embeddings,
    view=look,
    returns=("the smallest std", "the mean std", "the effective rank", "the verdict"),
    learns=(),
    unseen=False,
    tolerance=5e-4,
)

MISTAKES: dict[str, dict[str, Callable[..., Any]]] = {
    "the std divides by N: .std(dim=0) divides by N - 1": {"std": lambda x: x.std(0, correction=0)},
    "these are variances: take the root": {"std": lambda x: x.var(0)},
    "the std is taken along each row: take it over the rows, for each dimension": {"std": lambda x: x.std(1)},
    "the rows are not centered: far from 0, the mean alone looks like one direction": {
        "rank": lambda x: entropy(shares(x, centered=False)).exp()
    },
    "these are shares of the squared singular values: take the values themselves": {
        "rank": lambda x: entropy(shares(x).square() / shares(x).square().sum()).exp().nan_to_num(0.0)
    },
    "this is the entropy: its exponential is a number of directions": {"rank": lambda x: entropy(shares(x))},
    "this counts the singular values that are not 0: the effective rank weighs them": {
        "rank": lambda x: (shares(x) > 1e-6).sum()
    },
    "this is 1 over the sum of the squared shares, another effective rank: exp of the entropy is asked for": {
        "rank": lambda x: (1 / shares(x).square().sum()).nan_to_num(0.0)
    },
    "all rows are equal, and 0 / 0 is NaN: the rank is 0 then": {"rank": lambda x: entropy(shares(x)).exp()},
    "the complete collapse is judged first: its rank may be low or high": {
        "judge": lambda x, widths, rank: "dimensional" if rank < x.shape[1] / 4 else verdict(widths.mean(), rank, 0)
    },
    "one dead dimension is no complete collapse: compare the mean std": {
        "judge": lambda x, widths, rank: verdict(widths.min(), rank, x.shape[1])
    },
}
for words, parts in MISTAKES.items():
    collapse_report.mistake(words)(lambda embeddings, parts=parts: report(embeddings, **parts))
