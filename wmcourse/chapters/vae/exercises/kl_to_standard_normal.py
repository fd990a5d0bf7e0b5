"""Exercise 4.2: how far a cloud is from the standard normal one."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence

from wmcourse.exercises import Draw, Exercise
from wmcourse.exercises.draw import Case


def clouds(draw: Draw) -> Iterator[Case]:
    """One to three axes; variances from e^-30 to e^20, means up to thousands; N(0, I) itself."""
    for shape, scale, low, high in (
        ((2, 4), 1.0, -2.0, 2.0),
        ((5,), 1.0, -1.0, 1.0),
        ((3, 4, 2), 2.0, -3.0, 1.0),
        ((1, 5), 0.3, 1.0, 2.0),
        ((4, 1), 1.0, -6.0, 0.0),
        ((3, 7), 1e-3, -30.0, -10.0),
        ((5, 3), 1.0, 5.0, 20.0),
        ((2, 6), 1e3, -2.0, 2.0),
        ((6, 2), 0.0, 0.0, 0.0),
    ):
        yield {"mean": draw.normal(*shape, scale=scale), "log_variance": draw.uniform(*shape, low=low, high=high)}


def of_each(mean: Tensor, log_variance: Tensor) -> tuple[Normal, Normal]:
    """q and p in each dimension, in float64."""
    mean, std = mean.double(), log_variance.double().exp().sqrt()
    return Normal(mean, std), Normal(torch.zeros_like(mean), torch.ones_like(mean))


def by_distributions(mean: Tensor, log_variance: Tensor) -> Tensor:
    """As PyTorch has it."""
    q, p = of_each(mean, log_variance)
    return kl_divergence(Independent(q, 1), Independent(p, 1)).to(mean.dtype)


kl_to_standard_normal = Exercise(
    "4.2",
    by_distributions,
    clouds,
    advice={"Dimension out of range": "the latent is the last axis, however many come before it: .sum(-1)"},
)

KLS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "the ½ is missing: it halves the whole bracket": lambda m, log: (m**2 + log.exp() - 1 - log).sum(-1),
    "the -1 is missing: the KL of N(0, I) to itself is 0": lambda m, log: 0.5 * (m**2 + log.exp() - log).sum(-1),
    "the logarithm is missing: subtract log_variance": lambda m, log: 0.5 * (m**2 + log.exp() - 1).sum(-1),
    "the logarithm has the wrong sign: it is subtracted": lambda m, log: 0.5 * (m**2 + log.exp() - 1 + log).sum(-1),
    "the variance is exp(log_variance), without a square: that is what σ would need": (
        lambda m, log: 0.5 * (m**2 + (2 * log).exp() - 1 - 2 * log).sum(-1)
    ),
    "the bracket holds σ², not σ": lambda m, log: 0.5 * (m**2 + (0.5 * log).exp() - 1 - log).sum(-1),
    "the mean is not squared": lambda m, log: 0.5 * (m + log.exp() - 1 - log).sum(-1),
    "the sign is turned around: a KL is never negative": lambda m, log: -0.5 * (m**2 + log.exp() - 1 - log).sum(-1),
    "this is KL(N(0, I) || q): q comes first": lambda m, log: 0.5 * ((m**2 + 1) * (-log).exp() - 1 + log).sum(-1),
    "this is the mean over the latent: nats add up, .sum(-1)": lambda m, log: (
        0.5 * (m**2 + log.exp() - 1 - log).mean(-1)
    ),
    "the batch is summed too: sum over the last axis alone, .sum(-1)": (
        lambda m, log: 0.5 * (m**2 + log.exp() - 1 - log).sum()
    ),
    "one number for each latent dimension: sum over the last axis": lambda m, log: 0.5 * (m**2 + log.exp() - 1 - log),
}


def of_names(wrong: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """A mistake in m and log σ², with the names of the stub."""
    return lambda mean, log_variance: wrong(mean, log_variance)


for words, wrong in KLS.items():
    kl_to_standard_normal.mistake(words)(of_names(wrong))
