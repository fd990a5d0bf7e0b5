"""Exercise 6.3: one step of many dreams."""

from collections.abc import Callable

import torch
from torch import Tensor

from wmcourse.chapters.dream_controller.exercises.dreams import Belief, Seen, Stepped, World, dreams
from wmcourse.exercises import Exercise


def one_by_one(model: World, state: Belief, action: Tensor, ended: Tensor, chance: Tensor) -> Stepped:
    """Dream by dream: those that have ended are not even imagined."""
    rows, rewards, ends = [], [], []
    for b, over in enumerate(ended.tolist()):
        row = Belief(*(field[b : b + 1] for field in state))
        reward, goes_on = 0.0, 0.0
        if not over:
            row = model.imagine(row, action[b : b + 1])
            told = model.decode(row)
            assert told.reward is not None and told.continues is not None
            reward, goes_on = told.reward.item(), told.continues.item()
        rows.append(row)
        rewards.append(reward)
        ends.append(over or chance[b].item() >= goes_on)
    place, memory, age = (torch.cat(fields) for fields in zip(*rows, strict=True))
    return Belief(place, memory, age), torch.tensor(rewards), torch.tensor(ends)


FIELDS = "a field may have any number of axes: make the flags as many, ended.view(-1, *[1] * (field.dim() - 1))"
dream_step = Exercise(
    "6.3",
    one_by_one,
    dreams,
    returns=("state", "reward", "ended"),
    learns=(),
    unseen=False,
    advice={
        "must match the size of tensor": FIELDS,
        "must match the existing size": FIELDS,
        "'World' object is not callable": "the model is no function: model.imagine(state, action)",
    },
)


STEPS: dict[str, Callable[[Seen], Stepped]] = {
    "a dream that has ended comes back to life: ended | ...": lambda s: s.step(over=s.ends),
    "a dream that has ended earns on: its reward is 0": lambda s: s.step(unpaid=torch.zeros_like(s.ended)),
    "a dream that has ended moves on: it keeps its state": lambda s: s.step(still=torch.zeros_like(s.ended)),
    "the step that ends a dream is paid: only those that had ended *before* earn nothing": (
        lambda s: s.step(unpaid=s.ended | s.ends)
    ),
    "the step that ends a dream is taken: only those that had ended *before* keep their state": (
        lambda s: s.step(still=s.ended | s.ends)
    ),
    "the flags are turned around: a dream goes on where chance < continues": lambda s: s.step(ends=~s.ends),
    "a probability is not a verdict: compare it with `chance`, not with one half": (
        lambda s: s.step(ends=s.goes_on < 0.5)
    ),
    "this is 1 - chance: equally likely, but a dream goes on where chance < continues": (
        lambda s: s.step(ends=1 - s.chance >= s.goes_on)
    ),
    "chance 0 and a probability of 0: the dream ends, it goes on where chance < continues": (
        lambda s: s.step(ends=s.chance > s.goes_on)
    ),
    "whether it goes on is asked of the state before the step: ask it of the imagined one": (
        lambda s: s.step(ends=s.chance >= s.went_on)
    ),
    "the reward is that of the state before the step: decode the imagined one": lambda s: s.step(reward=s.old_reward),
    "the reward is multiplied by the probability: the model's reward is expected already": (
        lambda s: s.step(reward=s.reward * s.goes_on)
    ),
}


def of_seen(wrong: Callable[[Seen], Stepped]) -> Callable[..., Stepped]:
    """A mistake with the names of the stub."""
    return lambda **dream: wrong(Seen(**dream))


for words, wrong in STEPS.items():
    dream_step.mistake(words)(of_seen(wrong))
