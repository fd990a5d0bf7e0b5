"""The checker of exercise 3.1: one-step predictions from real latents, and a rollout that feeds on its own."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from wmcourse.checks.check import CheckFailed, checker, describe, expect, expect_close, expect_tensor, expect_unchanged
from wmcourse.checks.one_step import Sequences, Swing, sequences, shifted

Answer = Callable[..., Any]

_ORDER = "the order is teacher-forced, free"
_MIXED = "steps and sequences are mixed up: .view and .reshape move no axis, so stack along dim=1"
_COUNT = "there are T actions and T + 1 latents, and so T predictions"
_ADVICE = {
    "out of bounds": _COUNT,
    "must match the size of tensor": f"line up latents and actions before the model sees them: {_COUNT}",
    "expected Tensor as element": "collect the predictions themselves in the list: tensors (B, Z)",
    "must be tuple of Tensors": "torch.stack takes the list of all predictions, and dim=1",
    "non-empty TensorList": "the list of predictions is empty: append each one to it",
}


@checker("3.1", _ADVICE)
def teacher_forced_and_free(answer: Answer) -> None:
    """Oracle: the model written out for plain numbers, one sequence and one step at a time."""
    hard_coded = "the first example was right: a number or a size is hard-coded"
    for batch, time, hint in ((3, 5, ""), (1, 2, hard_coded), (2, 1, hard_coded)):
        data = sequences(batch, time, seed=10 * batch + time)
        got = _predicted(answer, data)
        forced, free = _by_hand(data)
        if _alike(got["free"], forced) and _alike(got["teacher-forced"], free) and time > 1:
            raise CheckFailed("teacher-forced predictions, then free ones", "the other way round", _ORDER)
        wrong = _wrong_forced(data), _wrong_free(data)
        for name, right, mistakes in zip(got, (forced, free), wrong, strict=True):
            what = f"{name} predictions of {batch} x {time} steps"
            expect_close(got[name], right, what, {hint: got[name]} if hint else mistakes)


def _predicted(answer: Answer, data: Sequences) -> dict[str, Tensor]:
    given = Sequences(*(tensor.clone() for tensor in data))
    result = answer(Swing(), *given)
    expect_unchanged(given._asdict(), data._asdict())
    wanted = "a tuple of two tensors: teacher-forced, free"
    expect(result is not None, wanted, "None", "the function has no return statement")
    if not isinstance(result, tuple | list) or len(result) != 2:
        several = isinstance(result, tuple | list)
        got = f"a {type(result).__name__} of {len(result)}" if several else describe(result)
        raise CheckFailed(wanted, got, "end with `return forced, free`")
    batch, time = data.actions.shape[:2]
    shapes = {
        "step 0 is given, no prediction: leave latents[:, 0] out": (batch, time + 1, 2),
        f"a prediction is missing: {_COUNT}": (batch, time - 1, 2),
        "stack along dim=1: batch first, then time": (time, batch, 2),
        "this is the last prediction alone: keep every one on the way": (batch, 2),
        "a batch of one is still a batch: leave .squeeze() out": (time, 2),
        "cat puts the steps side by side in one axis: torch.stack(..., dim=1) makes an axis of time": (batch, time * 2),
    }
    names = ("teacher-forced", "free")
    lists = [name for name, value in zip(names, result, strict=True) if isinstance(value, list)]
    stack = "stack the list: torch.stack(predictions, dim=1)"
    expect(not lists, wanted, f"a list for {' and '.join(lists)}", stack)
    return {
        name: expect_tensor(value, (batch, time, 2), name, shapes) for name, value in zip(names, result, strict=True)
    }


def _by_hand(data: Sequences) -> tuple[Tensor, Tensor]:
    model, forced, free = Swing(), [], []
    for latents, actions in zip(data.latents.tolist(), data.actions.tolist(), strict=True):
        forced.append([model.by_hand(z, a) for z, a in zip(latents, actions, strict=False)])
        free.append(model.walk(latents[0], actions))
    return torch.tensor(forced), torch.tensor(free)


def _alike(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one.detach().float(), other, rtol=1e-4, atol=1e-4)


def _wrong_forced(data: Sequences) -> dict[str, Tensor]:
    """What the usual mistakes lead to."""
    model, (latents, actions) = Swing(), data
    before, after, first = latents[:, :-1], latents[:, 1:], latents[:, :1]
    own = "teacher forcing: each step begins with the real latents[:, t]"
    return {
        f"the model is fed with its own predictions: {own}": _by_hand(data)[1],
        f"the model is fed with what it has to predict: {own}, and predicts step t + 1": model(after, actions),
        f"the model is fed with a latent a step too late: {own}": model(torch.cat([first, before[:, :-1]], 1), actions),
        f"the model is fed with the first latent at every step: {own}": model(first.expand_as(before), actions),
        "these are the real latents of steps 1 to T, not predictions of them": after,
        "these are the real latents of steps 0 to T - 1, not predictions": before,
        "the latent is added to the prediction: step gives the next latent itself, not a change": before
        + model(before, actions),
        "the latent is taken off the prediction: step gives the next latent itself, not a change": model(
            before, actions
        )
        - before,
        "these are errors: return the predictions themselves": model(before, actions) - after,
        _MIXED: model(before, actions).transpose(0, 1).reshape(after.shape),
        "step 0 is given, no prediction; and step T is missing": torch.cat([first, model(before, actions)[:, :-1]], 1),
        **{text: model(before, moved) for text, moved in shifted(actions).items()},
    }


def _wrong_free(data: Sequences) -> dict[str, Tensor]:
    """What the usual mistakes lead to."""
    model, (latents, actions) = Swing(), data
    start, time = latents[:, 0], actions.shape[1]

    def walk(
        start: Tensor = start,
        actions: Tensor = actions,
        feed: Callable[[Tensor, int], Tensor] = lambda z, t: z,
        add: float = 0.0,
    ) -> Tensor:
        z, path = start, []
        for t in range(time):
            z = feed(z, t)
            z = model(z, actions[:, t]) + add * z
            path.append(z)
        return torch.stack(path, 1)

    forced, free = _by_hand(data)
    alone = "a free rollout sees latents[:, 0] alone, then its own predictions"
    once = "start from latents[:, 0] itself"
    return {
        f"the model is fed with real latents: {alone}": forced,
        f"every second step begins with a real latent: {alone}": walk(feed=lambda z, t: z if t % 2 else latents[:, t]),
        f"the second step, too, begins with a real latent: {alone}": walk(
            feed=lambda z, t: z if t > 1 else latents[:, t]
        ),
        f"half of each step's input is real: {alone}": walk(feed=lambda z, t: (z + latents[:, t]) / 2),
        f"every step begins with latents[:, 0]: {alone}": walk(feed=lambda z, t: start),
        f"the rollout starts from the real latents[:, 1]: {alone}": walk(latents[:, 1]),
        f"the rollout starts from the last latent: {alone}": walk(latents[:, -1]),
        f"the rollout starts from zeros: {alone}": walk(torch.zeros_like(start)),
        f"the rollout starts from the first prediction, and takes the first action again: {once}": walk(forced[:, 0]),
        f"all sequences start from the same latent: {once}": walk(start[:1].expand_as(start)),
        "step 0 is given, no prediction; and step T is missing": torch.cat([start[:, None], free[:, :-1]], 1),
        f"the first action is left out, and latents[:, 0] stands in place of its prediction: {once}": torch.cat(
            [start[:, None], walk(actions=actions.roll(-1, 1))[:, : time - 1]], 1
        ),
        "the latent is added to the prediction: step gives the next latent itself, not a change": walk(add=1.0),
        "these are the real latents of steps 1 to T, not predictions of them": latents[:, 1:],
        "these are errors: return the predictions themselves": free - latents[:, 1:],
        "the last prediction stands at every step: keep each one as it comes": free[:, -1:].expand_as(free),
        "the order of time is reversed": free.flip(1),
        _MIXED: free.transpose(0, 1).reshape(free.shape),
        **{text: walk(actions=moved) for text, moved in shifted(actions).items()},
    }
