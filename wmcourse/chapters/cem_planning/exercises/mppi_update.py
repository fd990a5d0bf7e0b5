"""Exercise 12.4: the weights of MPPI."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from wmcourse.chapters.cem_planning.exercises.candidates import dropped, weighted_rounds
from wmcourse.exercises import Exercise

Pair = tuple[Tensor, Tensor]


def by_ratios(candidates: Tensor, values: Tensor, temperature: float) -> Pair:
    """The weight of n is 1 / sum_m exp((v_m - v_n) / λ), a sum of ratios; in float64, number by number."""
    known = [value for value in values.tolist() if math.isfinite(value)]
    weights = []
    for value in values.tolist():
        odds = [(other - value) / temperature for other in known]
        lost = not math.isfinite(value) or max(odds) > 700
        weights.append(0.0 if lost else 1 / sum(math.exp(each) for each in odds))
    mean = sum(weight * plan.double() for weight, plan in zip(weights, candidates, strict=True))
    assert isinstance(mean, Tensor)
    return torch.tensor(weights).to(values.dtype), mean.to(candidates.dtype)


mppi_update = Exercise(
    "12.4",
    by_ratios,
    weighted_rounds,
    returns=("weights", "mean"),
    learns=(),
    unseen=False,
    tolerance=3e-4,  # a value far from 0 has few digits left of its difference to the best
    advice={"must match the size of tensor": "each plan (H, A) has one weight: weights[:, None, None] * candidates"},
)


def of_values(weigh: Callable[[Tensor, float], Tensor]) -> Callable[..., Pair]:
    """A mistake in the weights alone; the useless values are -inf by then."""

    def update(candidates: Tensor, values: Tensor, temperature: float) -> Pair:
        return averaged(weigh(dropped(values), temperature), candidates)

    return update


def averaged(weights: Tensor, candidates: Tensor) -> Pair:
    """The weights and what they make of the plans."""
    return weights, (weights[:, None, None] * candidates).sum(0)


def share(odds: Tensor) -> Tensor:
    """Of the sum."""
    return odds / odds.sum()


WEIGHTS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "exp(values / λ) is 0 or infinite where values are far from 0: subtract the largest value first": (
        lambda v, k: share((v / k).exp())
    ),
    "an epsilon does not help: where exp(values / λ) is 0 for all, subtract the largest value first": (
        lambda v, k: (v / k).exp() / ((v / k).exp().sum() + 1e-8)
    ),
    "the mean is subtracted: the best is still above 0 then, and overflows at a small λ": (
        lambda v, k: share(((v - v[v.isfinite()].mean()) / k).exp())
    ),
    "the weights do not add up to 1: divide by their sum": lambda v, k: ((v - v.max()) / k).exp(),
    "multiplied by λ: divide by it, so that a small one is a strict one": lambda v, k: torch.softmax(
        (v - v.max()) * k, 0
    ),
    "these are values, not costs: the highest has the largest weight": (
        lambda v, k: torch.softmax(dropped(v[v.isfinite()].min() - v) / k, 0)
    ),
    "these are logarithms of the weights": lambda v, k: torch.log_softmax((v - v.max()) / k, 0),
    "λ is not used": lambda v, k: torch.softmax(v - v.max(), 0),
}
for words, weigh in WEIGHTS.items():
    mppi_update.mistake(words)(of_values(weigh))


@mppi_update.mistake("a value of NaN or infinity spoils all weights: such plans have the weight 0")
def _spoiled(candidates: Tensor, values: Tensor, temperature: float) -> Pair:
    return averaged(torch.softmax((values - values.max()) / temperature, 0), candidates)


@mppi_update.mistake("the mean divides by N once more: the weights add up to 1 already")
def _divided(candidates: Tensor, values: Tensor, temperature: float) -> Pair:
    weights, mean = by_ratios(candidates, values, temperature)
    return weights, mean / len(candidates)
