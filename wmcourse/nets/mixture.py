"""Mixture densities: a network's output that is a whole distribution, with several humps (Bishop 1994)."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from wmcourse.nets.latents import Temperature, gumbel_max, is_greedy
from wmcourse.nets.noise import normal, uniform

LOG_SIGMA = (-5.0, 3.0)
"""Bounds of the log of a standard deviation: a component that shrinks onto one example would win without end."""


class Mixture(NamedTuple):
    """K weighted Gaussians for each dimension, independent of the other dimensions."""

    log_pi: Float[Tensor, "*batch latent mix"]
    """Log-weights, normalized over the components."""
    mu: Float[Tensor, "*batch latent mix"]
    log_sigma: Float[Tensor, "*batch latent mix"]

    @classmethod
    def of(cls, outputs: Float[Tensor, "*batch output"], components: int) -> "Mixture":
        """From 3 * latent * K numbers of a network: all logits, all means, all log standard deviations."""
        logits, mu, raw = outputs.unflatten(-1, (3, -1, components)).unbind(-3)
        log_pi = logits - logits.logsumexp(-1, keepdim=True)  # `log_softmax` is slow along so short an axis
        return cls(log_pi, mu, raw.clamp(*LOG_SIGMA))

    def nll(self, target: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch"]:
        """Negative log-likelihood in nats of `target`, summed over dimensions (Bishop 1994, eq. 26)."""
        z = (target.unsqueeze(-1) - self.mu) * torch.exp(-self.log_sigma)
        log_density = -0.5 * z.square() - self.log_sigma - 0.5 * math.log(2 * math.pi)
        return -torch.logsumexp(self.log_pi + log_density, dim=-1).sum(-1)

    def cdf(self, target: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch latent"]:
        """P(z <= target) of each dimension: uniform on 0..1 if the mixture is right (Dawid 1984)."""
        z = (target.unsqueeze(-1) - self.mu) * torch.exp(-self.log_sigma)
        return (self.log_pi.exp() * torch.special.ndtr(z)).sum(-1)

    def mean(self) -> Float[Tensor, "*batch latent"]:
        """Of each dimension; where there are two humps it may lie between them, where nothing is."""
        return (self.log_pi.exp() * self.mu).sum(-1)

    def sample(
        self, temperature: Temperature = 1.0, generator: Generator | None = None
    ) -> Float[Tensor, "*batch latent"]:
        """Component logits / temperature, noise * sqrt(temperature); 0 takes the mean of the likeliest component.

        Ha & Schmidhuber 2018, section 4.1, and `adjust_temp` in their code.
        """
        if is_greedy(temperature):
            return (gumbel_max(self.log_pi, 0.0) * self.mu).sum(-1)
        chosen = inverse_cdf(self.log_pi, temperature, generator)
        mu = (chosen * self.mu).sum(-1)
        sigma = (chosen * self.log_sigma).sum(-1).exp()
        return mu + sigma * temperature**0.5 * normal(mu, generator)


def inverse_cdf(
    log_probs: Float[Tensor, "*batch class"], temperature: Temperature, generator: Generator | None = None
) -> Float[Tensor, "*batch class"]:
    """One-hot sample of the tempered distribution: the class in whose share of 0..1 a uniform number falls.

    `gumbel_max` in another way, with one number to draw instead of one for each class. No gradient flows.
    """
    heights = log_probs - log_probs.amax(-1, keepdim=True)
    shares = torch.exp(heights / (temperature + 1e-9))  # at a temperature of 0, all is the likeliest's
    edges = shares @ shares.new_ones(shares.shape[-1], shares.shape[-1]).triu()
    pointer = uniform(edges[..., -1:], generator) * edges[..., -1:]
    above = (edges > pointer).to(log_probs.dtype)
    return above.diff(dim=-1, prepend=torch.zeros_like(pointer))
