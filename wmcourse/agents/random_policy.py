"""Policies that know nothing: uniformly random actions, discrete or continuous."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


class RandomPolicy:
    """Uniform over `action_dim` discrete actions, from its own seeded generator."""

    def __init__(self, action_dim: int, *, seed: int = 0) -> None:
        self.action_dim = action_dim
        self.generator = torch.Generator().manual_seed(seed)

    def initial(self, batch_size: int) -> None:
        """No memory."""
        return None

    def act(
        self, memory: None, observation: Float[Tensor, "batch *observation"], *, greedy: bool = True
    ) -> tuple[Float[Tensor, "batch action"], None]:
        """A one-hot action each, whatever is seen."""
        where = self.generator.device
        index = torch.randint(self.action_dim, (len(observation),), generator=self.generator, device=where)
        return F.one_hot(index, self.action_dim).float().to(observation.device), None


class UniformPolicy:
    """Uniform over continuous actions between `low` and `high` (A,), from its own seeded generator."""

    def __init__(self, low: Sequence[float], high: Sequence[float], *, seed: int = 0) -> None:
        self.low, self.high = (torch.tensor(bound, dtype=torch.float32) for bound in (low, high))
        if self.low.shape != self.high.shape:
            raise ValueError(f"low and high must be of one length; got {low} and {high}")
        self.generator = torch.Generator().manual_seed(seed)

    def initial(self, batch_size: int) -> None:
        """No memory."""
        return None

    def act(
        self, memory: None, observation: Float[Tensor, "batch *observation"], *, greedy: bool = True
    ) -> tuple[Float[Tensor, "batch action"], None]:
        """An action each, whatever is seen."""
        share = torch.rand(len(observation), len(self.low), generator=self.generator)
        return (self.low + (self.high - self.low) * share).to(observation.device), None
