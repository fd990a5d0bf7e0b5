"""Drawing the cases of an exercise: each axis its own size, numbers of all magnitudes."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Generator, Tensor

Case = dict[str, Any]
"""The arguments of one call, named as the stub names them and in its order."""
Cases = Callable[["Draw"], Iterator[Case]]


class Draw:
    """Random tensors and numbers, the same for every answer that is compared."""

    def __init__(self, seed: int) -> None:
        self.generator = Generator().manual_seed(seed)

    def normal(self, *shape: int, scale: float = 1.0, mean: float = 0.0) -> Tensor:
        """Gaussian numbers, float32."""
        return mean + scale * torch.randn(shape, generator=self.generator)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Numbers between `low` and `high`, float32."""
        return low + (high - low) * torch.rand(shape, generator=self.generator)

    def magnitudes(self, *shape: int, low: float = 1e-3, high: float = 1e3) -> Tensor:
        """Positive numbers, their logarithms uniform: as many tiny ones as large ones."""
        ends = torch.tensor([low, high]).log()
        return self.uniform(*shape, low=ends[0].item(), high=ends[1].item()).exp()

    def flags(self, *shape: int, share: float = 0.5) -> Tensor:
        """Booleans, of which about `share` are true."""
        return torch.rand(shape, generator=self.generator) < share

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return int(torch.randint(low, high + 1, (), generator=self.generator))

    def one_hot(self, *shape: int) -> Tensor:
        """One-hot vectors along the last axis, float32."""
        index = torch.randint(shape[-1], shape[:-1], generator=self.generator)
        return torch.nn.functional.one_hot(index, shape[-1]).float()

    def sizes(self, count: int, low: int = 2) -> list[int]:
        """`count` sizes for axes, no two of them alike, from `low` on."""
        return (low + torch.randperm(count + 2, generator=self.generator)[:count]).tolist()
