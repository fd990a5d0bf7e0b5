"""Exercise 3.4: plausible mistakes are named, and right answers written differently pass."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from wmcourse.checks import compounding_error as check
from wmcourse.checks.check import CheckFailed
from wmcourse.evaluation import valid_prediction_time


def normalized(predicted, target, variance):
    return ((predicted - target) ** 2 / variance).mean(-1)


def right_time(errors, threshold=0.25, share=0.8):
    valid = (errors < threshold).long().cumprod(1).double().mean(0)
    return int((valid >= share).sum())


def right(predicted, target, variance, threshold=0.25, share=0.8):
    errors = normalized(predicted, target, variance)
    return errors.mean(0), right_time(errors, threshold, share)


def with_nmse(wrong):
    """All right but the nMSE, `wrong(error, variance, target)`."""

    def answer(predicted, target, variance, threshold=0.25, share=0.8):
        _, vpt = right(predicted, target, variance, threshold, share)
        return wrong(predicted - target, variance, target), vpt

    return answer


def with_time(wrong):
    """All right but the time, `wrong(errors, threshold, share)`."""

    def answer(predicted, target, variance, threshold=0.25, share=0.8):
        errors = normalized(predicted, target, variance)
        return errors.mean(0), wrong(errors, threshold, share)

    return answer


def leading(flags):
    return int(flags.long().cumprod(0).sum())


def times(errors, threshold):
    return (errors < threshold).long().cumprod(1).sum(1)


def furthest(flags):
    return int(flags.nonzero().max()) + 1 if flags.any() else 0


def index_of_the_first_failure(errors, threshold, share):
    """argmax of the failures: 0 when there is none."""
    valid = (errors < threshold).long().cumprod(1).double().mean(0)
    return int((valid < share).long().argmax())


def last_valid_index(errors, threshold, share):
    return right_time(errors, threshold, share) - 1


def in_place(predicted, target, variance, threshold=0.25, share=0.8):
    result = right(predicted, target, variance, threshold, share)
    predicted -= target
    return result


def without_limits(predicted, target, variance):
    return right(predicted, target, variance)


def with_forecast(wrong):
    """All right but the time, `wrong(error, variance, threshold, share)` with errors (R, H, D)."""

    def answer(predicted, target, variance, threshold=0.25, share=0.8):
        nmse, _ = right(predicted, target, variance)
        return nmse, wrong(predicted - target, variance, threshold, share)

    return answer


def so_far(errors):
    return errors.cumsum(1) / torch.arange(1, errors.shape[1] + 1)


WRONG = {
    "quantile": (
        with_time(lambda e, limit, share: leading(torch.quantile(e, share, dim=0) < limit)),
        "quantile of the errors",
    ),
    "median error": (with_time(lambda e, limit, share: leading(e.median(0).values < limit)), "the median error is"),
    "mean so far": (
        with_time(lambda e, *limits: right_time(so_far(e), *limits)),
        "of all steps so far are averaged: each",
    ),
    "along the rollouts": (
        with_time(lambda e, limit, share: int(((e < limit).cumprod(0).double().mean(0) >= share).sum())),
        "carried on along the rollouts",
    ),
    "each dimension below": (
        with_forecast(lambda e, v, *limits: right_time((e**2 / v).amax(-1), *limits)),
        "each dimension has to be below",
    ),
    "dimensions counted": (
        with_forecast(
            lambda e, v, limit, share: int(((e**2 / v < limit).cumprod(1).double().mean((0, 2)) >= share).sum())
        ),
        "counted one by one",
    ),
    "sum compared": (
        with_forecast(lambda e, v, *limits: right_time((e**2 / v).sum(-1), *limits)),
        "the sum over the dimensions is compared",
    ),
    "not normalized": (with_forecast(lambda e, v, *limits: right_time((e**2).mean(-1), *limits)), "are not normalized"),
    "at least 1": (with_time(lambda *a: max(right_time(*a), 1)), "0 valid steps, not 1"),
    "at most H - 1": (with_time(lambda e, *a: min(right_time(e, *a), e.shape[1] - 1)), "H valid steps, not H - 1"),
    "rounded down": (
        with_time(lambda e, limit, share: right_time(e, limit, int(share * len(e)) / len(e) - 1e-9)),
        "is rounded down",
    ),
    "root": (with_nmse(lambda e, v, t: (e**2 / v).mean((0, 2)).sqrt()), "this is a root"),
    "root of each": (with_nmse(lambda e, v, t: (e**2 / v).mean(2).sqrt().mean(0)), "taken for each rollout"),
    "absolute": (with_nmse(lambda e, v, t: (e.abs() / v.sqrt()).mean((0, 2))), "absolute errors: square"),
    "absolute over variance": (with_nmse(lambda e, v, t: (e.abs() / v).mean((0, 2))), "absolute errors over"),
    "std": (with_nmse(lambda e, v, t: (e**2 / v.sqrt()).mean((0, 2))), "standard deviation: divide by the variance"),
    "squared variance": (with_nmse(lambda e, v, t: ((e / v) ** 2).mean((0, 2))), "the variance's square"),
    "times": (with_nmse(lambda e, v, t: (e**2 * v).mean((0, 2))), "multiplied by the variance"),
    "no variance": (with_nmse(lambda e, v, t: (e**2).mean((0, 2))), "the variance is missing"),
    "mean variance": (with_nmse(lambda e, v, t: (e**2).mean((0, 2)) / v.mean()), "by the mean variance"),
    "sums": (with_nmse(lambda e, v, t: (e**2).sum(2).mean(0) / v.sum()), "by the (mean variance|sum)"),
    "after the mean": (
        with_nmse(lambda e, v, t: ((e**2).mean((0, 2)).unsqueeze(-1) / v).mean(-1)),
        "normalized after the mean",
    ),
    "own variance": (with_nmse(lambda e, v, t: (e**2 / t.flatten(0, 1).var(0)).mean((0, 2))), "the variance is given"),
    "all variance": (with_nmse(lambda e, v, t: (e**2).mean((0, 2)) / t.var()), "all dimensions together"),
    "rollouts' variance": (with_nmse(lambda e, v, t: (e**2 / t.var(0)).mean((0, 2))), "across rollouts"),
    "time's variance": (with_nmse(lambda e, v, t: (e**2 / t.var(1, keepdim=True)).mean((0, 2))), "along time"),
    "sum over D": (with_nmse(lambda e, v, t: (e**2 / v).sum(-1).mean(0)), "summed over the dimensions"),
    "sum over R": (with_nmse(lambda e, v, t: (e**2 / v).mean(-1).sum(0)), "summed over the rollouts"),
    "sum over both": (with_nmse(lambda e, v, t: (e**2 / v).sum((0, 2))), "summed over rollouts and dimensions"),
    "median": (with_nmse(lambda e, v, t: (e**2 / v).mean(-1).median(0).values), "median over the rollouts"),
    "worst": (with_nmse(lambda e, v, t: (e**2 / v).amax(-1).mean(0)), "the worst dimension alone"),
    "first": (with_nmse(lambda e, v, t: (e**2 / v)[0].mean(-1)), "the first rollout alone"),
    "so far": (
        with_nmse(lambda e, v, t: (e**2 / v).mean((0, 2)).cumsum(0) / torch.arange(1, e.shape[1] + 1)),
        "steps so far are averaged",
    ),
    "signed": (with_nmse(lambda e, v, t: (e / v.sqrt()).mean(-1).square().mean(0)), "opposite sign cancel"),
    "mean first": (with_nmse(lambda e, v, t: (e.mean(0) ** 2 / v).mean(-1)), "over the rollouts before they are"),
    "each rollout": (with_nmse(lambda e, v, t: (e**2 / v).mean(-1)), "take the mean over the rollouts"),
    "over time": (with_nmse(lambda e, v, t: (e**2 / v).mean((1, 2))), "take the mean over R, not over H"),
    "each dimension": (with_nmse(lambda e, v, t: (e**2 / v).mean(0)), "take the mean over D too"),
    "one number": (with_nmse(lambda e, v, t: (e**2 / v).mean()), "leave no mean over H"),
    "variance axis": (with_nmse(lambda e, v, t: (e**2 / v[:, None]).mean((0, 2))), r"variance is \(D,\)"),
    "comes back": (
        with_time(lambda e, limit, share: leading((e < limit).double().mean(0) >= share)),
        "does not count again",
    ),
    "comes back, furthest": (
        with_time(lambda e, limit, share: furthest((e < limit).double().mean(0) >= share)),
        "stop at the first horizon with too few",
    ),
    "comes back, counted": (
        with_time(lambda e, limit, share: int(((e < limit).double().mean(0) >= share).sum())),
        "all horizons with enough valid rollouts are counted",
    ),
    "nMSE": (with_time(lambda e, limit, share: leading(e.mean(0) < limit)), "nMSE is compared with the threshold"),
    "furthest nMSE": (with_time(lambda e, limit, share: furthest(e.mean(0) < limit)), "the furthest nMSE"),
    "root of the error": (
        with_time(lambda e, limit, share: right_time(e.sqrt(), limit, share)),
        "the root of the error is compared",
    ),
    "square of the threshold": (
        with_time(lambda e, limit, share: right_time(e, limit**2, share)),
        "or the error with its square",
    ),
    "at the threshold": (
        with_time(lambda e, limit, share: leading((e <= limit).long().cumprod(1).double().mean(0) >= share)),
        "at the threshold is not below",
    ),
    "more than": (
        with_time(lambda e, limit, share: leading((e < limit).long().cumprod(1).double().mean(0) > share)),
        ">=, not >",
    ),
    "may fail": (with_time(lambda e, limit, share: right_time(e, limit, 1 - share)), "the part that may fail"),
    "all": (with_time(lambda e, limit, share: right_time(e, limit, 1.0)), "all rollouts have to be valid"),
    "any": (with_time(lambda e, limit, share: right_time(e, limit, 1e-6)), "one valid rollout is enough"),
    "0-based": (with_time(last_valid_index), "one step too few"),
    "0-based, not below 0": (with_time(lambda *a: max(last_valid_index(*a), 0)), "but never below 0"),
    "first that fails": (with_time(lambda *a: right_time(*a) + 1), "one step too many"),
    "first that fails, at most H": (
        with_time(lambda e, *a: min(right_time(e, *a) + 1, e.shape[1])),
        "the first horizon that fails",
    ),
    "argmax": (with_time(index_of_the_first_failure), "never too few should give H"),
    "mean time": (with_time(lambda e, limit, share: int(times(e, limit).double().mean())), "mean of the rollouts' own"),
    "median time": (with_time(lambda e, limit, share: int(times(e, limit).median())), "median of the rollouts' own"),
    "share fixed": (with_time(lambda e, limit, share: right_time(e, limit)), "`share` is hard-coded"),
    "threshold fixed": (with_time(lambda e, limit, share: right_time(e, share=share)), "`threshold` is hard-coded"),
    "both fixed": (with_time(lambda e, limit, share: right_time(e)), "`threshold` and `share` are hard-coded"),
    "no limits": (without_limits, "keep the arguments of the stub"),
    "float": (with_time(lambda *a: float(right_time(*a))), "return int"),
    "flag": (with_time(lambda *a: True), "return int"),
    "one for each": (with_time(lambda e, limit, share: times(e, limit)), "return int|VPT = "),
    "swapped": (lambda *a, **b: right(*a, **b)[::-1], "the order is nMSE, VPT"),
    "one": (lambda *a, **b: right(*a, **b)[0], "end with `return nmse, vpt`"),
    "in place": (in_place, "a changed `predicted`"),
    "mean of flags": (with_time(lambda e, limit, share: (e < limit).mean()), "not flags: .float"),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_mistake_is_named(name: str) -> None:
    wrong, message = WRONG[name]
    with pytest.raises(CheckFailed, match=message):
        check.nmse_and_vpt(wrong)


def in_loops(predicted, target, variance, threshold=0.25, share=0.8):
    rollouts, horizon, dimensions = predicted.shape
    errors = torch.zeros(rollouts, horizon)
    for r in range(rollouts):
        for h in range(horizon):
            for d in range(dimensions):
                errors[r, h] += (predicted[r, h, d] - target[r, h, d]) ** 2 / variance[d] / dimensions
    vpt = 0
    for h in range(horizon):
        if sum(bool((errors[r, : h + 1] < threshold).all()) for r in range(rollouts)) < share * rollouts:
            break
        vpt = h + 1
    return errors.mean(0), vpt


def by_the_package(predicted, target, variance, threshold=0.25, share=0.8):
    errors = ((predicted - target) / variance.sqrt()).square().mean(-1)
    return errors.mean(0), valid_prediction_time(errors, threshold=threshold, share=share)


def by_failures(predicted, target, variance, threshold=0.25, share=0.8):
    """Counts who has failed, not who is left."""
    errors = normalized(predicted.double(), target.double(), variance.double())
    failed = (~(errors < threshold)).cumsum(1).gt(0).double().mean(0)
    return errors.mean(0), int((failed <= 1 - share).sum())


def by_running_maximum(predicted, target, variance, threshold=0.25, share=0.8):
    errors = torch.einsum("rhd,d->rh", (predicted - target) ** 2, 1 / variance) / len(variance)
    alive = (errors.cummax(1).values < threshold).float().mean(0)
    failed = (alive < share).nonzero()
    return torch.mean(errors, dim=0), failed[0].item() if len(failed) else errors.shape[1]


def by_sorted_times(predicted, target, variance, threshold=0.25, share=0.8):
    """The time that enough rollouts reach: sort theirs."""
    errors = normalized(predicted, target, variance)
    first = torch.where(errors >= threshold, torch.arange(errors.shape[1]), errors.shape[1]).min(1).values
    needed = math.ceil(share * len(first))
    return errors.mean(0), first.sort(descending=True).values[needed - 1]


def with_numpy(predicted, target, variance, threshold=0.25, share=0.8):
    errors = np.mean((predicted - target).numpy() ** 2 / variance.numpy(), axis=-1)
    alive = np.logical_and.accumulate(errors < threshold, axis=1).mean(0)
    return [torch.from_numpy(errors.mean(0)), np.sum(alive >= share)]


@pytest.mark.parametrize(
    "answer", [right, in_loops, by_the_package, by_failures, by_running_maximum, by_sorted_times, with_numpy]
)
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.nmse_and_vpt(answer)
