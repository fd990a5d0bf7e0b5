"""Noise with a memory: random actions that push the same way for a while (Pinneri et al. 2020, section 3.1)."""

import torch
from jaxtyping import Float
from torch import Generator, Tensor


def plan_noise(
    *shape: int, like: Float[Tensor, "horizon action"], beta: float, generator: Generator | None = None
) -> Float[Tensor, "*batch horizon action"]:
    """Noise for plans as long and wide as `like`: colored along the horizon, each number of an action on its own."""
    horizon, dim = like.shape
    if beta == 0:
        return torch.randn(*shape, horizon, dim, generator=generator)
    return colored_noise(*shape, dim, horizon=horizon, beta=beta, generator=generator).transpose(-1, -2)


def colored_noise(
    *shape: int, horizon: int, beta: float, generator: Generator | None = None
) -> Float[Tensor, "*batch horizon"]:
    """Gaussian noise (*shape, H) of unit variance whose power falls with frequency f as 1 / f**beta.

    `beta` 0 is white noise, 1 pink, 2 red: the larger, the longer it keeps its sign. Made in the frequency domain
    (Timmer & König 1995). Raises `ValueError` for a negative `beta` or a horizon below 1.
    """
    if beta < 0 or horizon < 1:
        raise ValueError(f"need beta >= 0 and horizon >= 1; got {beta} and {horizon}")
    if beta == 0 or horizon == 1:
        return torch.randn(*shape, horizon, generator=generator)
    frequency = torch.fft.rfftfreq(horizon)
    frequency[0] = frequency[1]  # a constant has no frequency: it gets the power of the slowest wave
    scale = frequency ** (-beta / 2)
    real, imaginary = (torch.randn(*shape, len(scale), generator=generator) for _ in range(2))
    alone = torch.zeros(len(scale), dtype=torch.bool)  # the constant and the fastest wave have no mirror image
    alone[0] = True
    alone[-1] = horizon % 2 == 0
    real, imaginary = torch.where(alone, 2**0.5 * real, real), torch.where(alone, 0.0, imaginary)
    variance = torch.where(alone, 2.0, 4.0) @ scale.square() / horizon**2
    return torch.fft.irfft(torch.complex(real, imaginary) * scale, n=horizon) / variance.sqrt()
