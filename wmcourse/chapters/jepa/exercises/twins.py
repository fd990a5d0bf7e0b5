"""Encoders with buffers, the slow copies that follow them, and predictors, for exercise 14.2."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from wmcourse.exercises import CheckFailed, Draw
from wmcourse.exercises.draw import Case
from wmcourse.exercises.failure import describe


class Encoder(nn.Module):
    """Observations (B, O) to embeddings (B, Z), by `layers`; it counts what it was fitted to in a buffer."""

    mean: Tensor
    fitted: Tensor

    def __init__(self, layers: nn.Module, size: int) -> None:
        super().__init__()
        self.layers, self.size = layers, size
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("fitted", torch.tensor(0))

    def forward(self, observation: Any) -> Tensor:
        if not isinstance(observation, Tensor) or observation.dim() != 2 or observation.shape[1] != self.size:
            raise CheckFailed(f"observations (B, {self.size}) for encoder and target", describe(observation))
        return self.layers(observation - self.mean)


class Predictor(nn.Module):
    """An embedding and an action to the next embedding."""

    def __init__(self, layers: nn.Module, latent: int, action: int) -> None:
        super().__init__()
        self.layers, self.latent, self.action = layers, latent, action

    def forward(self, z: Any, action: Any) -> Tensor:
        for name, given, size in (("z", z, self.latent), ("action", action, self.action)):
            if not isinstance(given, Tensor) or given.dim() != 2 or given.shape[1] != size:
                likely = "the predictor takes an embedding and an action: predictor(z, action)"
                raise CheckFailed(f"predictor(z, action) with {name} of shape (B, {size})", describe(given), likely)
        return self.layers(torch.cat([z, action], dim=-1))


def layers(kind: str, inputs: int, outputs: int) -> nn.Module:
    """A "linear" layer, a "deep" network in evaluation mode, or a "conv" one."""
    if kind == "linear":
        return nn.Linear(inputs, outputs)
    if kind == "conv":
        conv = nn.Sequential(nn.Unflatten(1, (1, inputs)), nn.Conv1d(1, 3, 2), nn.Tanh(), nn.Flatten())
        return nn.Sequential(conv, nn.LayerNorm(3 * (inputs - 1)), nn.Linear(3 * (inputs - 1), outputs, bias=False))
    hidden = nn.Sequential(nn.Linear(inputs, 7), nn.BatchNorm1d(7), nn.ELU(), nn.Dropout())
    return nn.Sequential(hidden, nn.Linear(7, outputs)).eval()


def drawn(network: nn.Module, draw: Draw) -> Any:
    """The same with weights and buffers of its own."""
    for parameter in network.parameters():
        parameter.data = draw.normal(*parameter.shape) / parameter[0].numel() ** 0.5 + 0.1
    for name, buffer in network.named_buffers():
        if buffer.is_floating_point():
            buffer.copy_(draw.uniform(*buffer.shape, low=0.5, high=1.5) - 1.0 * name.endswith("mean"))
        else:
            buffer.fill_(draw.integer(1, 900))
    return network


def twins(draw: Draw) -> Iterator[Case]:
    """Small networks first; then deep ones with many buffers, frozen or not, a decay of 0 and of 1, a single row."""
    for (batch, size, latent, action), kind, other, decay, trained in (
        ((4, 3, 2, 1), "linear", "linear", 0.75, True),
        ((5, 4, 3, 2), "linear", "deep", 0.9, False),
        ((3, 6, 4, 2), "deep", "linear", 0.99, True),
        ((1, 5, 3, 4), "conv", "deep", 0.5, False),
        ((6, 3, 1, 2), "deep", "deep", 0.0, True),
        ((2, 7, 5, 3), "conv", "linear", 1.0, True),
    ):
        encoder = drawn(Encoder(layers(kind, size, latent), size), draw)
        target = drawn(copy.deepcopy(encoder), draw).requires_grad_(trained)
        if kind == "conv":
            next(encoder.parameters()).requires_grad_(False)
        yield {
            "encoder": encoder,
            "predictor": drawn(Predictor(layers(other, latent + action, latent), latent, action), draw),
            "target": target,
            "now": draw.normal(batch, size),
            "action": draw.normal(batch, action),
            "after": draw.normal(batch, size),
            "decay": decay,
        }


def look(answer: Callable[..., Any], encoder: nn.Module, predictor: nn.Module, target: nn.Module, *rest: Any) -> Any:
    """The loss, and whether the target stays a copy."""
    loss = answer(encoder, predictor, target, *rest)
    parts = [{t.data_ptr() for t in (*net.parameters(), *net.buffers())} for net in (encoder, target)]
    return {"the result": loss, "whether the target holds tensors of its own": not parts[0] & parts[1]}
