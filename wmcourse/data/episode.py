"""One episode of experience."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Episode:
    """T steps in an environment: T+1 observations, T actions, T rewards.

    `actions[t]` leads from `observations[t]` to `observations[t + 1]` and earns `rewards[t]`.
    """

    observations: Float[Tensor, "steps_plus_one *observation"]
    actions: Float[Tensor, "steps action"]
    """One-hot if the environment's actions are discrete."""
    rewards: Float[Tensor, " steps"]
    terminated: bool
    """True if the last observation is terminal; False if the episode was merely cut off (truncated)."""

    def __post_init__(self) -> None:
        steps = len(self.rewards)
        if len(self.observations) != steps + 1 or len(self.actions) != steps:
            raise ValueError(
                f"an episode of {steps} rewards needs {steps} actions and {steps + 1} observations, "
                f"not {len(self.actions)} and {len(self.observations)}"
            )

    def __len__(self) -> int:
        """Number of steps T."""
        return len(self.rewards)

    @property
    def continues(self) -> Float[Tensor, " steps_plus_one"]:
        """1 for every observation from which the world goes on, 0 for a terminal one. Truncation is not an end."""
        continues = torch.ones(len(self) + 1)
        if self.terminated:
            continues[-1] = 0.0
        return continues
