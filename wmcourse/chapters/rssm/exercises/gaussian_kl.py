"""Exercise 8.2: the KL between two diagonal Gaussians."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence

from wmcourse.exercises import Draw, Exercise
from wmcourse.exercises.draw import Case


def gaussians(draw: Draw) -> Iterator[Case]:
    """One to four axes, spreads from 1e-8 to 1e4, Gaussians that are equal and far apart."""
    for shape, scale, apart in (
        ((2, 4), 1.0, 1.0),
        ((5,), 1.0, 1.0),
        ((3, 4, 2), 1.0, 1.0),
        ((1, 5), 0.1, 1.0),
        ((4, 1), 10.0, 1.0),
        ((3, 12), 1e-7, 1.0),
        ((2, 1, 5, 11), 1e4, 1.0),
        ((5, 4), 1.0, 200.0),
        ((2, 6), 1.0, 0.0),
    ):
        mean_p, std_p = scale * draw.normal(*shape), scale * draw.uniform(*shape, low=0.5, high=2.0)
        mean_q = mean_p + apart * scale * draw.normal(*shape)
        std_q = std_p * draw.uniform(*shape, low=0.1, high=1.7) ** min(apart, 1.0)
        yield {"mean_q": mean_q, "std_q": std_q, "mean_p": mean_p, "std_p": std_p}


def by_distributions(mean_q: Tensor, std_q: Tensor, mean_p: Tensor, std_p: Tensor) -> Tensor:
    """As PyTorch has it."""
    return kl_divergence(Independent(Normal(mean_q, std_q), 1), Independent(Normal(mean_p, std_p), 1))


gaussian_kl = Exercise(
    "8.2",
    by_distributions,
    gaussians,
    advice={"Dimension out of range": "the latent is the last axis, however many come before it: .sum(-1)"},
)


def of_terms(wrong: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """`wrong` makes the KL in each dimension of log(σ_p / σ_q), σ_q² / σ_p² and (μ_q - μ_p)² / σ_p²."""

    def kl(mean_q: Tensor, std_q: Tensor, mean_p: Tensor, std_p: Tensor) -> Tensor:
        terms = torch.log(std_p / std_q), (std_q / std_p).square(), ((mean_q - mean_p) / std_p).square()
        return wrong(*terms).sum(-1)

    return kl


TERMS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "the logarithm is missing: add log(σ_p / σ_q)": lambda log, spread, distance: 0.5 * (spread + distance - 1),
    "the logarithm has the wrong sign: log(σ_p / σ_q)": lambda log, spread, distance: (
        -log + 0.5 * (spread + distance - 1)
    ),
    "the ½ is missing: it halves the whole bracket": lambda log, spread, distance: log + spread + distance - 1,
    "the ½ halves too much: it belongs to the bracket, not to the logarithm": lambda log, spread, distance: (
        0.5 * (log + spread + distance - 1)
    ),
    "the ½ halves too little: log(σ_p² / σ_q²) is twice log(σ_p / σ_q)": lambda log, spread, distance: (
        2 * log + 0.5 * (spread + distance - 1)
    ),
    "the -1 is missing: between equal Gaussians the KL is 0": lambda log, spread, distance: (
        log + 0.5 * (spread + distance)
    ),
}
for words, wrong in TERMS.items():
    gaussian_kl.mistake(words)(of_terms(wrong))


@gaussian_kl.mistake("this is KL(p || q): q comes first, and σ_p is in the denominator")
def _reversed(mean_q: Tensor, std_q: Tensor, mean_p: Tensor, std_p: Tensor) -> Tensor:
    return by_distributions(mean_p, std_p, mean_q, std_q)


@gaussian_kl.mistake("σ is given, not σ²: square the standard deviations")
def _variances(std_q: Tensor, std_p: Tensor, **means: Any) -> Tensor:
    return by_distributions(**means, std_q=std_q.sqrt(), std_p=std_p.sqrt())


@gaussian_kl.mistake("this is the mean over the latent: nats add up, .sum(-1)")
def _mean(mean_q: Tensor, **both: Any) -> Tensor:
    return by_distributions(mean_q, **both) / mean_q.shape[-1]


@gaussian_kl.mistake("the batch is summed too: sum over the last axis alone, .sum(-1)")
def _sum(**both: Tensor) -> Tensor:
    return by_distributions(**both).sum()


@gaussian_kl.mistake("one number for each latent dimension: sum over the last axis")
def _each(mean_q: Tensor, std_q: Tensor, mean_p: Tensor, std_p: Tensor) -> Tensor:
    return kl_divergence(Normal(mean_q, std_q), Normal(mean_p, std_p))
