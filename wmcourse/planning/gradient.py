"""Planning by gradients: climb from several random plans through the model itself."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from wmcourse.planning.actions import Box
from wmcourse.planning.plan import Iteration, Plan, Score, asked, at_least, best, usable


@dataclass(frozen=True)
class GradientPlanner:
    """N random plans, each improved by Adam along the gradient of its own value; the best one is taken.

    (Henaff, Whitney & LeCun 2017; shooting with gradients.) The score has to be differentiable in the actions, and so
    does the model behind it; discrete actions have no gradient here.
    """

    actions: Box
    horizon: int = 15
    samples: int = 16
    """Plans to start from: a gradient sees only the hill that it stands on."""
    iterations: int = 30
    """How often the plans are scored; they climb a step in between."""
    lr: float = 0.1
    """Of Adam, as a share of half the distance between the bounds."""

    def __post_init__(self) -> None:
        at_least(horizon=(self.horizon, 1), samples=(self.samples, 1), iterations=(self.iterations, 1))
        if not self.lr > 0:
            raise ValueError(f"lr must be above 0; got {self.lr}")

    def plan(
        self,
        score: Score,
        *,
        batch: int = 1,
        start: Float[Tensor, "batch horizon action"] | None = None,
        generator: Generator | None = None,
    ) -> Plan:
        """The best plan that was met on the way; `start` is one of those it begins from.

        Raises:
            ValueError: the score does not depend on the actions in a way that torch can differentiate, or none of the
                plans to start from has a value.
        """
        with torch.enable_grad():
            unit = self.actions.uniform(batch, self.samples, self.horizon, generator=generator)
            if start is not None:
                unit[:, 0] = self.actions.begin(start, batch, self.horizon)
            middle, half = self.actions.middle, self.actions.half
            unit = ((unit - middle) / half).requires_grad_()
            climber = torch.optim.Adam([unit], lr=self.lr)
            search: list[Iteration] = []
            for _ in range(self.iterations):
                candidates = middle + half * unit
                raw = asked(score, candidates)
                if not raw.requires_grad:
                    raise ValueError("this score has no gradient with respect to the actions: plan by sampling instead")
                finite = raw.detach().isfinite()
                values = raw.detach().masked_fill(~finite, -torch.inf) if search else usable(raw.detach())
                (gradient,) = torch.autograd.grad(-torch.where(finite, raw, 0.0).sum(), unit)
                unit.grad = gradient.nan_to_num(0.0, 0.0, 0.0)
                climber.step()
                with torch.no_grad():
                    unit.clamp_(-1, 1)
                    tried = candidates.detach()
                    search.append(Iteration(tried, values, best(tried, values)))
        top = torch.stack([each.values.amax(dim=1) for each in search], dim=1)  # (B, iterations)
        plans = torch.stack([each.mean for each in search], dim=1)
        chosen = best(plans, top)
        search[-1] = search[-1]._replace(mean=chosen)
        return Plan(chosen, top.amax(dim=1), search)
