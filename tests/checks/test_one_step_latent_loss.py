"""Exercise 2.3: plausible mistakes are named, and right answers written differently pass."""

import copy
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from wmcourse.checks import latent_dynamics as check
from wmcourse.checks.check import CheckFailed
from wmcourse.nets.conv import over_batch


def encoded(encoder, frames):
    return encoder(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])


def right(encoder, transition, frames, actions):
    z = encoded(encoder, frames).detach()
    return F.mse_loss(transition(torch.cat([z[:, :-1], actions], -1)), z[:, 1:])


def compared(loss):
    """`loss(prediction, z, next z)` instead of the mean squared error."""

    def answer(encoder, transition, frames, actions):
        z = encoded(encoder, frames).detach()
        return loss(transition(torch.cat([z[:, :-1], actions], -1)), z[:, :-1], z[:, 1:])

    return answer


def latents(z_of):
    """`z_of(encoder, frames)` instead of the frozen latents."""

    def answer(encoder, transition, frames, actions):
        z = z_of(encoder, frames)
        return F.mse_loss(transition(torch.cat([z[:, :-1], actions], -1)), z[:, 1:])

    return answer


def acting(actions_of):
    """`actions_of(actions)` instead of the actions."""
    return lambda encoder, transition, frames, actions: right(encoder, transition, frames, actions_of(actions))


def pairs(loss):
    """`loss(f, z, actions)`, where `f(z, a)` is the transition."""

    def answer(encoder, transition, frames, actions):
        z = encoded(encoder, frames).detach()
        return loss(lambda z, a: transition(torch.cat([z, a], -1)), z, actions)

    return answer


def only_the_target_detached(encoder, transition, frames, actions):
    z = encoded(encoder, frames)
    return F.mse_loss(transition(torch.cat([z[:, :-1], actions], -1)), z[:, 1:].detach())


def only_the_input_detached(encoder, transition, frames, actions):
    z = encoded(encoder, frames)
    return F.mse_loss(transition(torch.cat([z[:, :-1].detach(), actions], -1)), z[:, 1:])


def all_without_gradient(*arguments):
    with torch.no_grad():
        return right(*arguments)


def prediction_detached(encoder, transition, frames, actions):
    z = encoded(encoder, frames)
    return F.mse_loss(transition(torch.cat([z[:, :-1], actions], -1)).detach(), z[:, 1:])


def freezes(encoder, transition, frames, actions):
    encoder.requires_grad_(False)
    return latents(encoded)(encoder, transition, frames, actions)


def backward(*arguments):
    loss = right(*arguments)
    loss.backward()
    return loss


def trains(encoder, transition, frames, actions):
    optimizer = torch.optim.SGD(transition.parameters(), 0.1)
    loss = right(encoder, transition, frames, actions)
    loss.backward()
    optimizer.step()
    return loss


def open_loop(f, z, actions):
    latent, path = z[:, 0], []
    for t in range(actions.shape[1]):
        latent = f(latent, actions[:, t])
        path.append(latent)
    return F.mse_loss(torch.stack(path, 1), z[:, 1:])


def across_the_border(f, z, actions):
    padded = F.pad(actions, (0, 0, 0, 1)).flatten(0, 1)[:-1]
    flat = z.flatten(0, 1)
    return F.mse_loss(f(flat[:-1], padded), flat[1:])


def flattened(encoder, transition, frames, actions):
    z = encoded(encoder, frames).detach().flatten(0, 1)
    return F.mse_loss(transition(torch.cat([z[:-1], actions.flatten(0, 1)], -1)), z[1:])


def rolls(f, z, actions):
    return F.mse_loss(f(z[:, :-1], actions), z.roll(1, 1)[:, 1:])


def half_cut(f, z, actions):
    with torch.no_grad():
        first = f(z[:, :1], actions[:, :1])
    rest = f(z[:, 1:-1], actions[:, 1:])
    return F.mse_loss(torch.cat([first, rest], 1), z[:, 1:])


def in_place(encoder, transition, frames, actions):
    loss = right(encoder, transition, frames, actions)
    frames -= frames.mean()
    return loss


def actions_in_place(encoder, transition, frames, actions):
    actions *= 2
    return right(encoder, transition, frames, actions / 2)


def two_actions(encoder, transition, frames, actions):
    index = actions.argmax(-1)
    return right(encoder, transition, frames, F.one_hot(index, 2).float())


def three_by_five(encoder, frames):
    return encoder(frames.flatten(0, 1)).detach().reshape(3, 5, -1)


def four_steps(f, z, actions):
    return torch.stack([(f(z[:, t], actions[:, t]) - z[:, t + 1]).square().mean() for t in range(4)]).mean()


def first_of_the_batch(f, z, actions):
    return F.mse_loss(f(z[:3, :-1], actions[:3]), z[:3, 1:]) if len(z) > 1 else f(z, z)


MISSED = "the encoder takes one batch of frames"
WRONG_LOSSES = {
    "encoder learns": (latents(encoded), "no gradient for the encoder"),
    "target detached": (only_the_target_detached, "it comes through z_t"),
    "input detached": (only_the_input_detached, "it comes through the target"),
    "no gradient": (all_without_gradient, "the transition has to learn"),
    "prediction detached": (prediction_detached, "a gradient of the loss for the transition|the encoder"),
    "half cut": (pairs(half_cut), "its gradient is not"),
    "freezes": (freezes, "leave the networks as they are"),
    "backward": (backward, "without optimizer or .backward"),
    "trains": (trains, "without optimizer or .backward"),
    "sum": (compared(lambda p, z, n: F.mse_loss(p, n, reduction="sum")), "sum over batch, time and latent"),
    "sum of the latent": (compared(lambda p, z, n: (p - n).square().sum(-1).mean()), "the sum over the latent"),
    "sum of time": (compared(lambda p, z, n: (p - n).square().mean((0, 2)).sum()), "the sum over time"),
    "batch mean": (compared(lambda p, z, n: (p - n).square().sum() / len(p)), "the mean over the batch alone"),
    "half": (compared(lambda p, z, n: 0.5 * F.mse_loss(p, n)), "half of it"),
    "root": (compared(lambda p, z, n: F.mse_loss(p, n).sqrt()), "this is a root"),
    "lengths": (compared(lambda p, z, n: (p - n).norm(dim=-1).mean()), "a mean of lengths"),
    "l1": (compared(lambda p, z, n: F.l1_loss(p, n)), "absolute errors"),
    "huber": (compared(lambda p, z, n: F.smooth_l1_loss(p, n)), "Huber"),
    "not squared": (compared(lambda p, z, n: (p - n).mean()), "the errors are not squared"),
    "not reduced": (compared(lambda p, z, n: (p - n).square()), "not a loss for each number"),
    "latent reduced": (compared(lambda p, z, n: (p - n).square().mean(-1)), "the mean over batch, time and latent"),
    "one axis": (compared(lambda p, z, n: F.mse_loss(p, n)[None]), "of no axes"),
    "number": (compared(lambda p, z, n: F.mse_loss(p, n).item()), "return one torch.Tensor"),
    "present": (compared(lambda p, z, n: F.mse_loss(p, z)), "the target is z_t"),
    "change added": (compared(lambda p, z, n: F.mse_loss(z + p, n)), "not the change: do not add"),
    "change wanted": (compared(lambda p, z, n: F.mse_loss(p, n - z)), "nor take it off the target"),
    "no prediction": (compared(lambda p, z, n: F.mse_loss(z, n)), "the prediction is missing"),
    "normalized": (compared(lambda p, z, n: F.mse_loss(p, n) / n.var()), "the spread of the latents"),
    "last step": (compared(lambda p, z, n: F.mse_loss(p[:, -1], n[:, -1])), "only the last step counts"),
    "first step": (compared(lambda p, z, n: F.mse_loss(p[:, 0], n[:, 0])), "only the first step counts"),
    "one episode": (compared(lambda p, z, n: F.mse_loss(p[0], n[0])), "only the first episode counts"),
    "all but the last": (compared(lambda p, z, n: F.mse_loss(p[:, :-1], n[:, :-1])), "the last step is left out"),
    "two ahead": (compared(lambda p, z, n: F.mse_loss(p[:, :-1], n[:, 1:])), "two steps ahead"),
    "previous": (pairs(rolls), "the target is z_t"),
    "backward in time": (pairs(lambda f, z, a: F.mse_loss(f(z[:, 1:], a), z[:, :-1])), "time runs backward"),
    "reads the target": (pairs(lambda f, z, a: F.mse_loss(f(z[:, 1:], a), z[:, 1:])), "reads the target"),
    "action first": (pairs(lambda f, z, a: F.mse_loss(f(a, z[:, :-1]), z[:, 1:])), "the latent comes first"),
    "late actions": (acting(lambda a: a.roll(1, 1)), "off by one"),
    "early actions": (acting(lambda a: a.roll(-1, 1)), "off by one"),
    "actions cut": (pairs(lambda f, z, a: F.mse_loss(f(z[:, :-2], a[:, 1:]), z[:, 1:-1])), "off by one"),
    "no actions": (acting(torch.zeros_like), "the actions are not used"),
    "first action": (acting(lambda a: a[:, :1].expand_as(a)), "the same action is used for all steps"),
    "open loop": (pairs(open_loop), "an open loop"),
    "border": (pairs(across_the_border), "the last frame of an episode"),
    "flattened": (flattened, "one frame more than actions"),
    "all frames": (pairs(lambda f, z, a: F.mse_loss(f(z, a), z)), "one frame more than actions"),
    "batch and time": (
        latents(lambda e, x: encoded(e, x).detach().flatten(0, 1).unflatten(0, x.shape[1::-1]).transpose(0, 1)),
        "mixed up",
    ),
    "time and batch": (
        latents(lambda e, x: encoded(e, x.transpose(0, 1)).detach().flatten(0, 1).unflatten(0, x.shape[:2])),
        "mixed up",
    ),
    "actions mixed": (acting(lambda a: a.transpose(0, 1).flatten(0, 1).unflatten(0, a.shape[:2])), "mixed up"),
    "not flattened": (latents(lambda e, x: e(x).detach()), MISSED),
    "no channel": (latents(lambda e, x: e(x.flatten(0, 1)[:, 0]).detach()), MISSED),
    "no action": (lambda e, f, x, a: f(encoded(e, x)[:, :-1]).mean(), r"torch.cat\(\[z, a\], dim=-1\)"),
    "two arguments": (lambda e, f, x, a: f(encoded(e, x)[:, :-1], a).mean(), r"torch.cat\(\[z, a\], dim=-1\)"),
    "T + 1": (
        compared(lambda p, z, n: (p - n).square().mean((0, 2)).sum() / (p.shape[1] + 1)),
        "there are T predictions",
    ),
    "along time": (lambda e, f, x, a: f(torch.cat([encoded(e, x)[:, :-1], a], 1)).mean(), "along the last axis"),
    "inference mode": (latents(torch.inference_mode()(encoded)), "encode within torch.no_grad"),
    "in place": (in_place, "a changed `frames`"),
    "actions in place": (actions_in_place, "a changed `actions`"),
    "two actions": (two_actions, "expected"),
    "three by five": (latents(three_by_five), "take the sizes from frames.shape"),
    "four steps": (pairs(four_steps), "IndexError"),
    "three episodes": (pairs(first_of_the_batch), "expected"),
}


@pytest.mark.parametrize("name", WRONG_LOSSES)
def test_one_step_latent_loss_names_the_mistake(name: str) -> None:
    wrong, message = WRONG_LOSSES[name]
    with pytest.raises(CheckFailed, match=message):
        check.one_step_latent_loss(wrong)


def by_steps(encoder, transition, frames, actions):
    losses = []
    for t in range(actions.shape[1]):
        with torch.no_grad():
            now, after = encoder(frames[:, t]), encoder(frames[:, t + 1])
        losses.append(F.mse_loss(transition(torch.hstack([now, actions[:, t]])), after))
    return torch.stack(losses).mean()


def by_episodes(encoder, transition, frames, actions):
    total = 0.0
    for episode, done in zip(frames, actions, strict=True):
        z = encoder(episode).detach()
        total = total + ((transition(torch.cat((z[:-1], done), 1)) - z[1:]) ** 2).mean()
    return total / len(frames)


def encoded_twice(encoder, transition, frames, actions):
    def encode(part):
        return encoder(part.reshape(-1, *frames.shape[2:])).detach()

    predicted = transition(torch.cat([encode(frames[:, :-1]), actions.flatten(0, 1)], -1))
    return (predicted - encode(frames[:, 1:])).pow(2).sum() / predicted.numel()


def with_over_batch(encoder, transition, frames, actions):
    z = over_batch(encoder, frames, 3).data
    batch, time, _ = actions.shape
    pairs = torch.cat([z[:, :time], actions], 2)
    return F.mse_loss(over_batch(transition, pairs, 1), z[:, 1:])


@torch.no_grad()
def frozen(encoder, frames):
    return torch.stack([encoder(frames[:, t]) for t in range(frames.shape[1])], dim=1)


def one_by_one(encoder, transition, frames, actions):
    z = frozen(encoder, frames)
    errors = [
        transition(torch.cat([z[b, t], actions[b, t]])) - z[b, t + 1]
        for b in range(len(actions))
        for t in range(actions.shape[1])
    ]
    return torch.stack(errors).square().mean()


def by_time_first(encoder, transition, frames, actions):
    frames, actions = frames.transpose(0, 1), actions.transpose(0, 1)
    z = encoder(frames.flatten(0, 1)).view(*frames.shape[:2], -1).detach()
    return torch.nn.MSELoss()(z[1:], transition(torch.cat([z[:-1], actions], dim=-1)))


def by_vmap(encoder, transition, frames, actions):
    with torch.no_grad():
        z = torch.vmap(encoder, in_dims=1, out_dims=1)(frames)
    return F.mse_loss(transition(torch.cat([z[:, :-1], actions], -1)), z[:, 1:])


def of_a_frozen_copy(encoder, transition, frames, actions):
    frozen_copy = copy.deepcopy(encoder).eval().requires_grad_(False)
    return latents(encoded)(frozen_copy, transition, frames, actions)


def both_detached_late(encoder, transition, frames, actions):
    z = encoded(encoder, frames)
    now, after = z[:, :-1].detach(), z[:, 1:].detach()
    return torch.mean((after - transition(torch.cat([now, actions], -1))) ** 2)


@pytest.mark.parametrize(
    "answer",
    [
        by_vmap,
        of_a_frozen_copy,
        right,
        by_steps,
        by_episodes,
        encoded_twice,
        with_over_batch,
        one_by_one,
        by_time_first,
        both_detached_late,
    ],
)
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.one_step_latent_loss(answer)
