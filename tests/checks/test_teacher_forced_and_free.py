"""Exercise 3.1: plausible mistakes are named, and right answers written differently pass."""

from typing import Any

import pytest
import torch

from wmcourse.checks import compounding_error as check
from wmcourse.checks.check import CheckFailed


def forced(step, latents, actions):
    return step(latents[:, :-1], actions)


def free(step, latents, actions, start=0):
    z, path = latents[:, start], []
    for t in range(actions.shape[1]):
        z = step(z, actions[:, t])
        path.append(z)
    return torch.stack(path, 1)


def with_forced(wrong):
    return lambda step, latents, actions: (wrong(step, latents, actions), free(step, latents, actions))


def with_free(wrong):
    return lambda step, latents, actions: (forced(step, latents, actions), wrong(step, latents, actions))


def free_with(feed=lambda z, latents, t: z, act=lambda t, time: t, start=lambda latents: latents[:, 0], add=0.0):
    def answer(step, latents, actions):
        z, path = start(latents), []
        for t in range(actions.shape[1]):
            z = step(feed(z, latents, t), actions[:, act(t, actions.shape[1])]) + add * z
            path.append(z)
        return torch.stack(path, 1)

    return with_free(answer)


def starts_from_the_first_prediction(step, latents, actions):
    z, path = step(latents[:, 0], actions[:, 0]), []
    for t in range(actions.shape[1]):
        z = step(z, actions[:, t])
        path.append(z)
    return torch.stack(path, 1)


def free_with_step_zero(step, latents, actions):
    return torch.cat([latents[:, :1], free(step, latents, actions)], 1)


def free_with_step_zero_in_place_of_the_last(step, latents, actions):
    z, path = latents[:, 0], []
    for t in range(actions.shape[1]):
        path.append(z)
        z = step(z, actions[:, t])
    return torch.stack(path, 1)


def writes_into_the_latents(step, latents, actions):
    told = forced(step, latents, actions)
    for t in range(actions.shape[1]):
        latents[:, t + 1] = step(latents[:, t], actions[:, t])
    return told, latents[:, 1:]


def runs_past_the_end(step, latents, actions):
    return torch.stack([step(latents[:, t], actions[:, t]) for t in range(latents.shape[1])], 1), None


def list_of_predictions(step, latents, actions):
    path = list(free(step, latents, actions).unbind(1))
    return forced(step, latents, actions), path


def does_not_line_up(step, latents, actions):
    return step(latents, actions), free(step, latents, actions)


def swaps_arguments(step, latents, actions):
    return step(actions, latents[:, :-1]), free(step, latents, actions)


def both(change):
    return lambda step, latents, actions: tuple(change(f(step, latents, actions)) for f in (forced, free))


def takes_all_actions_at_each_step(step, latents, actions):
    return forced(step, latents, actions), torch.stack([step(latents[:, 0], actions)], 1)


def with_actions(move):
    return lambda step, latents, actions: forced(step, latents, move(actions))


def appends_before_the_step(step, latents, actions):
    z, path = latents[:, 0], []
    for t in range(actions.shape[1]):
        z = step(latents[:, t], actions[:, t])
        path.append(z)
    return torch.stack(path, 1)


def mixes_the_axes(step, latents, actions):
    path = free(step, latents, actions)
    return forced(step, latents, actions), torch.cat(list(path.unbind(1))).view(path.shape)


def mixes_the_axes_of_the_forced(step, latents, actions):
    told = forced(step, latents, actions)
    return torch.stack(list(told.unbind(1))).reshape(told.shape), free(step, latents, actions)


def skips_the_first_action(step, latents, actions):
    z = latents[:, 0]
    path = [z]
    for t in range(1, actions.shape[1]):
        path.append(z := step(z, actions[:, t]))
    return torch.stack(path, 1)


WRONG = {
    "mixed axes": (mixes_the_axes, "free(.|\n)*steps and sequences are mixed up"),
    "mixed axes of the forced": (mixes_the_axes_of_the_forced, "steps and sequences are mixed up"),
    "skips the first action": (with_free(skips_the_first_action), "the first action is left out"),
    "warm start": (free_with(feed=lambda z, latents, t: latents[:, t] if t < 2 else z), "the second step, too, begins"),
    "swapped": (lambda *a: (free(*a), forced(*a)), "the order is teacher-forced, free"),
    "forced twice": (with_free(forced), "free(.|\n)*fed with real latents"),
    "free twice": (with_forced(free), "teacher-forced(.|\n)*fed with its own predictions"),
    "forgets to feed back": (with_free(appends_before_the_step), "fed with real latents"),
    "target in": (with_forced(lambda s, z, a: s(z[:, 1:], a)), "fed with what it has to predict"),
    "first latent in": (
        with_forced(lambda s, z, a: s(z[:, :1].expand(-1, a.shape[1], -1), a)),
        "the first latent at every step",
    ),
    "targets": (with_forced(lambda s, z, a: z[:, 1:]), "not predictions of them"),
    "inputs": (with_forced(lambda s, z, a: z[:, :-1]), "not predictions"),
    "residual": (with_forced(lambda s, z, a: z[:, :-1] + s(z[:, :-1], a)), "the next latent itself, not a change"),
    "errors": (with_forced(lambda s, z, a: s(z[:, :-1], a) - z[:, 1:]), "these are errors"),
    "forced late": (with_forced(with_actions(lambda a: a.roll(1, 1))), "a step late, at first from the end"),
    "forced early": (with_forced(with_actions(lambda a: a.roll(-1, 1))), "a step early, at last from the beginning"),
    "forced late, held": (
        with_forced(with_actions(lambda a: torch.cat([a[:, :1], a[:, :-1]], 1))),
        "actions come a step late:",
    ),
    "forced early, zero": (
        with_forced(with_actions(lambda a: torch.cat([a[:, 1:], 0 * a[:, :1]], 1))),
        "before a zero",
    ),
    "forced, no actions": (with_forced(with_actions(torch.zeros_like)), "have no effect"),
    "forced, first action": (with_forced(with_actions(lambda a: a[:, :1].expand_as(a))), "taken at every step"),
    "free late": (free_with(act=lambda t, time: t - 1), "a step late, at first from the end"),
    "free late, held": (free_with(act=lambda t, time: max(t - 1, 0)), "the actions come a step late:"),
    "free early": (free_with(act=lambda t, time: min(t + 1, time - 1)), "the actions come a step early:"),
    "free, first action": (free_with(act=lambda t, time: 0), "the first action is taken at every step"),
    "free, backward": (free_with(act=lambda t, time: time - 1 - t), "in reverse order"),
    "free from step 1": (with_free(lambda s, z, a: free(s, z, a, start=1)), r"starts from the real latents\[:, 1\]"),
    "free from the end": (with_free(lambda s, z, a: free(s, z, a, start=-1)), "starts from the last latent"),
    "free from zeros": (free_with(start=lambda z: torch.zeros_like(z[:, 0])), "starts from zeros"),
    "free from a prediction": (with_free(starts_from_the_first_prediction), "takes the first action again"),
    "free from the same": (free_with(start=lambda z: z[:1, 0].expand_as(z[:, 0])), "all sequences start from the same"),
    "free, residual": (free_with(add=1.0), "the next latent itself, not a change"),
    "free, always from z_0": (free_with(feed=lambda z, latents, t: latents[:, 0]), "every step begins with latents"),
    "free, half": (free_with(feed=lambda z, latents, t: (z + latents[:, t]) / 2), "half of each step's input"),
    "free, now and then": (free_with(feed=lambda z, latents, t: z if t % 2 else latents[:, t]), "every second step"),
    "step 0": (with_free(free_with_step_zero), "step 0 is given, no prediction: leave"),
    "step 0 first": (with_free(free_with_step_zero_in_place_of_the_last), "and step T is missing"),
    "last": (with_free(lambda *a: free(*a)[:, -1]), "this is the last prediction alone"),
    "last everywhere": (with_free(lambda *a: free(*a)[:, -1:].expand_as(free(*a))), "keep each one as it comes"),
    "too short": (both(lambda told: told[:, :-1]), "a prediction is missing"),
    "time first": (both(lambda told: told.transpose(0, 1)), "stack along dim=1"),
    "side by side": (both(lambda told: told.flatten(1)), "cat puts the steps side by side"),
    "squeezes": (both(lambda told: told.squeeze(0)), "a batch of one is still a batch"),
    "in place": (writes_into_the_latents, "a changed `latents`"),
    "past the end": (runs_past_the_end, "there are T actions and T"),
    "line up": (does_not_line_up, "one action for each latent"),
    "list": (list_of_predictions, "stack the list"),
    "arguments": (swaps_arguments, "the latent comes first"),
    "all actions": (takes_all_actions_at_each_step, "one action for each latent"),
    "stacked": (lambda *a: torch.stack([forced(*a), free(*a)]), "end with `return forced, free`"),
    "one": (forced, "end with `return forced, free`"),
    "three": (lambda *a: (forced(*a), free(*a), free(*a)), "a tuple of 3"),
    "hard-coded": (
        with_free(lambda s, z, a: free(s, z, a if a.shape[1] == 5 else a + 1)),
        "a number or a size is hard-coded",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_mistake_is_named(name: str) -> None:
    wrong, message = WRONG[name]
    with pytest.raises(CheckFailed, match=message):
        check.teacher_forced_and_free(wrong)


def one_loop(step, latents, actions):
    z = latents[:, 0].clone()
    told, dreamed = [], []
    for t, action in enumerate(actions.unbind(1)):
        told += [step(latents[:, t], action).unsqueeze(1)]
        z = step(z, action)
        dreamed += [z.unsqueeze(1)]
    return torch.cat(told, 1), torch.cat(dreamed, 1)


def into_buffers(step, latents, actions):
    told, dreamed = torch.empty_like(latents[:, 1:]), torch.empty_like(latents)
    dreamed[:, 0] = latents[:, 0]
    with torch.no_grad():
        for t in range(actions.size(1)):
            told[:, t] = step(latents[:, t], actions[:, t])
            dreamed[:, t + 1] = step(dreamed[:, t], actions[:, t])
    return [told, dreamed[:, 1:]]


def row_by_row(step, latents, actions):
    told = [[step(z, a) for z, a in zip(row, acts, strict=False)] for row, acts in zip(latents, actions, strict=True)]
    dreamed = []
    for row, acts in zip(latents, actions, strict=True):
        z, path = row[0], []
        for a in acts:
            path.append(z := step(z, a))
        dreamed.append(torch.stack(path))
    return torch.stack([torch.stack(row) for row in told]), torch.stack(dreamed)


def flattened(step, latents, actions):
    batch, time = actions.shape[:2]
    told = step(latents[:, :-1].flatten(0, 1), actions.flatten(0, 1)).view(batch, time, -1)

    def go(z, t):
        return [] if t == time else [(z_next := step(z, actions[:, t])), *go(z_next, t + 1)]

    return told, torch.stack(go(latents[:, 0], 0)).permute(1, 0, 2)


def by_vmap(step, latents, actions):
    return torch.func.vmap(step, in_dims=1, out_dims=1)(latents[:, :-1], actions), free(step, latents, actions)


@pytest.mark.parametrize("answer", [one_loop, into_buffers, row_by_row, flattened, by_vmap])
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.teacher_forced_and_free(answer)
