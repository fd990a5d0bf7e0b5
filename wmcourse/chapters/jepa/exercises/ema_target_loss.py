"""Exercise 14.2: the loss of a JEPA whose target follows slowly."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from wmcourse.chapters.jepa.exercises import following
from wmcourse.chapters.jepa.exercises.following import follow, followed
from wmcourse.chapters.jepa.exercises.twins import look, twins
from wmcourse.exercises import Exercise


def by_rows(
    encoder: Any, predictor: Any, target: Any, now: Tensor, action: Tensor, after: Tensor, decay: float
) -> Tensor:
    """Row by row and number by number."""
    follow(encoder, target, decay)
    squares: list[Tensor] = []
    for before, moved, seen in zip(now.split(1), action.split(1), after.split(1), strict=True):
        wanted = target(seen).flatten().tolist()
        squares += [(p - w) ** 2 for p, w in zip(predictor(encoder(before), moved)[0], wanted, strict=True)]
    return torch.stack(squares).mean()


COUNT = "some buffers count in whole numbers: copy buffers, do not average them"
ema_target_loss = Exercise(
    "14.2",
    by_rows,
    twins,
    view=look,
    changes=("target",),
    learns=("encoder", "predictor", "target"),
    advice={
        "a leaf Variable": "move the target under `with torch.no_grad():`",
        "can't be cast": COUNT,
        "not implemented for 'Long'": COUNT,
        "missing 1 required positional": "the predictor takes two things: predictor(z, action)",
    },
)


def mean(predicted: Tensor, wanted: Tensor) -> Tensor:
    """Of the squares."""
    return (predicted - wanted).square().mean()


MISTAKES: dict[str, Callable[..., Tensor]] = {
    "a gradient reaches the target: hold it still, torch.no_grad() or .detach()": followed(
        lambda e, p, t, now, a, after: mean(p(e(now), a), t(after))
    ),
    "`after` is embedded by the encoder: the goal is the target's embedding of it": followed(
        lambda e, p, t, now, a, after: mean(p(e(now), a), e(after).detach())
    ),
    "`after` is embedded by the encoder, with a gradient: the goal is the target's embedding, which has none": followed(
        lambda e, p, t, now, a, after: mean(p(e(now), a), e(after))
    ),
    "no gradient reaches the encoder: it learns through what the predictor reads": followed(
        lambda e, p, t, now, a, after: mean(p(e(now).detach(), a), t(after).detach())
    ),
    "this is the sum over the embedding: take the mean over it too": followed(
        lambda e, p, t, now, a, after: (p(e(now), a) - t(after).detach()).square().sum(-1).mean()
    ),
    "the decay is the wrong way round: the target keeps the share `decay` of itself": followed(
        share=lambda decay: 1 - decay
    ),
    "the target became the encoder: it keeps the share `decay` of itself": followed(share=lambda decay: 0.0),
    "nothing in the target has moved: write into its tensors in place, with lerp_ or copy_": followed(
        share=lambda decay: 1.0, buffers="left"
    ),
    "the parameters have not moved: write into them in place, with lerp_ or copy_": followed(share=lambda decay: 1.0),
    "the buffers are left behind: copy them": followed(buffers="left"),
    "the buffers are averaged: copy them": followed(buffers="mixed"),
}
for words, wrong in MISTAKES.items():
    ema_target_loss.mistake(words)(wrong)


@ema_target_loss.mistake("the target moves after the loss: first it follows, then it embeds `after`")
def _late(
    encoder: Any, predictor: Any, target: Any, now: Tensor, action: Tensor, after: Tensor, decay: float
) -> Tensor:
    loss = following.loss(encoder, predictor, target, now, action, after)
    follow(encoder, target, decay)
    return loss
