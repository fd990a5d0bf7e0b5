"""Exercise 12.3: the update of the cross-entropy method for choices."""

from collections.abc import Callable

import torch
from torch import Tensor

from wmcourse.chapters.cem_planning.exercises.candidates import best_first, categorical_rounds, dropped
from wmcourse.exercises import Exercise


def by_counting(
    probs: Tensor, candidates: Tensor, values: Tensor, elites: int, min_prob: float, momentum: float
) -> Tensor:
    """Step by step: how many elites chose it, out of how many."""
    chosen, (horizon, choices) = candidates.argmax(-1)[best_first(values)[:elites]].tolist(), probs.shape
    new = []
    for t in range(horizon):
        picked = [plan[t] for plan in chosen]
        shares = [picked.count(c) / elites for c in range(choices)]
        blend = [momentum * old + (1 - momentum) * share for old, share in zip(probs[t].tolist(), shares, strict=True)]
        new.append([(1 - choices * min_prob) * p + min_prob for p in blend])
    return torch.tensor(new)


categorical_update = Exercise("12.3", by_counting, categorical_rounds, learns=(), unseen=False)


def of_shares(wrong: Callable[[Tensor, Tensor, float, float], Tensor]) -> Callable[..., Tensor]:
    """`wrong` is given the old probabilities, the elites' shares, the least probability and the momentum."""

    def update(
        probs: Tensor, candidates: Tensor, values: Tensor, elites: int, min_prob: float, momentum: float
    ) -> Tensor:
        best = dropped(values).topk(elites).indices
        return wrong(probs, candidates[best].mean(0), min_prob, momentum)

    return update


def lifted(p: Tensor, least: float) -> Tensor:
    """Mixed with chance."""
    return (1 - p.shape[-1] * least) * p + least


def clamped(p: Tensor, least: float) -> Tensor:
    """No less than that, and rescaled."""
    return p.clamp_min(least) / p.clamp_min(least).sum(-1, keepdim=True)


UPDATES: dict[str, Callable[[Tensor, Tensor, float, float], Tensor]] = {
    "the momentum is the share of the *old* probabilities": lambda p, f, m, w: lifted((1 - w) * p + w * f, m),
    "the momentum is not used: keep that share of the old probabilities": lambda p, f, m, w: lifted(f, m),
    "an action that no elite chose is lost for good: give each at least `min_prob`": (
        lambda p, f, m, w: w * p + (1 - w) * f
    ),
    "clamped, and then no probabilities any more: they add up to more than 1": (
        lambda p, f, m, w: (w * p + (1 - w) * f).clamp_min(m)
    ),
    "clamped and rescaled: rescaling takes some below `min_prob` again": lambda p, f, m, w: clamped(
        w * p + (1 - w) * f, m
    ),
    "`min_prob` is added to probabilities that add up to 1 already: scale them by 1 - C min_prob first": (
        lambda p, f, m, w: w * p + (1 - w) * f + m
    ),
    "`min_prob` is what each action gets, not what all C share: scale by 1 - C min_prob": (
        lambda p, f, m, w: (1 - m) * (w * p + (1 - w) * f) + m / p.shape[-1]
    ),
    "the old probabilities are mixed in last, and they may be 0: lift to `min_prob` at the end": (
        lambda p, f, m, w: w * p + (1 - w) * lifted(f, m)
    ),
}
for words, wrong in UPDATES.items():
    categorical_update.mistake(words)(of_shares(wrong))


@categorical_update.mistake("all candidates are counted: only the `elites` best count")
def _all(probs: Tensor, candidates: Tensor, values: Tensor, elites: int, min_prob: float, momentum: float) -> Tensor:
    return lifted(momentum * probs + (1 - momentum) * candidates.mean(0), min_prob)


@categorical_update.mistake("the worst are counted: high values are good")
def _worst(probs: Tensor, candidates: Tensor, values: Tensor, elites: int, min_prob: float, momentum: float) -> Tensor:
    return by_counting(probs, candidates, -values, elites, min_prob, momentum)


@categorical_update.mistake("a candidate whose value is not finite is counted: topk takes NaN for the largest of all")
def _nan(probs: Tensor, candidates: Tensor, values: Tensor, elites: int, min_prob: float, momentum: float) -> Tensor:
    best = candidates[values.topk(elites).indices]
    return by_counting(probs, best, torch.zeros(elites), elites, min_prob, momentum)
