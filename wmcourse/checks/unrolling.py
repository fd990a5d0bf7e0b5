"""The checker of exercise 3.2: a loss over several free steps from every start, and its gradient through them."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import Any

import torch
from torch import Tensor

from wmcourse.checks.check import checker, expect, expect_close, expect_tensor, expect_unchanged
from wmcourse.checks.one_step import Sequences, Swing, expect_step_arguments, sequences, shifted

Answer = Callable[..., Any]

_STARTS = "T - K + 1 starts t = 0 ... T - K, as the last one ends at latents[:, T]"
_ADVICE = {
    "out of bounds": f"a rollout runs past the end: {_STARTS}",
    "must match the size of tensor": f"predictions and targets do not line up: {_STARTS}",
    "expected Tensor as element": "torch.stack takes a list of tensors",
    "non-empty TensorList": f"there is no start or no step: {_STARTS}",
}


@dataclass(frozen=True)
class Affine:
    """z' = w z + v a in one dimension: its rollout, and the gradient of that, can be written down."""

    w: Tensor
    v: Tensor

    def __call__(self, z: Any, action: Any) -> Tensor:
        expect_step_arguments(z, action, latent=1)
        return self.w * z + self.v * action


@checker("3.2", _ADVICE)
def multi_step_loss(answer: Answer) -> None:
    """Oracles: plain numbers, start by start; and the gradient of a linear model, written down in closed form."""
    hard_coded = "the first example was right: a number or a size is hard-coded"
    for batch, time, steps, hint in (
        (5, 6, 3, ""),
        (2, 4, 1, hard_coded),
        (2, 3, 3, hard_coded),
        (1, 5, 2, hard_coded),
    ):
        data = sequences(batch, time, seed=87)
        got = _loss(answer, Swing(), data, steps)
        mistakes = {hint: got} if hint else _wrong_losses(data, steps)
        expect_close(got, _by_hand(data, steps), f"loss of T = {time} and K = {steps}", mistakes)
    for steps in (3, 1):
        _expect_gradient(answer, steps)


def _loss(answer: Answer, step: Callable[..., Tensor], data: Sequences, steps: int) -> Tensor:
    given = Sequences(*(tensor.clone() for tensor in data))
    result = answer(step, *given, steps)
    expect_unchanged(given._asdict(), data._asdict())
    batch, time, latent = data.latents.shape[0], data.actions.shape[1], data.latents.shape[2]
    starts = time - steps + 1
    mean = "average over all of them, starts, steps, sequences and latent dimensions, to one number of no axes"
    shapes = {
        f"one number for each start: {mean}": (starts,),
        f"one number for each of the K steps: {mean}": (steps,),
        f"one number for each sequence: {mean}": (batch,),
        f"one number for each latent dimension: {mean}": (latent,),
        f"the errors of one step of each start: {mean}": (batch, starts, latent),
        f"the errors of each: {mean}": (batch, starts, steps, latent),
        f"an axis of one is left: {mean}": (1,),
    }
    return expect_tensor(result, (), "the loss", shapes)


def _by_hand(data: Sequences, steps: int) -> Tensor:
    model, squares = Swing(), []
    for latents, actions in zip(data.latents.tolist(), data.actions.tolist(), strict=True):
        for t in range(len(actions) - steps + 1):
            path = model.walk(latents[t], actions[t : t + steps])
            for predicted, real in zip(path, latents[t + 1 : t + steps + 1], strict=True):
                squares += [(p - r) ** 2 for p, r in zip(predicted, real, strict=True)]
    return torch.tensor(sum(squares) / len(squares))


def _wrong_losses(data: Sequences, steps: int) -> dict[str, Tensor]:
    """What the usual mistakes lead to."""
    model, (latents, actions) = Swing(), data
    time = actions.shape[1]
    starts = time - steps + 1

    def difference(
        feed: Callable[[Tensor, int, int], Tensor] = lambda z, t, k: z,
        act: Callable[[int, int], int] = lambda t, k: t + k,
        aim: Callable[[int, int], int] = lambda t, k: t + k + 1,
        actions: Tensor = actions,
        steps: int = steps,
    ) -> Tensor:
        """Predictions less targets, (starts, steps, batch, latent)."""
        rows = []
        for t in range(time - steps + 1):
            z, row = latents[:, t], []
            for k in range(steps):
                z = model(feed(z, t, k), actions[:, act(t, k) % time])
                row.append(z - latents[:, aim(t, k)])
            rows.append(torch.stack(row))
        return torch.stack(rows)

    def over_the_end() -> Tensor:
        """Also from the starts whose rollouts are cut short by the end."""
        squares = []
        for t in range(time):
            z = latents[:, t]
            for k in range(min(steps, time - t)):
                z = model(z, actions[:, t + k])
                squares.append((z - latents[:, t + k + 1]).square())
        return torch.stack(squares).mean()

    errors = difference()
    squares = errors.square()
    mean = squares.mean()
    free = "free: after latents[:, t] each step begins with the last prediction"
    aims = "prediction k of start t is compared with latents[:, t + k]"
    every = f"every start counts: {_STARTS}"
    wrong = {
        "only the last of the K steps counts: average over all of them": squares[:, -1].mean(),
        "only the first of the K steps counts, a one-step loss: average over all of them": squares[:, 0].mean(),
        f"the K steps are teacher-forced: {free}": difference(lambda z, t, k: latents[:, t + k]).square().mean(),
        f"every step begins with latents[:, t]: {free}": difference(lambda z, t, k: latents[:, t]).square().mean(),
        f"only the first start counts: {every}": squares[0].mean(),
        f"only the last start counts: {every}": squares[-1].mean(),
        f"the last start is missing: {every}": squares[:-1].mean(),
        f"the first start is missing: {every}": squares[1:].mean(),
        f"the starts are K steps apart: {every}": squares[::steps].mean(),
        f"there are starts too near the end, with less than K steps: {_STARTS}": over_the_end(),
        "the rollout goes on to the end: K steps, no more": difference(steps=time).square().mean(),
        f"the targets come a step late: {aims}": difference(aim=lambda t, k: t + k).square().mean(),
        f"every prediction is compared with the latent at the end of the rollout: {aims}": difference(
            aim=lambda t, k: t + steps
        )
        .square()
        .mean(),
        f"every prediction is compared with the next latent: {aims}": difference(aim=lambda t, k: t + 1)
        .square()
        .mean(),
        f"every prediction is compared with the latent it started from: {aims}": difference(aim=lambda t, k: t)
        .square()
        .mean(),
        "every rollout takes the actions of the first: step k of start t takes actions[:, t + k]": difference(
            act=lambda t, k: k
        )
        .square()
        .mean(),
        "the action stays the same for K steps: step k of start t takes actions[:, t + k]": difference(
            act=lambda t, k: t
        )
        .square()
        .mean(),
        "this is the one-step loss, whatever K is: K steps from each start": difference(steps=1).square().mean(),
        "one step too many: K steps from each start": difference(steps=min(steps + 1, time)).square().mean(),
        "one step too few: K steps from each start": difference(steps=max(steps - 1, 1)).square().mean(),
        "only the first sequence counts: average over all": squares[:, :, 0].mean(),
        "this is a median: average over all": squares.median(),
        "the root is taken for each step: take none": squares.mean((0, 2, 3)).sqrt().mean(),
        "these are Huber's errors, squared only where they are small: square all": torch.nn.functional.smooth_l1_loss(
            errors, torch.zeros_like(errors)
        ),
        "this is the root of the loss": mean.sqrt(),
        "these are absolute errors: square them": errors.abs().mean(),
        "these are distances: square the errors, and take no root": errors.norm(dim=-1).mean(),
        "step 0 counts as a step without error: average over the K predictions alone": mean * steps / (steps + 1),
        "this is half the loss": mean / 2,
        "the sum over steps is divided by K twice": mean / steps,
        "the errors are averaged before they are squared": errors.mean((0, 1, 2, 3)).square(),
        **{text: difference(actions=moved).square().mean() for text, moved in shifted(actions).items()},
    }
    axes = {"the starts": starts, "the K steps": steps, "the sequences": len(latents), "the latent dimensions": 2}
    for count in (1, 2, 3, 4):
        for names in combinations(axes, count):
            text = f"summed over {' and '.join(names)}: average over all, starts, steps, sequences and dimensions"
            wrong[text] = mean * prod(axes[name] for name in names)
    return wrong


def _expect_gradient(answer: Answer, steps: int) -> None:
    """Oracle: prediction k is w^k z + v * sum of w^(k-1-j) a_j, and its derivatives by w and v."""
    data = Sequences(*(tensor.double() for tensor in sequences(2, 5, seed=7, latent=1)))
    model = Affine(torch.tensor(0.8, dtype=torch.float64), torch.tensor(0.6, dtype=torch.float64))
    learned = Affine(model.w.clone().requires_grad_(), model.v.clone().requires_grad_())
    got = _loss(answer, learned, data, steps)
    cut = "the graph is cut, by .detach(), .item() or torch.no_grad(): the model learns from this loss"
    expect(got.requires_grad, "a loss with a gradient for the model", "none", cut)
    gradients = torch.autograd.grad(got, [learned.w, learned.v], allow_unused=True)
    gradient = torch.stack([torch.zeros(()).double() if part is None else part for part in gradients])
    right, wrong = _gradients(model, data, steps)
    unknown = "the loss is right, its gradient is not: leave the graph whole from the first step to the last"
    what = f"gradient of the loss of K = {steps} for the two parameters of a linear model"
    expect_close(gradient, right, what, {**wrong, unknown: gradient})


def _gradients(model: Affine, data: Sequences, steps: int) -> tuple[Tensor, dict[str, Tensor]]:
    w, v = model.w.item(), model.v.item()
    whole, detached, last = [], [], []
    for latents, actions in zip(data.latents[..., 0].tolist(), data.actions[..., 0].tolist(), strict=True):
        for t in range(len(actions) - steps + 1):
            before = latents[t]
            for k in range(1, steps + 1):
                powers = [w ** (k - 1 - j) for j in range(k)]
                taken = actions[t : t + k]
                pushed = sum(power * a for power, a in zip(powers, taken, strict=True))
                slopes = sum((k - 1 - j) * w ** (k - 2 - j) * a for j, a in enumerate(taken) if j < k - 1)
                predicted = w**k * latents[t] + v * pushed
                twice = 2 * (predicted - latents[t + k])
                whole.append([twice * (k * w ** (k - 1) * latents[t] + v * slopes), twice * pushed])
                detached.append([twice * before, twice * taken[-1]])  # as if the prediction before were data
                last.append(detached[-1] if k == steps else [0.0, 0.0])
                before = predicted
    right = torch.tensor(whole).double().mean(0)
    if steps == 1:
        return right, {}
    through = "a .detach() between the steps: the gradient runs through all K of them, back to the first"
    earlier = "only the last step has a gradient: no torch.no_grad() before it, the gradient runs through all K"
    return right, {
        through: torch.tensor(detached).double().mean(0),
        earlier: torch.tensor(last).double().mean(0),
    }
