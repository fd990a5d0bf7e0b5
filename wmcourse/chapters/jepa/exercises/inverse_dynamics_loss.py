"""Exercise 14.4: the loss of reading the action off two embeddings."""

from collections.abc import Callable

import torch
from torch import Tensor

from wmcourse.chapters.jepa.exercises.readers import episodes
from wmcourse.exercises import Exercise

Network = Callable[[Tensor], Tensor]


def by_loop(inverse: Network, embeddings: Tensor, actions: Tensor) -> Tensor:
    """Episode by episode, step by step, number by number."""
    squares: list[Tensor] = []
    for episode, taken in zip(embeddings, actions, strict=True):
        for before, after, action in zip(episode[:-1], episode[1:], taken, strict=True):
            read = inverse(torch.cat([before, after]))
            squares += [(number - true) ** 2 for number, true in zip(read, action.detach(), strict=True)]
    return torch.stack(squares).mean()


ONE_MORE = "there is one embedding more than actions: z[:, :-1] goes with z[:, 1:], and the action is between them"
inverse_dynamics_loss = Exercise(
    "14.4",
    by_loop,
    episodes,
    learns=("inverse", "embeddings"),
    advice={
        "Expected size 5 but got size 4": ONE_MORE,
        "The size of tensor a (5)": ONE_MORE,
        "The size of tensor a (3)": ONE_MORE,
        "takes 2 positional arguments": "the network takes one tensor: torch.cat([before, after], dim=-1)",
        "'function' object has no attribute": "the network is only called: it need not be a module",
    },
)


def mean(read: Tensor, actions: Tensor) -> Tensor:
    """Of the squares."""
    return (read - actions).square().mean()


def pair(before: Tensor, after: Tensor) -> Tensor:
    """Side by side."""
    return torch.cat([before, after], dim=-1)


LOSSES: dict[str, Callable[[Network, Tensor, Tensor, Tensor], Tensor]] = {
    "no gradient reaches the embeddings, which are to learn from this: do not detach them": (
        lambda f, z, y, a: mean(f(pair(z.detach(), y.detach())), a)
    ),
    "no gradient reaches the embedding after the action: both learn": lambda f, z, y, a: mean(
        f(pair(z, y.detach())), a
    ),
    "no gradient reaches the embedding before the action: both learn": (
        lambda f, z, y, a: mean(f(pair(z.detach(), y)), a)
    ),
    "time runs backward: the embedding before the action comes first, then the one after it": (
        lambda f, z, y, a: mean(f(pair(y, z)), a)
    ),
    "the network reads the same embedding twice: z_t and z_{t+1}": lambda f, z, y, a: mean(f(pair(z, z)), a),
    "the network reads the change in place of what comes after: z_t and z_{t+1}": (
        lambda f, z, y, a: mean(f(pair(z, y - z)), a)
    ),
    "the actions are a step late: actions[:, t] leads from z_t to z_{t+1}": (
        lambda f, z, y, a: mean(f(pair(z, y))[:, 1:], a[:, :-1])
    ),
    "only the first step counts: take the mean over all T": lambda f, z, y, a: mean(f(pair(z, y))[:, :1], a[:, :1]),
    "this is the sum of the squares: take their mean": lambda f, z, y, a: (f(pair(z, y)) - a).square().sum(),
    "this is the sum over the action's numbers: take the mean over them too": (
        lambda f, z, y, a: (f(pair(z, y)) - a).square().sum(-1).mean()
    ),
    "this is a root: the mean of the squares is wanted": lambda f, z, y, a: mean(f(pair(z, y)), a).sqrt(),
}


def of_pairs(wrong: Callable[[Network, Tensor, Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """`wrong(f, z, y, a)` is given the network, the embeddings before and after each action, and the actions."""
    return lambda inverse, embeddings, actions: wrong(inverse, embeddings[:, :-1], embeddings[:, 1:], actions)


for words, wrong in LOSSES.items():
    inverse_dynamics_loss.mistake(words)(of_pairs(wrong))
