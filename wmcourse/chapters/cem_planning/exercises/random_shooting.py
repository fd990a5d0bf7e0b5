"""Exercise 12.1: random shooting."""

from collections.abc import Callable

import torch
from torch import Tensor

from wmcourse.chapters.cem_planning.exercises.candidates import dropped
from wmcourse.chapters.cem_planning.exercises.futures import Model, futures
from wmcourse.exercises import Exercise

Choice = tuple[Tensor, Tensor]


def one_by_one(step: Model, state: Tensor, plans: Tensor) -> Choice:
    """Plan after plan, step after step, in float64; the best so far is kept."""
    best, found = float("-inf"), 0
    for n, plan in enumerate(plans.double()):
        here, total = state.double()[None], 0.0
        for action in plan:
            here, reward = step.stepped(here, action[None])
            total += reward.item()
        if best < total < float("inf"):
            best, found = total, n
    return plans[found], torch.tensor(best).to(plans.dtype)


random_shooting = Exercise(
    "12.1",
    one_by_one,
    futures,
    returns=("plan", "value"),
    learns=(),
    unseen=False,
    advice={"missing 1 required positional argument": "the model steps from states by actions: step(states, actions)"},
)


def along(step: Model, state: Tensor, plans: Tensor) -> Tensor:
    """The rewards (N, H)."""
    states, rewards = state.expand(len(plans), -1), []
    for t in range(plans.shape[1]):
        states, reward = step(states, plans[:, t])
        rewards.append(reward)
    return torch.stack(rewards, dim=1)


def of_rewards(wrong: Callable[[Tensor, Tensor], Choice]) -> Callable[..., Choice]:
    """A mistake in what is made of the plans and their rewards (N, H)."""
    return lambda step, state, plans: wrong(plans, along(step, state, plans))


def best(plans: Tensor, values: Tensor) -> Choice:
    """The one of the highest finite value."""
    index = dropped(values).argmax()
    return plans[index], values[index]


def raw(plans: Tensor, values: Tensor, index: Tensor) -> Choice:
    """One of them, whatever it is worth."""
    return plans[index], values[index]


CHOICES: dict[str, Callable[[Tensor, Tensor], Choice]] = {
    "only the last reward counts here: add up those of all steps": lambda x, r: best(x, r[:, -1]),
    "only the first reward counts here: add up those of all steps": lambda x, r: best(x, r[:, 0]),
    "the last step is left out: a plan has H rewards": lambda x, r: best(x, r[:, :-1].sum(1)),
    "these are means: the value is the sum of the rewards": lambda x, r: best(x, r.mean(1)),
    "the worst plan is taken: high rewards are good": lambda x, r: raw(x, r.sum(1), dropped(-r.sum(1)).argmax()),
    "a plan whose value is not finite wins: argmax takes NaN for the largest of all": (
        lambda x, r: raw(x, r.sum(1), r.sum(1).argmax())
    ),
    "NaN is out, but infinity still wins: ask torch.isfinite": (
        lambda x, r: raw(x, r.sum(1), r.sum(1).nan_to_num(-torch.inf, torch.inf, -torch.inf).argmax())
    ),
    "a reward of NaN counts as 0: where all others are negative, that is a prize": lambda x, r: best(x, r.nansum(1)),
}
for words, wrong in CHOICES.items():
    random_shooting.mistake(words)(of_rewards(wrong))


@random_shooting.mistake("every step begins in the first state: feed what the model returns to the next step")
def _from_the_start(step: Model, state: Tensor, plans: Tensor) -> Choice:
    rewards = [along(step, state, plans[:, t : t + 1]) for t in range(plans.shape[1])]
    return best(plans, torch.cat(rewards, dim=1).sum(1))


@random_shooting.mistake("the first action is repeated: step t takes plans[:, t]")
def _first_action(step: Model, state: Tensor, plans: Tensor) -> Choice:
    return best(plans, along(step, state, plans[:, :1].expand_as(plans)).sum(1))
