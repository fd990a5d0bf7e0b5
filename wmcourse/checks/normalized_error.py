"""The arguments of exercise 3.4, and what is taken for the normalized error by mistake."""

from typing import NamedTuple

import torch
from torch import Tensor


class Forecast(NamedTuple):
    """The arguments of the answer."""

    predicted: Tensor
    target: Tensor
    variance: Tensor


def wrong_nmse(forecast: Forecast) -> dict[str, Tensor]:
    """What the usual mistakes lead to."""
    predicted, target, variance = forecast
    error = predicted - target
    squared = error.square()
    right = (squared / variance).mean((0, 2))
    own = "the variance is given: that of all held-out data, one number for each dimension"
    each = "each dimension has its own variance: divide first, then take the mean over D"
    return {
        "this is a root: nMSE stays squared": right.sqrt(),
        "the root is taken for each rollout: nMSE stays squared": (squared / variance).mean(-1).sqrt().mean(0),
        "these are absolute errors: square them": (error.abs() / variance.sqrt()).mean((0, 2)),
        "these are absolute errors over the variance: square them": (error.abs() / variance).mean((0, 2)),
        "the squared error is divided by the standard deviation: divide by the variance": (
            squared / variance.sqrt()
        ).mean((0, 2)),
        "divided by the variance's square: it is a variance already": (squared / variance.square()).mean((0, 2)),
        "multiplied by the variance: divide by it": (squared * variance).mean((0, 2)),
        f"the variance is missing: {each}": squared.mean((0, 2)),
        f"normalized after the mean, by the mean variance: {each}": squared.mean((0, 2)) / variance.mean(),
        f"normalized after the mean: {each}": (squared.mean((0, 2))[:, None] / variance).mean(-1),
        f"normalized by the variance of the targets, all dimensions together: {own}": squared.mean((0, 2))
        / target.var(),
        f"normalized by the variance of the targets: {own}": (squared / target.flatten(0, 1).var(0)).mean((0, 2)),
        f"normalized by the variance of the targets, divided by n: {own}": (
            squared / target.flatten(0, 1).var(0, correction=0)
        ).mean((0, 2)),
        f"normalized by the targets' variance across rollouts: {own}": (squared / target.var(0)).mean((0, 2)),
        f"normalized by the targets' variance along time: {own}": (squared / target.var(1, keepdim=True)).mean((0, 2)),
        "summed over the dimensions: take the mean over D": (squared / variance).sum(-1).mean(0),
        "summed over the rollouts: take the mean over R": (squared / variance).mean(-1).sum(0),
        "summed over rollouts and dimensions: take the mean over both": (squared / variance).sum((0, 2)),
        "this is a median over the rollouts: nMSE is their mean": (squared / variance).mean(-1).median(0).values,
        "the worst dimension alone counts: take the mean over D": (squared / variance).amax(-1).mean(0),
        "the first dimension alone counts: take the mean over D": (squared / variance)[..., 0].mean(0),
        "the first rollout alone counts: take the mean over R": (squared / variance)[0].mean(-1),
        "the errors of all steps so far are averaged: each horizon has its own": right.cumsum(0)
        / torch.arange(1, len(right) + 1),
        "the errors of all steps so far are summed: each horizon has its own": right.cumsum(0),
        "the errors are averaged over the rollouts before they are squared": (error.mean(0).square() / variance).mean(
            -1
        ),
        "errors of opposite sign cancel: square before the mean over D": (error / variance.sqrt())
        .mean(-1)
        .square()
        .mean(0),
        "the order of time is reversed": right.flip(0),
    }
