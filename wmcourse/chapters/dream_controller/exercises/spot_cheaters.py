"""Exercise 6.4: who cheats?"""

from collections.abc import Callable, Iterator
from statistics import fmean, variance

import torch
from torch import Tensor

from wmcourse.exercises import Draw, Exercise
from wmcourse.exercises.draw import Case

Verdict = tuple[Tensor, Tensor]


def records(draw: Draw) -> Iterator[Case]:
    """Honest ones and cheaters; few dreams, many lives and the other way round; scores below 0, tiny and large ones."""
    for controllers, dreams, lives, level, spread, gap, margin in (
        (4, 6, 9, 200.0, 60.0, 150.0, 20.0),
        (3, 7, 5, 100.0, 20.0, 60.0, 10.0),
        (1, 8, 3, 150.0, 50.0, 400.0, 30.0),
        (5, 2, 4, 300.0, 10.0, 100.0, 0.0),
        (6, 30, 80, 500.0, 100.0, 80.0, 25.0),
        (7, 11, 6, -1e-3, 1e-3, 4e-3, 5e-4),
        (8, 5, 12, 1e4, 3e3, 1e4, -2e3),
        (2, 4, 3, 0.0, 0.0, 0.0, 50.0),
    ):
        promise = gap * draw.uniform(controllers, 1, low=-0.5, high=1.5)
        dream = level + promise + spread * draw.uniform(controllers, 1, low=0.3) * draw.normal(controllers, dreams)
        real = level + spread * draw.uniform(controllers, 1, low=0.3) * draw.normal(controllers, lives)
        if spread == 0:  # all of them survive to the end: the gap is the margin exactly, then one step more
            dream, real = dream + 300.0, real + torch.tensor([[250.0], [249.0]])
        yield {"dream": dream, "real": real, "margin": margin}


def with_statistics(dream: Tensor, real: Tensor, margin: float) -> Verdict:
    """One controller after the other, by Python's own statistics."""
    bounds = []
    for told, lived in zip(dream.tolist(), real.tolist(), strict=True):
        error = (variance(told) / len(told) + variance(lived) / len(lived)) ** 0.5
        bounds.append(fmean(told) - fmean(lived) - 1.96 * error)
    return torch.tensor(bounds), torch.tensor([bound > margin for bound in bounds])


spot_cheaters = Exercise(
    "6.4",
    with_statistics,
    records,
    returns=("at_least", "cheats"),
    learns=(),
    unseen=False,
    tolerance=3e-4,  # a difference of large scores has few digits
)


def of_moments(wrong: Callable[..., Tensor]) -> Callable[..., Verdict]:
    """`wrong` makes the bound of the gap of the means, the standard errors of dream and reality, and all scores."""

    def verdict(dream: Tensor, real: Tensor, margin: float) -> Verdict:
        errors = (scores.std(1) / scores.shape[1] ** 0.5 for scores in (dream, real))
        bound = wrong(dream.mean(1) - real.mean(1), *errors, dream, real)
        return bound, bound > margin

    return verdict


def together(*scores: Tensor, correction: int = 1) -> Tensor:
    """1.96 standard errors of the gap, the variances divided by N - `correction`."""
    squares = (each.var(1, correction=correction) / each.shape[1] for each in scores)
    return 1.96 * sum(squares, start=torch.zeros(())).sqrt()


VERDICTS: dict[str, Callable[..., Tensor]] = {
    "the gap is turned around: dream less reality": lambda gap, d, r, *scores: -gap - together(*scores),
    "chance is left out: subtract 1.96 standard errors": lambda gap, d, r, *scores: gap,
    "this is the upper end: *at least* so much is the lower one": lambda gap, d, r, *scores: gap + together(*scores),
    "one standard error is no 95%: take 1.96 of them": lambda gap, d, r, *scores: gap - together(*scores) / 1.96,
    "the errors of independent means add up in squares: sqrt(s_d² / D + s_r² / R)": (
        lambda gap, d, r, *scores: gap - 1.96 * (d + r)
    ),
    "this is how far single scores scatter: divide each variance by the number of its scores": (
        lambda gap, d, r, *scores: gap - 1.96 * torch.hypot(*(each.std(1) for each in scores))
    ),
    "the variance divides by N - 1, for the mean is taken from the same scores": (
        lambda gap, d, r, *scores: gap - together(*scores, correction=0)
    ),
    "the dream's own chance is left out: both means are uncertain": lambda gap, d, r, *scores: gap - 1.96 * r,
    "reality's own chance is left out: both means are uncertain": lambda gap, d, r, *scores: gap - 1.96 * d,
}
for words, wrong in VERDICTS.items():
    spot_cheaters.mistake(words)(of_moments(wrong))


@spot_cheaters.mistake("the margin is not used: the gap must be larger than that")
def _any_gap(dream: Tensor, real: Tensor, margin: float) -> Verdict:
    return with_statistics(dream, real, 0.0)


@spot_cheaters.mistake("a gap as large as the margin is none yet: >, not >=")
def _as_large(dream: Tensor, real: Tensor, margin: float) -> Verdict:
    return (bound := with_statistics(dream, real, margin)[0]), bound >= margin
