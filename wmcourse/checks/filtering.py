"""The checker of exercise 8.4: a belief carried through steps at which nothing is seen."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from wmcourse.checks.check import CheckFailed, checker, describe, expect, expect_close, expect_tensor, expect_unchanged
from wmcourse.checks.tracker import Data, Guess, Tracker, choose, sequences, tracked

Answer = Callable[..., Any]

_FLAGS = "to choose by sequence, give the flags seen[:, t] as many axes as the field has: .view(-1, 1, ...)"
_ALIKE = "each field keeps its shape at every step: give flags as many axes as that field has, and stack field by field"
_EACH_FIELD = "stack the list field by field: map_state(lambda *fields: torch.stack(fields, dim=1), *states)"
_EACH_CHOICE = "torch.where chooses between tensors: apply it to each field, with map_state"
_ADVICE = {
    "must match the size of tensor": _FLAGS,
    "not broadcastable": _FLAGS,
    "stack expects each tensor": _ALIKE,
    "Boolean value of Tensor": "`if` takes one flag, but each sequence has its own gaps: torch.where",
    "expected Tensor as element": _EACH_FIELD,
    "stack() takes": f"torch.stack takes one list; {_EACH_FIELD}",
    "where(": _EACH_CHOICE,
    "object is not callable": "the model is no function: model.observe(state, action, observation)",
}


@checker("8.4", _ADVICE)
def filter_with_gaps(answer: Answer) -> None:
    """Oracle: the tracker's own equations, one sequence at a time, each step with a look or without one."""
    tracker = Tracker()
    # One step is seen in all sequences, one in none, the others in some; two sequences begin with a gap.
    seen = torch.tensor([[0, 1, 0, 0, 1], [1, 1, 0, 1, 1], [1, 1, 0, 0, 0], [0, 1, 0, 1, 0]]).bool()
    data = sequences(seen, seed=1, missing=torch.nan)
    torch.manual_seed(84_000)
    got = _filtered(answer, tracker, data)
    seeded = "leave torch.manual_seed to the caller: each run draws other beliefs"
    expect(torch.initial_seed() == 84_000, "the seed as it was", f"the seed {torch.initial_seed()}", seeded)
    with torch.no_grad():
        mistakes = _wrong_tracks(tracker, data)
    expect_close(got, tracked(tracker, data), "beliefs (mean, spread)", mistakes, tolerance=1e-3)
    _expect_gradient(got, tracker, data)
    withheld = sequences(~seen, seed=2, missing=3.0)
    got = _filtered(answer, tracker, withheld)
    numbers = "`seen` says what was seen, not whether a number is there: a gap may hold an old frame"
    expect_close(got, tracked(tracker, withheld), "beliefs with numbers in the gaps", {numbers: got}, tolerance=1e-3)
    single = sequences(torch.tensor([[True, False, True]]), seed=3, missing=torch.nan)
    got = _filtered(answer, tracker, single)
    expect_close(got, tracked(tracker, single), "beliefs of a single sequence", tolerance=1e-3)


def _filtered(answer: Answer, tracker: Tracker, data: Data) -> Tensor:
    """What the answer believes (batch, time, 4)."""
    given = Data(*(tensor.clone() for tensor in data))
    result = answer(tracker, *given)
    for name, now, was in zip(Data._fields, given, data, strict=True):  # NaN is not equal to itself
        expect_unchanged({name: now.nan_to_num(1e9)}, {name: was.nan_to_num(1e9)})
    wanted = "one state whose fields are (batch, time, ...)"
    expect(result is not None, wanted, "None", "the function has no return statement")
    expect(not isinstance(result, list), wanted, "a list of states", _EACH_FIELD)
    expect(isinstance(result, Guess), wanted, describe(result), "map_state keeps a state's type")
    batch, time = data.seen.shape
    for field, begin, name in zip(result, tracker.initial(1), Guess._fields, strict=True):
        rest = tuple(begin.shape[1:])
        shapes = {
            "one belief too many: the initial one comes before the first step, leave it out": (batch, time + 1, *rest),
            "one belief is missing: there is one for each step": (batch, time - 1, *rest),
            "stack along dim=1: batch first, then time": (time, batch, *rest),
            "this is the last belief alone: keep every one on the way": (batch, *rest),
            "a batch of one is still a batch: leave .squeeze() out": (time, *rest),
        }
        if isinstance(field, Tensor) and bool(field.isnan().any()):
            spread = "NaN spreads: 0 times NaN is NaN. Put a number in the gaps, and choose with torch.where"
            raise CheckFailed(f"states.{name}: numbers everywhere", "NaN in some places", spread)
        expect_tensor(field, (batch, time, *rest), f"states.{name}", shapes)
    return result.flat()


def _expect_gradient(got: Tensor, tracker: Tracker, data: Data) -> None:
    """Oracle: the gradient of the tracks, for the model and for what is handed to it."""
    weight = torch.randn(got.shape, generator=torch.Generator().manual_seed(4))
    leaves = {
        "the model's dynamics": tracker.dynamics,
        "the model's push": tracker.push,
        "the model's gain": tracker.gain,
        "the mean of model.initial": tracker.start,
        "the spread of model.initial": tracker.doubt,
        "the actions": data.actions,
        "the observations": data.observations,
    }
    cut = "a .detach() or torch.no_grad() cuts the gradient: model, actions and observations learn through time"
    expect(got.requires_grad, "beliefs with a gradient for the model", "none", cut)
    grads = torch.autograd.grad((weight * got).sum(), list(leaves.values()), allow_unused=True)
    rights = torch.autograd.grad((weight * tracked(tracker, data)).sum(), list(leaves.values()))
    leak = "torch.where hides a NaN, but its gradient stays NaN: put a number in the gaps before model.observe"
    for name, gradient, right in zip(leaves, grads, rights, strict=True):
        wanted = f"gradient of the beliefs for {name}"
        gradient = torch.zeros_like(right) if gradient is None else gradient
        expect(not bool(gradient.isnan().any()), wanted, "NaN", leak)
        expect_close(gradient, right, wanted, {cut: gradient}, tolerance=1e-3)


def _wrong_tracks(tracker: Tracker, data: Data) -> dict[str, Tensor]:
    """What the usual mistakes lead to."""
    actions, observations, seen = data
    batch, time = seen.shape
    blank, start = observations.nan_to_num(), tracker.initial(batch)

    def walk(
        gap: Callable[[Guess, Guess, int], Guess] = lambda before, imagined, t: imagined,
        carry: Callable[[Guess, Guess, Guess], Guess] = lambda chosen, corrected, imagined: chosen,
        seen: Tensor = seen,
        actions: Tensor = actions,
        blank: Tensor = blank,
        twice: bool = False,
        start: Guess = start,
    ) -> Tensor:
        """`gap` makes the belief of a step without a look, `carry` the one that the next step begins with."""
        state, track = start, []
        for t in range(time):
            imagined = tracker.imagine(state, actions[:, t])
            corrected = tracker.observe(imagined if twice else state, actions[:, t], blank[:, t])
            chosen = choose(seen[:, t], corrected, gap(state, imagined, t))
            state = carry(chosen, corrected, imagined)
            track.append(chosen.flat())
        return torch.stack(track, 1)

    def shown(fill: Callable[[Guess, int], Tensor]) -> Tensor:
        """Gaps are observed as if `fill(imagined, t)` had been seen there."""
        return walk(lambda before, imagined, t: tracker.observe(before, actions[:, t], fill(imagined, t)))

    def held(order: list[int]) -> dict[int, Tensor]:
        """For each step the latest frame that was seen, walking through the steps in `order`."""
        frames, frame = {}, torch.zeros(batch, 2)
        for t in order:
            frames[t] = frame = torch.where(seen[:, t, None], blank[:, t], frame)
        return frames

    def apart() -> Tensor:
        """Two beliefs that never meet."""
        looking = dreaming = start
        track = []
        for t in range(time):
            looking = tracker.observe(looking, actions[:, t], blank[:, t])
            dreaming = tracker.imagine(dreaming, actions[:, t])
            track.append(choose(seen[:, t], looking, dreaming).flat())
        return torch.stack(track, 1)

    def slips() -> dict[str, Tensor]:
        """Indices off by one, at the edge either from the other end or held."""
        late, early = list(range(time - 1)), list(range(1, time))
        places = {
            "a step late, at first from the end: index with t, not with t - 1": [time - 1, *late],
            "a step late: index with t, not with t - 1": [0, *late],
            "a step early, at last from the beginning: index with t, not with t + 1": [*early, 0],
            "a step early: index with t, not with t + 1": [*early, time - 1],
        }
        found = {}
        for when, place in places.items():
            found[f"the actions come {when}"] = walk(actions=actions[:, place])
            found[f"the observations come {when}"] = walk(blank=blank[:, place])
            found[f"the flags `seen` come {when}"] = walk(seen=seen[:, place])
            found[f"observations and flags come {when}"] = walk(blank=blank[:, place], seen=seen[:, place])
        return found

    old, coming = held(list(range(time))), held(list(reversed(range(time))))
    pause = torch.zeros_like(actions[:, :1])
    right, always, never = walk(), walk(seen=torch.ones_like(seen)), walk(seen=torch.zeros_like(seen))
    own = "each sequence has its own gaps: choose by sequence, with torch.where"
    one = "carry one belief on, by whichever path it came"
    return {
        "time stands still in the gaps: model.imagine moves the belief on": walk(lambda before, *_: before),
        "the gaps are observed as zeros: nothing seen is not the same as zeros seen": always,
        "the last frame is observed again in the gaps: an old frame is no new look": shown(lambda _, t: old[t]),
        "a later frame is observed in the gaps: a belief knows nothing of what comes later": shown(
            lambda _, t: coming[t]
        ),
        "in the gaps the model observes its own expectation: that makes it surer of what nobody saw": shown(
            lambda imagined, _: imagined.mean
        ),
        "`seen` is the wrong way round: observe where it is True": walk(seen=~seen),
        f"all sequences are treated alike: {own}": walk(seen=seen.all(0).expand(batch, time)),
        f"all sequences are treated alike, and observed when any is: {own}": walk(seen=seen.any(0).expand(batch, time)),
        f"all sequences have the gaps of the first: {own}": walk(seen=seen[:1].expand(batch, time)),
        "after the first gap nothing is looked at: the next look corrects the belief again": walk(
            seen=seen.cumprod(1).bool()
        ),
        "nothing is ever looked at: model.observe where `seen` is True": never,
        "the belief starts again in each gap: imagine on from the last belief": walk(lambda *_: start),
        "model.observe moves the belief on by itself: hand it the belief before the action, not the imagined one": walk(
            twice=True
        ),
        "the actions come a step late: actions[:, t] leads to observation t": walk(
            actions=torch.cat([pause, actions[:, :-1]], 1)
        ),
        "the actions come a step early: actions[:, t] leads to observation t": walk(
            actions=torch.cat([actions[:, 1:], pause], 1)
        ),
        "the first action is left out: actions[:, 0] is used as it is": walk(
            actions=torch.cat([pause, actions[:, 1:]], 1)
        ),
        "the actions have no effect in the gaps: model.imagine(state, actions[:, t])": walk(
            lambda before, _, t: tracker.imagine(before, 0 * actions[:, t])
        ),
        "the belief starts from zeros: begin with model.initial(B)": walk(
            start=Guess(*(torch.zeros_like(field) for field in start))
        ),
        f"what is observed in a gap is carried on: {one}": walk(carry=lambda chosen, corrected, imagined: corrected),
        f"the looks are forgotten at the next step: {one}": walk(carry=lambda chosen, corrected, imagined: imagined),
        f"two beliefs are carried on, and the imagined one never sees anything: {one}": apart(),
        "only the mean is chosen: apply torch.where to each field of the state": walk(
            lambda before, imagined, t: imagined._replace(
                spread=tracker.observe(before, actions[:, t], blank[:, t]).spread
            )
        ),
        "only the mean is chosen, the spread is imagined: torch.where for each field": torch.cat(
            [right[..., :2], never[..., 2:]], -1
        ),
        "the order of time is reversed": right.flip(1),
        **slips(),
    }
