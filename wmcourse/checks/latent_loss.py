"""The checker of exercise 2.3: the loss of a transition that predicts the next latent of a frozen encoder."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from wmcourse.checks.check import CheckFailed, checker, describe, expect, expect_close, expect_tensor, expect_unchanged

Answer = Callable[..., Any]

_FLAT = "the encoder takes one batch of frames, (N, 1, h, w): make one axis of batch and time, frames.flatten(0, 1)"
_CAT = "the transition takes one tensor: torch.cat([z, a], dim=-1)"
_ONE_MORE = "there is one frame more than actions: z[:, :-1] goes with the actions, and z[:, 1:] is what comes of it"
_ADVICE = {
    "forward() takes": _CAT,
    "forward() missing": _CAT,
    "too many positional arguments": _CAT,
    "is invalid for input of size": "take the sizes from frames.shape: (B, T + 1, 1, h, w)",
    "Expected size 3 but got size 2": "z and a go side by side, along the last axis: torch.cat([z, a], dim=-1)",
    "Sizes of tensors must match": _ONE_MORE,
    "Inference tensors cannot be saved": "encode within torch.no_grad(): what inference_mode makes can teach nothing",
    "must match the size of tensor": _ONE_MORE,
    "Tensors must have same number of dimensions": "z and a need the same axes: give z the axes (B, T + 1, Z) again",
}


class _Encoder(nn.Module):
    """Frames (N, 1, h, w) to latents (N, Z)."""

    def __init__(self, pixels: int, latent: int) -> None:
        super().__init__()
        self.pixels = pixels
        self.project = nn.Linear(pixels, latent)

    def forward(self, frames: Any) -> Tensor:
        right = isinstance(frames, Tensor) and frames.dim() == 4 and frames[:1].numel() in (0, self.pixels)
        if not right or frames.shape[1] != 1:
            raise CheckFailed("frames (N, 1, h, w) for the encoder", describe(frames), _FLAT)
        return self.project(frames.flatten(1)).tanh()


class _Transition(nn.Module):
    """[z, a] (..., Z + A) to the next latent (..., Z)."""

    def __init__(self, latent: int, action: int, hidden: int) -> None:
        super().__init__()
        self.latent, self.action = latent, action
        first = [nn.Linear(latent + action, hidden), nn.Tanh()] if hidden else []
        self.layers = nn.Sequential(*first, nn.Linear(hidden or latent + action, latent))

    def forward(self, pair: Any) -> Tensor:
        wanted = f"latent and action side by side for the transition, (..., {self.latent} + {self.action})"
        right = isinstance(pair, Tensor) and pair.dim() > 0 and pair.shape[-1] == self.latent + self.action
        if not right:
            raise CheckFailed(wanted, describe(pair), _CAT)
        return self.layers(pair)


class _Case(NamedTuple):
    encoder: _Encoder
    transition: _Transition
    frames: Tensor
    """(B, T + 1, 1, h, w)"""
    actions: Tensor
    """(B, T, A), one-hot"""
    what: str
    hint: str = ""


@checker("2.3", _ADVICE)
def one_step_latent_loss(answer: Answer) -> None:
    """Oracles: a loop over episodes and steps; for a linear transition, the gradient in closed form."""
    hard_coded = "the first example was right: a size is hard-coded"
    single = "longer episodes were right: an episode may hold a single step, and a batch a single episode"
    for case in (
        _case(3, 4, 0, "a linear transition"),
        _case(2, 3, 6, "an MLP", hard_coded),
        _case(1, 5, 6, "a single episode", single),
        _case(3, 1, 0, "episodes of one step", single),
        _case(1, 1, 0, "a single step", single),
    ):
        got = _lost(answer, case)
        loss, _ = _by_loop(case)
        mistakes = {text: got for text, wrong in _wrong_losses(case) if torch.allclose(got, wrong, 1e-4, 1e-5)}
        mistakes = mistakes if not case.hint else {case.hint: got}
        expect_close(got, loss, f"loss for {case.what}", mistakes)
        _expect_gradients(got, case)


def _case(batch: int, time: int, hidden: int, what: str, hint: str = "") -> _Case:
    torch.manual_seed(23 + batch)  # the checker puts the random state back
    latent, actions, height, width = (3, 2, 4, 5) if not hidden else (2, 3, 3, 4)
    encoder, transition = _Encoder(height * width, latent), _Transition(latent, actions, hidden)
    with torch.no_grad():
        encoder.project.weight *= 3.0
    frames = torch.rand(batch, time + 1, 1, height, width)
    choice = torch.randint(actions, (batch, time))
    return _Case(encoder, transition, frames, nn.functional.one_hot(choice, actions).float(), what, hint)


def _lost(answer: Answer, case: _Case) -> Tensor:
    before = {"frames": case.frames, "actions": case.actions}
    given = {name: tensor.clone() for name, tensor in before.items()}
    weights = {
        **{f"encoder's {name}": weight for name, weight in case.encoder.named_parameters()},
        **{f"transition's {name}": weight for name, weight in case.transition.named_parameters()},
    }
    old = {name: weight.detach().clone() for name, weight in weights.items()}
    returned = answer(case.encoder, case.transition, given["frames"], given["actions"])
    expect_unchanged(given, before)
    for name, weight in weights.items():
        train = "return the loss: whoever calls takes the step, without optimizer or .backward() here"
        expect(torch.equal(weight, old[name]), f"the {name} as it was", "other numbers", train)
        expect(weight.grad is None, f"no .grad in the {name}", "a gradient", train)
        still = "leave the networks as they are: .detach() the latents, or encode within torch.no_grad()"
        expect(weight.requires_grad, f"the {name} as it was", "requires_grad=False", still)
    batch, time = case.actions.shape[:2]
    mean = "one number: the mean over batch, time and latent"
    shapes: dict[str, tuple[int, ...]] = {f"{mean}, of no axes": (1,), mean: (batch, time)}
    shapes[f"{mean}, and not a loss for each number"] = (batch, time, case.transition.latent)
    shapes[f"{mean}: the batch is left"] = (batch,)
    shapes[f"{mean}: the time is left"] = (time,)
    shapes[f"{mean}: the latent is left"] = (case.transition.latent,)
    return expect_tensor(returned, (), f"the loss for {case.what}", shapes)


def _by_loop(case: _Case) -> tuple[Tensor, Tensor]:
    """The loss, and its gradient for the weight of a linear transition."""
    weight, bias = (part.detach().double() for part in case.encoder.project.parameters())
    layers = [layer for layer in case.transition.layers if isinstance(layer, nn.Linear)]
    total, gradient = torch.zeros((), dtype=torch.double), torch.zeros_like(layers[0].weight, dtype=torch.double)
    count = case.actions[..., 0].numel() * case.transition.latent
    for frames, actions in zip(case.frames.double(), case.actions.double(), strict=True):
        for now, after, action in zip(frames, frames[1:], actions, strict=False):
            z, target = (torch.tanh(weight @ frame.flatten() + bias) for frame in (now, after))
            value = pair = torch.cat([z, action])
            for i, layer in enumerate(layers):
                value = layer.weight.detach().double() @ (value.tanh() if i else value) + layer.bias.detach().double()
            total += (value - target).square().sum() / count
            if len(layers) == 1:
                gradient += 2 * torch.outer(value - target, pair) / count
    return total, gradient


def _expect_gradients(loss: Tensor, case: _Case) -> None:
    weight = next(case.transition.parameters())
    learn = "the transition has to learn from this loss: only the encoding belongs into torch.no_grad()"
    expect(loss.requires_grad, "a loss with a gradient for the transition", "no gradient at all", learn)
    (gradient,) = torch.autograd.grad(loss, [weight], allow_unused=True, retain_graph=True)
    expect(gradient is not None, "a gradient of the loss for the transition", "none", learn)
    encoder = list(case.encoder.parameters())
    reached = torch.autograd.grad(loss, encoder, allow_unused=True, retain_graph=True)
    if any(part is not None and part.any() for part in reached):
        raise CheckFailed(
            "no gradient for the encoder, which is frozen", "a gradient in its weights", _leak(reached[0], case)
        )
    if len(case.transition.layers) == 1 and gradient is not None:
        _, right = _by_loop(case)
        only = "the loss is right, its gradient is not: nothing in the prediction is detached but the latents"
        expect_close(gradient, right, "gradient for the transition's weight", {only: gradient}, tolerance=1e-3)


def _leak(reached: Tensor | None, case: _Case) -> str:
    """Through which latent does the gradient reach the encoder?"""
    z = case.encoder(case.frames.flatten(0, 1)).unflatten(0, case.frames.shape[:2])
    for now, after, name in (
        (z[:, :-1], z[:, 1:].detach(), "z_t, which the transition reads"),
        (z[:, :-1].detach(), z[:, 1:], "the target z_{t+1}"),
    ):
        loss = (case.transition(torch.cat([now, case.actions], -1)) - after).square().mean()
        (gradient,) = torch.autograd.grad(loss, [case.encoder.project.weight], retain_graph=True)
        if reached is not None and torch.allclose(gradient, reached, atol=1e-5):
            return f"it comes through {name}: detach all latents, or encode within torch.no_grad()"
    return "it comes through the latents: detach all of them, or encode within torch.no_grad()"


@torch.no_grad()
def _wrong_losses(case: _Case) -> Iterator[tuple[str, Tensor]]:
    """What the usual mistakes lead to."""
    encoder, transition, frames, actions = case[:4]
    batch, time = actions.shape[:2]
    z = encoder(frames.flatten(0, 1)).unflatten(0, (batch, time + 1))
    now, after = z[:, :-1], z[:, 1:]

    def predicted(latent: Tensor, action: Tensor) -> Tensor:
        return transition(torch.cat([latent, action], -1))

    prediction = predicted(now, actions)
    error = prediction - after
    squares = error.square()

    def mse(left: Tensor, right: Tensor) -> Tensor:
        return (left - right).square().mean()

    yield "this is the sum over batch, time and latent: take the mean", squares.sum()
    yield "this is the sum over the latent: take its mean too", squares.sum(-1).mean()
    yield "this is the sum over time: take its mean too", squares.sum(1).mean()
    yield "this is the sum over the batch: take its mean too", squares.sum(0).mean()
    yield "this is the mean over the batch alone: take that over time and latent too", squares.sum((1, 2)).mean()
    yield "this is the mean over the latent alone: take that over batch and time too", squares.mean(-1).sum()
    yield "the sum over time is divided by T + 1: there are T predictions", squares.mean() * time / (time + 1)
    yield "this is half of it: the mean of the squares, without a factor", squares.mean() / 2
    yield "this is a root: the mean of the squares is wanted", squares.mean().sqrt()
    yield "this is a mean of lengths: the mean of the squares is wanted", squares.sum(-1).sqrt().mean()
    yield "the errors are not squared", error.mean()
    yield "this is the mean of the absolute errors: square them", error.abs().mean()
    yield (
        "this is the smooth L1 loss (Huber): the mean of the squares is wanted",
        nn.functional.smooth_l1_loss(prediction, after),
    )
    yield "the error is divided by the spread of the latents: leave it as it is", squares.mean() / after.var()
    yield "the target is z_t, which the transition has read: it is to predict z_{t+1}", mse(prediction, now)
    back = "time runs backward: the transition reads z_t and predicts z_{t+1}"
    yield back, mse(predicted(after, actions), now)
    yield (
        "the transition reads the target: give it z_t, and z_{t+1} is what it predicts",
        mse(predicted(after, actions), after),
    )
    change = "the transition gives z_{t+1} itself, not the change"
    yield f"{change}: do not add z_t to it, nor take it off the target", mse(now + prediction, after)
    yield "the prediction is missing: compare transition([z, a]) with z_{t+1}", mse(now, after)
    yield (
        "the latent comes first, the action second: torch.cat([z, a])",
        mse(transition(torch.cat([actions, now], -1)), after),
    )
    late = "the actions are off by one: actions[:, t] leads from frames[:, t] to frames[:, t + 1]"
    for shift in (1, -1):
        yield late, mse(predicted(now, actions.roll(shift, 1)), after)
    if time > 1:
        yield late, mse(predicted(z[:, :-2], actions[:, 1:]), z[:, 1:-1])
        yield late, mse(predicted(z[:, 1:-1], actions[:, :-1]), z[:, 2:])
        none = torch.zeros_like(actions[:, :1])
        yield late, mse(predicted(now, torch.cat([none, actions[:, :-1]], 1)), after)
        yield late, mse(predicted(now, torch.cat([actions[:, 1:], none], 1)), after)
        yield "the target is two steps ahead: z_{t+1} comes after z_t", mse(prediction[:, :-1], z[:, 2:])
        yield "the last step is left out: each of the T actions counts", squares[:, :-1].mean()
        yield "the first step is left out: each of the T actions counts", squares[:, 1:].mean()
    yield "only the last step counts: take the mean over time", squares[:, -1].mean()
    yield "only the first step counts: take the mean over time", squares[:, 0].mean()
    yield "only the first episode counts: take the mean over the batch", squares[0].mean()
    yield "the actions are not used", mse(predicted(now, torch.zeros_like(actions)), after)
    yield (
        "the same action is used for all steps: actions[:, t] belongs to step t",
        mse(predicted(now, actions[:, :1].expand_as(actions)), after),
    )
    latent, path = z[:, 0], []
    for t in range(time):
        latent = predicted(latent, actions[:, t])
        path.append(latent)
    feeds = "the prediction is fed back, an open loop: each step begins with the encoder's z_t"
    yield feeds, mse(torch.stack(path, 1), after)
    mixed = "batch and time are mixed up: what .flatten(0, 1) made of (B, T + 1) goes back by .unflatten(0, (B, T + 1))"
    swapped = z.flatten(0, 1).unflatten(0, (time + 1, batch)).transpose(0, 1)
    yield mixed, mse(predicted(swapped[:, :-1], actions), swapped[:, 1:])
    turned = z.transpose(0, 1).flatten(0, 1).unflatten(0, (batch, time + 1))
    yield mixed, mse(predicted(turned[:, :-1], actions), turned[:, 1:])
    other = actions.transpose(0, 1).flatten(0, 1).unflatten(0, (batch, time))
    yield mixed, mse(predicted(now, other), after)
    other = actions.flatten(0, 1).unflatten(0, (time, batch)).transpose(0, 1)
    yield mixed, mse(predicted(now, other), after)
    flat = z.flatten(0, 1)
    border = "the last frame of an episode does not lead to the first of the next: pair frames within each episode"
    padded = torch.cat([actions, torch.zeros_like(actions[:, :1])], 1).flatten(0, 1)[:-1]
    yield border, mse(predicted(flat[:-1], padded), flat[1:])
    repeated = torch.cat([actions, actions[:, -1:]], 1).flatten(0, 1)[:-1]
    yield border, mse(predicted(flat[:-1], repeated), flat[1:])
    yield border, mse(predicted(flat[: batch * time], actions.flatten(0, 1)), flat[1 : batch * time + 1])
    yield border, mse(predicted(now, actions), z.roll(-1, 1)[:, 1:])
