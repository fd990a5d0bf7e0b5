"""Exercise 6.2: one generation."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from wmcourse.chapters.dream_controller.exercises.landscapes import landscapes
from wmcourse.exercises import Exercise

Score = Callable[[Tensor], Tensor]
Pair = tuple[Tensor, Tensor]


def by_a_list(mean: Tensor, spread: Tensor, noise: Tensor, score: Score) -> Pair:
    """Best first, one after the other, in float64."""
    candidates = mean + spread * noise
    ranked = sorted(zip(score(candidates).tolist(), candidates.double(), strict=True), key=lambda pair: -pair[0])
    shares = [math.log((len(noise) + 1) / 2) - math.log(rank) for rank in range(1, len(noise) // 2 + 1)]
    new, moved = torch.zeros(len(mean), dtype=torch.float64), torch.zeros(len(mean), dtype=torch.float64)
    for share, (_, candidate) in zip(shares, ranked, strict=False):
        new += share / sum(shares) * candidate
        moved += share / sum(shares) * (candidate - mean) ** 2
    return new.to(mean.dtype), moved.sqrt().to(mean.dtype)


es_generation = Exercise(
    "6.2",
    by_a_list,
    landscapes,
    returns=("mean", "spread"),
    learns=(),
    unseen=False,
    advice={
        "must match the size of tensor": "the M // 2 best have a weight each: candidates[best], weights[:, None]",
        "linspace": "ranks: torch.arange(1, M // 2 + 1)",
    },
)


def pair(best: Tensor, weights: Tensor, center: Tensor) -> Pair:
    """Of candidates, best first, as many as have a weight: their weighted mean, and their spread around a center."""
    weights, best = weights[:, None], best[: len(weights)]
    return (weights * best).sum(0), (weights * (best - center).square()).sum(0).sqrt()


def log_ranks(members: int, chosen: int) -> Tensor:
    """Of the first `chosen` ranks, not normalized."""
    return math.log((members + 1) / 2) - torch.arange(1, chosen + 1).log()


def of_ranked(wrong: Callable[[Tensor, Tensor, Tensor], Pair]) -> Callable[..., Pair]:
    """`wrong` makes the generation of all candidates, best first, the weights of the best half, and the old mean."""

    def generation(mean: Tensor, spread: Tensor, noise: Tensor, score: Score) -> Pair:
        candidates, weights = mean + spread * noise, log_ranks(len(noise), len(noise) // 2)
        return wrong(candidates[score(candidates).argsort(descending=True)], weights / weights.sum(), mean)

    return generation


GENERATIONS: dict[str, Callable[[Tensor, Tensor, Tensor], Pair]] = {
    "the worst are taken: a high score is a good one": lambda x, w, m: pair(x.flip(0), w, m),
    "the best half counts equally: its weights fall with the rank": (
        lambda x, w, m: pair(x, torch.full_like(w, 1 / len(w)), m)
    ),
    "only the single best counts: the best half has weights": lambda x, w, m: pair(x[:1], w[:1] / w[:1], m),
    "the worse half counts too: only the best M // 2 do": (
        lambda x, w, m: pair(x, (every := log_ranks(len(x), len(x))) / every.sum(), m)
    ),
    "the weights do not add up to 1: divide them by their sum": (
        lambda x, w, m: pair(x, log_ranks(len(x), len(x) // 2), m)
    ),
    "the best has the least weight: turn them around": lambda x, w, m: pair(x, w.flip(0), m),
    "the spread is around the new mean: measure it around the old one, it is to grow where the mean moves": (
        lambda x, w, m: (pair(x, w, m)[0], pair(x, w, pair(x, w, m)[0])[1])
    ),
    "the spread is squared still: take the root": lambda x, w, m: (pair(x, w, m)[0], pair(x, w, m)[1] ** 2),
    "the new mean is as far from 0 as it should be from the old one": lambda x, w, m: pair(x - m, w, 0 * m),
}
for words, wrong in GENERATIONS.items():
    es_generation.mistake(words)(of_ranked(wrong))


@es_generation.mistake("the candidates are not ranked: the first rows are not the best ones")
def _unranked(mean: Tensor, spread: Tensor, noise: Tensor, score: Score) -> Pair:
    return by_a_list(mean, spread, noise, lambda candidates: -torch.arange(len(candidates)))


@es_generation.mistake("the noise is not scaled: the candidates are mean + spread * noise")
def _unscaled(mean: Tensor, spread: Tensor, noise: Tensor, score: Score) -> Pair:
    return by_a_list(mean, torch.ones_like(spread), noise, score)
