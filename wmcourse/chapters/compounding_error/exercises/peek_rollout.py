"""Exercise 3.3: open your eyes now and then."""

from typing import Any

import torch
from torch import Tensor

from wmcourse.chapters.compounding_error.exercises.boat import Boat
from wmcourse.chapters.compounding_error.exercises.voyages import journey, voyages
from wmcourse.exercises import Exercise


def from_the_start(model: Any, actions: Tensor, observations: Tensor, peek_every: int | None) -> Tensor:
    """Each belief is arrived at from the start anew."""
    believed, ends = [], len(actions[0]) + 1
    looks = range(0, ends, peek_every or ends)
    for last in range(ends):
        state = model.observe(model.initial(len(actions)), None, observations[:, 0])
        for t in range(1, last + 1):
            if t in looks:
                state = model.observe(state, actions[:, t - 1], observations[:, t])
            else:
                state = model.imagine(state, actions[:, t - 1])
        believed.append(model.decode(state).observation)
    return torch.stack(believed, 1)


peek_rollout = Exercise(
    "3.3",
    from_the_start,
    voyages,
    learns=(),
    advice={
        "'NoneType'": "peek_every may be None, never again: ask `peek_every is not None` before you count",
        "out of bounds": "T actions and T + 1 observations: actions[:, t - 1] leads to observations[:, t]",
        "expected Tensor as element": "stack what was decoded, tensors: model.decode(state).observation",
        'missing the required "forward"': "the model is no function: model.observe(state, action, observation)",
    },
)
mistake = peek_rollout.mistake


@mistake("both imagine and observe move the belief on, two steps in one: hand observe the state before the action")
def _two_steps(**voyage: Any) -> Tensor:
    return journey(**voyage, look=lambda model, state, a, o: model.observe(model.imagine(state, a), a, o))


@mistake("nothing is looked at after t = 0: look at t = k, 2k, ...")
def _never(peek_every: int | None, **voyage: Any) -> Tensor:
    return journey(**voyage, peek_every=None)


@mistake("the looks come a step late: look at t = 0, k, 2k, ...")
def _late(**voyage: Any) -> Tensor:
    return journey(**voyage, due=lambda t, k: (t - 1) % k == 0)


@mistake("the observation comes a step late: the look at step t shows observations[:, t]")
def _old(observations: Tensor, **voyage: Any) -> Tensor:
    return journey(**voyage, observations=torch.cat([observations[:, :1], observations[:, :-1]], 1))


@mistake("this was expected before the look: return what is believed after it")
def _before(**voyage: Any) -> Tensor:
    return journey(**voyage, report=lambda imagined, corrected: imagined)


@mistake("the looks are forgotten at the next step: go on from the corrected belief")
def _forgotten(**voyage: Any) -> Tensor:
    return journey(**voyage, carry=lambda imagined, corrected: imagined)


@mistake("the belief starts again at each look: hand observe the last state, not model.initial(B)")
def _again(**voyage: Any) -> Tensor:
    return journey(**voyage, look=lambda model, state, a, o: model.observe(model.initial(len(a)), a, o))


@mistake("nothing is seen at t = 0: take the first look from model.initial(B), with None for the action")
def _blind_at_first(model: Boat, actions: Tensor, **voyage: Any) -> Tensor:
    return journey(model, actions, **voyage, first=model.initial(len(actions)))


@mistake("the first look comes with actions[:, 0]: that action leads on from it, take None")
def _first_action(**voyage: Any) -> Tensor:
    return journey(**voyage, before=lambda action: action)


@mistake("the first look comes with an action of zeros, which moves the boat on like any other: take None")
def _zeros(**voyage: Any) -> Tensor:
    return journey(**voyage, before=torch.zeros_like)


@mistake("None is taken for 1: it means no look after the first")
def _always(peek_every: int | None, **voyage: Any) -> Tensor:
    return journey(**voyage, peek_every=peek_every or 1)


@mistake("without an action an episode begins anew: None is for the first look, the others take actions[:, t - 1]")
def _anew(**voyage: Any) -> Tensor:
    return journey(**voyage, look=lambda model, state, a, o: model.observe(state, None, o))
