"""Exercise 4.1: a draw that lets gradients through."""

import torch
from torch import Generator, Tensor

from wmcourse.chapters.vae.exercises.clouds import clouds, look
from wmcourse.exercises import Exercise


def by_inverse_cdf(mean: Tensor, log_variance: Tensor, generator: Generator | None = None) -> Tensor:
    """Where a uniform number falls under the bell; the gradients in closed form."""
    spread = log_variance.detach().double().exp().sqrt()
    uniform = torch.rand(mean.shape, generator=generator, dtype=torch.float64)
    away = (spread * torch.special.ndtri(uniform.clamp(1e-12, 1 - 1e-12))).to(mean.dtype)
    return mean + away + 0.5 * away * (log_variance - log_variance.detach())


reparameterized = Exercise(
    "4.1",
    by_inverse_cdf,
    clouds,
    view=look,
    advice={
        "expects all elements of std >= 0": "the log of a variance may be negative: σ = exp(log_variance / 2)",
        "satisfy the constraint": "the log of a variance may be negative: σ = exp(log_variance / 2)",
        "'NoneType' object": "`generator` may be None: hand it on as it is, torch takes None too",
    },
)
mistake = reparameterized.mistake


def noise(like: Tensor, generator: Generator | None) -> Tensor:
    """Standard normal numbers."""
    return torch.randn(like.shape, generator=generator)


@mistake("exp(log_variance) is σ², and the noise is multiplied by σ: take exp(log_variance / 2)")
def _variance(mean: Tensor, log_variance: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + log_variance.exp() * noise(mean, generator)


@mistake("log_variance is the log of σ²: take exp(log_variance / 2)")
def _logarithm(mean: Tensor, log_variance: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + log_variance * noise(mean, generator)


@mistake("this is the mean of the cloud: a draw needs noise")
def _mean(mean: Tensor, log_variance: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + 0.0 * log_variance


@mistake("the draw has no gradient, as .sample() and torch.normal have none: draw noise, then mean + σ * noise")
def _cut(mean: Tensor, log_variance: Tensor, generator: Generator | None = None) -> Tensor:
    return torch.normal(mean, torch.exp(0.5 * log_variance), generator=generator).detach()


@mistake("σ has no gradient here: mean + σ * noise lets it through to log_variance too")
def _held_spread(mean: Tensor, log_variance: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_variance.detach()) * noise(mean, generator)


@mistake("the mean is missing: it is added to σ * noise")
def _centered(mean: Tensor, log_variance: Tensor, generator: Generator | None = None) -> Tensor:
    return torch.exp(0.5 * log_variance) * noise(mean, generator)


@mistake("the same noise for the whole batch: draw numbers of shape mean.shape")
def _shared(mean: Tensor, log_variance: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_variance) * noise(mean[:1], generator)


@mistake("the same noise for all numbers of a code: draw numbers of shape mean.shape")
def _one_number(mean: Tensor, log_variance: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_variance) * noise(mean[:, :1], generator)


@mistake("the noise is uniform: torch.rand draws from 0 to 1, torch.randn from N(0, 1)")
def _uniform(mean: Tensor, log_variance: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_variance) * torch.rand(mean.shape, generator=generator)


@mistake("the generator is not used: torch.randn(mean.shape, generator=generator)")
def _global_state(mean: Tensor, log_variance: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_variance) * noise(mean, None)


@mistake("a new torch.Generator() has the same seed each time: hand on None, torch takes it")
def _own_generator(mean: Tensor, log_variance: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_variance) * noise(mean, generator or Generator())
