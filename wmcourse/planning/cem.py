"""The cross-entropy method: fit a Gaussian to the best plans, draw from it, repeat (Rubinstein 1999; PETS, PlaNet)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from wmcourse.planning.actions import Box
from wmcourse.planning.colored_noise import plan_noise
from wmcourse.planning.plan import Iteration, Plan, Score, at_least, not_negative, scored, top


@dataclass(frozen=True)
class CEM:
    """N plans from N(mean, std²), clipped to the bounds; mean and std of the K best draw the next N.

    The options of iCEM (Pinneri et al. 2020) are off by default: `noise_beta` > 0 draws colored noise, `keep` carries a
    share of the elites over to the next round, the best one at least.
    """

    actions: Box
    horizon: int = 15
    samples: int = 512
    elites: int = 64
    iterations: int = 3
    init_std: float = 0.5
    """Of the first candidates, as a share of half the distance between the bounds."""
    min_std: float = 0.05
    """Smallest standard deviation, in the same unit: a search that has shrunk to a point finds nothing more."""
    momentum: float = 0.0
    """Share of the old mean and std that is kept when new ones are fitted."""
    noise_beta: float = 0.0
    keep: float = 0.0

    def __post_init__(self) -> None:
        at_least(
            horizon=(self.horizon, 1),
            samples=(self.samples, 2),
            elites=(self.elites, 1),
            iterations=(self.iterations, 1),
        )
        if self.elites > self.samples:
            raise ValueError(f"elites must be at most the {self.samples} samples; got {self.elites}")
        if not 0 < self.min_std <= self.init_std or not 0 <= self.momentum < 1 or not 0 <= self.keep <= 1:
            raise ValueError(
                "need 0 < min_std <= init_std, 0 <= momentum < 1 and 0 <= keep <= 1; "
                f"got {self.min_std}, {self.init_std}, {self.momentum} and {self.keep}"
            )
        not_negative(noise_beta=self.noise_beta)

    def plan(
        self,
        score: Score,
        *,
        batch: int = 1,
        start: Float[Tensor, "batch horizon action"] | None = None,
        generator: Generator | None = None,
    ) -> Plan:
        """The mean that is left after the last iteration."""
        half = self.actions.half
        mean = self.actions.begin(start, batch, self.horizon)
        std = (self.init_std * half).expand_as(mean)
        carried = max(round(self.keep * self.elites), int(self.keep > 0))
        kept = mean.new_empty(batch, 0, *mean.shape[1:])
        search = []
        for _ in range(self.iterations):
            noise = plan_noise(batch, self.samples, like=mean[0], beta=self.noise_beta, generator=generator)
            candidates = self.actions.clip(noise.mul_(std[:, None]).add_(mean[:, None]))  # (B, N, H, A)
            candidates[:, : kept.shape[1]] = kept
            values = scored(score, candidates)
            elites = top(candidates, values, self.elites)
            mean, std = (
                self.momentum * old + (1 - self.momentum) * new
                for old, new in zip((mean, std), elite_moments(elites), strict=True)
            )
            std = torch.maximum(std, self.min_std * half)
            kept = elites[:, :carried]
            search.append(Iteration(candidates, values, mean, std))
        return Plan(mean, scored(score, mean[:, None])[:, 0], search)


def elite_moments(elites: Float[Tensor, "batch elite horizon action"]) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (divided by K, not K - 1) over the elites, (B, H, A) each."""
    return elites.mean(dim=1), elites.std(dim=1, correction=0)
