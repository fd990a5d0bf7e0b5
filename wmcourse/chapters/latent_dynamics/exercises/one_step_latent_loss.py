"""Exercise 2.3: the loss of a transition that predicts the next latent of a frozen encoder."""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from wmcourse.chapters.latent_dynamics.exercises import networks
from wmcourse.chapters.latent_dynamics.exercises.networks import CAT, Network
from wmcourse.exercises import Draw, Exercise
from wmcourse.exercises.draw import Case

ONE_MORE = "there is one frame more than actions: z[:, :-1] goes with the actions, and z[:, 1:] is what comes of it"


def episodes(draw: Draw) -> Iterator[Case]:
    """Networks of several kinds, small and large latents, a single episode, a single step, a single number."""
    for batch, time, action, latent, height, width, scale, kind, other in (
        (2, 4, 3, 6, 7, 8, 1.0, "linear", "linear"),
        (5, 3, 6, 2, 7, 8, 1.0, "conv", "mlp"),
        (1, 5, 3, 4, 7, 2, 30.0, "linear", "mlp"),
        (3, 1, 4, 5, 6, 7, 0.05, "conv", "linear"),
        (4, 6, 2, 1, 3, 5, 1.0, "linear", "mlp"),
        (1, 1, 2, 3, 5, 4, 3.0, "linear", "linear"),
        (6, 2, 4, 5, 7, 8, 1.0, "function", "function"),
    ):
        yield {
            "encoder": networks.encoder(kind, draw, height, width, latent, scale),
            "transition": networks.transition(other, draw, latent, action),
            "frames": draw.uniform(batch, time + 1, 1, height, width),
            "actions": draw.one_hot(batch, time, action),
        }


def by_loop(
    encoder: Network, transition: Network, frames: Tensor, actions: Tensor, *, held: tuple[int, ...] = (0, 1)
) -> Tensor:
    """Episode by episode and step by step; of the latents z_t and z_{t+1}, those in `held` have no gradient."""
    squares = []
    for episode, pushes in zip(frames, actions, strict=True):
        for now, after, action in zip(episode[:-1], episode[1:], pushes, strict=True):
            z = [each.detach() if i in held else each for i, each in enumerate(encoder(torch.stack([now, after])))]
            squares.append((transition(torch.cat([z[0], action])) - z[1]).square())
    return torch.stack(squares).mean()


ADVICE = {
    "forward() takes": CAT,
    "too many positional arguments": CAT,
    "Expected size 6 but got size 3": "z and a go side by side, along the last axis: torch.cat([z, a], dim=-1)",
    "Expected size 5 but got size 4": ONE_MORE,
    "Expected size 9 but got size 8": ONE_MORE,
    "Inference tensors cannot be saved": "encode within torch.no_grad(): inference_mode's tensors teach nothing",
    "must have same number of dimensions": "to go side by side, z and a need the same number of axes: (B, T, ...)",
    "'function' object has no attribute": "encoder and transition are only called: they need not be modules",
}

one_step_latent_loss = Exercise("2.3", by_loop, episodes, learns=("encoder", "transition"), advice=ADVICE)

LEAK = "a gradient reaches the encoder through {}: detach all latents, or encode within torch.no_grad()"
one_step_latent_loss.mistake(LEAK.format("z_t, which the transition reads"))(partial(by_loop, held=(1,)))
one_step_latent_loss.mistake(LEAK.format("the target z_{t+1}"))(partial(by_loop, held=(0,)))
one_step_latent_loss.mistake(LEAK.format("both z_t and the target z_{t+1}"))(partial(by_loop, held=()))

Predict = Callable[[Tensor, Tensor], Tensor]


def of_latents(loss: Callable[[Predict, Tensor, Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """An answer that is `loss(f, z, y, a)` of the frozen latents z_t and z_{t+1}, the actions, and f(z, a)."""

    def answer(encoder: Network, transition: Network, frames: Tensor, actions: Tensor) -> Tensor:
        z = torch.stack([encoder(episode) for episode in frames]).detach()
        return loss(lambda *pair: transition(torch.cat(pair, -1)), z[:, :-1], z[:, 1:], actions)

    return answer


def open_loop(f: Predict, z: Tensor, y: Tensor, a: Tensor) -> Tensor:
    """The loss when each prediction is the next input."""
    said = [f(z[:, 0], a[:, 0])]
    for t in range(1, a.shape[1]):
        said.append(f(said[-1], a[:, t]))
    return (torch.stack(said, 1) - y).square().mean()


LOSSES: dict[str, Callable[[Predict, Tensor, Tensor, Tensor], Tensor]] = {
    "this is the sum over batch, time and latent: take the mean": lambda f, z, y, a: (f(z, a) - y).square().sum(),
    "this is the sum over the latent: take its mean too": lambda f, z, y, a: (f(z, a) - y).square().sum(-1).mean(),
    "this is a root: the mean of the squares is wanted": lambda f, z, y, a: (f(z, a) - y).square().mean().sqrt(),
    "this is the mean of the absolute errors: square them": lambda f, z, y, a: (f(z, a) - y).abs().mean(),
    "the target is z_t, which the transition has read: it is z_{t+1}": lambda f, z, y, a: (f(z, a) - z).square().mean(),
    "the transition gives z_{t+1} itself, not the change": lambda f, z, y, a: (z + f(z, a) - y).square().mean(),
    "time runs backward: f reads z_t and predicts z_{t+1}": lambda f, z, y, a: (f(y, a) - z).square().mean(),
    "the latent comes first, the action second: torch.cat([z, a])": lambda f, z, y, a: (f(a, z) - y).square().mean(),
    "the prediction is fed back, an open loop: each step begins with the encoder's z_t": open_loop,
}
for words, loss in LOSSES.items():
    one_step_latent_loss.mistake(words)(of_latents(loss))
