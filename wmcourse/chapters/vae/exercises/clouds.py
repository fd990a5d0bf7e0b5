"""Clouds of codes to draw from, and what can be seen of the draws, for exercise 4.1."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from wmcourse.exercises import Draw, frequencies, obedience
from wmcourse.exercises.draw import Case

DRAWS = 10_000
"""How often each code is drawn again."""


def clouds(draw: Draw) -> Iterator[Case]:
    """One code and many; far from 0 and around it; standard deviations from 5e-5 to 150, and 1 itself."""
    for batch, latent, scale, low, high in (
        (2, 3, 1.0, -2.0, 2.0),
        (3, 2, 5.0, -1.0, 1.0),
        (1, 4, 1.0, 0.5, 3.0),
        (4, 1, 1.0, -4.0, -1.0),
        (1, 1, 9.0, 1.0, 2.0),
        (5, 6, 1e-4, -20.0, -14.0),
        (3, 5, 100.0, 8.0, 10.0),
        (2, 4, 30.0, 0.0, 0.0),
    ):
        yield {
            "mean": draw.normal(batch, latent, scale=scale),
            "log_variance": draw.uniform(batch, latent, low=low, high=high),
            "generator": Generator().manual_seed(draw.integer(1, 99)),
        }


def look(answer: Callable[..., Any], mean: Tensor, log_variance: Tensor, generator: Generator) -> dict[str, Any]:
    """A sample's shape, dtype and gradients; the noise in many samples of the same; and where it is from."""
    sample = answer(mean, log_variance, generator)
    if not isinstance(sample, Tensor) or sample.shape != mean.shape or sample.dtype != mean.dtype:
        return {"the result": sample}
    center, log, std = mean.detach(), log_variance.detach(), torch.exp(0.5 * log_variance.detach())
    found: dict[str, Any] = {"the result": 0 * sample.detach()}
    if mean.requires_grad:
        for_mean, for_log = slopes(sample, mean, log_variance)
        away = sample.detach() - center
        half = (for_log - 0.5 * away).abs() <= 1e-2 * away.abs() + 1e-6 * center.abs()
        found["the gradient of the sample for `mean`"] = for_mean
        found["whether the gradient for `log_variance` is half of sample - mean"] = bool(half.all())
    many = answer(center.repeat(DRAWS, 1), log.repeat(DRAWS, 1), generator).detach().unflatten(0, (DRAWS, -1))
    noise = ((many - center) / std).flatten(1)
    above = noise > 0
    return {
        **found,
        "how often a sample is above the mean,": frequencies(above),
        "how often two numbers are on the same side of their means,": frequencies(above[:, :, None] == above[:, None]),
        "how often a sample is less than 1 σ from the mean,": frequencies(noise.abs() < 1),
        "how often a sample is less than 2 σ from the mean,": frequencies(noise.abs() < 2),
        **obedience(lambda given: (answer(*even()) if given is None else answer(*even(), given)).detach()),
    }


def slopes(sample: Tensor, *of: Tensor) -> tuple[Tensor, ...]:
    """The gradient of the sum of `sample` for each tensor, zeros where none arrives."""
    if not sample.requires_grad:
        return tuple(torch.zeros_like(each) for each in of)
    return torch.autograd.grad(sample.sum(), of, materialize_grads=True)


def even() -> tuple[Tensor, Tensor]:
    """40 codes from N(0, I)."""
    return torch.zeros(40, 4), torch.zeros(40, 4)
