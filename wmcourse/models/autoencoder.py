"""A convolutional autoencoder: pictures in, a few numbers, the same pictures out (Hinton & Salakhutdinov 2006)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from wmcourse.nets.conv import ConvDecoder, ConvEncoder
from wmcourse.nets.mlp import Normalizer

CHANGE_SCALE = 2.0
"""Of two frames, the change is drawn to this many times its standard deviation: it counts, but less than the frame."""


@dataclass(frozen=True)
class AutoencoderConfig:
    """What it sees, and how much of it may pass."""

    frames: int = 1
    """Gray frames side by side, the newest last. Of two, it codes the newer one and what changed since the older."""
    color: bool = False
    """One frame of three channels."""
    latent_dim: int = 24
    width: int = 8
    """Channels of the first convolution; each further one has twice as many."""

    @property
    def observation_shape(self) -> tuple[int, int, int]:
        """(channels, 64, 64)."""
        return (3 if self.color else self.frames, 64, 64)


class Autoencoder(nn.Module):
    """z = encode(x), and decode(z) close to x. Each z has mean 0 and variance 1 over the training data."""

    mean: Tensor
    std: Tensor

    def __init__(self, config: AutoencoderConfig) -> None:
        """Build it; raises `ValueError` unless it is for one frame, or for two gray ones."""
        super().__init__()
        if config.frames not in (1, 2) or (config.color and config.frames != 1):
            raise ValueError(f"an autoencoder is for one frame or two gray ones, not frames={config.frames}")
        self.config = config
        self.observation_shape = config.observation_shape
        channels = self.observation_shape[0]
        self.encoder = ConvEncoder(channels, config.latent_dim, config.width)
        self.decoder = ConvDecoder(config.latent_dim, channels, config.width)
        self.latent = Normalizer((config.latent_dim,))
        self.register_buffer("mean", torch.zeros(self.observation_shape))
        self.register_buffer("std", torch.ones(channels, 1, 1))

    @torch.no_grad()
    def fit_pictures(self, observation: Float[Tensor, "batch channel 64 64"]) -> None:
        """Take over the mean picture, and one standard deviation for each channel."""
        code = self._changes(observation)
        self.mean.copy_(code.mean(0))
        self.std.copy_((code - self.mean).square().mean((0, 2, 3)).sqrt().view(-1, 1, 1))
        self.std[1:] *= 1.0 if self.config.color else CHANGE_SCALE

    @torch.no_grad()
    def fit_latents(self, observation: Float[Tensor, "batch channel 64 64"]) -> None:
        """Scale the latents of these pictures to mean 0 and variance 1; to be called once, after training."""
        self.latent.fit(self.encoder(self.normalize(observation)))

    def encode(self, observation: Float[Tensor, "batch channel 64 64"]) -> Float[Tensor, "batch latent"]:
        """Pictures in [0, 1] to latents."""
        return self.latent(self.encoder(self.normalize(observation)))

    def decode(self, latent: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch channel 64 64"]:
        """Latents to pictures; pixels may leave [0, 1] a little."""
        return self._frames(self.decoder(self.latent.inverse(latent)) * self.std + self.mean)

    def loss(self, observation: Float[Tensor, "batch channel 64 64"]) -> Float[Tensor, ""]:
        """Mean squared error of the normalized pictures; of single frames, the mean picture would score 1."""
        target = self.normalize(observation)
        return (self.decoder(self.encoder(target)) - target).square().mean()

    def normalize(self, observation: Float[Tensor, "batch channel 64 64"]) -> Float[Tensor, "batch channel 64 64"]:
        """The difference to the mean picture, in standard deviations of the channel."""
        return (self._changes(observation) - self.mean) / self.std

    def _changes(self, observation: Tensor) -> Tensor:
        """Two frames become the newer one and the change, which else would be too faint to be worth a code."""
        if self.config.frames == 1:
            return observation
        older, newer = observation.split(1, dim=-3)
        return torch.cat([newer, newer - older], dim=-3)

    def _frames(self, code: Tensor) -> Tensor:
        if self.config.frames == 1:
            return code
        newer, change = code.split(1, dim=-3)
        return torch.cat([newer - change, newer], dim=-3)
