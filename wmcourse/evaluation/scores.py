"""Proper scores: marks for a predictive distribution that nobody can improve by saying what they do not believe.

All of them are losses, smaller is better, and compare a distribution fixed *before* the truth was seen with the truth
(Gneiting & Raftery 2007). An ensemble is K equally likely samples, on the leading axis of its tensor.
"""

import math
from statistics import NormalDist

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def ensemble_crps(samples: Float[Tensor, "sample *batch"], truth: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """Fair continuous ranked probability score of K samples, in their unit: mean |x - truth| - spread / 2.

    The spread is the mean |x - x'| over the K (K - 1) pairs of *different* samples. So the expected score is that of
    the distribution behind the samples, whatever K is (Ferro 2014; Gneiting & Raftery 2007, eq. 21). It can be
    negative. Sorting makes it O(K log K).

    Raises:
        ValueError: fewer than two samples, or samples (K, *batch) and truth (*batch) do not match.
    """
    _check_samples(samples, truth, least=2)
    count = len(samples)
    rank = torch.arange(count, dtype=samples.dtype, device=samples.device)
    weight = (2 * rank - (count - 1)) / (count * (count - 1))  # of the k-th smallest in half the mean |x - x'|
    half_spread = torch.tensordot(weight, samples.sort(dim=0).values, dims=1)
    return (samples - truth).abs().mean(0) - half_spread


def gaussian_crps(
    mean: Float[Tensor, "*batch"], std: Float[Tensor, "*batch"], truth: Float[Tensor, "*batch"]
) -> Float[Tensor, "*batch"]:
    """Continuous ranked probability score of a Gaussian, in its unit (Gneiting & Raftery 2007, section 4.2)."""
    z = (truth - mean) / std
    density = torch.exp(-0.5 * z.square()) / math.sqrt(2 * math.pi)
    return std * (z * torch.erf(z / math.sqrt(2)) + 2 * density - 1 / math.sqrt(math.pi))


def gaussian_nll(
    mean: Float[Tensor, "*batch dimension"],
    covariance: Float[Tensor, "*batch dimension dimension"],
    truth: Float[Tensor, "*batch dimension"],
) -> Float[Tensor, "*batch"]:
    """Negative log-density in nats of `truth` under a Gaussian with a full covariance; units as for `mixture_nll`.

    Raises:
        torch.linalg.LinAlgError: a covariance is not positive definite.
    """
    factor = torch.linalg.cholesky(covariance)
    whitened = torch.linalg.solve_triangular(factor, (truth - mean).unsqueeze(-1), upper=False).squeeze(-1)
    volume = factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    return 0.5 * whitened.square().sum(-1) + volume + 0.5 * truth.shape[-1] * math.log(2 * math.pi)


def mixture_nll(
    means: Float[Tensor, "sample *batch dimension"],
    std: float | Float[Tensor, " dimension"],
    truth: Float[Tensor, "*batch dimension"],
) -> Float[Tensor, "*batch"]:
    """Negative log-density in nats of `truth` under 1/K sum_k N(means[k], std^2), summed over dimensions.

    The mixture is a density like any other, so its score is honest for every K; few samples only make it worse. A
    density has the unit 1 / that of `truth`: with centimeters instead of meters each dimension gains log 100 nats.

    Raises:
        ValueError: no samples, `std` not positive, or means (K, *batch, D) and truth (*batch, D) do not match.
    """
    _check_samples(means, truth, least=1)
    scale = torch.as_tensor(std, dtype=means.dtype, device=means.device).expand(truth.shape[-1])
    if not (scale > 0).all():
        raise ValueError(f"std must be positive, in the unit of the observation; got {std}")
    z = (truth - means) / scale
    log_density = -0.5 * (z.square() + math.log(2 * math.pi)).sum(-1) - scale.log().sum()  # (K, *B)
    return math.log(len(means)) - torch.logsumexp(log_density, dim=0)


def inside_central_interval(
    samples: Float[Tensor, "sample *batch"], truth: Float[Tensor, "*batch"], share: float
) -> Bool[Tensor, "*batch"]:
    """Does `truth` lie in the interval that holds the middle `share` of the distribution behind the samples?

    Its ends are the quantiles (1 -+ share) / 2 at rank q (K + 1) (Weibull's positions). So a truth drawn like the
    samples lies inside with probability `share`, for every K large enough to reach those ranks.

    Raises:
        ValueError: `share` outside (0, 1), too few samples for it, or samples and truth do not match.
    """
    _check_samples(samples, truth, least=2)
    if not 0 < share < 1:
        raise ValueError(f"share must lie between 0 and 1, such as 0.9; got {share}")
    count = len(samples)
    rank = round((1 - share) / 2 * (count + 1) - 1, 9)  # of the lower end, counted from 0
    if rank < 0:
        least = math.ceil(round(2 / (1 - share) - 1, 9))
        raise ValueError(f"{count} samples cannot show the middle {share:g}: take at least {least}")
    ordered, below = samples.sort(dim=0).values, min(int(rank), count - 2)
    part = rank - below
    low = torch.lerp(ordered[below], ordered[below + 1], part)
    high = torch.lerp(ordered[count - 1 - below], ordered[count - 2 - below], part)
    return (low <= truth) & (truth <= high)


def inside_gaussian_interval(
    mean: Float[Tensor, "*batch"], std: Float[Tensor, "*batch"], truth: Float[Tensor, "*batch"], share: float
) -> Bool[Tensor, "*batch"]:
    """Does `truth` lie in the interval that holds the middle `share` of a Gaussian?"""
    if not 0 < share < 1:
        raise ValueError(f"share must lie between 0 and 1, such as 0.9; got {share}")
    return (truth - mean).abs() <= NormalDist().inv_cdf((1 + share) / 2) * std


def _check_samples(samples: Tensor, truth: Tensor, *, least: int) -> None:
    if samples.ndim < 1 or samples.shape[1:] != truth.shape:
        raise ValueError(
            f"samples has shape {tuple(samples.shape)}; a truth of shape {tuple(truth.shape)} needs (K, *that)"
        )
    if len(samples) < least:
        raise ValueError(f"needs at least {least} samples on the leading axis, got {len(samples)}")
