"""Exercise 3.1: predictions from real latents, and from its own."""

import torch
from torch import Tensor

from wmcourse.chapters.compounding_error.exercises.recordings import recordings
from wmcourse.chapters.compounding_error.exercises.steps import Step, walk
from wmcourse.exercises import Exercise

Pair = tuple[Tensor, Tensor]


def one_by_one(step: Step, latents: Tensor, actions: Tensor) -> Pair:
    """One sequence and one step at a time."""
    forced, free = torch.empty_like(latents[:, 1:]), latents.clone()
    for row in range(len(latents)):
        for t in range(actions.shape[1]):
            forced[row, t] = step(latents[row, t], actions[row, t])
            free[row, t + 1] = step(free[row, t].clone(), actions[row, t])
    return forced, free[:, 1:]


teacher_forced_and_free = Exercise(
    "3.1",
    one_by_one,
    recordings,
    returns=("the teacher-forced predictions", "the free predictions"),
    learns=(),
    advice={
        "out of bounds": "there are T actions and T + 1 latents, and so T predictions",
        "expected Tensor as element": "torch.stack takes a list of tensors, the predictions themselves",
        "non-empty TensorList": "the list of predictions is empty: append each one to it",
    },
)
mistake = teacher_forced_and_free.mistake


@mistake("the order is teacher-forced, free")
def _swapped(step: Step, latents: Tensor, actions: Tensor) -> Pair:
    return one_by_one(step, latents, actions)[::-1]


@mistake("the free rollout is fed with real latents: it sees latents[:, 0] alone, then its own predictions")
def _both_forced(step: Step, latents: Tensor, actions: Tensor) -> Pair:
    return step(latents[:, :-1], actions), step(latents[:, :-1], actions)


@mistake("teacher forcing is fed with its own predictions: each step begins with the real latents[:, t]")
def _both_free(step: Step, latents: Tensor, actions: Tensor) -> Pair:
    return walk(step, latents[:, 0], actions), walk(step, latents[:, 0], actions)


@mistake("teacher forcing is fed with what it has to predict: each step begins with latents[:, t], not t + 1")
def _targets_in(step: Step, latents: Tensor, actions: Tensor) -> Pair:
    return step(latents[:, 1:], actions), walk(step, latents[:, 0], actions)


@mistake("every free step begins with latents[:, 0]: go on from the last prediction")
def _never_on(step: Step, latents: Tensor, actions: Tensor) -> Pair:
    return step(latents[:, :-1], actions), step(latents[:, :1].expand_as(latents[:, 1:]), actions)


@mistake("the free rollout takes the first action twice: start from latents[:, 0] itself")
def _from_a_prediction(step: Step, latents: Tensor, actions: Tensor) -> Pair:
    return step(latents[:, :-1], actions), walk(step, step(latents[:, 0], actions[:, 0]), actions)


@mistake("the free rollout holds step 0, which is given, and step T is missing: append after the step")
def _a_step_late(step: Step, latents: Tensor, actions: Tensor) -> Pair:
    free = walk(step, latents[:, 0], actions)
    return step(latents[:, :-1], actions), torch.cat([latents[:, :1], free[:, :-1]], 1)


@mistake("steps and sequences are mixed up: .view and .reshape move no axis, so stack along dim=1")
def _mixed(step: Step, latents: Tensor, actions: Tensor) -> Pair:
    free = walk(step, latents[:, 0], actions)
    return step(latents[:, :-1], actions), free.transpose(0, 1).reshape(free.shape)


@mistake("the actions of the free rollout come a step late: actions[:, t] leads from step t to step t + 1")
def _late_actions(step: Step, latents: Tensor, actions: Tensor) -> Pair:
    return step(latents[:, :-1], actions), walk(step, latents[:, 0], actions.roll(1, 1))


@mistake("the free rollout takes the first action at every step: actions[:, t]")
def _first_action(step: Step, latents: Tensor, actions: Tensor) -> Pair:
    return step(latents[:, :-1], actions), walk(step, latents[:, 0], actions[:, :1].expand_as(actions))
