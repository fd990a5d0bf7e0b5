"""The checker of exercise 3.3: a rollout that looks at reality now and then."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from wmcourse.checks.check import checker, expect, expect_close, expect_tensor, expect_unchanged
from wmcourse.checks.drifter import Boat, Drift, Drifter
from wmcourse.checks.one_step import shifted

Answer = Callable[..., Any]

_NONE = "peek_every may be None, never again: ask `peek_every is not None` before you count"
_ADVICE = {
    "and 'NoneType'": _NONE,
    "'NoneType' and": _NONE,
    "'NoneType' object cannot be interpreted as an integer": _NONE,
    "expected Tensor as element": "stack what was decoded, tensors: model.decode(state).observation",
    "must be tuple of Tensors": "stack what was decoded, in a list: torch.stack(believed, dim=1)",
    "out of bounds": "T actions and T + 1 observations: actions[:, t - 1] leads to observations[:, t]",
    "object is not callable": "the model is no function: model.observe(state, action, observation)",
}


@checker("3.3", _ADVICE)
def peek_rollout(answer: Answer) -> None:
    """Oracle: the boat's equations for plain numbers, one sequence at a time, each step with a look or without one."""
    schedule = "the first example was right: look at t = 0, then at every t that `peek_every` divides"
    again = "None means never again: after t = 0 nothing is looked at"
    for batch, steps, every, shape in ((3, 7, 3, (2,)), (2, 4, None, (2,)), (2, 4, 2, (2,)), (2, 3, 1, (2,))):
        actions, observations = _recorded(batch, steps, shape)
        got = _believed(answer, Drifter(shape), actions, observations, every)
        if every == 3:
            mistakes = _wrong_rollouts(actions, observations)
        else:
            mistakes = {again if every is None else schedule: got}
        what = f"what was believed, with peek_every={every}"
        expect_close(got, _by_hand(actions, observations, every), what, mistakes)
    actions, observations = _recorded(1, 2, (1, 2))
    for every in (5, 2):
        got = _believed(answer, Drifter((1, 2)), actions, observations, every)
        what = f"what was believed of a single sequence of pictures, with peek_every={every}"
        expect_close(got, _by_hand(actions, observations, every), what, {schedule: got})


def _recorded(batch: int, steps: int, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(10 * batch + steps)
    observations = 3 * torch.randn(batch, steps + 1, *shape, generator=generator)
    return torch.randn(batch, steps, 1, generator=generator), observations


def _believed(answer: Answer, model: Drifter, actions: Tensor, observations: Tensor, every: int | None) -> Tensor:
    given = {"actions": actions.clone(), "observations": observations.clone()}
    result = answer(model, *given.values(), every)
    expect_unchanged(given, {"actions": actions, "observations": observations})
    wanted = "what was believed: one tensor (B, T + 1, ...)"
    observation = "decode each state, and stack what is seen there: model.decode(state).observation"
    expect(not isinstance(result, Drift), wanted, "a state", observation)
    kind = type(result[0]).__name__ if isinstance(result, list | tuple) and len(result) else "nothing"
    expect(not isinstance(result, list | tuple), wanted, f"a {type(result).__name__} of {kind}", observation)
    batch, steps = actions.shape[:2]
    shape = model.observation_shape
    shapes = {
        "t = 0 is missing: the belief after the first look comes first": (batch, steps, *shape),
        "one belief too many: one after the first look, then one for each action": (batch, steps + 2, *shape),
        "stack along dim=1: batch first, then time": (steps + 1, batch, *shape),
        "this is the last belief alone: keep every one on the way": (batch, *shape),
        "a batch of one is still a batch: leave .squeeze() out": (steps + 1, *shape),
        "keep the axes of an observation as model.decode gives them": (batch, steps + 1, 2),
    }
    return expect_tensor(result, (batch, steps + 1, *shape), "what was believed", shapes)


def _by_hand(actions: Tensor, observations: Tensor, every: int | None) -> Tensor:
    rows = []
    for pushes, looks in zip(actions[..., 0].tolist(), observations.flatten(2).tolist(), strict=True):
        boat, row = Boat(), []
        for t, look in enumerate(looks):
            boat.advance(0.0 if t == 0 else pushes[t - 1])
            if t == 0 or (every is not None and t % every == 0):
                boat.look(look)
            row.append([2 * x for x in boat.place])
        rows.append(row)
    return torch.tensor(rows).reshape(observations.shape)


def _wrong_rollouts(actions: Tensor, observations: Tensor) -> dict[str, Tensor]:
    """What the usual mistakes lead to, with peek_every=3."""
    model, (batch, steps) = Drifter(), actions.shape[:2]
    nothing, begin = torch.zeros(batch, 1), Drifter().initial(batch)
    first = model.observe(begin, nothing, observations[:, 0])

    def walk(
        peeks: Callable[[int], bool] = lambda t: t % 3 == 0,
        correct: Callable[[Drift, int], Drift] = lambda z, t: model.observe(z, actions[:, t - 1], observations[:, t]),
        carry: Callable[[Drift, Drift], Drift] = lambda corrected, imagined: corrected,
        actions: Tensor = actions,
        start: Drift = first,
        before: bool = False,
    ) -> Tensor:
        """`correct` makes the belief of a look, `carry` the one the next step begins with."""
        state, seen = start, [model.decode(start).observation]
        for t in range(1, steps + 1):
            imagined = model.imagine(state, actions[:, t - 1])
            corrected = correct(state, t) if peeks(t) else imagined
            seen.append(model.decode(imagined if before else corrected).observation)
            state = carry(corrected, imagined)
        return torch.stack(seen, 1)

    def looking(actions: Tensor, offset: int = 0) -> Callable[[Drift, int], Drift]:
        """Looks that take these actions, and the observation `offset` steps away."""
        return lambda z, t: model.observe(z, actions[:, t - 1], observations[:, (t + offset) % (steps + 1)])

    def twice(z: Drift, t: int) -> Drift:
        return model.observe(model.imagine(z, actions[:, t - 1]), actions[:, t - 1], observations[:, t])

    def standing(z: Drift, t: int) -> Drift:
        return model.observe(model.imagine(z, actions[:, t - 1]), nothing, observations[:, t])

    def from_last_look() -> Tensor:
        """Between looks every step starts from the last look."""
        state, seen = first, [model.decode(first).observation]
        for t in range(1, steps + 1):
            if t % 3 == 0:
                state = model.observe(state, actions[:, t - 1], observations[:, t])
            seen.append(model.decode(state if t % 3 == 0 else model.imagine(state, actions[:, t - 1])).observation)
        return torch.stack(seen, 1)

    def apart() -> Tensor:
        """Two beliefs that never meet."""
        looking = dreaming = first
        seen = [model.decode(first).observation]
        for t in range(1, steps + 1):
            looking = model.observe(looking, actions[:, t - 1], observations[:, t])
            dreaming = model.imagine(dreaming, actions[:, t - 1])
            seen.append(model.decode(dreaming if t % 3 else looking).observation)
        return torch.stack(seen, 1)

    def shown(frame: Callable[[Drift, int], Tensor]) -> Tensor:
        """Blind steps observe `frame(state, t)` as if it had been seen."""

        def step(z: Drift, t: int) -> Drift:
            seen = observations[:, t] if t % 3 == 0 else frame(z, t)
            return model.observe(z, actions[:, t - 1], seen)

        return walk(lambda t: True, step)

    def dreamed(z: Drift, t: int) -> Tensor:
        return model.decode(model.imagine(z, actions[:, t - 1])).observation

    right = walk()
    copied = right.clone()
    copied[:, ::3] = observations[:, ::3]
    zeros = Drift(torch.zeros_like(begin.place), torch.zeros_like(begin.speed))
    moves = "model.observe moves the belief on by itself: hand it the state before the action"
    when = "look at t = 0, k, 2k, ..."
    frame = "the look at step t shows observations[:, t]"
    opening = "take the first look with an action of zeros, from model.initial(B)"
    wrong = {
        f"both model.imagine and model.observe move the belief on, two steps in one: {moves}": walk(correct=twice),
        f"imagined, then observed with an action of zeros, two steps in one: {moves}": walk(correct=standing),
        f"the looks are taken with an action of zeros: only the first is, then actions[:, t - 1]; {moves}": walk(
            correct=lambda z, t: model.observe(z, nothing, observations[:, t])
        ),
        "nothing is looked at after t = 0: correct the belief at every k-th step": walk(lambda t: False),
        f"every step is looked at: {when}": walk(lambda t: True),
        f"the looks come a step early: {when}": walk(lambda t: (t + 1) % 3 == 0),
        f"the looks come a step late: {when}": walk(lambda t: (t - 1) % 3 == 0),
        f"the looks are k + 1 steps apart: {when}": walk(lambda t: t % 4 == 0),
        f"there is only one more look, at t = k: {when}": walk(lambda t: t == 3),
        f"the looks and the blind steps have changed places: {when}": walk(lambda t: t % 3 != 0),
        f"for k steps everything is looked at, then nothing: {when}": walk(lambda t: t < 3),
        f"the observation comes a step late: {frame}": walk(correct=looking(actions, -1)),
        f"the observation comes a step early: {frame}": walk(correct=looking(actions, 1)),
        f"every look shows the first observation: {frame}": walk(
            correct=lambda z, t: model.observe(z, actions[:, t - 1], observations[:, 0])
        ),
        f"the looks are counted, and look number n shows observations[:, n]: {frame}": walk(
            correct=lambda z, t: model.observe(z, actions[:, t - 1], observations[:, t // 3])
        ),
        "this was expected before the look: return what was believed after it": walk(before=True),
        "these are the observations themselves at the looks: return what the model believes": copied,
        "in blind steps the model observes its own expectation: model.imagine there": shown(dreamed),
        "in blind steps the last frame is observed again: model.imagine there": shown(
            lambda z, t: observations[:, t - t % 3]
        ),
        "in blind steps zeros are observed: nothing seen is not the same as zeros seen": shown(
            lambda z, t: torch.zeros_like(observations[:, t])
        ),
        f"a look shows the model its own expectation: {frame}": walk(
            correct=lambda z, t: model.observe(z, actions[:, t - 1], dreamed(z, t))
        ),
        f"a look shows the model what it believed before: {frame}": walk(
            correct=lambda z, t: model.observe(z, actions[:, t - 1], model.decode(z).observation)
        ),
        f"from t = k on everything is looked at: {when}": walk(lambda t: t >= 3),
        f"after the first look comes a step with an action of zeros: {opening}": walk(
            start=model.imagine(first, nothing)
        ),
        "the beliefs come a step late: append each one after its step": torch.cat([right[:, :1], right[:, :-1]], 1),
        "the looks are forgotten at the next step: go on from the corrected belief": walk(carry=lambda yes, no: no),
        "two beliefs are carried on, and the imagined one never sees anything: there is one belief": apart(),
        "the belief starts again at each look: model.observe takes the last state, not model.initial": walk(
            correct=lambda z, t: model.observe(begin, actions[:, t - 1], observations[:, t])
        ),
        "the belief starts again at each look, with an action of zeros: model.observe takes the last state": walk(
            correct=lambda z, t: model.observe(begin, nothing, observations[:, t])
        ),
        "every blind step starts from the last look: imagine on from the last state": from_last_look(),
        f"nothing is seen at t = 0: {opening}": walk(start=begin),
        f"the first step is imagined, not observed: {opening}": walk(start=model.imagine(begin, nothing)),
        f"the first look comes with actions[:, 0]: {opening}": walk(
            start=model.observe(begin, actions[:, 0], observations[:, 0])
        ),
        f"the first look comes with the last action: {opening}": walk(
            start=model.observe(begin, actions[:, -1], observations[:, 0])
        ),
        f"the first look comes with an action of ones: {opening}": walk(
            start=model.observe(begin, torch.ones_like(nothing), observations[:, 0])
        ),
        f"the first look is taken twice: {opening}": walk(start=model.observe(first, nothing, observations[:, 0])),
        f"the belief starts from zeros: {opening}": walk(start=model.observe(zeros, nothing, observations[:, 0])),
        "the order of time is reversed": right.flip(1),
        "steps and sequences are mixed up: .view and .reshape move no axis, so stack along dim=1": right.transpose(
            0, 1
        ).reshape(right.shape),
    }
    only = "the look takes the action that comes after it: actions[:, t - 1] leads to observations[:, t]"
    wrong[only] = walk(correct=looking(torch.cat([actions[:, 1:], actions[:, -1:]], 1)))
    for text, moved in shifted(actions).items():
        wrong[text] = walk(correct=looking(moved), actions=moved)
    return wrong
