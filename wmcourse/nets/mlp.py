"""The multi-layer perceptron."""

import torch
from torch import Tensor, nn


def mlp(inputs: int, hidden: int, outputs: int, *, layers: int = 1, out_scale: float = 1.0) -> nn.Sequential:
    """`layers` hidden layers of `hidden` units with ELU, then a linear layer whose initial weights are scaled."""
    modules: list[nn.Module] = []
    width = inputs
    for _ in range(layers):
        modules += [nn.Linear(width, hidden), nn.ELU()]
        width = hidden
    head = nn.Linear(width, outputs)
    with torch.no_grad():
        head.weight.mul_(out_scale)
        head.bias.zero_()
    return nn.Sequential(*modules, head)


class Normalizer(nn.Module):
    """Fixed per-dimension shift and scale, fitted once on data and saved with the weights."""

    mean: Tensor
    std: Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("std", torch.ones(shape))

    @torch.no_grad()
    def fit(self, data: Tensor) -> None:
        """Take mean and standard deviation over the first axis of `data`."""
        self.mean.copy_(data.mean(0))
        self.std.copy_(data.std(0).clamp_min(1e-6))

    def forward(self, value: Tensor) -> Tensor:
        """From the data's units to zero mean and unit variance."""
        return (value - self.mean) / self.std

    def inverse(self, value: Tensor) -> Tensor:
        """Back to the data's units."""
        return value * self.std + self.mean
