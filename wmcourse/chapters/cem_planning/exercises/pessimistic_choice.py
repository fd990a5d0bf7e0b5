"""Exercise 12.6: a pessimistic choice."""

from collections.abc import Callable
from statistics import fmean, pstdev

import torch
from torch import Tensor

from wmcourse.chapters.cem_planning.exercises.candidates import dropped
from wmcourse.chapters.cem_planning.exercises.opinions import opinions
from wmcourse.exercises import Exercise

Choice = tuple[Tensor, int]


def with_statistics(rewards: Tensor, discount: float, pessimism: float) -> Choice:
    """Plan by plan, member by member, by Python's own statistics."""
    scores = []
    for plan in rewards.tolist():
        returns = [sum(discount**t * step[p] for t, step in enumerate(plan)) for p in range(len(plan[0]))]
        known = all(abs(each) < float("inf") for each in returns)
        scores.append(fmean(returns) - pessimism * pstdev(returns) if known else float("-inf"))
    return torch.tensor(scores), scores.index(max(scores))


pessimistic_choice = Exercise(
    "12.6",
    with_statistics,
    opinions,
    returns=("scores", "the best plan"),
    learns=(),
    unseen=False,
    tolerance=3e-4,
    advice={"must match the size": "powers of the discount along the steps: (discount ** torch.arange(H))[:, None]"},
)


def of_discounted(score: Callable[[Tensor, float], Tensor]) -> Callable[..., Choice]:
    """A mistake in the scores, which are made of discounted rewards (N, H, P) and κ."""

    def choose(rewards: Tensor, discount: float, pessimism: float) -> Choice:
        scores = score(discount ** torch.arange(rewards.shape[1])[:, None] * rewards, pessimism)
        return dropped(scores), int(dropped(scores).argmax())

    return choose


def std(numbers: Tensor, dim: int = -1, correction: int = 0) -> Tensor:
    """Divided by the number less `correction`."""
    squares = (numbers - numbers.mean(dim, keepdim=True)).square().sum(dim)
    return (squares / (numbers.shape[dim] - correction)).sqrt()


SCORES: dict[str, Callable[[Tensor, float], Tensor]] = {
    "the doubt is charged at each step: add up the rewards first, then take the std of the returns": (
        lambda r, k: (r.mean(-1) - k * std(r)).sum(1)
    ),
    "the steps' variances are added, as if a member erred anew at each: take the std of its returns": (
        lambda r, k: r.sum(1).mean(-1) - k * std(r).square().sum(1).sqrt()
    ),
    "the doubt is a prize here: subtract it": lambda r, k: r.sum(1).mean(-1) + k * std(r.sum(1)),
    "the std divides by P - 1: divide by P, .std(-1, correction=0)": (
        lambda r, k: r.sum(1).mean(-1) - k * std(r.sum(1), correction=1)
    ),
    "this is the variance: take its root": lambda r, k: r.sum(1).mean(-1) - k * std(r.sum(1)).square(),
    "the members' doubt is left out: subtract κ standard deviations": lambda r, k: r.sum(1).mean(-1),
    "this is the most pessimistic member: take mean - κ std": lambda r, k: r.sum(1).amin(-1),
    "the std is between the plans: take it between the members, for each plan": (
        lambda r, k: r.sum(1).mean(-1) - k * std(r.sum(1).mean(-1), 0)
    ),
}
for words, wrong in SCORES.items():
    pessimistic_choice.mistake(words)(of_discounted(wrong))


@pessimistic_choice.mistake("the first reward is discounted already: its power is 0")
def _one_power_too_many(rewards: Tensor, discount: float, pessimism: float) -> Choice:
    return with_statistics(discount * rewards, discount, pessimism)


@pessimistic_choice.mistake("the discount is not used")
def _undiscounted(rewards: Tensor, discount: float, pessimism: float) -> Choice:
    return with_statistics(rewards, 1.0, pessimism)


@pessimistic_choice.mistake("a score that is not finite is left in, and argmax takes NaN for the largest: make it -inf")
def _nan(rewards: Tensor, discount: float, pessimism: float) -> Choice:
    returns = (discount ** torch.arange(rewards.shape[1])[:, None] * rewards).sum(1)
    scores = returns.mean(-1) - pessimism * std(returns)
    return scores, int(scores.argmax())


@pessimistic_choice.mistake("the lowest score is taken: the highest is the best")
def _worst(rewards: Tensor, discount: float, pessimism: float) -> Choice:
    scores, _ = with_statistics(rewards, discount, pessimism)
    return scores, int(scores.argmin())
