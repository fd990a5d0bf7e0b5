"""Two rules of thumb that balance CartPole's pole, to be imitated: one needs the angle, one its velocity too."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

LOOK_AHEAD = 0.05
"""s: how far the better rule looks ahead. More, and the cart wanders out of the camera's sight."""


def sign_of_angle(state: Float[Tensor, "*batch 4"]) -> Float[Tensor, "*batch 2"]:
    """Push to the side on which the pole leans, one-hot [left, right]."""
    return _push(state[..., 2] > 0)


def angle_and_velocity(state: Float[Tensor, "*batch 4"]) -> Float[Tensor, "*batch 2"]:
    """Push to the side on which the pole will lean in `LOOK_AHEAD` seconds, one-hot [left, right]."""
    return _push(state[..., 2] + LOOK_AHEAD * state[..., 3] > 0)


class Expert:
    """A rule as a policy for CartPole-v1, which shows its state."""

    def __init__(self, rule: Callable[[Tensor], Tensor]) -> None:
        self.rule = rule

    def initial(self, batch_size: int) -> None:
        """No memory."""
        return None

    def act(
        self, memory: None, observation: Float[Tensor, "batch 4"], *, greedy: bool = True
    ) -> tuple[Float[Tensor, "batch 2"], None]:
        """What the rule says."""
        return self.rule(observation), None


def _push(right: Tensor) -> Float[Tensor, "*batch 2"]:
    return F.one_hot(torch.as_tensor(right).long(), 2).float()
