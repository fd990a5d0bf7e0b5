"""Model predictive path integral control: no elites, every plan counts by the exponent of its value (Williams 2017)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from wmcourse.planning.actions import Box
from wmcourse.planning.colored_noise import plan_noise
from wmcourse.planning.plan import Iteration, Plan, Score, at_least, not_negative, scored


@dataclass(frozen=True)
class MPPI:
    """N plans around a mean that moves to their average, weighted by exp(value / temperature); the std stays.

    The information-theoretic update (Williams et al. 2017, algorithm 2, with no penalty for the size of an action).
    """

    actions: Box
    horizon: int = 15
    samples: int = 512
    iterations: int = 3
    temperature: float = 1.0
    """λ, in units of value: near 0 the best plan takes all, and a large one averages over all."""
    std: float = 0.5
    """Of the candidates, as a share of half the distance between the bounds."""
    noise_beta: float = 0.0

    def __post_init__(self) -> None:
        at_least(horizon=(self.horizon, 1), samples=(self.samples, 1), iterations=(self.iterations, 1))
        if not self.temperature > 0 or not self.std > 0:
            raise ValueError(f"temperature and std must be above 0; got {self.temperature} and {self.std}")
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
        mean = self.actions.begin(start, batch, self.horizon)
        std = (self.std * self.actions.half).expand_as(mean)
        search = []
        for _ in range(self.iterations):
            noise = plan_noise(batch, self.samples, like=mean[0], beta=self.noise_beta, generator=generator)
            candidates = self.actions.clip(noise.mul_(std[:, None]).add_(mean[:, None]))
            values = scored(score, candidates)
            weights = path_weights(values, self.temperature)
            mean = torch.einsum("bn,bnha->bha", weights, candidates)
            search.append(Iteration(candidates, values, mean, std))
        return Plan(mean, scored(score, mean[:, None])[:, 0], search)


def path_weights(values: Float[Tensor, "batch sample"], temperature: float) -> Float[Tensor, "batch sample"]:
    """Weights that add up to 1, proportional to exp(value / temperature); stable however small the temperature."""
    temperature = max(temperature, torch.finfo(values.dtype).tiny)  # else it is rounded to 0
    return torch.softmax((values - values.amax(dim=1, keepdim=True)) / temperature, dim=1)
