"""The checker of exercise 3.4: the normalized error at each horizon, and the valid prediction time."""

import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from wmcourse.checks.check import CheckFailed, checker, describe, expect, expect_close, expect_tensor, expect_unchanged
from wmcourse.checks.normalized_error import Forecast, wrong_nmse

Answer = Callable[..., Any]
Table = list[list[float]]

_AXES = "predicted and target are (R, H, D), variance is (D,): the mean over D first, over R last"
_ADVICE = {
    "must match the size of tensor": _AXES,
    "not broadcastable": _AXES,
    "elements cannot be converted to Scalar": "each rollout and each step has its own error: stay with tensors",
    "could only infer dtype": ".mean() needs numbers, not flags: .float() first",
    "could not infer output dtype": ".mean() needs numbers, not flags: .float() first",
    "Input dtype must be": ".mean() needs numbers, not flags: .float() first",
}


class Case(NamedTuple):
    """Errors chosen first, and how long they are valid; then predictions that have just these errors."""

    errors: Table
    """(R, H): the normalized error of each rollout at each step."""
    limits: dict[str, float]
    """`threshold` and `share`, where they are not the usual 0.25 and 0.8."""
    exact: bool = False
    """No rounding anywhere: an error of 0.25 is 0.25."""

    @property
    def threshold(self) -> float:
        """The error that is no longer valid."""
        return self.limits.get("threshold", 0.25)

    @property
    def share(self) -> float:
        """How many rollouts have to be valid."""
        return self.limits.get("share", 0.8)


@checker("3.4", _ADVICE)
def nmse_and_vpt(answer: Answer) -> None:
    """Oracles: the errors are chosen first and the predictions made from them; the steps are counted one by one."""
    cases = _cases()
    results = []
    for number, case in enumerate(cases):
        forecast = _forecast(case)
        nmse, vpt = _measured(answer, forecast, case.limits)
        right = torch.tensor(case.errors).mean(0)
        hint = "the first example was right: a number or a size is hard-coded"
        mistakes = {hint: nmse} if number else wrong_nmse(forecast)
        expect_close(nmse, right, "nMSE at each horizon", mistakes)
        results.append(vpt)
    rights = [_valid_time(case) for case in cases]
    likely = next((text for text, wrong in _wrong_times().items() if [wrong(case) for case in cases] == results), "")
    for case, vpt, valid in zip(cases, results, rights, strict=True):
        if vpt != valid:
            rows = len(case.errors)
            limits = f"threshold {case.threshold}, share {case.share}"
            raise CheckFailed(f"VPT = {valid} steps, for {rows} rollouts, {limits}", str(vpt), likely)


def _cases() -> list[Case]:
    generator = torch.Generator().manual_seed(34)

    def drift(rollouts: int, horizon: int, rate: float) -> Table:
        """Errors that grow, up and down, and now and then come back below the threshold."""
        noise = torch.randn(rollouts, horizon, generator=generator).exp()
        return (rate * torch.arange(1, horizon + 1) * noise).tolist()

    returns = [
        [0.1, 0.2, 0.2, 0.2, 0.9],
        [0.1, 0.3, 0.1, 0.1, 0.9],
        [0.2, 0.1, 0.4, 0.1, 0.9],
        *[[0.1, 0.2] * 2 + [0.1]] * 3,
    ]
    outlier = [[0.1, 0.1, 0.1], *[[0.1, 0.2, 0.2]] * 4, [9.0, 9.0, 9.0]]
    halves = {"share": 0.5}
    return [
        Case(drift(6, 9, 0.03), {}),
        Case(returns, {}),
        Case(outlier, {}),
        Case([*[[0.01, 0.01, 0.01, 0.4]] * 3, [0.9, 0.1, 0.1, 0.1]], {}),  # one of four fails at once: 0
        Case(returns, halves),
        Case(drift(6, 8, 0.02), {}),
        Case(drift(7, 12, 0.012), {}),
        Case(drift(9, 10, 0.05), {"threshold": 0.6, "share": 0.65}),
        Case(drift(7, 11, 0.04), {"threshold": 0.4, "share": 0.5}),
        Case(drift(3, 7, 0.1), {"threshold": 0.3, "share": 0.1}),
        Case([[0.1, 0.2, 0.24]] * 3, {}),  # never fails: H
        Case([[0.2]], {}),
        Case([[0.0625, 0.25, 0.0625]], {}, exact=True),  # at the threshold is not below it
        Case([[0.0625] * 4] * 3 + [[0.0625, 1.0, 1.0, 1.0]], {"share": 0.75}, exact=True),  # just enough of them
    ]


def _forecast(case: Case) -> Forecast:
    """Share each error out among the dimensions: the mean of their squares over the variances is that error."""
    errors, generator = torch.tensor(case.errors), torch.Generator().manual_seed(34)
    if case.exact:
        variance = torch.tensor([1.0, 4.0])
        missed = (errors[..., None] * variance).sqrt()
        return Forecast(-missed, torch.zeros_like(missed), variance)
    variance = torch.tensor([0.3, 5.0, 1.4])
    parts = torch.rand(*errors.shape, 3, generator=generator) + 0.2
    parts = parts / parts.mean(-1, keepdim=True)
    sign = torch.randn(parts.shape, generator=generator).sign()
    target = 2 * torch.randn(parts.shape, generator=generator)
    return Forecast(target + sign * (errors[..., None] * parts * variance).sqrt(), target, variance)


def _measured(answer: Answer, forecast: Forecast, limits: dict[str, float]) -> tuple[Tensor, int]:
    given = Forecast(*(tensor.clone() for tensor in forecast))
    result = answer(*given, **limits)
    expect_unchanged(given._asdict(), forecast._asdict())
    wanted = "a tuple of two: nMSE (H,), and the valid prediction time, an int"
    expect(result is not None, wanted, "None", "the function has no return statement")
    if not isinstance(result, tuple | list) or len(result) != 2:
        several = isinstance(result, tuple | list)
        got = f"a {type(result).__name__} of {len(result)}" if several else describe(result)
        raise CheckFailed(wanted, got, "end with `return nmse, vpt`")
    nmse, vpt = result
    swapped = isinstance(vpt, Tensor) and vpt.dim() == 1 and not isinstance(nmse, Tensor)
    expect(not swapped, wanted, "the other way round", "the order is nMSE, VPT")
    rollouts, horizon, dimensions = forecast.predicted.shape
    shapes = {
        "one number for each horizon: leave no mean over H": (),
        "this is one number for each rollout: take the mean over the rollouts": (rollouts, horizon),
        "this is one number for each dimension: take the mean over D too": (horizon, dimensions),
        "one number for each rollout: take the mean over R, not over H": (rollouts,),
    }
    nmse = expect_tensor(nmse, (horizon,), "nMSE", {text: wrong for text, wrong in shapes.items() if wrong != (1,)})
    try:
        count = operator.index(vpt)
        plain = not isinstance(vpt, bool)
    except TypeError:
        plain = False
    if not plain:
        raise CheckFailed("the valid prediction time, an int", describe(vpt), "it counts steps: return int(...)")
    return nmse, count


def _valid_time(case: Case) -> int:
    """Count the rollouts that are still valid, step by step, until too few are left."""
    valid = set(range(len(case.errors)))
    for h in range(len(case.errors[0])):
        valid = {r for r in valid if case.errors[r][h] < case.threshold}
        if len(valid) / len(case.errors) < case.share:
            return h
    return len(case.errors[0])


def _wrong_times() -> dict[str, Callable[[Case], int]]:
    """What the usual mistakes count."""

    def leading(flags: Sequence[bool]) -> int:
        """How many of the first are true."""
        return next((h for h, flag in enumerate(flags) if not flag), len(flags))

    def furthest(flags: Sequence[bool]) -> int:
        """The number of the last that is true."""
        return max((h for h, flag in enumerate(flags, 1) if flag), default=0)

    def table(case: Case) -> Tensor:
        return torch.tensor(case.errors, dtype=torch.float64)

    def alive(case: Case, at: bool = False, threshold: float | None = None) -> list[float]:
        """The share of rollouts that were valid at every step so far."""
        limit = case.threshold if threshold is None else threshold
        below = table(case) <= limit if at else table(case) < limit
        return [float(part) for part in below.double().cumprod(1).mean(0)]

    def apart(case: Case) -> list[float]:
        """The share of rollouts that are valid at this step, whatever came before."""
        return [float(part) for part in (table(case) < case.threshold).double().mean(0)]

    def times(case: Case) -> Tensor:
        return (table(case) < case.threshold).long().cumprod(1).sum(1)

    def enough(case: Case, shares: list[float]) -> list[bool]:
        return [part >= case.share for part in shares]

    def right(case: Case) -> int:
        return leading(enough(case, alive(case)))

    def mean_error(case: Case) -> list[bool]:
        return [float(error) < case.threshold for error in table(case).mean(0)]

    def dimensions(case: Case) -> Tensor:
        """(R, H, D): the normalized error of each dimension alone."""
        predicted, target, variance = _forecast(case)
        return (predicted - target).square() / variance

    def lasting(case: Case, errors: Tensor) -> int:
        """The valid prediction time of other errors (R, H)."""
        return leading(enough(case, (errors < case.threshold).double().cumprod(1).mean(0).tolist()))

    once = "a rollout that comes back below the threshold does not count again: it must be valid at *every* step so far"
    lone = "each rollout is valid or not by itself: count those below the threshold"
    share = "at least `share` of the rollouts have to be valid"
    return {
        once: lambda case: leading(enough(case, apart(case))),
        f"{once}; and stop at the first horizon with too few": lambda case: furthest(enough(case, apart(case))),
        f"all horizons with enough valid rollouts are counted: {once}": lambda case: sum(enough(case, apart(case))),
        f"nMSE is compared with the threshold: {lone}": lambda case: leading(mean_error(case)),
        f"the furthest nMSE below the threshold: {lone}": lambda case: furthest(mean_error(case)),
        f"every nMSE below the threshold is counted: {lone}": lambda case: sum(mean_error(case)),
        f"the `share` quantile of the errors is compared with the threshold: {once}": lambda case: leading(
            (torch.quantile(table(case), case.share, dim=0) < case.threshold).tolist()
        ),
        f"the median error is compared with the threshold: {lone}": lambda case: leading(
            (table(case).median(0).values < case.threshold).tolist()
        ),
        "the errors of all steps so far are averaged: each one has to be below the threshold": lambda case: lasting(
            case, table(case).cumsum(1) / torch.arange(1, len(case.errors[0]) + 1)
        ),
        "the errors of all steps so far are averaged, and compared at each horizon alone": lambda case: leading(
            enough(
                case,
                (table(case).cumsum(1) / torch.arange(1, len(case.errors[0]) + 1) < case.threshold)
                .double()
                .mean(0)
                .tolist(),
            )
        ),
        "the zeros are carried on along the rollouts, not along time: cumprod(dim=1)": lambda case: sum(
            enough(case, (table(case) < case.threshold).double().cumprod(0).mean(0).tolist())
        ),
        "each dimension has to be below the threshold: compare their mean": lambda case: lasting(
            case, dimensions(case).amax(-1)
        ),
        "the dimensions are counted one by one: compare their mean": lambda case: leading(
            enough(case, (dimensions(case) < case.threshold).double().cumprod(1).mean((0, 2)).tolist())
        ),
        "the sum over the dimensions is compared with the threshold: compare their mean": lambda case: lasting(
            case, dimensions(case).sum(-1)
        ),
        "the errors compared with the threshold are not normalized: divide by the variance": lambda case: lasting(
            case, (dimensions(case) * _forecast(case).variance).mean(-1)
        ),
        "a model that fails at the first step has 0 valid steps, not 1": lambda case: max(right(case), 1),
        "a model that never fails has H valid steps, not H - 1": lambda case: min(right(case), len(case.errors[0]) - 1),
        "`share` of the rollouts is rounded down: at least so many": lambda case: leading(
            [part * len(case.errors) >= int(case.share * len(case.errors)) - 1e-9 for part in alive(case)]
        ),
        "the root of the error is compared with the threshold, or the error with its square: both are squares": (
            lambda case: leading(enough(case, alive(case, threshold=case.threshold**2)))
        ),
        "an error at the threshold is not below it: <": lambda case: leading(enough(case, alive(case, at=True))),
        f"{share}: >=, not >": lambda case: leading([part > case.share for part in alive(case)]),
        f"`share` is taken for the part that may fail: {share}": lambda case: leading(
            [part >= 1 - case.share for part in alive(case)]
        ),
        f"all rollouts have to be valid: {share}": lambda case: leading([part >= 1 for part in alive(case)]),
        f"one valid rollout is enough: {share}": lambda case: leading([part > 0 for part in alive(case)]),
        "one step too few: the horizons are 1 to H, and column 0 is horizon 1": lambda case: right(case) - 1,
        "one step too few, but never below 0: the horizons are 1 to H": lambda case: max(right(case) - 1, 0),
        "one step too many: this is the first horizon that fails, return the one before": lambda case: right(case) + 1,
        "this is the first horizon that fails, return the one before": lambda case: min(
            right(case) + 1, len(case.errors[0])
        ),
        "never too few should give H, not 0": lambda case: right(case) % len(case.errors[0]),
        "this is the mean of the rollouts' own times: count how many are still valid": lambda case: int(
            times(case).double().mean()
        ),
        "this is the mean of the rollouts' own times, rounded: count how many are still valid": lambda case: round(
            float(times(case).double().mean())
        ),
        "this is the median of the rollouts' own times: count how many are still valid": lambda case: int(
            times(case).median()
        ),
        "`share` is hard-coded: use the argument": lambda case: leading([part >= 0.8 for part in alive(case)]),
        "`threshold` is hard-coded: use the argument": lambda case: leading(enough(case, alive(case, threshold=0.25))),
        "`threshold` and `share` are hard-coded: use the arguments": lambda case: leading(
            [part >= 0.8 for part in alive(case, threshold=0.25)]
        ),
    }
