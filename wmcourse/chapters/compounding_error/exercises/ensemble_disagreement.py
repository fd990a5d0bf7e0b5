"""Exercise 3.5: when experts disagree."""

import statistics
from typing import Any

import torch
from torch import Tensor

from wmcourse.chapters.compounding_error.exercises.ensembles import ensembles, members, summary
from wmcourse.chapters.compounding_error.exercises.steps import Step, walk
from wmcourse.exercises import Exercise

Pair = tuple[Tensor, Tensor]


def one_by_one(steps: list[Step], z: Tensor, actions: Tensor) -> Pair:
    """One sequence at a time, and the variance of the standard library."""
    means, spreads = [], []
    for start, taken in zip(z, actions, strict=True):
        paths = [walk(step, start, taken).tolist() for step in steps]
        opinions = [list(zip(*at_step, strict=True)) for at_step in zip(*paths, strict=True)]  # (H, Z, E)
        means.append([[statistics.fmean(told) for told in at_step] for at_step in opinions])
        variances = [[statistics.variance(told) for told in at_step] for at_step in opinions]
        spreads.append([statistics.fmean(at_step) ** 0.5 for at_step in variances])
    return torch.tensor(means), torch.tensor(spreads)


ensemble_disagreement = Exercise(
    "3.5",
    one_by_one,
    ensembles,
    returns=("the mean prediction", "the disagreement"),
    learns=(),
    unseen=False,
    advice={
        "out of bounds": "H actions make H steps",
        "expected Tensor as element": "stack each member's steps, then the members: torch.stack(rollouts)",
        "object is not callable": "`steps` is a list of models: for step in steps",
    },
)
mistake = ensemble_disagreement.mistake


@mistake("the order is mean, disagreement")
def _swapped(**case: Any) -> Pair:
    return summary(members(**case))[::-1]


@mistake("all members are fed with their mean at each step: each goes on from its own prediction")
def _shared(steps: list[Step], z: Tensor, actions: Tensor) -> Pair:
    path = []
    for action in actions.unbind(1):
        path.append(torch.stack([step(z, action) for step in steps]))
        z = path[-1].mean(0)
    return summary(torch.stack(path, 2))


@mistake("a member goes on where the one before it stopped: every member starts from z")
def _relay(steps: list[Step], z: Tensor, actions: Tensor) -> Pair:
    rollouts = []
    for step in steps:
        rollouts.append(walk(step, z, actions))
        z = rollouts[-1][:, -1]
    return summary(torch.stack(rollouts))


@mistake("the variance is divided by E: the unbiased one is divided by E - 1")
def _biased(**case: Any) -> Pair:
    rollouts = members(**case)
    return rollouts.mean(0), rollouts.var(0, correction=0).mean(-1).sqrt()


@mistake("this is the mean of standard deviations: the mean over Z comes before the root")
def _mean_of_roots(**case: Any) -> Pair:
    return members(**case).mean(0), members(**case).std(0).mean(-1)


@mistake("the root is missing: disagreement has the latent's unit")
def _no_root(**case: Any) -> Pair:
    return members(**case).mean(0), members(**case).var(0).mean(-1)


@mistake("summed over Z: take the mean")
def _summed(**case: Any) -> Pair:
    return members(**case).mean(0), members(**case).var(0).sum(-1).sqrt()


@mistake("this is the mean over Z first: it hides how the members differ in each dimension")
def _mean_first(**case: Any) -> Pair:
    return members(**case).mean(0), members(**case).mean(-1).std(0)


@mistake("every step begins with z: each member goes on from its own prediction")
def _never_on(steps: list[Step], z: Tensor, actions: Tensor) -> Pair:
    always = z.unsqueeze(1).expand(-1, actions.shape[1], -1)
    return summary(torch.stack([step(always, actions) for step in steps]))
