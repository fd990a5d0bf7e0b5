"""Mixtures to draw from, and what can be seen of the draws, for exercise 5.3."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from wmcourse.exercises import Draw, frequencies, obedience
from wmcourse.exercises.draw import Case

DRAWS = 10_000
"""How often each latent is drawn again."""
APART = 100.0
"""Between two Gaussians of a mixture, in the largest σ: each draw shows which of them it is from."""


def futures(draw: Draw) -> Iterator[Case]:
    """One Gaussian and many, one latent and many; σ from 1e-4 to 300; hot, cold, and at the model's own temperature."""
    for (batch, latent, mix), weight, shift, sigma, temperature in (
        ((2, 3, 4), 1.0, 0.0, 1.0, 0.5),
        ((3, 2, 5), 1.0, 0.0, 0.3, 1.5),
        ((1, 4, 2), 0.8, -3.0, 1.0, 1.3),
        ((4, 1, 3), 1.0, 0.0, 10.0, 0.1),
        ((1, 1, 1), 1.0, 0.0, 2.0, 0.7),
        ((2, 5, 3), 60.0, 500.0, 1e-4, 0.2),
        ((1, 2, 6), 2.0, 0.0, 300.0, 4.0),
        ((3, 4, 2), 0.5, 0.0, 1.0, 1.0),
    ):
        place = torch.stack([torch.randperm(mix, generator=draw.generator) for _ in range(batch * latent)])
        log_sigma = torch.log(torch.tensor(sigma)) - draw.uniform(batch, latent, mix, high=1.5)
        yield {
            "logits": draw.normal(batch, latent, mix, scale=weight, mean=shift),
            "mu": APART * sigma * (place.view(batch, latent, mix) + draw.uniform(batch, latent, 1, low=-1.0)),
            "log_sigma": log_sigma,
            "temperature": temperature,
            "generator": Generator().manual_seed(draw.integer(1, 99)),
        }


def look(
    answer: Callable[..., Any], logits: Tensor, mu: Tensor, log_sigma: Tensor, temperature: float, generator: Generator
) -> dict[str, Any]:
    """A draw's shape and dtype; the Gaussians that many draws are from, and how far from its mean each is."""
    sample = answer(logits, mu, log_sigma, temperature, generator)
    if not isinstance(sample, Tensor) or sample.shape != mu.shape[:2] or sample.dtype != mu.dtype:
        return {"the result": sample}
    many = [part.repeat(DRAWS, 1, 1) for part in (logits, mu, log_sigma)]
    drawn = answer(*many, temperature, generator).detach()
    nearest = (drawn[..., None] - many[1]).abs().argmin(-1, keepdim=True)
    mean, log = (part.gather(-1, nearest).squeeze(-1) for part in many[1:])
    noise = ((drawn - mean) * torch.exp(-log) / temperature**0.5).unflatten(0, (DRAWS, -1)).flatten(1)
    above = noise > 0
    chosen = torch.zeros_like(many[0]).scatter_(-1, nearest, 1.0).unflatten(0, (DRAWS, -1))
    pairs = chosen[..., :1, :, None] * chosen[..., -1:, None, :]
    return {
        "the result": 0 * sample,
        "how often each Gaussian is drawn from,": frequencies(chosen),
        "how often two latents draw from each pair of Gaussians,": frequencies(pairs),
        "how often a sample is above μ,": frequencies(above),
        "how often two samples are on the same side of their μ,": frequencies(above[:, :, None] == above[:, None]),
        "how often a sample is less than sqrt(temperature) * σ from μ,": frequencies(noise.abs() < 1),
        "how often a sample is less than 2 sqrt(temperature) * σ from μ,": frequencies(noise.abs() < 2),
        **obedience(lambda given: answer(*even(), 1.0).detach() if given is None else answer(*even(), 1.0, given)),
    }


def even() -> tuple[Tensor, Tensor, Tensor]:
    """40 latents, each from a mixture of three Gaussians."""
    return torch.zeros(8, 5, 3), torch.arange(3.0).expand(8, 5, 3), torch.zeros(8, 5, 3)
