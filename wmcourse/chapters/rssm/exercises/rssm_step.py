"""Exercise 8.1: one step of an RSSM whose latent is drawn, group by group."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from wmcourse.chapters.rssm.exercises.parts import steps
from wmcourse.chapters.rssm.exercises.view import many_steps
from wmcourse.exercises import Exercise

Latent = Callable[[Tensor, Tensor], Tensor]


def attached(logits: Tensor, hard: Tensor) -> Tensor:
    """The draw, with the Jacobian of the softmax in closed form."""
    p = logits.detach().softmax(-1)
    slope = p * (logits - (p * logits).sum(-1, keepdim=True))
    return hard + (slope - slope.detach())


def by_thresholds(
    parts: Any, deter: Tensor, stoch: Tensor, action: Tensor, embedding: Any, generator: Any, latent: Latent = attached
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """The class of a group is where a uniform number falls among the cumulated probabilities."""
    deter = parts.cell(torch.cat([stoch, action], 1), deter)
    prior = parts.prior(deter)
    posterior = None if embedding is None else parts.posterior(torch.cat([deter, embedding], 1))
    logits = prior if posterior is None else posterior
    passed = torch.rand(*logits.shape[:2], 1, generator=generator) > logits.detach().softmax(-1).cumsum(-1)[..., :-1]
    hard = one_hot(passed.sum(-1), logits.shape[-1]).float()
    return deter, latent(logits, hard).flatten(1), prior, posterior


rssm_step = Exercise(
    "8.1",
    by_thresholds,
    steps,
    returns=("deter", "stoch", "prior", "posterior"),
    view=many_steps,
    advice={
        "has inconsistent": "the cell reads [z, a], and h: parts.cell(torch.cat([stoch, action], -1), deter)",
        "mat1 and mat2 shapes": "the prior reads h' alone, the posterior [h', e]",
        "but got NoneType": "`embedding` may be None: then there is no posterior, and z' comes from the prior",
        "prob_dist must be 1 or 2 dim": "torch.multinomial takes a table of rows: one for each group, .flatten(0, 1)",
        "Boolean value of Tensor": "a tensor is neither true nor false: ask `embedding is None`",
        "probability tensor contains": "logits are not probabilities, and exp() may overflow: logits.softmax(-1)",
    },
)
LATENTS: dict[str, Latent] = {
    "no gradient comes through the draw: add (p - p.detach()), p the probabilities": lambda logits, hard: hard,
    "rounding: bracket as one_hot + (probabilities - probabilities.detach()), the difference is exactly 0": (
        lambda logits, hard: hard + logits.softmax(-1) - logits.softmax(-1).detach()
    ),
    "the forward value must be the hard draw: one_hot + (probabilities - probabilities.detach())": (
        lambda logits, hard: logits.softmax(-1)
    ),
    "argmax is not sampling: it takes the likeliest class each time, so every future is the same": (
        lambda logits, hard: attached(logits, one_hot(logits.argmax(-1), logits.shape[-1]).float())
    ),
}
for words, latent in LATENTS.items():
    rssm_step.mistake(words)(partial(by_thresholds, latent=latent))


@rssm_step.mistake("the order is [z, a]: the latent first, then the action")
def _action_first(parts: Any, stoch: Tensor, action: Tensor, **rest: Any) -> Any:
    swapped = parts._replace(cell=lambda _, h: parts.cell(torch.cat([action, stoch], 1), h))
    return by_thresholds(swapped, stoch=stoch, action=action, **rest)


@rssm_step.mistake("the prior reads the old memory: give it h', the one the cell has just made")
def _stale_prior(parts: Any, deter: Tensor, **rest: Any) -> Any:
    return by_thresholds(parts._replace(prior=lambda _: parts.prior(deter)), deter, **rest)


@rssm_step.mistake("the posterior reads the old memory: give it h', the one the cell has just made")
def _stale_posterior(parts: Any, deter: Tensor, embedding: Any, **rest: Any) -> Any:
    stale = parts._replace(posterior=lambda _: parts.posterior(torch.cat([deter, embedding], 1)))
    return by_thresholds(stale, deter, embedding=embedding, **rest)


@rssm_step.mistake("an observation came in: draw from the posterior, the prior is what was expected without it")
def _always_prior(**step: Any) -> Any:
    deter, _, prior, posterior = by_thresholds(**step)
    return deter, by_thresholds(**{**step, "embedding": None})[1], prior, posterior


@rssm_step.mistake("these are probabilities: return the logits, as the networks give them")
def _probabilities(**step: Any) -> Any:
    deter, stoch, prior, posterior = by_thresholds(**step)
    return deter, stoch, prior.softmax(-1), None if posterior is None else posterior.softmax(-1)


@rssm_step.mistake("hand the generator on: torch.multinomial(probabilities, 1, generator=generator)")
def _own_draws(generator: Generator | None, **step: Any) -> Any:
    return by_thresholds(**step, generator=None)
