"""Encoders and transitions of exercise 2.3: modules of several kinds, and plain functions."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from wmcourse.exercises import CheckFailed, Draw
from wmcourse.exercises.failure import describe

FLAT = "the encoder takes one batch of frames, (N, 1, h, w): make one axis of batch and time, frames.flatten(0, 1)"
CAT = "the transition takes one tensor: torch.cat([z, a], dim=-1)"

Network = Callable[[Tensor], Tensor]


class Encoder(nn.Module):
    """Frames (N, 1, h, w) to latents (N, Z), by `layers`; it refuses anything else."""

    def __init__(self, layers: nn.Module, height: int, width: int) -> None:
        super().__init__()
        self.layers, self.height, self.width = layers, height, width

    def forward(self, frames: Any) -> Tensor:
        if not isinstance(frames, Tensor) or frames.dim() != 4 or frames.shape[1:] != (1, self.height, self.width):
            wanted = f"frames for the encoder, (N, 1, {self.height}, {self.width})"
            raise CheckFailed(wanted, describe(frames), FLAT)
        return self.layers(frames)


class Transition(nn.Module):
    """[z, a] (..., Z + A) to the next latent (..., Z), by `layers`; it refuses anything else."""

    def __init__(self, layers: nn.Module, latent: int, action: int) -> None:
        super().__init__()
        self.layers, self.latent, self.action = layers, latent, action
        self.drift = nn.Parameter(torch.zeros(latent))

    def forward(self, pair: Any) -> Tensor:
        if not isinstance(pair, Tensor) or pair.dim() == 0 or pair.shape[-1] != self.latent + self.action:
            wanted = f"latent and action side by side for the transition, (..., {self.latent} + {self.action})"
            raise CheckFailed(wanted, describe(pair), "" if isinstance(pair, Tensor) else CAT)
        return self.layers(pair) + self.drift


def encoder(kind: str, draw: Draw, height: int, width: int, latent: int, scale: float) -> Network:
    """A "linear" one in training mode, a "conv", or a "function"; its latents are about as large as `scale`."""
    if kind == "function":
        return lambda frames: scale * frames.flatten(1)[:, :latent]
    if kind == "linear":
        layers = nn.Sequential(nn.Flatten(), nn.Linear(height * width, latent))
        return drawn(Encoder(layers, height, width), draw, scale)
    size = 3 * (height - 1) * (width - 2)
    conv, norm, dropout = nn.Conv2d(1, 3, (2, 3)), nn.BatchNorm2d(3), nn.Dropout()
    layers = nn.Sequential(conv, norm, nn.Tanh(), dropout, nn.Flatten(), nn.LayerNorm(size), nn.Linear(size, latent))
    network = drawn(Encoder(layers, height, width), draw, scale)
    conv.requires_grad_(False)
    norm.eval(), dropout.eval()  # as usual when a network is tuned; the other layers are in training mode
    return network


def transition(kind: str, draw: Draw, latent: int, action: int) -> Network:
    """A "linear" one, an "mlp" in evaluation mode with a frozen layer, or a "function"."""
    size = latent + action
    if kind == "function":
        weight = draw.normal(size, latent)
        return lambda pair: (pair @ weight).tanh()
    if kind == "linear":
        return drawn(Transition(nn.Linear(size, latent), latent, action), draw)
    hidden = nn.Linear(size, 7)
    layers = nn.Sequential(hidden, nn.LayerNorm(7), nn.Tanh(), nn.Dropout(), nn.Linear(7, latent))
    hidden.requires_grad_(False)
    return drawn(Transition(layers, latent, action), draw).eval()


def drawn(network: nn.Module, draw: Draw, scale: float = 1.0) -> nn.Module:
    """The same network with weights of its own, those of its last layer times `scale`."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(draw.normal(*parameter.shape) / parameter[0].numel() ** 0.5)
        for parameter in list(network.parameters())[-2:]:
            parameter.mul_(scale)
        for name, buffer in network.named_buffers():
            if name.endswith("running_var"):
                buffer.copy_(draw.uniform(*buffer.shape, low=0.5, high=2.0))
    return network
