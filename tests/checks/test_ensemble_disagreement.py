"""Exercise 3.5: plausible mistakes are named, and right answers written differently pass."""

from typing import Any

import pytest
import torch

from wmcourse.checks import compounding_error as check
from wmcourse.checks.check import CheckFailed


def members(steps, z, actions, meet=lambda told, z: told, act=lambda t, time: t):
    """Rollouts (E, B, H, Z)."""
    opinions, path = torch.stack([z] * len(steps)), []
    for t in range(actions.shape[1]):
        action = actions[:, act(t, actions.shape[1])]
        told = torch.stack([step(own, action) for step, own in zip(steps, opinions, strict=True)])
        path.append(told)
        opinions = meet(told, z)
    return torch.stack(path, 2)


def spread(rollouts):
    return rollouts.var(0).mean(-1).sqrt()


def right(steps, z, actions):
    rollouts = members(steps, z, actions)
    return rollouts.mean(0), spread(rollouts)


def walking(**options):
    def answer(steps, z, actions):
        rollouts = members(steps, z, actions, **options)
        return rollouts.mean(0), spread(rollouts)

    return answer


def with_mean(wrong):
    return lambda *a: (wrong(members(*a)), spread(members(*a)))


def with_spread(wrong):
    return lambda *a: (members(*a).mean(0), wrong(members(*a)))


def right_mean_of_a_shared_walk(steps, z, actions):
    """The mean is right; the disagreement is that of members fed with the mean."""
    shared = members(steps, z, actions, meet=lambda told, z: told.mean(0).expand_as(told))
    return members(steps, z, actions).mean(0), spread(shared)


def relay(steps, z, actions):
    rows = []
    for step in steps:
        path = []
        for t in range(actions.shape[1]):
            z = step(z, actions[:, t])
            path.append(z)
        rows.append(torch.stack(path, 1))
    rollouts = torch.stack(rows)
    return rollouts.mean(0), spread(rollouts)


def calls_the_list(steps, z, actions):
    return steps(z, actions)


def runs_past_the_end(steps, z, actions):
    return right(steps, z, actions[:, [*range(actions.shape[1]), actions.shape[1]]])


def pops_members(steps, z, actions):
    rollouts = []
    while steps:
        rollouts.append(members([steps.pop(0)], z, actions))
    return torch.cat(rollouts).mean(0), spread(torch.cat(rollouts))


def in_place(steps, z, actions):
    result = right(steps, z, actions)
    z += 1
    return result


def all_at_once(steps, z, actions):
    return right(steps, z.unsqueeze(1), actions)


def stacks_lists(steps, z, actions):
    return torch.stack([list(members([step], z, actions)) for step in steps]), None


def with_step_zero(steps, z, actions):
    rollouts = members(steps, z, actions)
    start = z.expand(len(steps), *z.shape).unsqueeze(2)
    rollouts = torch.cat([start, rollouts], 2)
    return rollouts.mean(0), spread(rollouts)


WRONG = {
    "shared median": (
        walking(meet=lambda told, z: told.median(0).values.expand_as(told)),
        "all are fed with the median",
    ),
    "absolute": (with_spread(lambda m: (m - m.mean(0)).abs().mean((0, -1))), "absolute deviations"),
    "from the first": (with_spread(lambda m: (m - m[0]).square().mean((0, -1)).sqrt()), "distances to the first"),
    "two members": (with_spread(lambda m: (m[0] - m[1]).square().mean(-1).sqrt()), "only the first two members"),
    "drift": (lambda s, z, a: (right(s, z, a)[0], (right(s, z, a)[0] - z[:, None]).norm(dim=-1)), "moved from z"),
    "mixed axes": (
        with_mean(lambda m: m.mean(0).transpose(0, 1).reshape(m.shape[1:])),
        "steps and sequences are mixed up",
    ),
    "shared mean": (
        walking(meet=lambda told, z: told.mean(0).expand_as(told)),
        "all members are fed with their mean",
    ),
    "shared mean, spread alone": (
        right_mean_of_a_shared_walk,
        "disagreement(.|\n)*all members are fed with their mean",
    ),
    "shared first": (walking(meet=lambda told, z: told[:1].expand_as(told)), "the first one's prediction"),
    "shared last": (walking(meet=lambda told, z: told[-1:].expand_as(told)), "the last one's prediction"),
    "always z": (walking(meet=lambda told, z: z.expand_as(told)), "every step begins with z"),
    "relay": (relay, "where the one before it stopped"),
    "late": (walking(act=lambda t, time: t - 1), "the actions come a step late"),
    "early": (walking(act=lambda t, time: min(t + 1, time - 1)), "the actions come a step early"),
    "first action": (walking(act=lambda t, time: 0), "the first action is taken at every step"),
    "divided by E": (with_spread(lambda m: m.var(0, correction=0).mean(-1).sqrt()), "the unbiased one is divided by"),
    "mean of stds": (with_spread(lambda m: m.std(0).mean(-1)), "the mean over Z comes before the root"),
    "mean of biased stds": (with_spread(lambda m: m.std(0, correction=0).mean(-1)), "and divided by E:"),
    "no root": (with_spread(lambda m: m.var(0).mean(-1)), "the root is missing: disagreement"),
    "no root, biased": (with_spread(lambda m: m.var(0, correction=0).mean(-1)), "the root is missing, and"),
    "sum over Z": (with_spread(lambda m: m.var(0).sum(-1).sqrt()), "summed over Z: take the mean"),
    "sum over Z, biased": (with_spread(lambda m: m.var(0, correction=0).sum(-1).sqrt()), "summed over Z, and divided"),
    "trace": (with_spread(lambda m: m.var(0).sum(-1)), "summed over Z, and without the root"),
    "sum of stds": (with_spread(lambda m: m.std(0).sum(-1)), "standard deviations, summed over Z"),
    "error of the mean": (with_spread(lambda m: spread(m) / len(m) ** 0.5), "not the error of the mean"),
    "squares summed": (
        with_spread(lambda m: (m - m.mean(0)).square().sum(0).mean(-1).sqrt()),
        "the squared deviations are summed",
    ),
    "worst dimension": (with_spread(lambda m: m.var(0).amax(-1).sqrt()), "the worst dimension alone"),
    "mean over Z first": (with_spread(lambda m: m.mean(-1).std(0)), "this is the mean over Z first"),
    "thrown together": (with_spread(lambda m: m.permute(1, 2, 0, 3).flatten(2).std(-1)), "thrown together"),
    "across Z": (with_spread(lambda m: m.var(-1).mean(0).sqrt()), "taken across the dimensions"),
    "across the batch": (with_spread(lambda m: m.var(1).mean(-1).sqrt()), "across the sequences"),
    "mean distance": (with_spread(lambda m: (m - m.mean(0)).norm(dim=-1).mean(0)), "mean distance to the mean"),
    "largest distance": (with_spread(lambda m: (m - m.mean(0)).norm(dim=-1).amax(0)), "largest distance to the mean"),
    "range": (with_spread(lambda m: (m.amax(0) - m.amin(0)).mean(-1)), "this is the range"),
    "summed over time": (with_spread(lambda m: spread(m).cumsum(1)), "the steps so far are summed"),
    "last everywhere": (
        with_spread(lambda m: spread(m)[:, -1:].expand(-1, m.shape[2])),
        "the last step's disagreement",
    ),
    "each dimension": (with_spread(lambda m: m.std(0)), "take the mean over Z too"),
    "mean over batch": (with_spread(lambda m: m.var(0).mean((0, 2)).sqrt()), "no mean over the batch"),
    "last": (with_spread(lambda m: spread(m)[:, -1]), "the last step alone"),
    "time first": (with_spread(lambda m: spread(m).T), "batch first, then time"),
    "median": (with_mean(lambda m: m.median(0).values), "the median of the members"),
    "first member": (with_mean(lambda m: m[0]), "the first member alone"),
    "last member": (with_mean(lambda m: m[-1]), "the last member alone"),
    "sum": (with_mean(lambda m: m.sum(0)), "the sum of the members"),
    "E - 1": (with_mean(lambda m: m.sum(0) / (len(m) - 1)), "divided by E - 1: only the variance"),
    "without the first": (with_mean(lambda m: m[1:].mean(0)), "the first member is missing"),
    "all members": (with_mean(lambda m: m), "take their mean"),
    "mean, time first": (with_mean(lambda m: m.mean(0).transpose(0, 1)), "batch first, then time"),
    "mean, last": (with_mean(lambda m: m.mean(0)[:, -1]), "the last step alone"),
    "squeezes": (lambda *a: tuple(part.squeeze(0) for part in right(*a)), "a batch of one is still a batch"),
    "step 0": (with_step_zero, "z itself is no prediction"),
    "swapped": (lambda *a: right(*a)[::-1], "the order is mean, disagreement"),
    "mean alone": (lambda *a: right(*a)[0], "end with `return mean, disagreement`"),
    "pops": (pops_members, "leave the list as it is"),
    "in place": (in_place, "a changed `z`"),
    "calls the list": (calls_the_list, "`steps` is a list of models"),
    "past the end": (runs_past_the_end, "H actions make H steps"),
    "all at once": (all_at_once, "one action for each latent"),
    "stacks lists": (stacks_lists, "stack each member's steps"),
    "four members": (
        lambda s, z, a: (right(s, z, a)[0], right(s, z, a)[1] * (1 if len(s) == 4 else 1.1)),
        "hard-coded",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_mistake_is_named(name: str) -> None:
    wrong, message = WRONG[name]
    with pytest.raises(CheckFailed, match=message):
        check.ensemble_disagreement(wrong)


def member_by_member(steps, z, actions):
    rollouts = []
    for step in steps:
        own, path = z.clone(), []
        for action in actions.unbind(1):
            own = step(own, action)
            path.append(own.unsqueeze(1))
        rollouts.append(torch.cat(path, 1))
    mean = sum(rollouts) / len(rollouts)
    total = sum((rollout - mean) ** 2 for rollout in rollouts) / (len(rollouts) - 1)
    return mean, total.mean(dim=-1) ** 0.5


def step_by_step(steps, z, actions):
    own, means, spreads = [z for _ in steps], [], []
    for t in range(actions.shape[1]):
        own = [step(latent, actions[:, t]) for step, latent in zip(steps, own, strict=True)]
        told = torch.stack(own, dim=-1)
        means.append(told.mean(-1))
        spreads.append(told.var(-1, unbiased=True).mean(-1).sqrt())
    return torch.stack(means, 1), torch.stack(spreads, 1)


def by_numpy(steps, z, actions):
    rollouts = members(steps, z, actions).numpy()
    return [torch.from_numpy(rollouts.mean(0)), torch.from_numpy(rollouts.var(0, ddof=1).mean(-1) ** 0.5)]


def into_a_buffer(steps, z, actions):
    told = torch.zeros(len(steps), *actions.shape[:2], z.shape[-1])
    with torch.no_grad():
        for number, step in enumerate(steps):
            for t in range(actions.shape[1]):
                told[number, :, t] = step(told[number, :, t - 1] if t else z, actions[:, t])
    std, mean = torch.std_mean(told, dim=0)
    return mean, std.square().mean(-1).sqrt()


def by_root_mean_square(steps, z, actions):
    told = members(steps, z, actions).double()
    away = (told - told.mean(0)).flatten(3)
    return told.mean(0), torch.linalg.vector_norm(away, dim=(0, 3)) / ((len(steps) - 1) * z.shape[-1]) ** 0.5


@pytest.mark.parametrize(
    "answer", [right, member_by_member, step_by_step, by_numpy, into_a_buffer, by_root_mean_square]
)
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.ensemble_disagreement(answer)
