"""Exercise 9.2: plausible mistakes are named, and right answers written differently pass."""

from typing import Any

import pytest
import torch

from wmcourse.checks import dreamer as check
from wmcourse.checks.check import CheckFailed


def recursion(
    reward, continues, value, discount, lambda_, *, last=None, value_of=lambda value, t: value[:, t + 1], blend=None
):
    following = value[:, -1] if last is None else last
    targets = []
    for t in reversed(range(reward.shape[1])):
        mixed = (1 - lambda_) * value_of(value, t) + lambda_ * following
        following = reward[:, t] + discount * continues[:, t] * mixed if blend is None else blend(t, mixed)
        targets.insert(0, following)
    return torch.stack(targets, 1)


def without_continues(reward, continues, value, discount, lambda_):
    return recursion(reward, torch.ones_like(continues), value, discount, lambda_)


def swapped_lambda(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, 1 - lambda_)


def without_bootstrap(reward, continues, value, discount, lambda_):
    padded = torch.cat([value[:, :-1], torch.zeros(len(value), 1)], 1)
    return recursion(reward, continues, padded, discount, lambda_)


def one_step_late(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_, value_of=lambda value, t: value[:, t])


def without_discount(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, 1.0, lambda_)


def monte_carlo(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, 1.0)


def one_step(reward, continues, value, discount, lambda_):
    return reward + discount * continues * value[:, 1:]


def discounted_reward(reward, continues, value, discount, lambda_):
    return recursion(
        reward, continues, value, discount, lambda_, blend=lambda t, m: discount * (reward[:, t] + continues[:, t] * m)
    )


def gated_reward(reward, continues, value, discount, lambda_):
    return recursion(
        reward, continues, value, discount, lambda_, blend=lambda t, m: continues[:, t] * (reward[:, t] + discount * m)
    )


def backward_order(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_).flip(1)


def hard_coded(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, 0.9, 0.7)


def with_last_value(reward, continues, value, discount, lambda_):
    return torch.cat([recursion(reward, continues, value, discount, lambda_), value[:, -1:]], 1)


def time_first(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_).T


def detached(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_).detach()


def detached_values(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value.detach(), discount, lambda_)


def overwriting(reward, continues, value, discount, lambda_):
    for t in reversed(range(reward.shape[1])):
        following = value[:, -1] if t == reward.shape[1] - 1 else reward[:, t + 1]
        reward[:, t] += discount * continues[:, t] * ((1 - lambda_) * value[:, t + 1] + lambda_ * following)
    return reward


def affine(reward, continues, value, discount, lambda_, *, order=None, now=None, later=None, start=None):
    """The recursion V = reward + now + later * (the V before it), any part of which may be wrong."""
    gate = discount * continues
    now = gate * (1 - lambda_) * value[:, 1:] if now is None else now
    later = gate * lambda_ if later is None else later
    following = value[:, -1] if start is None else start
    found = {}
    for t in order or reversed(range(reward.shape[1])):
        found[t] = following = reward[:, t] + now[:, t] + later[:, t] * following
    return torch.stack([found[t] for t in sorted(found)], 1)


def starts_from_zero(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, start=torch.zeros(len(value)))


def starts_one_early(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, start=value[:, -2])


def starts_from_the_first_value(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, start=value[:, 0])


def starts_from_a_reward(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, start=reward[:, -1])


def forward_in_time(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, order=range(reward.shape[1]))


def appends_too_early(reward, continues, value, discount, lambda_):
    return torch.cat([recursion(reward, continues, value, discount, lambda_)[:, 1:], value[:, -1:]], 1)


def without_bracket(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, later=torch.full_like(reward, lambda_))


def value_outside_the_bracket(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, now=(1 - lambda_) * value[:, 1:])


def discounts_the_value_alone(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, later=continues * lambda_)


def continues_the_return_alone(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, now=discount * (1 - lambda_) * value[:, 1:])


def full_value(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, now=discount * continues * value[:, 1:])


def reward_in_the_bracket(reward, continues, value, discount, lambda_):
    return recursion(discount * continues * reward, continues, value, discount, lambda_)


def rounded_continues(reward, continues, value, discount, lambda_):
    return recursion(reward, (continues > 0.5).float(), value, discount, lambda_)


def continues_twice(reward, continues, value, discount, lambda_):
    return recursion(reward, continues.cumprod(1), value, discount, lambda_)


def continues_of_the_step_before(reward, continues, value, discount, lambda_):
    earlier = torch.cat([torch.ones_like(continues[:, :1]), continues[:, :-1]], 1)
    return recursion(reward, earlier, value, discount, lambda_)


def advantage(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_) - value[:, :-1]


def mixes_two_values(reward, continues, value, discount, lambda_):
    return reward + discount * continues * ((1 - lambda_) * value[:, :-1] + lambda_ * value[:, 1:])


def fixed_discount(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, 0.99, lambda_)


def fixed_lambda(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, 0.95)


def index_of_the_formula(reward, continues, value, discount, lambda_):
    return affine(reward[:, 1:], continues, value, discount, lambda_, order=range(reward.shape[1]))


def time_axis_first(reward, continues, value, discount, lambda_):
    return torch.stack([reward[t] + discount * continues[t] * value[t + 1, 1:] for t in range(4)])


def drops_the_first(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_)[:, 1:]


def joins(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_).T.reshape(-1)


def squeezes(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_).squeeze()


def four_steps(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, order=range(3, -1, -1))


def python_floats(reward, continues, value, discount, lambda_):
    return torch.tensor(recursion(reward, continues, value, discount, lambda_).tolist())


def leaf_of_its_own(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_).detach().requires_grad_()


def detached_mixed_values(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_, value_of=lambda value, t: value[:, t + 1].detach())


def detached_start(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_, last=value[:, -1].detach())


def detached_between_steps(reward, continues, value, discount, lambda_):
    following, found = value[:, -1], []
    for t in reversed(range(reward.shape[1])):
        blend = (1 - lambda_) * value[:, t + 1] + lambda_ * following.detach()
        following = reward[:, t] + discount * continues[:, t] * blend
        found.insert(0, following)
    return torch.stack(found, 1)


def detached_continues(reward, continues, value, discount, lambda_):
    return recursion(reward, continues.detach(), value, discount, lambda_)


def detached_baseline(reward, continues, value, discount, lambda_):
    return advantage(reward, continues, value, discount, lambda_) + value[:, :-1].detach()


def overwriting_values(reward, continues, value, discount, lambda_):
    for t in reversed(range(reward.shape[1])):
        value[:, t] = reward[:, t] + discount * continues[:, t] * value[:, t + 1]
    return value[:, :-1]


WRONG_RETURNS = {
    without_continues: "continues are missing",
    swapped_lambda: "λ and 1-λ are swapped",
    without_bootstrap: "no bootstrap",
    one_step_late: "off by one",
    without_discount: "discount is missing",
    monte_carlo: "plain discounted sum",
    one_step: "one-step target",
    discounted_reward: "reward is discounted too",
    gated_reward: "multiplied by its own continue",
    backward_order: "order of time is reversed",
    hard_coded: "hard-coded",
    with_last_value: "one return too many",
    time_first: "dim=1",
    detached: "cuts the gradient",
    detached_values: "no gradient for the values",
    overwriting: "do not write into these",
    starts_from_zero: "no bootstrap",
    starts_one_early: "value of s_{H-1}",
    starts_from_the_first_value: "value of s_0",
    starts_from_a_reward: "starts from a reward",
    forward_in_time: "loop runs forward",
    appends_too_early: "append after the update",
    without_bracket: "multiplies λ V",
    value_outside_the_bracket: r"multiplies \(1-λ\) v",
    discounts_the_value_alone: "γ is missing from λ V",
    continues_the_return_alone: r"c_{t\+1} is missing from \(1-λ\) v",
    full_value: "keeps its full weight",
    reward_in_the_bracket: "reward is inside the bracket",
    rounded_continues: "continues are rounded",
    continues_twice: "counted twice",
    continues_of_the_step_before: "from a step before",
    advantage: "this is the advantage",
    mixes_two_values: "two values are mixed",
    fixed_discount: "γ is fixed",
    fixed_lambda: "λ is fixed",
    index_of_the_formula: "an index is past the end",
    time_axis_first: "batch first, then time",
    drops_the_first: "one return is missing",
    joins: "instead of joining",
    squeezes: "a batch of one is still a batch",
    four_steps: "an index is past the end",
    python_floats: "without a gradient",
    leaf_of_its_own: "no gradient for the rewards",
    detached_mixed_values: "a part of it is cut off",
    detached_start: "a part of it is cut off",
    detached_between_steps: "a part of it is cut off",
    detached_continues: "no gradient for the continues",
    detached_baseline: "a part of it is cut off",
    overwriting_values: "a changed `value`",
}


@pytest.mark.parametrize("wrong", WRONG_RETURNS, ids=lambda wrong: wrong.__name__)
def test_lambda_return_names_the_mistake(wrong: Any) -> None:
    with pytest.raises(CheckFailed, match=WRONG_RETURNS[wrong]):
        check.lambda_return(wrong)


def by_advantages(reward, continues, value, discount, lambda_):
    ahead, found = 0.0, []
    for t in reversed(range(reward.shape[1])):
        surprise = reward[:, t] + discount * continues[:, t] * value[:, t + 1] - value[:, t]
        ahead = surprise + discount * lambda_ * continues[:, t] * ahead
        found.append(ahead)
    return torch.stack(found[::-1], 1) + value[:, :-1]


def by_linear_equations(reward, continues, value, discount, lambda_):
    weight = discount * lambda_ * continues
    known = reward + discount * continues * (1 - lambda_) * value[:, 1:]
    last = known[:, -1:] + weight[:, -1:] * value[:, -1:]
    matrix = torch.eye(reward.shape[1]) - torch.diag_embed(weight[:, :-1], offset=1)
    return torch.linalg.solve(matrix, torch.cat([known[:, :-1], last], 1))


def into_a_buffer(reward, continues, value, discount, lambda_):
    found = torch.zeros_like(value)
    found[:, -1] = value[:, -1]
    for t in range(reward.shape[1] - 1, -1, -1):
        blend = torch.lerp(value[:, t + 1], found[:, t + 1].clone(), lambda_)
        found[:, t] = reward[:, t] + discount * continues[:, t] * blend
    return found[:, :-1]


RIGHT = [by_advantages, by_linear_equations, into_a_buffer]


@pytest.mark.parametrize("answer", RIGHT)
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.lambda_return(answer)
