"""Exercise 8.3: plausible mistakes are named, many by their gradients; right answers written differently pass."""

from typing import Any

import pytest
import torch

from wmcourse.checks import rssm as check
from wmcourse.checks.balance import _categorical_kl, _closed_gradients, _gaussian_kl
from wmcourse.checks.check import CheckFailed


def balanced(kl, posterior, prior, balance, free_nats, floor=lambda steps, free: steps.mean().clamp_min(free)):
    prior_learns = floor(kl(posterior.detach(), prior), free_nats)
    return balance * prior_learns + (1 - balance) * floor(kl(posterior, prior.detach()), free_nats)


def floored_by(floor):
    """Right but for `floor(steps, free_nats)`."""
    return lambda *arguments: balanced(*arguments, floor=floor)


def without_stops(kl, posterior, prior, balance, free_nats):
    return kl(posterior, prior).mean().clamp_min(free_nats)


def shares_swapped(kl, posterior, prior, balance, free_nats):
    return balanced(kl, posterior, prior, 1 - balance, free_nats)


def prior_always_still(kl, posterior, prior, balance, free_nats):
    return balanced(kl, posterior, prior.detach(), balance, free_nats)


def posterior_always_still(kl, posterior, prior, balance, free_nats):
    return balanced(kl, posterior.detach(), prior, balance, free_nats)


def prior_still_in_one_term(kl, posterior, prior, balance, free_nats):
    return kl(posterior, prior.detach()).mean().clamp_min(free_nats)


def posterior_still_in_one_term(kl, posterior, prior, balance, free_nats):
    return kl(posterior.detach(), prior).mean().clamp_min(free_nats)


def everything_still(kl, posterior, prior, balance, free_nats):
    return balanced(kl, posterior.detach(), prior.detach(), balance, free_nats)


def sides_swapped(kl, posterior, prior, balance, free_nats):
    return balanced(lambda left, right: kl(right, left), posterior, prior, balance, free_nats)


def one_term_swapped(kl, posterior, prior, balance, free_nats):
    prior_learns = kl(posterior.detach(), prior).mean().clamp_min(free_nats)
    return balance * prior_learns + (1 - balance) * kl(prior.detach(), posterior).mean().clamp_min(free_nats)


def other_term_swapped(kl, posterior, prior, balance, free_nats):
    prior_learns = kl(prior, posterior.detach()).mean().clamp_min(free_nats)
    return balance * prior_learns + (1 - balance) * kl(posterior, prior.detach()).mean().clamp_min(free_nats)


def terms_added(kl, posterior, prior, balance, free_nats):
    return sum(
        kl(*sides).mean().clamp_min(free_nats) for sides in ((posterior.detach(), prior), (posterior, prior.detach()))
    )


def floor_after_the_weights(kl, posterior, prior, balance, free_nats):
    prior_learns = (balance * kl(posterior.detach(), prior).mean()).clamp_min(free_nats)
    return prior_learns + ((1 - balance) * kl(posterior, prior.detach()).mean()).clamp_min(free_nats)


def prior_term_alone(kl, posterior, prior, balance, free_nats):
    return balance * kl(posterior.detach(), prior).mean().clamp_min(free_nats)


def posterior_term_alone(kl, posterior, prior, balance, free_nats):
    return (1 - balance) * kl(posterior, prior.detach()).mean().clamp_min(free_nats)


def right_value_without_a_floor_in_the_gradient(kl, posterior, prior, balance, free_nats):
    loss = balanced(kl, posterior, prior, balance, 0.0)
    return loss + (loss.clamp_min(free_nats) - loss).detach()


def plain_value_without_a_floor_in_the_gradient(kl, posterior, prior, balance, free_nats):
    loss = kl(posterior, prior).mean()
    return loss + (loss.clamp_min(free_nats) - loss).detach()


def gradient_of_the_steps_above(kl, posterior, prior, balance, free_nats):
    per_step = balanced(kl, posterior, prior, balance, free_nats, floor=lambda x, free: x.clamp_min(free).mean())
    right = balanced(kl, posterior, prior, balance, free_nats)
    return per_step + (right - per_step).detach()


def gradient_of_the_sum(kl, posterior, prior, balance, free_nats):
    right = balanced(kl, posterior, prior, balance, free_nats)
    return right * 6 - (right * 5).detach()


def pythons_max(kl, posterior, prior, balance, free_nats):
    prior_learns = max(kl(posterior.detach(), prior).mean(), free_nats)
    return balance * prior_learns + (1 - balance) * max(kl(posterior, prior.detach()).mean(), free_nats)


def plain_number(kl, posterior, prior, balance, free_nats):
    return balanced(kl, posterior, prior, balance, free_nats).item()


def torch_maximum_of_a_float(kl, posterior, prior, balance, free_nats):
    return torch.maximum(kl(posterior, prior).mean(), free_nats)


def own_balance(kl, posterior, prior, balance, free_nats):
    return balanced(kl, posterior, prior, 0.8, free_nats)


def own_kl(kl, posterior, prior, balance, free_nats):
    return balanced(_categorical_kl, posterior, prior, balance, free_nats)


def detaches_in_place(kl, posterior, prior, balance, free_nats):
    return kl(posterior.detach_(), prior).mean().clamp_min(free_nats)


def writes_into_the_prior(kl, posterior, prior, balance, free_nats):
    prior.data.sub_(prior.data.mean(-1, keepdim=True))
    return balanced(kl, posterior, prior, balance, free_nats)


def each_step(kl, posterior, prior, balance, free_nats):
    return balanced(kl, posterior, prior, balance, free_nats, floor=lambda steps, free: steps.clamp_min(free))


def each_sequence(kl, posterior, prior, balance, free_nats):
    return balanced(kl, posterior, prior, balance, free_nats, floor=lambda steps, free: steps.mean(-1).clamp_min(free))


def one_sided_call(kl, posterior, prior, balance, free_nats):
    return kl(posterior)


def drops_the_last_step(kl, posterior, prior, balance, free_nats):
    return balanced(kl, posterior[:, :2], prior[:, :2], balance, free_nats)


WRONG_LOSSES = {
    "no stops": (without_stops, "no stop-gradients"),
    "shares swapped": (shares_swapped, "the shares are swapped"),
    "prior still": (prior_always_still, "the prior is held still in both terms"),
    "posterior still": (posterior_always_still, "the posterior is held still in both terms"),
    "prior still, one term": (prior_still_in_one_term, "the prior is held still in both terms"),
    "posterior still, one term": (posterior_still_in_one_term, "the posterior is held still in both terms"),
    "everything still": (everything_still, "each of the two terms detaches one side only"),
    "sides swapped": (sides_swapped, r"the sides are swapped: kl\(posterior, prior\)"),
    "one term swapped": (one_term_swapped, "one of the terms has its sides swapped"),
    "other term swapped": (other_term_swapped, "one of the terms has its sides swapped"),
    "added": (terms_added, "the two terms are added"),
    "floor late": (floor_after_the_weights, "the weights come after the floor"),
    "prior term alone": (prior_term_alone, "the term that trains the posterior is missing"),
    "posterior term alone": (posterior_term_alone, "the term that trains the prior is missing"),
    "no floor": (floored_by(lambda steps, free: steps.mean()), "free nats are left out"),
    "floor at each step": (
        floored_by(lambda steps, free: steps.clamp_min(free).mean()),
        "take the mean first, then the maximum",
    ),
    "floor for each sequence": (
        floored_by(lambda steps, free: steps.mean(-1).clamp_min(free).mean()),
        "not to each sequence",
    ),
    "floor for each step of the batch": (
        floored_by(lambda steps, free: steps.mean(0).clamp_min(free).mean()),
        "not to each step of the batch",
    ),
    "floor of its own": (
        lambda kl, q, p, balance, free: balanced(kl, q, p, balance, max(free, 0.05)),
        "larger batches were right",
    ),
    "own free nats": (floored_by(lambda steps, free: steps.mean().clamp_min(1.0)), "fixed at 1|expected: loss"),
    "subtracted": (floored_by(lambda steps, free: (steps.mean() - free).clamp_min(0.0)), "free nats are subtracted"),
    "minimum": (floored_by(lambda steps, free: steps.mean().clamp_max(free)), "not a minimum"),
    "sum": (floored_by(lambda steps, free: steps.sum().clamp_min(free)), "the sum over batch and time"),
    "sum over time": (floored_by(lambda steps, free: steps.sum(-1).mean().clamp_min(free)), "the sum over time"),
    "gradient below the floor": (right_value_without_a_floor_in_the_gradient, "no gradient may flow"),
    "gradient below the floor, no stops": (plain_value_without_a_floor_in_the_gradient, "no stop-gradients"),
    "gradient of the steps above": (gradient_of_the_steps_above, "each step above the free nats has a gradient"),
    "gradient of the sum": (gradient_of_the_sum, "the gradient is that of the sum"),
    "max": (pythons_max, r"Python's max\(\)"),
    "number": (plain_number, r"Python's max\(\) drops the tensor, as \.item\(\) does"),
    "torch.maximum": (torch_maximum_of_a_float, r"clamp_min\(free_nats\)"),
    "own balance": (own_balance, "`balance` is hard-coded"),
    "own KL": (own_kl, "call the `kl` that is given"),
    "detach_": (detaches_in_place, "a changed `posterior`"),
    "in place": (writes_into_the_prior, "a changed `prior`"),
    "each step": (each_step, "the mean over batch and time"),
    "each sequence": (each_sequence, "the mean over time too"),
    "one side": (one_sided_call, "kl takes two"),
    "without the last step": (drops_the_last_step, "expected: loss"),
    "no grad": (torch.no_grad()(balanced), "each of the two terms detaches one side only"),
}


@pytest.mark.parametrize("name", WRONG_LOSSES)
def test_balanced_kl_names_the_mistake(name: str) -> None:
    wrong, message = WRONG_LOSSES[name]
    with pytest.raises(CheckFailed, match=message):
        check.balanced_kl(wrong)


def by_scaling_the_gradient(kl, posterior, prior, balance, free_nats):
    posterior = (1 - balance) * posterior + balance * posterior.detach()
    prior = balance * prior + (1 - balance) * prior.detach()
    return kl(posterior, prior).mean().clamp_min(free_nats)


def one_floor_for_both(kl, posterior, prior, balance, free_nats):
    prior_learns, posterior_learns = kl(posterior.detach(), prior), kl(posterior, prior.detach())
    return torch.relu((balance * prior_learns + (1 - balance) * posterior_learns).mean() - free_nats) + free_nats


def by_torch_maximum(kl, posterior, prior, balance, free_nats):
    floor = torch.tensor(free_nats)
    return balanced(kl, posterior, prior, balance, free_nats, floor=lambda x, _: torch.maximum(x.mean(), floor))


def with_a_constant_below(kl, posterior, prior, balance, free_nats):
    if kl(posterior, prior).mean() < free_nats:
        return torch.tensor(free_nats)
    return balanced(kl, posterior, prior, balance, 0.0)


RIGHT = [balanced, by_scaling_the_gradient, one_floor_for_both, by_torch_maximum, with_a_constant_below]


@pytest.mark.parametrize("answer", RIGHT)
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.balanced_kl(answer)


@pytest.mark.parametrize("kl", [_categorical_kl, _gaussian_kl])
def test_the_closed_gradients_are_those_of_autograd(kl: Any) -> None:
    left, right = (torch.randn(2, 3, 2, requires_grad=True) for _ in range(2))
    for closed, found in zip(
        _closed_gradients(kl, left, right), torch.autograd.grad(kl(left, right).sum(), [left, right]), strict=True
    ):
        torch.testing.assert_close(closed, found)
