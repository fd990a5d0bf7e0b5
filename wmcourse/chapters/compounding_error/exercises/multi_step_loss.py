"""Exercise 3.2: train for the way it is used."""

from typing import Any

import torch
from torch import Tensor

from wmcourse.chapters.compounding_error.exercises.recordings import recordings_in_steps
from wmcourse.chapters.compounding_error.exercises.steps import Step
from wmcourse.chapters.compounding_error.exercises.unrolled import differences
from wmcourse.exercises import Exercise


def start_by_start(step: Step, latents: Tensor, actions: Tensor, steps: int) -> Tensor:
    """One start and one step at a time: all squares have the same weight."""
    squares: list[Tensor] = []
    for t in range(actions.shape[1] - steps + 1):
        z = latents[:, t]
        for k in range(1, steps + 1):
            z = step(z, actions[:, t + k - 1])
            squares += ((z - latents[:, t + k]) ** 2).flatten().unbind()
    return sum(squares, torch.zeros(())) / len(squares)


multi_step_loss = Exercise(
    "3.2",
    start_by_start,
    recordings_in_steps,
    learns=("step",),
    advice={
        "out of bounds": "a rollout runs past the end: the last of the T - K + 1 starts ends at latents[:, T]",
        "non-empty TensorList": "there is no start or no step: T - K + 1 starts, K steps from each",
    },
)
mistake = multi_step_loss.mistake


@mistake("a .detach() between the steps: the gradient runs through all K of them, back to the first")
def _detached(**given: Any) -> Tensor:
    return differences(**given, begin=lambda z, real, left: z.detach()).square().mean()


@mistake("only the last of the K steps counts: average over all of them")
def _last_step(**given: Any) -> Tensor:
    return differences(**given)[:, -1].square().mean()


@mistake("this is the one-step loss, whatever K is: K steps from each start")
def _one_step(steps: int, **given: Any) -> Tensor:
    return differences(**given, steps=1).square().mean()


@mistake("the K steps are teacher-forced: after latents[:, t] each step begins with the last prediction")
def _forced(**given: Any) -> Tensor:
    return differences(**given, begin=lambda z, real, left: real).square().mean()


@mistake("only the first start counts: average over all T - K + 1 of them")
def _first_start(**given: Any) -> Tensor:
    return differences(**given)[0].square().mean()


@mistake("the last start is missing: there are T - K + 1, and the last one ends at latents[:, T]")
def _too_few_starts(**given: Any) -> Tensor:
    return differences(**given)[:-1].square().mean()


@mistake("summed over the K steps: average over them, too")
def _summed(steps: int, **given: Any) -> Tensor:
    return differences(**given, steps=steps).square().mean() * steps


@mistake("the targets come a step late: step k = 1 from start t is compared with latents[:, t + 1]")
def _late(**given: Any) -> Tensor:
    return differences(**given, aim=0).square().mean()


@mistake("summed over the latent dimensions: average over them, too")
def _summed_over_dimensions(**given: Any) -> Tensor:
    return differences(**given).square().sum(-1).mean()


@mistake("this is the root of the loss: the mean of the squares is enough")
def _root(**given: Any) -> Tensor:
    return differences(**given).square().mean().sqrt()


@mistake("every rollout takes the actions of the first: step k from start t takes actions[:, t + k]")
def _first_actions(**given: Any) -> Tensor:
    return differences(**given, act=lambda t, k: k).square().mean()
