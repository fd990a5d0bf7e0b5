"""Numbers with their uncertainty: no measured value leaves the course without an interval."""

from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from torch import Tensor


class Interval(NamedTuple):
    """A measured value and the bounds of its confidence interval, in the unit of the value."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return format(self)

    def __format__(self, form: str) -> str:
        """All three numbers in one format: `f"{error:.2f}"` is "0.12 [0.10, 0.20]"."""
        value, low, high = (format(bound, form or ".3g") for bound in self)
        return f"{value} [{low}, {high}]"


def bootstrap_mean(
    values: Tensor | np.ndarray | Sequence[float],
    *,
    seed: int = 0,
    resamples: int = 2000,
    confidence: float = 0.95,
) -> Interval:
    """Mean of independent `values` (N,) with its percentile bootstrap interval (Efron & Tibshirani 1993, ch. 13).

    Each value must be one independent unit, in this course an *episode*: the steps of one episode resemble each
    other, and resampling steps would claim too much certainty. A single value yields an interval of zero width, and
    so do N equal values: that is the bootstrap's blind spot, not certainty (for shares use `wilson_interval`).

    Raises:
        ValueError: `values` is empty, not one-dimensional, or not finite; or an option is out of range.
    """
    array = np.asarray(values.detach().cpu() if isinstance(values, Tensor) else values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"bootstrap_mean needs one value per episode, a non-empty (N,); got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{int((~np.isfinite(array)).sum())} of {array.size} values are NaN or infinite")
    _check_confidence(confidence)
    means = array[resample(array.size, seed=seed, resamples=resamples)].mean(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(array.mean()), float(low), float(high))


def bootstrap_ratio(
    numerator: Tensor | np.ndarray | Sequence[float],
    denominator: Tensor | np.ndarray | Sequence[float],
    *,
    seed: int = 0,
    resamples: int = 2000,
    confidence: float = 0.95,
) -> Interval:
    """Ratio of two means over the same N episodes, with its percentile bootstrap interval.

    Each resample draws episodes, both of their values together: what makes an episode hard for one makes it hard for
    the other, and cancels.

    Raises:
        ValueError: the values are not two (N,) of finite numbers, or a mean to divide by is 0.
    """
    above, below = (
        np.asarray(values.detach().cpu() if isinstance(values, Tensor) else values, dtype=np.float64)
        for values in (numerator, denominator)
    )
    if above.ndim != 1 or above.size == 0 or above.shape != below.shape:
        raise ValueError(f"bootstrap_ratio needs two values per episode, (N,) each; got {above.shape}, {below.shape}")
    if not (np.isfinite(above).all() and np.isfinite(below).all()):
        raise ValueError("bootstrap_ratio needs finite numbers; some are NaN or infinite")
    _check_confidence(confidence)
    picks = resample(above.size, seed=seed, resamples=resamples)
    means = below[picks].mean(axis=1)
    if below.mean() == 0 or (means == 0).any():
        raise ValueError("the denominator's mean is 0, in the data or in a resample of it: the ratio is undefined")
    tail = (1 - confidence) / 2
    low, high = np.quantile(above[picks].mean(axis=1) / means, [tail, 1 - tail])
    return Interval(float(above.mean() / below.mean()), float(low), float(high))


def resample(count: int, *, seed: int = 0, resamples: int = 2000) -> np.ndarray:
    """Indices (resamples, count) of bootstrap samples: each row draws `count` of `count` units with replacement."""
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, got {resamples}")
    return np.random.default_rng(seed).integers(count, size=(resamples, count))


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Share of `successes` in `trials` with its score interval (Wilson 1927); sound at 0 % and at 100 % too.

    Raises:
        ValueError: `trials` < 1, or `successes` outside 0..trials, or `confidence` outside (0, 1).
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"need trials >= 1 and 0 <= successes <= trials; got {successes} of {trials}")
    _check_confidence(confidence)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    center = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * (share * (1 - share) / trials + z**2 / (4 * trials**2)) ** 0.5
    return Interval(share, min(share, max(0.0, center - half)), max(share, min(1.0, center + half)))


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, such as 0.95; got {confidence}")
