"""The checker of exercise 8.3: a KL whose gradient is split between posterior and prior."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Categorical, Normal, kl_divergence

from wmcourse.checks.check import CheckFailed, checker, describe, expect, expect_close, expect_tensor, expect_unchanged

Answer = Callable[..., Any]
Gradients = tuple[Tensor, Tensor]
Case = tuple[Callable[[Tensor, Tensor], Tensor], Tensor, Tensor, float, float]
"""The KL, the two parameters, `balance` and `free_nats`."""


_TWO = "kl takes two: kl(posterior, prior)"
_ADVICE = {
    "does not require grad": "both sides are held still: each term detaches one of them, not both",
    "grad can be implicitly created only for scalar": "return one number: the mean over batch and time",
    "required positional argument": _TWO,
    "missing a required argument": _TWO,
    "must be Tensor, not float": "torch.maximum takes tensors: mean.clamp_min(free_nats)",
}


@checker("8.3", _ADVICE)
def balanced_kl(answer: Answer) -> None:
    """Oracle: the gradients of the KL in closed form, those of two families of distributions."""
    generator = torch.Generator().manual_seed(2)
    # Where one sequence, one step is close to what was expected and another far from it, their floors differ.
    surprise = torch.tensor([[0.2, 0.4, 0.1], [2.5, 0.5, 1.5]]).unsqueeze(-1)

    def pair(*shape: int) -> Gradients:
        prior = torch.randn(shape, generator=generator)
        return prior + surprise[: shape[0], : shape[1]] * torch.randn(shape, generator=generator), prior

    classes = pair(2, 3, 4)
    mean = float(_categorical_kl(*classes).mean())
    hard_coded = "is hard-coded: use the argument"
    single = "larger batches were right: a batch may hold a single step"
    _expect_balance(answer, (_categorical_kl, *classes, 0.8, 0.0), "a KL above the free nats")
    _expect_balance(answer, (_categorical_kl, *classes, 0.8, 0.6 * mean), "a mean KL above the free nats")
    _expect_balance(answer, (_categorical_kl, *classes, 0.8, 1.7 * mean), "a mean KL below the free nats")
    _expect_balance(answer, (_categorical_kl, *classes, 0.3, 0.3 * mean), "another balance", f"`balance` {hard_coded}")
    _expect_balance(
        answer, (_gaussian_kl, *pair(2, 3, 2), 0.7, 0.1), "another KL, of Gaussians", "call the `kl` that is given"
    )
    _expect_balance(answer, (_categorical_kl, *pair(1, 1, 3), 0.8, 0.0), "a batch of one step", single)


def _categorical_kl(left: Tensor, right: Tensor) -> Tensor:
    """KL of two categorical distributions given by logits."""
    return kl_divergence(Categorical(logits=left), Categorical(logits=right))


def _gaussian_kl(left: Tensor, right: Tensor) -> Tensor:
    """KL of two Gaussians given by (mean, log std)."""
    return kl_divergence(Normal(left[..., 0], left[..., 1].exp()), Normal(right[..., 0], right[..., 1].exp()))


def _closed_gradients(kl: Any, left: Tensor, right: Tensor) -> Gradients:
    """Gradients of each step's KL, by hand: for its left side, and for its right side."""
    if kl is _categorical_kl:
        p, q = left.softmax(-1), right.softmax(-1)
        surprise = p.log() - q.log()
        return p * (surprise - (p * surprise).sum(-1, keepdim=True)), q - p
    shift, (var_l, var_r) = left[..., 0] - right[..., 0], ((2 * x[..., 1]).exp() for x in (left, right))
    for_left = torch.stack([shift / var_r, var_l / var_r - 1], -1)
    return for_left, torch.stack([-shift / var_r, 1 - (var_l + shift.square()) / var_r], -1)


def _expect_balance(answer: Answer, case: Case, what: str, hint: str = "") -> None:
    kl, posterior, prior, balance, free_nats = case
    before = {"posterior": posterior.clone().requires_grad_(), "prior": prior.clone().requires_grad_()}
    given = {name: tensor.detach().clone().requires_grad_() for name, tensor in before.items()}
    returned = answer(kl, *given.values(), balance, free_nats)
    if isinstance(returned, float):
        raise CheckFailed(
            f"a scalar tensor, for {what}",
            describe(returned),
            "Python's max() drops the tensor, as .item() does: use .clamp_min(free_nats)",
        )
    expect_unchanged(given, before)
    steps = kl(posterior, prior)
    shapes = {"one number is wanted: the mean over batch and time": tuple(steps.shape)}
    shapes["one number is wanted: the mean over time too"] = tuple(steps.shape[:1])
    got = expect_tensor(returned, (), f"the loss for {what}", shapes)
    expected = steps.mean().clamp_min(free_nats)
    values = {hint: got} if hint else _wrong_losses(case)
    expect_close(got, expected, f"loss for {what}", values)
    if not got.requires_grad:
        none = "everything is held still: each of the two terms detaches one side only"
        expect(bool(steps.mean() < free_nats), f"gradients for {what}", "none", none)
        return
    grads = torch.autograd.grad(got, list(given.values()), allow_unused=True)
    got_pair = torch.stack([torch.zeros_like(posterior) if gradient is None else gradient for gradient in grads])
    full = torch.stack(_closed_gradients(kl, posterior, prior)) / steps.numel()
    share = torch.tensor([1 - balance, balance]).view(2, *[1] * posterior.dim())
    active = float(steps.mean() > free_nats)
    named = {hint: got_pair} if hint else _wrong_gradients(full, share, steps, case)
    label = f"gradients for (posterior, prior), with balance={balance}, for {what}"
    expect_close(got_pair, active * share * full, label, named)


def _wrong_losses(case: Case) -> dict[str, Tensor]:
    """What the usual mistakes lead to."""
    kl, posterior, prior, balance, free_nats = case
    steps = kl(posterior, prior)
    mean, other = steps.mean(), kl(prior, posterior).mean()
    towards_posterior, towards_prior = balance * mean, (1 - balance) * mean
    return {
        "the sides are swapped: kl(posterior, prior)": other.clamp_min(free_nats),
        "one of the terms has its sides swapped: both are kl(posterior, prior)": (
            balance * mean.clamp_min(free_nats) + (1 - balance) * other.clamp_min(free_nats)
        ),
        "one of the terms has its sides swapped: both are KL(posterior || prior)": (
            balance * other.clamp_min(free_nats) + (1 - balance) * mean.clamp_min(free_nats)
        ),
        "the free nats are fixed at 1: use the argument `free_nats`": mean.clamp_min(1.0),
        "the free nats are left out: max(mean, free_nats)": mean,
        "the free nats apply to the mean over batch and time: take the mean first, then the maximum": (
            steps.clamp_min(free_nats).mean()
        ),
        "the free nats apply to the mean over batch and time, not to each sequence": (
            steps.mean(-1).clamp_min(free_nats).mean()
        ),
        "the free nats apply to the mean over batch and time, not to each step of the batch": (
            steps.mean(0).clamp_min(free_nats).mean()
        ),
        "the free nats are subtracted: they are a floor, max(mean, free_nats)": (mean - free_nats).clamp_min(0.0),
        "a maximum is wanted here, not a minimum": mean.clamp_max(free_nats),
        "the sum over batch and time: take the mean, so that the loss does not grow with the batch": (
            steps.sum().clamp_min(free_nats)
        ),
        "the sum over time: take the mean over batch and time": steps.sum(-1).mean().clamp_min(free_nats),
        "the weights come after the floor: balance * max(mean, free_nats), not max(balance * mean, free_nats)": (
            towards_posterior.clamp_min(free_nats) + towards_prior.clamp_min(free_nats)
        ),
        "the two terms are added: weigh them with balance and 1 - balance": 2 * mean.clamp_min(free_nats),
        "the term that trains the posterior is missing": balance * mean.clamp_min(free_nats),
        "the term that trains the prior is missing": (1 - balance) * mean.clamp_min(free_nats),
    }


def _wrong_gradients(full: Tensor, share: Tensor, steps: Tensor, case: Case) -> dict[str, Tensor]:
    """What the usual mistakes lead to: gradients (2, *shape), of the posterior and of the prior."""
    free_nats = case[-1]
    nothing = torch.zeros_like(full)
    posterior_alone, prior_alone = nothing.clone(), nothing.clone()
    posterior_alone[0], prior_alone[1] = full[0], full[1]
    active = float(steps.mean() > free_nats)
    still = "the prior is held still in both terms: detach the posterior where the prior learns"
    frozen = "the posterior is held still in both terms: detach the prior where the posterior learns"
    below = "below the free nats nothing is left to gain, and no gradient may flow"
    above = "each step above the free nats has a gradient: it is the mean over batch and time that counts"
    return {
        "no stop-gradients: detach the posterior in one term and the prior in the other": active * full,
        "the shares are swapped: the prior gets `balance`, the posterior the rest": active * share.flip(0) * full,
        still: active * share * posterior_alone,
        f"{still}, not the prior": active * posterior_alone,
        frozen: active * share * prior_alone,
        f"{frozen}, not the posterior": active * prior_alone,
        above: share * full * (steps > free_nats)[None, ..., None],
        "the floor is a number without a history: no gradient comes through here": nothing if active else full,
        below: share * full,
        f"{below}, nor without stop-gradients": full,
        "the sides are right, the gradient is that of the sum: take the mean": active * share * full * steps.numel(),
    }
