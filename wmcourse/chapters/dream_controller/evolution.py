"""Evolution strategies, from the simplest to CMA-ES, on hills that can be drawn."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import cma
import numpy as np
from jaxtyping import Float

START, SPREAD, MEMBERS = (-2.0, -3.0), 0.5, 12
"""Where each search begins, how far it scatters at first, and how many candidates it tries in a generation."""
TOP = (1.0, 1.0)


@runtime_checkable
class Strategy(Protocol):
    """Asks for the scores of some candidates, and is told them: higher is better."""

    mean: Float[np.ndarray, " parameter"]
    """Around which it scatters; its best guess."""

    @property
    def covariance(self) -> Float[np.ndarray, "parameter parameter"]:
        """Of the candidates it asks about next."""

    def ask(self) -> Float[np.ndarray, "member parameter"]:
        """The next generation."""

    def tell(self, candidates: Float[np.ndarray, "member parameter"], scores: Float[np.ndarray, " member"]) -> None:
        """Learn from it."""


class HillClimbing:
    """Scatter around the best candidate ever seen, always equally far."""

    def __init__(self, seed: int) -> None:
        self.mean, self.spread, self.best = np.array(START), SPREAD, -math.inf
        self.random = np.random.default_rng(seed)

    @property
    def covariance(self) -> Float[np.ndarray, "parameter parameter"]:
        """A circle, always the same."""
        return self.spread**2 * np.eye(len(self.mean))

    def ask(self) -> Float[np.ndarray, "member parameter"]:
        """Scatter."""
        return self.mean + self.spread * self.random.standard_normal((MEMBERS, len(self.mean)))

    def tell(self, candidates: Float[np.ndarray, "member parameter"], scores: Float[np.ndarray, " member"]) -> None:
        """Move only to what is better than all before."""
        if scores.max() > self.best:
            self.best, self.mean = scores.max(), candidates[scores.argmax()]


class Recombination(HillClimbing):
    """Move to the mean of the better half, weighted by rank; scatter as far as those had gone (Hansen 2016)."""

    def tell(self, candidates: Float[np.ndarray, "member parameter"], scores: Float[np.ndarray, " member"]) -> None:
        """The spread is measured around the old mean, so that it grows while the search is on its way."""
        weights, best = rank_weights(len(scores)), candidates[np.argsort(-scores)[: len(scores) // 2]]
        self.spread = math.sqrt((weights @ (best - self.mean) ** 2).mean())
        self.mean = weights @ best


class CMAES:
    """The real one (Hansen & Ostermeier 2001), of the package `cma`: its ellipse stretches, turns and shrinks."""

    def __init__(self, seed: int) -> None:
        options = {"popsize": MEMBERS, "seed": seed + 1, "verbose": -9}
        self.strategy = cma.CMAEvolutionStrategy(list(START), SPREAD, options)
        self.mean = np.array(START)

    @property
    def covariance(self) -> Float[np.ndarray, "parameter parameter"]:
        """An ellipse."""
        return np.asarray(self.strategy.sigma**2 * self.strategy.C)

    def ask(self) -> Float[np.ndarray, "member parameter"]:
        """Scatter."""
        return np.array(self.strategy.ask())

    def tell(self, candidates: Float[np.ndarray, "member parameter"], scores: Float[np.ndarray, " member"]) -> None:
        """`cma` looks for the lowest."""
        self.strategy.tell(list(candidates), list(-scores))
        self.mean = np.array(self.strategy.mean)


STRATEGIES: dict[str, Callable[[int], Strategy]] = {
    "hill climbing": HillClimbing,
    "recombination": Recombination,
    "CMA-ES": CMAES,
}
"""By name: from a seed."""


def rank_weights(members: int) -> Float[np.ndarray, " half"]:
    """What each of the better half counts, the best first; they add up to 1."""
    weights = math.log((members + 1) / 2) - np.log(np.arange(1, members // 2 + 1))
    return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class Landscape:
    """A hill over the plane; its top, of height 0, is at `TOP`."""

    length: float = 1.0
    """Of its level curves along the diagonal, over their width."""
    noise: float = 0.0
    """Standard deviation of what luck adds to a score."""

    def height(self, points: Float[np.ndarray, "*batch 2"]) -> Float[np.ndarray, "*batch"]:
        """Without luck."""
        along, across = np.moveaxis((points - np.array(TOP)) @ np.array([[1, -1], [1, 1]]) / math.sqrt(2), -1, 0)
        return np.asarray(-(along**2) / self.length - across**2 * self.length)

    def level(self, height: float, points: int = 49) -> Float[np.ndarray, "point 2"]:
        """The closed curve of all points of one height."""
        angle = np.linspace(0, 2 * np.pi, points)
        along, across = math.sqrt(self.length) * np.cos(angle), np.sin(angle) / math.sqrt(self.length)
        turned = np.stack([along - across, along + across], axis=-1) / math.sqrt(2)
        return np.array(TOP) + math.sqrt(-height) * turned


LANDSCAPES = {"a round hill": Landscape(), "a long ridge": Landscape(length=10.0), "luck": Landscape(noise=2.0)}


class Generation(NamedTuple):
    """What a strategy asked about, and what it had believed before."""

    mean: Float[np.ndarray, " parameter"]
    covariance: Float[np.ndarray, "parameter parameter"]
    candidates: Float[np.ndarray, "member parameter"]


def evolve(strategy: Strategy, landscape: Landscape, *, generations: int, seed: int) -> list[Generation]:
    """Let a strategy search; the last of the generations + 1 rows has not been told."""
    luck, seen = np.random.default_rng((seed, 1)), []
    for _ in range(generations + 1):
        seen.append(Generation(strategy.mean, strategy.covariance, strategy.ask()))
        scores = landscape.height(seen[-1].candidates)
        strategy.tell(seen[-1].candidates, scores + landscape.noise * luck.standard_normal(len(scores)))
    return seen


def missing(strategy: str, landscape: str, *, generations: int, seed: int) -> float:
    """How far below the top the mean stands after some generations."""
    found = evolve(STRATEGIES[strategy](seed), LANDSCAPES[landscape], generations=generations, seed=seed)
    return float(-LANDSCAPES[landscape].height(found[-1].mean))
