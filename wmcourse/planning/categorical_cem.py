"""The cross-entropy method for discrete actions: probabilities in place of a mean and a std."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from wmcourse.nets.latents import gumbel_max
from wmcourse.planning.actions import Choices
from wmcourse.planning.plan import Iteration, Plan, Score, at_least, best, scored, top


@dataclass(frozen=True)
class CategoricalCEM:
    """N plans whose actions are drawn step by step from probabilities; those of the K best draw the next N.

    (Rubinstein & Kroese 2004, section 4; smoothing as there.)
    """

    actions: Choices
    horizon: int = 15
    samples: int = 256
    elites: int = 32
    iterations: int = 3
    min_prob: float = 0.05
    """Smallest probability of an action, so that none is ever lost."""
    momentum: float = 0.0
    """Share of the old probabilities that is kept when new ones are counted."""

    def __post_init__(self) -> None:
        at_least(
            horizon=(self.horizon, 1),
            samples=(self.samples, 2),
            elites=(self.elites, 1),
            iterations=(self.iterations, 1),
        )
        if self.elites > self.samples:
            raise ValueError(f"elites must be at most the {self.samples} samples; got {self.elites}")
        if not 0 <= self.min_prob * self.actions.dim < 1 or not 0 <= self.momentum < 1:
            raise ValueError(
                f"need 0 <= min_prob < 1/{self.actions.dim} and 0 <= momentum < 1; "
                f"got {self.min_prob} and {self.momentum}"
            )

    def plan(
        self,
        score: Score,
        *,
        batch: int = 1,
        start: Float[Tensor, "batch horizon action"] | None = None,
        generator: Generator | None = None,
    ) -> Plan:
        """The best plan that was tried; the search's last `mean` are the probabilities that it left."""
        probs = self._floored(self.actions.begin(start, batch, self.horizon))
        search: list[Iteration] = []
        for _ in range(self.iterations):
            log_probs = probs.log()[:, None].expand(-1, self.samples, -1, -1)
            candidates = gumbel_max(log_probs, 1.0, generator)
            values = scored(score, candidates)
            counted = top(candidates, values, self.elites).mean(dim=1)
            probs = self._floored(self.momentum * probs + (1 - self.momentum) * counted)
            search.append(Iteration(candidates, values, probs))
        tried = torch.cat([each.candidates for each in search], dim=1)
        values = torch.cat([each.values for each in search], dim=1)
        return Plan(best(tried, values), values.amax(dim=1), search)

    def _floored(self, probs: Tensor) -> Tensor:
        """The probabilities with a uniform share mixed in, so that each is at least `min_prob`."""
        return (1 - self.min_prob * self.actions.dim) * probs + self.min_prob
