"""The checker of exercise 3.5: several models roll out, and how far they part."""

import statistics
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from wmcourse.checks.check import CheckFailed, checker, describe, expect, expect_close, expect_tensor, expect_unchanged
from wmcourse.checks.one_step import Swing, shifted

Answer = Callable[..., Any]

_ADVICE = {
    "out of bounds": "H actions make H steps",
    "expected Tensor as element": "stack each member's steps, then the members: torch.stack(paths)",
    "must be tuple of Tensors": "torch.stack takes a list of tensors",
    "non-empty TensorList": "the list is empty: append each member's rollout to it",
    "object is not callable": "`steps` is a list of models: for step in steps",
}


@checker("3.5", _ADVICE)
def ensemble_disagreement(answer: Answer) -> None:
    """Oracle: each member's rollout in plain numbers, and the standard library's variance."""
    hard_coded = "the first example was right: a number or a size is hard-coded"
    for members, batch, horizon, hint in ((4, 3, 5, ""), (2, 1, 3, hard_coded), (5, 2, 1, hard_coded)):
        steps = [Swing(0.9 - 0.15 * number, 0.3 + 0.25 * number**2) for number in range(members)]
        generator = torch.Generator().manual_seed(members)
        z = 2 * torch.randn(batch, 2, generator=generator)
        actions = torch.randn(batch, horizon, 1, generator=generator)
        got = _measured(answer, steps, z, actions)
        rights = _by_hand(steps, z, actions)
        for name in rights:
            mistakes = {hint: got[name]} if hint else _wrong(steps, z, actions)[name]
            expect_close(got[name], rights[name], f"{name} of {members} members", mistakes)


def _measured(answer: Answer, steps: list[Swing], z: Tensor, actions: Tensor) -> dict[str, Tensor]:
    given = {"z": z.clone(), "actions": actions.clone()}
    members = list(steps)
    result = answer(members, *given.values())
    expect_unchanged(given, {"z": z, "actions": actions})
    expect(members == steps, "`steps` as it was given", "a changed `steps`", "leave the list as it is")
    wanted = "a tuple of two tensors: mean prediction, disagreement"
    expect(result is not None, wanted, "None", "the function has no return statement")
    if not isinstance(result, tuple | list) or len(result) != 2:
        several = isinstance(result, tuple | list)
        got = f"a {type(result).__name__} of {len(result)}" if several else describe(result)
        raise CheckFailed(wanted, got, "end with `return mean, disagreement`")
    batch, horizon = actions.shape[:2]
    count = len(steps)
    first, second = result
    swapped = all(isinstance(part, Tensor) for part in result) and first.dim() == 2 and second.dim() == 3
    expect(not swapped, wanted, "the other way round", "the order is mean, disagreement")
    late = "this is the last step alone: keep every one on the way"
    extra = "z itself is no prediction: H actions make H steps"
    squeeze = "a batch of one is still a batch: leave .squeeze() out"
    shapes = {
        extra: (batch, horizon + 1, 2),
        late: (batch, 2),
        "batch first, then time: stack the steps along dim=1": (horizon, batch, 2),
        "these are all members: take their mean": (count, batch, horizon, 2),
        squeeze: (horizon, 2),
    }
    spreads = {
        extra: (batch, horizon + 1),
        late: (batch,),
        "one number for each sequence and step: take the mean over Z too": (batch, horizon, 2),
        "batch first, then time": (horizon, batch),
        "the variance is taken across the sequences: it is taken across the members": (count, horizon),
        "one number for each sequence and step: leave no mean over the batch": (horizon,),
        squeeze: (horizon,) if batch == 1 else (),
    }
    return {
        "mean prediction": expect_tensor(first, (batch, horizon, 2), "mean prediction", shapes),
        "disagreement": expect_tensor(second, (batch, horizon), "disagreement", spreads),
    }


def _by_hand(steps: list[Swing], z: Tensor, actions: Tensor) -> dict[str, Tensor]:
    means, spreads = [], []
    for start, taken in zip(z.tolist(), actions.tolist(), strict=True):
        paths = [step.walk(start, taken) for step in steps]
        opinions = [list(zip(*at_step, strict=True)) for at_step in zip(*paths, strict=True)]  # (H, Z, E)
        means.append([[statistics.fmean(member) for member in place] for place in opinions])
        variances = [[statistics.variance(member) for member in place] for place in opinions]
        spreads.append([statistics.fmean(place) ** 0.5 for place in variances])
    return {"mean prediction": torch.tensor(means), "disagreement": torch.tensor(spreads)}


def _wrong(steps: list[Swing], z: Tensor, actions: Tensor) -> dict[str, dict[str, Tensor]]:
    """What the usual mistakes lead to."""
    horizon = actions.shape[1]

    def paths(
        actions: Tensor = actions, meet: Callable[[Tensor], Tensor] = lambda opinions: opinions, start: Tensor = z
    ) -> Tensor:
        """Rollouts (E, B, H, Z); `meet` may bring the members (E, B, Z) together after each step."""
        opinions, path = torch.stack([start] * len(steps)), []
        for t in range(horizon):
            told = torch.stack([step(own, actions[:, t]) for step, own in zip(steps, opinions, strict=True)])
            path.append(told)
            opinions = meet(told)
        return torch.stack(path, 2)

    def relay() -> Tensor:
        """Each member goes on where the member before it stopped."""
        own, rows = z, []
        for step in steps:
            path = []
            for t in range(horizon):
                own = step(own, actions[:, t])
                path.append(own)
            rows.append(torch.stack(path, 1))
        return torch.stack(rows)

    def disagreement(rollouts: Tensor) -> Tensor:
        return rollouts.var(0).mean(-1).sqrt()

    right = paths()
    count = len(steps)
    variance, mean = right.var(0), right.mean(0)
    own = "each member goes on from its own prediction, for they only part if left alone"
    again = "every member starts from z"
    walks = {
        f"all members are fed with their mean at each step: {own}": paths(
            meet=lambda told: told.mean(0).expand_as(told)
        ),
        f"all are fed with the first one's prediction: {own}": paths(meet=lambda told: told[:1].expand_as(told)),
        f"all are fed with the last one's prediction: {own}": paths(meet=lambda told: told[-1:].expand_as(told)),
        f"all are fed with the median prediction: {own}": paths(
            meet=lambda told: told.median(0).values.expand_as(told)
        ),
        f"every step begins with z: {own}": paths(meet=lambda told: z.expand_as(told)),
        f"a member goes on where the one before it stopped: {again}": relay(),
        f"the rollouts start from zeros: {again}": paths(start=torch.zeros_like(z)),
        **{text: paths(moved) for text, moved in shifted(actions).items()},
    }
    root = "the mean over Z comes before the root"
    across = "the variance across the members, for each sequence, step and dimension"
    return {
        "mean prediction": {
            **{text: rollouts.mean(0) for text, rollouts in walks.items()},
            "steps and sequences are mixed up: .view and .reshape move no axis, so stack along dim=1": mean.transpose(
                0, 1
            ).reshape(mean.shape),
            "this is the median of the members: take their mean": right.median(0).values,
            "this is the first member alone: take the mean of all": right[0],
            "this is the last member alone: take the mean of all": right[-1],
            "this is the sum of the members: take their mean": right.sum(0),
            "the sum is divided by E - 1: only the variance is": right.sum(0) / (count - 1),
            "the first member is missing: take the mean of all": right[1:].mean(0),
            "the last member is missing: take the mean of all": right[:-1].mean(0),
            "the rollouts have met all other sequences: no mean over the batch": mean.mean(0, keepdim=True).expand_as(
                mean
            ),
            "z itself is no prediction, and the last step is missing": torch.cat([z[:, None], mean[:, :-1]], 1),
        },
        "disagreement": {
            **{text: disagreement(rollouts) for text, rollouts in walks.items()},
            "the variance is divided by E: the unbiased one is divided by E - 1": right.var(0, correction=0)
            .mean(-1)
            .sqrt(),
            f"this is the mean of standard deviations: {root}": right.std(0).mean(-1),
            f"this is the mean of standard deviations, and divided by E: {root}, and divide by E - 1": right.std(
                0, correction=0
            ).mean(-1),
            "the root is missing: disagreement is in the latent's unit": variance.mean(-1),
            "the root is missing, and the variance is divided by E, not E - 1": right.var(0, correction=0).mean(-1),
            "summed over Z: take the mean": variance.sum(-1).sqrt(),
            "summed over Z, and divided by E, not E - 1": right.var(0, correction=0).sum(-1).sqrt(),
            "summed over Z, and without the root": variance.sum(-1),
            "these are standard deviations, summed over Z: take the mean of the variances, then the root": right.std(
                0
            ).sum(-1),
            "divided by E, then the root of E: the standard deviation, not the error of the mean": (
                variance.mean(-1) / count
            ).sqrt(),
            "the squared deviations are summed: divide by E - 1": (variance * (count - 1)).mean(-1).sqrt(),
            "the worst dimension alone counts: take the mean over Z": variance.amax(-1).sqrt(),
            "this is the mean over Z first: the members' means over Z hide how they differ": right.mean(-1).std(0),
            f"members and dimensions are thrown together: {across}": right.permute(1, 2, 0, 3).flatten(2).std(-1),
            f"taken across the dimensions: {across}": right.var(-1).mean(0).sqrt(),
            f"taken across the sequences: {across}": mean.var(0).mean(-1).sqrt().expand(len(z), horizon),
            "this is the mean distance to the mean: take the root of the mean variance": (right - mean)
            .norm(dim=-1)
            .mean(0),
            "this is the largest distance to the mean: take the root of the mean variance": (right - mean)
            .norm(dim=-1)
            .amax(0),
            f"these are absolute deviations: {across}": (right - mean).abs().mean((0, -1)),
            f"these are distances to the first member, not to the mean: {across}": (right - right[0])
            .square()
            .mean((0, -1))
            .sqrt(),
            f"only the first two members are compared: {across}": (right[0] - right[1]).square().mean(-1).sqrt(),
            f"this is how far the mean has moved from z: {across}": (mean - z[:, None]).norm(dim=-1),
            "this is the range of the members: take the variance": (right.amax(0) - right.amin(0)).mean(-1),
            "the steps so far are summed: each step has its own disagreement": disagreement(right).cumsum(1),
            "the steps so far are averaged: each step has its own disagreement": disagreement(right).cumsum(1)
            / torch.arange(1, horizon + 1),
            "the last step's disagreement stands at every step": disagreement(right)[:, -1:].expand(-1, horizon),
        },
    }
