"""Does a forecaster's confidence say how often it is right, and its doubt how far it is off?"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor


class Bin(NamedTuple):
    """Forecasts of similar confidence."""

    confidence: float
    """Mean over the bin."""
    share_right: float
    steps: int
    """How many forecasts."""


def reliability(
    confidence: Float[Tensor, " rows"],
    right: Bool[Tensor, " rows"],
    *,
    edges: tuple[float, ...] = (0.5, 0.6, 0.7, 0.8, 0.9, 0.99),
) -> list[Bin]:
    """Bins [edge, next edge) of the confidence, the last one up to 1; empty ones are left out (Guo et al. 2017)."""
    bounds = [*edges, 1.0 + 1e-6]
    bins = []
    for low, high in zip(bounds, bounds[1:], strict=False):
        inside = (confidence >= low) & (confidence < high)
        if inside.any():
            bins.append(Bin(confidence[inside].mean().item(), right[inside].float().mean().item(), int(inside.sum())))
    return bins


def expected_calibration_error(bins: list[Bin]) -> float:
    """Mean distance between confidence and share of right forecasts, weighted by the bins' counts."""
    total = sum(each.steps for each in bins)
    return sum(each.steps * abs(each.confidence - each.share_right) for each in bins) / total


def rank_correlation(left: Float[Tensor, " rows"], right: Float[Tensor, " rows"]) -> float:
    """Spearman's: 1 if the larger of one is always the larger of the other, whatever their units."""
    return float(torch.corrcoef(torch.stack([_ranks(left), _ranks(right)]))[0, 1])


def _ranks(values: Float[Tensor, " rows"]) -> Float[Tensor, " rows"]:
    """Places in order of size, equal values sharing the mean of theirs."""
    _, place, count = values.unique(return_inverse=True, return_counts=True)
    return (count.cumsum(0) - (count + 1) / 2).double()[place]
