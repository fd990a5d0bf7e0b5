"""Oracles that know their gradient in closed form."""

from collections.abc import Iterable

import torch
from torch import Tensor


def with_gradient(value: Tensor, *parts: tuple[Tensor, Tensor]) -> Tensor:
    """`value`, a scalar, whose gradient is `gradient` for each pair `(tensor, gradient)` and nothing for all else."""
    value = value.detach()
    for tensor, gradient in parts:
        value = value + ((tensor - tensor.detach()) * gradient.detach()).sum()
    return value


def weighted_sum(results: Iterable[Tensor]) -> Tensor | None:
    """One number that depends on every entry of every result that has a gradient, each with a weight of its own."""
    total, generator = None, torch.Generator().manual_seed(3)
    for result in results:
        weights = torch.randn(result.shape, generator=generator, dtype=torch.float64).to(result.dtype)
        if result.requires_grad and bool(result.isfinite().all()):
            part = (weights * result).sum()
            total = part if total is None else total + part
    return total
