"""Exercise 8.4: a belief carried through steps at which nothing is seen."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from wmcourse.chapters.rssm.exercises.tracker import Belief, Tracker, sequences
from wmcourse.exercises import Exercise
from wmcourse.models.protocol import map_state


def one_by_one(
    model: Tracker,
    actions: Tensor,
    observations: Tensor,
    seen: Tensor,
    imagine: Callable[..., Belief] = Tracker.imagine,
) -> Belief:
    """Each sequence on its own, each step with a look or without one."""
    rows = []
    for row, looks in enumerate(seen.tolist()):
        state, states = model.initial(1), []
        for t, look in enumerate(looks):
            action, observation = actions[row : row + 1, t], observations[row : row + 1, t]
            state = model.observe(state, action, observation) if look else imagine(model, state, action)
            states.append(state)
        rows.append(map_state(lambda *fields: torch.stack(fields, 1), *states))
    return map_state(lambda *fields: torch.cat(fields), *rows)


STACK = "stack the list field by field: map_state(lambda *fields: torch.stack(fields, dim=1), *states)"
AXES = "flags need as many axes as what they choose between: flags.view(-1, *[1] * (field.dim() - 1))"
filter_with_gaps = Exercise(
    "8.4",
    one_by_one,
    sequences,
    advice={
        "must match the size of tensor": AXES,
        "not broadcastable": AXES,
        "Boolean value of Tensor": "`if` takes one flag, but each sequence has its own gaps: torch.where",
        "expected Tensor as element": STACK,
        "where(": "torch.where chooses between tensors: apply it to each field, with map_state",
    },
)


@filter_with_gaps.mistake("torch.where hides a NaN, but its gradient stays NaN: fill the gaps before model.observe")
def all_at_once(model: Tracker, actions: Tensor, observations: Tensor, seen: Tensor) -> Belief:
    """The whole batch; whatever the gaps hold reaches the model."""
    state, states = model.initial(len(actions)), []
    for t, flags in enumerate(seen.unbind(1)):
        yes, no = model.observe(state, actions[:, t], observations[:, t]), model.imagine(state, actions[:, t])
        views = (flags.view(-1, *[1] * (field.dim() - 1)) for field in no)
        state = Belief(*map(torch.where, views, yes, no))
        states.append(state)
    return map_state(lambda *fields: torch.stack(fields, 1), *states)


@filter_with_gaps.mistake("a gap holds anything, not only NaN: fill it where `seen` is False")
def _only_nan(observations: Tensor, **data: Any) -> Belief:
    return all_at_once(observations=observations.nan_to_num(), **data)


IN_A_GAP: dict[str, Callable[[Tracker, Belief, Tensor], Belief]] = {
    "time stands still in the gaps: model.imagine moves the belief on": lambda model, s, a: s,
    "the belief starts again in each gap: imagine on from the last belief": lambda model, s, a: model.initial(1),
    "the actions have no effect in the gaps: model.imagine(state, actions[:, t])": (
        lambda model, s, a: model.imagine(s, 0 * a)
    ),
    "leave temperature out: a belief is drawn in the gaps too": lambda model, s, a: model.imagine(s, a, 0.0),
    "the gaps are observed as zeros: nothing seen is not the same as zeros seen": (
        lambda model, s, a: model.observe(s, a, 0 * s.mean)
    ),
    "in the gaps the model observes its own expectation: that makes it surer of what nobody saw": (
        lambda model, s, a: model.observe(s, a, model.imagine(s, a).mean)
    ),
}
for words, imagine in IN_A_GAP.items():
    filter_with_gaps.mistake(words)(partial(one_by_one, imagine=imagine))


def changed(change: Callable[..., tuple[Tensor, ...]], model: Tracker, **data: Tensor) -> Belief:
    """With other actions, observations or flags; the gaps are filled with zeros."""
    filled = torch.where(data["seen"].unsqueeze(-1), data["observations"], 0.0)
    actions, observations, seen = change(data["actions"], filled, data["seen"])
    return one_by_one(model, actions, observations, seen)


DATA: dict[str, Callable[..., tuple[Tensor, ...]]] = {
    "`seen` is the wrong way round: observe where it is True": lambda a, o, s: (a, o, ~s),
    "all sequences have the gaps of the first: choose with torch.where": lambda a, o, s: (a, o, s[:1].expand_as(s)),
    "the actions come a step late: actions[:, t] leads to observation t": lambda a, o, s: (a.roll(1, 1), o, s),
}
for words, change in DATA.items():
    filter_with_gaps.mistake(words)(partial(changed, change))
