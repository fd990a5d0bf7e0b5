"""Exercise 5.3: a dream of any temperature."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from wmcourse.chapters.mdn_rnn.exercises.futures import futures, look
from wmcourse.exercises import Exercise


def by_inverse_cdf(
    logits: Tensor, mu: Tensor, log_sigma: Tensor, temperature: float, generator: Generator | None = None
) -> Tensor:
    """Where uniform numbers fall: among the summed weights, and under the bell of one Gaussian; in float64."""
    weights = torch.softmax(logits.double() / temperature, -1).cumsum(-1)
    first, second = torch.rand(2, *mu.shape[:2], 1, generator=generator, dtype=torch.float64)
    index = (weights < first).sum(-1, keepdim=True).clamp(max=mu.shape[-1] - 1)
    noise = temperature**0.5 * torch.special.ndtri(second)
    return (mu.gather(-1, index) + log_sigma.gather(-1, index).exp() * noise).squeeze(-1).to(mu.dtype)


sample_mixture = Exercise(
    "5.3",
    by_inverse_cdf,
    futures,
    view=look,
    learns=(),
    unseen=False,
    advice={
        "probability tensor contains": "logits are no probabilities: torch.softmax(logits / temperature, dim=-1)",
        "must be 1 or 2 dim": "torch.multinomial takes one row for each draw: .flatten(0, 1), and .view back",
        "'NoneType' object": "`generator` may be None: hand it on as it is, torch takes None too",
    },
)
Parts = tuple[Tensor, Tensor, Tensor]


def drawn(
    parts: Parts, generator: Generator | None, hot: float, wide: float, rows: int | None = None, sure: bool = False
) -> Tensor:
    """Logits / `hot`, noise * `wide`; with `rows` 1 all latents share a choice, and a `sure` one is the likeliest."""
    logits, mu, log_sigma = parts
    uniform = torch.rand(logits[:, :rows].shape, generator=generator).clamp(1e-9, 1 - 1e-7)
    gumbel = 0.0 if sure else -torch.log(-torch.log(uniform))
    index = (logits / hot + gumbel).argmax(-1, keepdim=True)
    noise = wide * torch.randn(index.shape, generator=generator)
    return (mu.gather(-1, index) + log_sigma.gather(-1, index).exp() * noise)[..., 0]


def averaged(parts: Parts, generator: Generator | None, hot: float, wide: float) -> Tensor:
    """A draw from no Gaussian of the mixture."""
    mean, sigma = (((parts[0] / hot).softmax(-1) * part).sum(-1) for part in (parts[1], parts[2].exp()))
    return mean + wide * sigma * torch.randn(mean.shape, generator=generator)


DRAWN: dict[str, Callable[[Parts, float, Generator | None], Tensor]] = {
    "the temperature is not used: it divides the logits, its root multiplies the noise": (
        lambda parts, t, g: drawn(parts, g, 1.0, 1.0)
    ),
    "the noise is as wide as ever: multiply it by sqrt(temperature)": lambda parts, t, g: drawn(parts, g, t, 1.0),
    "the noise is multiplied by the temperature: take its root": lambda parts, t, g: drawn(parts, g, t, t),
    "the noise is divided by the root of the temperature: multiply it": lambda parts, t, g: drawn(parts, g, t, t**-0.5),
    "the weights are as even as ever: divide the logits by the temperature": (
        lambda parts, t, g: drawn(parts, g, 1.0, t**0.5)
    ),
    "the logits are multiplied by the temperature: divide them": lambda parts, t, g: drawn(parts, g, 1 / t, t**0.5),
    "this is the likeliest Gaussian each time: draw one by the weights": (
        lambda parts, t, g: drawn(parts, g, t, t**0.5, sure=True)
    ),
    "this is a Gaussian in the middle, where no Gaussian may be: draw one of the K": (
        lambda parts, t, g: averaged(parts, g, t, t**0.5)
    ),
    "the noise is missing: what was drawn is a Gaussian, now draw from it": lambda parts, t, g: drawn(parts, g, t, 0.0),
    "log_sigma is the log of σ, not of σ²: no ½ in its exponent": (
        lambda parts, t, g: drawn((*parts[:2], 0.5 * parts[2]), g, t, t**0.5)
    ),
    "one choice for all dimensions of a latent: each has a mixture of its own": (
        lambda parts, t, g: drawn(parts, g, t, t**0.5, rows=1)
    ),
    "the generator is not used: hand it to every draw, of the Gaussian and of the noise": (
        lambda parts, t, g: drawn(parts, None, t, t**0.5)
    ),
}


def of_parts(wrong: Callable[[Parts, float, Generator | None], Tensor]) -> Callable[..., Tensor]:
    """A mistake with the names of the stub."""

    def sample(
        logits: Tensor, mu: Tensor, log_sigma: Tensor, temperature: float, generator: Generator | None = None
    ) -> Tensor:
        return wrong((logits, mu, log_sigma), temperature, generator)

    return sample


for words, wrong in DRAWN.items():
    sample_mixture.mistake(words)(of_parts(wrong))
