"""Exercise 14.5: what a plan costs."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from wmcourse.chapters.jepa.exercises.journeys import Predictor, journeys
from wmcourse.exercises import Exercise


def one_by_one(predict: Predictor, start: Tensor, goal: Tensor, plans: Tensor) -> Tensor:
    """Plan after plan, step after step, in float64; the distance from sums of squares."""
    costs = []
    for plan in plans.double():
        here, total = start.double()[None], torch.zeros((), dtype=torch.float64)
        for action in plan:
            here = predict.predicted(here, action[None])
            squares = [(h - g) ** 2 for h, g in zip(here[0], goal.double(), strict=True)]
            total = total + sum(squares, torch.zeros(())) ** 0.5
        costs.append(total)
    return torch.stack(costs).float()


planning_cost = Exercise(
    "14.5",
    one_by_one,
    journeys,
    learns=("plans",),
    advice={"missing 1 required positional argument": "predict takes an embedding and an action: predict(z, action)"},
)


def path(predict: Predictor, start: Tensor, plans: Tensor) -> Tensor:
    """The embeddings (N, H, D) along the plans, without the start."""
    z, passed = start.expand(len(plans), -1), []
    for action in plans.unbind(1):
        z = predict(z, action)
        passed.append(z)
    return torch.stack(passed, dim=1)


def of_differences(wrong: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """A mistake in what is made of the differences to the goal (N, H, D)."""
    return lambda predict, start, goal, plans: wrong(path(predict, start, plans) - goal)


COSTS: dict[str, Callable[[Tensor], Tensor]] = {
    "these are squared distances: take the root of each": lambda x: x.square().sum((1, 2)),
    "only the last step counts here: add up the distances of all steps": lambda x: x[:, -1].norm(dim=-1),
    "only the nearest step counts here: add up the distances of all steps": lambda x: x.norm(dim=-1).amin(1),
    "this is the mean distance: add up": lambda x: x.norm(dim=-1).mean(1),
    "one root is taken of everything: take the distance at each step, then add up": lambda x: x.norm(dim=(1, 2)),
    "the squares are averaged over the dimensions: the Euclidean distance sums them": (
        lambda x: x.norm(dim=-1).sum(1) / math.sqrt(x.shape[-1])
    ),
    "these are sums of absolute differences: the Euclidean distance is the root of the sum of squares": (
        lambda x: x.abs().sum((1, 2))
    ),
    "the sign: this is a cost, the less the better": lambda x: -x.norm(dim=-1).sum(1),
}
for words, wrong in COSTS.items():
    planning_cost.mistake(words)(of_differences(wrong))


@planning_cost.mistake("the start is counted too: no plan can change it, leave it out")
def _with_the_start(predict: Predictor, start: Tensor, goal: Tensor, plans: Tensor) -> Tensor:
    return (path(predict, start, plans) - goal).norm(dim=-1).sum(1) + (start - goal).norm()


@planning_cost.mistake("the distance is taken before each step: this counts the start, and not the end")
def _too_early(predict: Predictor, start: Tensor, goal: Tensor, plans: Tensor) -> Tensor:
    distances = (path(predict, start, plans) - goal).norm(dim=-1)
    return distances[:, :-1].sum(1) + (start - goal).norm()


@planning_cost.mistake("every step begins at the start: feed what is predicted to the next step")
def _from_the_start(predict: Predictor, start: Tensor, goal: Tensor, plans: Tensor) -> Tensor:
    steps = [path(predict, start, plans[:, t : t + 1]) for t in range(plans.shape[1])]
    return (torch.cat(steps, dim=1) - goal).norm(dim=-1).sum(1)


@planning_cost.mistake("`predict` gives the next embedding itself, not the change")
def _changes(predict: Predictor, start: Tensor, goal: Tensor, plans: Tensor) -> Tensor:
    z, cost = start.expand(len(plans), -1), torch.zeros(len(plans))
    for action in plans.unbind(1):
        z = z + predict(z, action)
        cost = cost + (z - goal).norm(dim=-1)
    return cost
