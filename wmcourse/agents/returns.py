"""Targets for the critic: λ-returns over imagined trajectories, and their normalization."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


def lambda_return(
    reward: Float[Tensor, "batch horizon"],
    continues: Float[Tensor, "batch horizon"],
    value: Float[Tensor, "batch horizon_plus_one"],
    *,
    discount: float,
    lambda_: float,
) -> Float[Tensor, "batch horizon"]:
    """λ-return of each imagined state but the last (Hafner et al. 2021, eq. 4).

    V_t = r_{t+1} + γ c_{t+1} [(1-λ) v(s_{t+1}) + λ V_{t+1}], and beyond the horizon V = v. Column t of `reward` and
    `continues` belongs to the arrival in s_{t+1}; column t of `value` to s_t.
    """
    following = value[:, -1]
    targets = []
    for t in reversed(range(reward.shape[1])):
        mixed = (1 - lambda_) * value[:, t + 1] + lambda_ * following
        following = reward[:, t] + discount * continues[:, t] * mixed
        targets.append(following)
    return torch.stack(targets[::-1], dim=1)


def reach_weights(
    start: Float[Tensor, " batch"], continues: Float[Tensor, "batch horizon"], *, discount: float
) -> Float[Tensor, "batch horizon"]:
    """Discounted probability that the dream is still going on in each state s_0 .. s_{H-1}."""
    steps = torch.cat([start.unsqueeze(1), discount * continues[:, :-1]], dim=1)
    return steps.cumprod(dim=1)


class ReturnNormalizer(nn.Module):
    """Running 5th-to-95th percentile range of returns, by which they are divided (Hafner et al. 2023, eq. 7)."""

    low: Tensor
    high: Tensor

    def __init__(self, decay: float = 0.99) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("low", torch.zeros(()))
        self.register_buffer("high", torch.zeros(()))

    @torch.no_grad()
    def update(self, returns: Float[Tensor, "batch horizon"]) -> None:
        """Move the two percentiles towards those of `returns`."""
        low, high = torch.quantile(returns.detach().flatten(), returns.new_tensor([0.05, 0.95]))
        self.low.lerp_(low, 1 - self.decay)
        self.high.lerp_(high, 1 - self.decay)

    @property
    def scale(self) -> Tensor:
        """The divisor; never below 1, so that small returns are not blown up."""
        return (self.high - self.low).clamp_min(1.0)
