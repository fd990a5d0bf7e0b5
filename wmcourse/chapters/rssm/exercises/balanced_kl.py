"""Exercise 8.3: a KL whose gradient is shared out between posterior and prior."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from wmcourse.chapters.rssm.exercises.divergences import beliefs
from wmcourse.chapters.rssm.exercises.view import as_tensor
from wmcourse.exercises import Exercise, with_gradient

Kl = Callable[[Tensor, Tensor], Tensor]
Floor = Callable[[Tensor, float], Any]


def by_shares(kl: Kl, posterior: Tensor, prior: Tensor, balance: float, free_nats: float) -> Tensor:
    """One KL, whose gradient for each side is multiplied by that side's share, and by 0 below the free nats."""
    with torch.enable_grad():
        left, right = posterior.detach().requires_grad_(), prior.detach().requires_grad_()
        mean = kl(left, right).mean()
        for_left, for_right = torch.autograd.grad(mean, [left, right])
    above = float(mean > free_nats)
    shares = (posterior, above * (1 - balance) * for_left), (prior, above * balance * for_right)
    return with_gradient(mean.clamp(min=free_nats), *shares)


balanced_kl = Exercise(
    "8.3",
    by_shares,
    beliefs,
    view=as_tensor,
    advice={
        "required positional argument": "kl takes two: kl(posterior, prior)",
        "must be Tensor, not float": "torch.maximum takes tensors: mean.clamp_min(free_nats)",
        "requires_grad flags of leaf": "hold a tensor still with .detach(): its requires_grad is not yours to change",
    },
)


@balanced_kl.mistake("no stop-gradients: detach the posterior in one term and the prior in the other")
def _no_stops(kl: Kl, posterior: Tensor, prior: Tensor, balance: float, free_nats: float) -> Tensor:
    return kl(posterior, prior).mean().clamp_min(free_nats)


@balanced_kl.mistake("the shares, or the detaches, are swapped: the prior gets `balance`, the posterior the rest")
def _swapped_shares(balance: float, **sides: Any) -> Tensor:
    return by_shares(**sides, balance=1 - balance)


@balanced_kl.mistake("the prior is held still in both terms: detach the posterior where the prior learns")
def _prior_still(prior: Tensor, **rest: Any) -> Tensor:
    return by_shares(**rest, prior=prior.detach())


@balanced_kl.mistake("the posterior is held still in both terms: detach the prior where the posterior learns")
def _posterior_still(posterior: Tensor, **rest: Any) -> Tensor:
    return by_shares(**rest, posterior=posterior.detach())


@balanced_kl.mistake("the sides are swapped: kl(posterior, prior)")
def _swapped_sides(kl: Kl, balance: float, **rest: Any) -> Tensor:
    return by_shares(**rest, kl=lambda left, right: kl(right, left), balance=balance)


@balanced_kl.mistake("the two terms are added: weigh them with balance and 1 - balance")
def _added(balance: float, **rest: Any) -> Tensor:
    return 2 * by_shares(**rest, balance=0.5)


def with_floor(floor: Floor, kl: Kl, posterior: Tensor, prior: Tensor, balance: float, free_nats: float) -> Any:
    """Both terms, with a floor of another kind."""
    terms = floor(kl(posterior.detach(), prior), free_nats), floor(kl(posterior, prior.detach()), free_nats)
    return balance * terms[0] + (1 - balance) * terms[1]


FLOORS: dict[str, Floor] = {
    "the free nats are left out: max(mean, free_nats)": lambda steps, free: steps.mean(),
    "the mean comes first, the maximum second: not at each step": lambda steps, free: steps.clamp_min(free).mean(),
    "the free nats are subtracted: they are a floor": lambda steps, free: (steps.mean() - free).clamp_min(0.0),
    "below the free nats no gradient may flow: .clamp_min(free_nats)": (
        lambda steps, free: steps.mean() + (steps.mean().clamp_min(free) - steps.mean()).detach()
    ),
    "this is the sum over batch and time: take the mean": lambda steps, free: steps.sum().clamp_min(free),
    "Python's max() drops the tensor: use .clamp_min(free_nats)": lambda steps, free: max(steps.mean(), free),
}
for words, floor in FLOORS.items():
    balanced_kl.mistake(words)(partial(with_floor, floor))
