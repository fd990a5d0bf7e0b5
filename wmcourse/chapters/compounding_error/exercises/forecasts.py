"""The cases of exercise 3.4."""

from collections.abc import Iterator

import torch
from torch import Tensor

from wmcourse.exercises import Draw
from wmcourse.exercises.draw import Case


def forecasts(draw: Draw) -> Iterator[Case]:
    """Errors that grow, up and down, with variances of all magnitudes and limits down to 0."""
    for rollouts, horizon, dimensions, rate, threshold, share in (
        (6, 9, 3, 0.03, 0.25, 0.8),
        (7, 5, 2, 0.03, 0.25, 0.8),
        (9, 10, 4, 0.05, 0.6, 0.65),
        (3, 7, 5, 0.1, 0.3, 0.1),
        (1, 4, 3, 0.06, 0.25, 0.8),
        (3, 1, 2, 0.06, 0.25, 0.8),
        (3, 5, 1, 1e-4, 0.25, 0.8),
        (4, 3, 2, 1e3, 0.25, 0.6),
        (2, 6, 3, 0.02, 0.0, 0.9),
        (4, 5, 3, 0.2, 0.25, 0.0),
        (6, 8, 2, 1e-6, 1e-5, 1.0),
        (5, 4, 3, 0.05, 0.25, 0.8),
    ):
        variance = draw.magnitudes(dimensions, low=1e-9, high=1e4)
        target = draw.normal(rollouts, horizon, dimensions) * variance.sqrt()
        error = rate * torch.arange(1, horizon + 1) * draw.normal(rollouts, horizon).exp()
        missed = (error.unsqueeze(-1) * variance).sqrt() * draw.normal(rollouts, horizon, dimensions)
        yield forecast(target + missed, target, variance, threshold, share)
    yield lost(draw)
    yield tied()


def lost(draw: Draw) -> Case:
    """Some rollouts go to infinity, or are no numbers any more."""
    predicted = draw.normal(7, 6, 3, scale=0.2)
    predicted[0, 1], predicted[1:3, 2:], predicted[6, 4] = torch.inf, torch.nan, -torch.inf
    return forecast(predicted, torch.zeros(7, 6, 3), torch.ones(3), 0.25, 0.65)


def tied() -> Case:
    """Errors exactly at the threshold, and exactly the share of the rollouts; no rounding anywhere."""
    missed = torch.tensor([[0.25, 0.25, 0.25], [0.25, 0.25, 0.25], [0.25, 0.25, 0.5], [0.25, 0.5, 1.0]])
    predicted = torch.stack([missed, 2 * missed], -1)
    return forecast(predicted, torch.zeros(4, 3, 2), torch.tensor([1.0, 4.0]), 0.25, 0.75)


def forecast(predicted: Tensor, target: Tensor, variance: Tensor, threshold: float, share: float) -> Case:
    """The arguments."""
    return {"predicted": predicted, "target": target, "variance": variance, "threshold": threshold, "share": share}


def normalized(predicted: Tensor, target: Tensor, variance: Tensor) -> Tensor:
    """The error of each rollout at each step, (R, H)."""
    return ((predicted - target).square() / variance).mean(-1)
