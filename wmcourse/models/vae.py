"""A variational autoencoder: a picture becomes a cloud of codes, each of which draws it (Kingma & Welling 2014)."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from wmcourse.nets.conv import ConvDecoder, ConvEncoder
from wmcourse.nets.noise import normal


@dataclass(frozen=True)
class VAEConfig:
    """Sizes, and how dear the code is."""

    latent_dim: int = 32
    width: int = 8
    """Channels of the first convolution; each further one has twice as many."""
    pixel_std: float = 0.1
    """Standard deviation of a pixel around what the decoder draws: smaller, and the picture counts more."""
    beta: float = 1.0
    """Weight of the KL (Higgins et al. 2017); 0 leaves a plain autoencoder, which draws no noise."""


class Evidence(NamedTuple):
    """The two parts of the ELBO, the mean over pictures."""

    squared_error: Float[Tensor, ""]
    """Summed over the pixels and colors of a picture."""
    kl: Float[Tensor, ""]
    """From the code to N(0, I), in nats a picture."""


class VAE(nn.Module):
    """q(z|x) = N(mean(x), std(x)), p(x|z) = N(decode(z), pixel_std), p(z) = N(0, I)."""

    background: Tensor

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.config = config
        self.observation_shape = (3, 64, 64)
        self.encoder = ConvEncoder(3, 2 * config.latent_dim, config.width)
        self.decoder = ConvDecoder(config.latent_dim, 3, config.width)
        self.register_buffer("background", torch.zeros(3, 1, 1))

    @torch.no_grad()
    def fit_background(self, observation: Float[Tensor, "batch 3 64 64"]) -> None:
        """Take over the color that is most often seen: what is left to draw is what stands out."""
        self.background.copy_(observation.flatten(2).median(-1).values.median(0).values.view(3, 1, 1))

    def posterior(
        self, observation: Float[Tensor, "batch 3 64 64"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log-variance of q(z|x), for pictures in [0, 1]."""
        mean, log_variance = self.encoder(observation - self.background).chunk(2, dim=-1)
        return mean, log_variance

    def encode(self, observation: Float[Tensor, "batch 3 64 64"]) -> Float[Tensor, "batch latent"]:
        """The mean of q(z|x)."""
        return self.posterior(observation)[0]

    def decode(self, latent: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch 3 64 64"]:
        """The picture of a code; pixels may leave [0, 1] a little."""
        return self.decoder(latent) + self.background

    def evidence(self, observation: Float[Tensor, "batch 3 64 64"]) -> Evidence:
        """Squared error of the picture that a draw from q(z|x) decodes to, and the KL; neither knows `pixel_std`."""
        mean, log_variance = self.posterior(observation)
        latent = reparameterized(mean, log_variance) if self.config.beta else mean
        error = (self.decode(latent) - observation).square().sum((1, 2, 3)).mean()
        return Evidence(error, kl_to_standard_normal(mean, log_variance).mean())

    def loss(self, observation: Float[Tensor, "batch 3 64 64"], warmth: float = 1.0) -> Float[Tensor, ""]:
        """Negative ELBO in nats a picture, up to a constant; `warmth` times `beta` weighs the KL."""
        return self.negative_elbo(self.evidence(observation), warmth)

    def negative_elbo(self, evidence: Evidence, warmth: float = 1.0) -> Float[Tensor, ""]:
        """What the two parts come to."""
        return evidence.squared_error / (2 * self.config.pixel_std**2) + warmth * self.config.beta * evidence.kl


def reparameterized(
    mean: Float[Tensor, "*batch latent"], log_variance: Float[Tensor, "*batch latent"]
) -> Float[Tensor, "*batch latent"]:
    """A draw from N(mean, variance) through which gradients flow (Kingma & Welling 2014, section 2.4)."""
    return mean + torch.exp(0.5 * log_variance) * normal(mean)


def kl_to_standard_normal(
    mean: Float[Tensor, "*batch latent"], log_variance: Float[Tensor, "*batch latent"]
) -> Float[Tensor, "*batch"]:
    """KL(N(mean, variance) || N(0, I)) in nats, summed over the latent (Kingma & Welling 2014, appendix B)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).sum(-1)
