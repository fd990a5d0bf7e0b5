"""Exercise 3.2: plausible mistakes are named, and right answers written differently pass."""

from typing import Any

import pytest
import torch

from wmcourse.checks import compounding_error as check
from wmcourse.checks.check import CheckFailed


def differences(step, latents, actions, steps, feed=None, act=None, aim=None, starts=None, keep=lambda z: z):
    """Predictions less targets, (starts, steps, batch, latent)."""
    time = actions.shape[1]
    rows = []
    for t in starts(time, steps) if starts else range(time - steps + 1):
        z, row = latents[:, t], []
        for k in range(steps):
            z = feed(z, latents, t, k) if feed else z
            z = step(z, actions[:, act(t, k, time) if act else t + k])
            row.append(z - latents[:, aim(t, k, steps) if aim else t + k + 1])
            z = keep(z)
        rows.append(torch.stack(row))
    return torch.stack(rows)


def loss(reduce=lambda error: error.square().mean(), **options):
    return lambda *arguments: reduce(differences(*arguments, **options))


right = loss()


def over_the_end(step, latents, actions, steps):
    squares = []
    for t in range(actions.shape[1]):
        z = latents[:, t]
        for k in range(steps):
            if t + k < actions.shape[1]:
                z = step(z, actions[:, t + k])
                squares.append((z - latents[:, t + k + 1]).square())
    return torch.stack(squares).mean()


def one_rollout_to_the_end(step, latents, actions, steps):
    return right(step, latents, actions, actions.shape[1])


def first_steps_without_gradient(step, latents, actions, steps):
    starts = actions.shape[1] - steps + 1
    z, total = latents[:, :starts], 0.0
    for k in range(steps):
        with torch.set_grad_enabled(k == steps - 1):
            z = step(z, actions[:, k : k + starts])
            total = total + (z - latents[:, k + 1 : k + 1 + starts]).square().mean()
    return total / steps


def without_gradient(step, latents, actions, steps):
    with torch.no_grad():
        return right(step, latents, actions, steps)


def through_python(step, latents, actions, steps):
    return torch.tensor(right(step, latents, actions, steps).item())


def as_a_number(step, latents, actions, steps):
    return right(step, latents, actions, steps).item()


def one_start_too_many(step, latents, actions, steps):
    return loss(starts=lambda time, K: range(time - K + 2))(step, latents, actions, steps)


def does_not_line_up(step, latents, actions, steps):
    z, total = latents[:, :-1], 0.0
    for k in range(steps):
        z = step(z, actions[:, k:])
        total = total + (z - latents[:, k + 1 :]).square().mean()
    return total / steps


def writes_into_the_latents(step, latents, actions, steps):
    result = right(step, latents, actions, steps)
    latents -= 1
    return result


def only_half_the_gradient(step, latents, actions, steps):
    """A value that is right, and a gradient that is not."""
    value = right(step, latents, actions, steps)
    return (value + value.detach()) / 2


def mean(error):
    return error.square().mean()


def other_steps(more):
    def answer(step, latents, actions, steps):
        return right(step, latents, actions, min(max(steps + more, 1), actions.shape[1]))

    return answer


def cuts_with_data(step, latents, actions, steps):
    starts = actions.shape[1] - steps + 1
    z, total = latents[:, :starts], 0.0
    for k in range(steps):
        z = step(z.data, actions[:, k : k + starts])
        total = total + (z - latents[:, k + 1 : k + 1 + starts]).square().mean()
    return total / steps


WRONG = {
    "data": (cuts_with_data, "a .detach\\(\\) between the steps"),
    "second step detached": (
        loss(feed=lambda z, latents, t, k: z.detach() if k == 2 else z),
        "the loss is right, its gradient is not",
    ),
    "K + 1": (other_steps(1), "one step too many"),
    "K - 1": (other_steps(-1), "one step too few"),
    "one step": (lambda s, z, a, K: right(s, z, a, 1), "the one-step loss, whatever K is"),
    "first sequence": (loss(lambda e: mean(e[:, :, 0])), "only the first sequence counts"),
    "median": (loss(lambda e: e.square().median()), "this is a median"),
    "root of each step": (loss(lambda e: e.square().mean((0, 2, 3)).sqrt().mean()), "the root is taken for each step"),
    "Huber": (loss(lambda e: torch.nn.functional.smooth_l1_loss(e, torch.zeros_like(e))), "Huber"),
    "detached": (loss(keep=lambda z: z.detach()), "a .detach\\(\\) between the steps"),
    "detached input": (loss(feed=lambda z, latents, t, k: z.detach()), "a .detach\\(\\) between the steps"),
    "last step learns": (first_steps_without_gradient, "only the last step has a gradient"),
    "no gradient": (without_gradient, "the graph is cut"),
    "through Python": (through_python, "the graph is cut"),
    "half the gradient": (only_half_the_gradient, "the loss is right, its gradient is not"),
    "last step": (loss(lambda e: mean(e[:, -1])), "only the last of the K steps"),
    "first step": (loss(lambda e: mean(e[:, 0])), "only the first of the K steps"),
    "teacher forcing": (loss(feed=lambda z, latents, t, k: latents[:, t + k]), "the K steps are teacher-forced"),
    "always from the start": (loss(feed=lambda z, latents, t, k: latents[:, t]), r"every step begins with latents"),
    "first start": (loss(lambda e: mean(e[0])), "only the first start counts"),
    "last start": (loss(lambda e: mean(e[-1])), "only the last start counts"),
    "range(T - K)": (
        loss(starts=lambda time, K: range(max(time - K, 1))),
        "the last start is missing",
    ),
    "range(1, ...)": (loss(starts=lambda time, K: range(min(1, time - K), time - K + 1)), "the first start is missing"),
    "windows": (loss(starts=lambda time, K: range(0, time - K + 1, K)), "the starts are K steps apart"),
    "over the end": (over_the_end, "too near the end"),
    "to the end": (one_rollout_to_the_end, "the rollout goes on to the end"),
    "one start too many": (one_start_too_many, "a rollout runs past the end"),
    "line up": (does_not_line_up, "one action for each latent"),
    "sum": (loss(lambda e: e.square().sum()), "summed over the starts and the K steps and the sequences and the"),
    "sum over steps": (loss(lambda e: e.square().mean((0, 2, 3)).sum()), "summed over the K steps:"),
    "sum over starts": (loss(lambda e: e.square().mean((1, 2, 3)).sum()), "summed over the starts:"),
    "sum over Z": (loss(lambda e: e.square().sum(-1).mean()), "summed over the latent dimensions:"),
    "sum over starts and steps": (loss(lambda e: e.square().mean((2, 3)).sum()), "the starts and the K steps:"),
    "sum over steps and Z": (loss(lambda e: e.square().sum((1, 3)).mean()), "the K steps and the latent dimensions"),
    "twice divided": (lambda *a: right(*a) / a[-1], "divided by K twice"),
    "divided by K + 1": (lambda *a: right(*a) * a[-1] / (a[-1] + 1), "step 0 counts as a step without error"),
    "half": (lambda *a: right(*a) / 2, "half the loss"),
    "root": (loss(lambda e: mean(e).sqrt()), "the root of the loss"),
    "absolute": (loss(lambda e: e.abs().mean()), "absolute errors"),
    "distance": (loss(lambda e: e.norm(dim=-1).mean()), "these are distances"),
    "signed": (loss(lambda e: e.mean().square()), "averaged before they are squared"),
    "targets late": (loss(aim=lambda t, k, K: t + k), "the targets come a step late"),
    "targets at the end": (loss(aim=lambda t, k, K: t + K), "at the end of the rollout"),
    "targets next": (loss(aim=lambda t, k, K: t + 1), "with the next latent"),
    "targets start": (loss(aim=lambda t, k, K: t), "the latent it started from"),
    "actions late": (loss(act=lambda t, k, time: t + k - 1), "the actions come a step late"),
    "actions early": (loss(act=lambda t, k, time: min(t + k + 1, time - 1)), "the actions come a step early"),
    "actions of the first": (loss(act=lambda t, k, time: k), "every rollout takes the actions of the first"),
    "one action": (loss(act=lambda t, k, time: t), "the action stays the same"),
    "each": (loss(lambda e: e.square().mean((0, 2, 3))), "one number for each of the K steps"),
    "every one": (loss(lambda e: e.square().permute(2, 0, 1, 3)), "the errors of each: average"),
    "number": (as_a_number, "return one torch.Tensor"),
    "in place": (writes_into_the_latents, "a changed `latents`"),
    "K fixed": (lambda s, z, a, K: right(s, z, a, min(3, a.shape[1])), "hard-coded"),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_mistake_is_named(name: str) -> None:
    wrong, message = WRONG[name]
    with pytest.raises(CheckFailed, match=message):
        check.multi_step_loss(wrong)


def all_starts_together(step, latents, actions, steps):
    starts = actions.shape[1] - steps + 1
    z, total = latents[:, :starts], 0.0
    for k in range(steps):
        z = step(z, actions[:, k : k + starts])
        total = total + torch.nn.functional.mse_loss(z, latents[:, k + 1 : k + 1 + starts])
    return total / steps


def by_windows(step, latents, actions, steps):
    """Windows as rows of a larger batch."""
    acts = actions.unfold(1, steps, 1).movedim(-1, 2).flatten(0, 1)
    reals = latents.unfold(1, steps + 1, 1).movedim(-1, 2).flatten(0, 1)
    z, path = reals[:, 0], []
    for action in acts.unbind(1):
        path.append(z := step(z, action))
    return (torch.stack(path, 1) - reals[:, 1:]).pow(2).mean()


def row_by_row(step, latents, actions, steps):
    total, count = 0.0, 0
    for row, acts in zip(latents, actions, strict=True):
        for t in range(len(acts) - steps + 1):
            z = row[t]
            for k in range(steps):
                z = step(z, acts[t + k])
                total = total + ((z - row[t + k + 1]) ** 2).sum()
                count += z.numel()
    return total / count


def detaches_the_data(step, latents, actions, steps):
    """The latents are data, so their gradient is nobody's concern."""
    return loss(feed=lambda z, data, t, k: z)(step, latents.detach(), actions.detach(), steps)


def mean_of_means(step, latents, actions, steps):
    error = differences(step, latents, actions, steps).square()
    return torch.stack([start.mean() for start in error]).mean()


@pytest.mark.parametrize(
    "answer", [right, all_starts_together, by_windows, row_by_row, detaches_the_data, mean_of_means]
)
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.multi_step_loss(answer)
