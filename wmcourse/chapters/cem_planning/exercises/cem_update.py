"""Exercise 12.2: the update of the cross-entropy method."""

from collections.abc import Callable
from statistics import fmean, pstdev

import torch
from torch import Tensor

from wmcourse.chapters.cem_planning.exercises.candidates import best_first, dropped, gaussian_rounds
from wmcourse.exercises import Exercise

Pair = tuple[Tensor, Tensor]


def with_statistics(candidates: Tensor, values: Tensor, elites: int, min_std: float) -> Pair:
    """Number by number, by Python's own statistics."""
    chosen = candidates[best_first(values)[:elites]]
    mean, std = torch.empty_like(chosen[0]), torch.empty_like(chosen[0])
    for t in range(chosen.shape[1]):
        for a in range(chosen.shape[2]):
            numbers = chosen[:, t, a].tolist()
            mean[t, a], std[t, a] = fmean(numbers), max(pstdev(numbers), min_std)
    return mean, std


cem_update = Exercise(
    "12.2",
    with_statistics,
    gaussian_rounds,
    returns=("mean", "std"),
    learns=(),
    unseen=False,
    advice={"must be Tensor, not float": "torch.maximum wants two tensors; std.clamp(min=min_std) takes a number"},
)


def of_ranked(wrong: Callable[[Tensor, int, float], Pair]) -> Callable[..., Pair]:
    """`wrong` is given the candidates, the best first and the useless last, the number of elites and the least std."""

    def update(candidates: Tensor, values: Tensor, elites: int, min_std: float) -> Pair:
        return wrong(candidates[dropped(values).argsort(descending=True)], elites, min_std)

    return update


def std(chosen: Tensor, correction: int = 0) -> Tensor:
    """Over the candidates, divided by their number less `correction`."""
    return ((chosen - chosen.mean(0)).square().sum(0) / (len(chosen) - correction)).sqrt()


UPDATES: dict[str, Callable[[Tensor, int, float], Pair]] = {
    "all candidates are fitted: only the `elites` best count": lambda x, k, m: (x.mean(0), std(x).clamp_min(m)),
    "the std is that of all candidates: take it over the elites": lambda x, k, m: (x[:k].mean(0), std(x).clamp_min(m)),
    "the std divides by K - 1: divide by K, .std(0, correction=0)": (
        lambda x, k, m: (x[:k].mean(0), std(x[:k], 1).clamp_min(m))
    ),
    "this is the variance: take its root": lambda x, k, m: (x[:k].mean(0), std(x[:k]).square().clamp_min(m)),
    "the std may shrink to nothing: it is at least `min_std`": lambda x, k, m: (x[:k].mean(0), std(x[:k])),
    "`min_std` is added: it is the least that the std may be, so clamp": lambda x, k, m: (
        x[:k].mean(0),
        std(x[:k]) + m,
    ),
    "`min_std` became the most: .clamp(min=min_std)": lambda x, k, m: (x[:k].mean(0), std(x[:k]).clamp_max(m)),
    "the mean is the best candidate: average over all elites": lambda x, k, m: (x[0], std(x[:k]).clamp_min(m)),
}
for words, wrong in UPDATES.items():
    cem_update.mistake(words)(of_ranked(wrong))


@cem_update.mistake("the worst are taken: high values are good")
def _worst(candidates: Tensor, values: Tensor, elites: int, min_std: float) -> Pair:
    return with_statistics(candidates, -values, elites, min_std)


@cem_update.mistake("a candidate whose value is not finite is among the elites: topk takes NaN for the largest of all")
def _nan_wins(candidates: Tensor, values: Tensor, elites: int, min_std: float) -> Pair:
    return with_statistics(candidates[values.topk(elites).indices], torch.zeros(elites), elites, min_std)


@cem_update.mistake("NaN is out, but infinity is among the elites: ask torch.isfinite")
def _infinity_wins(candidates: Tensor, values: Tensor, elites: int, min_std: float) -> Pair:
    return _nan_wins(candidates, values.masked_fill(values.isnan(), -torch.inf), elites, min_std)
