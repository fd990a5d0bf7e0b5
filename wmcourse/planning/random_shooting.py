"""Random shooting: try plans at random, keep the best (Rao 2009; Nagabandi et al. 2018)."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Generator, Tensor

from wmcourse.planning.actions import Box, Choices
from wmcourse.planning.plan import Iteration, Plan, Score, at_least, best, scored


@dataclass(frozen=True)
class RandomShooting:
    """N plans of H uniformly random actions; the search that learns nothing from what it tries."""

    actions: Box | Choices
    horizon: int = 15
    samples: int = 512

    def __post_init__(self) -> None:
        at_least(horizon=(self.horizon, 1), samples=(self.samples, 1))

    def plan(
        self,
        score: Score,
        *,
        batch: int = 1,
        start: Float[Tensor, "batch horizon action"] | None = None,
        generator: Generator | None = None,
    ) -> Plan:
        """The best of N random plans; `start` only replaces the first of them."""
        candidates = self.actions.uniform(batch, self.samples, self.horizon, generator=generator)
        if start is not None:
            candidates[:, 0] = self.actions.realize(self.actions.begin(start, batch, self.horizon), generator)
        values = scored(score, candidates)
        chosen = best(candidates, values)
        return Plan(chosen, values.amax(dim=1), [Iteration(candidates, values, chosen)])
