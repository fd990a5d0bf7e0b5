"""The checker of exercise 9.2: the λ-return of a dream, and the gradient through it."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from wmcourse.checks.check import checker, expect, expect_close, expect_tensor, expect_unchanged

Answer = Callable[..., Any]
HORIZON = 4

_ADVICE = {
    "out of bounds for dimension 0": "batch first, then time: column t is reward[:, t]",
    "out of bounds": "an index is past the end: column t of `reward` and `continues` holds r_{t+1} and c_{t+1} already",
}


@checker("9.2", _ADVICE)
def lambda_return(answer: Answer) -> None:
    """Oracle: the weighted average of all n-step returns (Sutton & Barto 2018, eq. 12.3), not the recursion."""
    hard_coded = "the first example was right: a constant is hard-coded"
    for discount, lambda_, hint in ((0.9, 0.7, ""), (0.5, 0.2, hard_coded)):
        before = _dream(int(100 * discount))
        given = {name: tensor.clone() for name, tensor in before.items()}
        returned = answer(*given.values(), discount=discount, lambda_=lambda_)
        shapes = {
            "one return too many: V is asked for at t = 0 ... H-1, the value of the last state is only a start": (2, 5),
            "one return is missing: V is asked for at t = 0 ... H-1": (2, HORIZON - 1),
            "stack the returns along dim=1: batch first, then time": (HORIZON, 2),
            "stack the returns instead of joining them: torch.stack(returns, dim=1)": (2 * HORIZON,),
            "a return for each imagined step is wanted, not only the first": (2,),
        }
        expect_unchanged(given, before)
        got = expect_tensor(returned, (2, HORIZON), "the returns", shapes)
        oracle = _mixed_returns(**before, discount=discount, lambda_=lambda_)
        mistakes = {hint: got} if hint else _wrong_returns(**before, discount=discount, lambda_=lambda_)
        expect_close(got, oracle, f"returns for discount={discount}, lambda_={lambda_}", mistakes)
    single = {name: tensor[:1, 1:] for name, tensor in before.items()}
    returned = answer(*(tensor.clone() for tensor in single.values()), discount=0.9, lambda_=0.7)
    lost_axis = {"a batch of one is still a batch: .squeeze() drops every axis of size 1, leave it out": (HORIZON - 1,)}
    got = expect_tensor(returned, (1, HORIZON - 1), "the returns of a single dream of 3 steps", lost_axis)
    expect_close(got, _mixed_returns(**single, discount=0.9, lambda_=0.7), "returns of a single dream of 3 steps")
    _expect_gradient(answer)


def _dream(seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        "reward": torch.rand(2, HORIZON, generator=generator),
        "continues": torch.tensor([[1.0, 0.8, 1.0, 0.9], [1.0, 1.0, 0.0, 1.0]]),
        "value": 2 + torch.randn(2, HORIZON + 1, generator=generator),
    }


def _expect_gradient(answer: Answer) -> None:
    """Oracle: the gradient of the weighted average."""
    dream = {name: tensor.requires_grad_() for name, tensor in _dream(90).items()}
    wanted = "returns through which the gradient reaches rewards, continues and values"
    cut = "a .detach(), torch.no_grad(), .item() or NumPy cuts the gradient by which the actor learns"
    graph = answer(*dream.values(), discount=0.9, lambda_=0.7)
    expect(graph.requires_grad, wanted, "returns without a gradient", cut)
    weights = torch.arange(1.0, 2 * HORIZON + 1).view(2, HORIZON)
    inputs = list(dream.values())
    oracles = torch.autograd.grad((weights * _mixed_returns(**dream, discount=0.9, lambda_=0.7)).sum(), inputs)
    grads = torch.autograd.grad((weights * graph).sum(), inputs, allow_unused=True)
    for name, gradient, oracle in zip(("rewards", "continues", "values"), grads, oracles, strict=True):
        expect(gradient is not None and bool(gradient.any()), wanted, f"no gradient for the {name}", cut)
        part = f"a part of it is cut off: {cut}"
        expect_close(gradient, oracle, f"gradient of the weighted returns for the {name}", {part: gradient})


def _mixed_returns(reward: Tensor, continues: Tensor, value: Tensor, discount: float, lambda_: float) -> Tensor:
    """V_t = (1-λ) Σ_n λ^(n-1) G_t^(n), and the longest G takes the remaining weight."""
    horizon = reward.shape[1]
    columns = []
    for start in range(horizon):
        total = torch.zeros(len(reward))
        longest = horizon - start
        for steps in range(1, longest + 1):
            n_step = torch.zeros(len(reward))
            for k in range(steps):
                n_step += discount**k * continues[:, start : start + k].prod(1) * reward[:, start + k]
            alive = continues[:, start : start + steps].prod(1)
            n_step += discount**steps * alive * value[:, start + steps]
            weight = lambda_ ** (steps - 1) * (1 - lambda_ if steps < longest else 1)
            total += weight * n_step
        columns.append(total)
    return torch.stack(columns, 1)


def _wrong_returns(
    reward: Tensor, continues: Tensor, value: Tensor, discount: float, lambda_: float
) -> dict[str, Tensor]:
    """What the usual mistakes lead to."""

    def returns(
        reward: Tensor = reward,
        continues: Tensor = continues,
        value: Tensor = value,
        discount: float = discount,
        lambda_: float = lambda_,
    ) -> Tensor:
        return _mixed_returns(reward, continues, value, discount, lambda_)

    gate, backward = discount * continues, range(HORIZON - 1, -1, -1)
    before = torch.cat([torch.full_like(gate[:, :1], discount), gate[:, :-1]], 1)

    def walk(order: Iterable[int] = backward, **changed: Tensor) -> Tensor:
        """V = reward + now + later * (the V before it), column by column in `order`, from `start` on."""
        now, later = changed.get("now", gate * (1 - lambda_) * value[:, 1:]), changed.get("later", gate * lambda_)
        following, columns = changed.get("start", value[:, -1]), {}
        for t in order:
            columns[t] = following = reward[:, t] + now[:, t] + later[:, t] * following
        return torch.stack([columns[t] for t in sorted(columns)], 1)

    apart = {}
    for symbol, rest in (("γ", continues), ("c_{t+1}", discount * torch.ones_like(continues))):
        apart[f"{symbol} is missing from λ V_{{t+1}}: it multiplies the whole bracket"] = walk(later=rest * lambda_)
        now = rest * (1 - lambda_) * value[:, 1:]
        apart[f"{symbol} is missing from (1-λ) v(s_{{t+1}}): it multiplies the whole bracket"] = walk(now=now)
    first = "start from V_H = v(s_H), the last column of `value`"
    return {
        "the continues are missing: after a terminal step nothing more may be collected": returns(
            continues=torch.ones_like(continues)
        ),
        "λ and 1-λ are swapped: λ goes with the return V_{t+1}, 1-λ with the value v(s_{t+1})": returns(
            lambda_=1 - lambda_
        ),
        f"no bootstrap: the future does not end at the horizon, so 0 is no start; {first}": walk(
            start=torch.zeros_like(reward[:, 0])
        ),
        f"no bootstrap, and no v(s_H) in the last step: the future does not end at the horizon, {first}": returns(
            value=torch.cat([value[:, :-1], torch.zeros_like(value[:, :1])], 1)
        ),
        f"this starts from the value of s_{{H-1}}: {first}": walk(start=value[:, -2]),
        f"this starts from the value of s_0: {first}": walk(start=value[:, 0]),
        f"this starts from a reward: {first}": walk(start=reward[:, -1]),
        # The start of the recursion is still right.
        "off by one: the step from s_t arrives in s_{t+1}, whose value is value[:, t + 1]": walk(
            now=gate * (1 - lambda_) * value[:, :-1]
        ),
        "the loop runs forward: V_t needs V_{t+1}, so begin at the end": walk(order=range(HORIZON)),
        "the list holds V_{t+1} in place of V_t: append after the update, not before": torch.cat(
            [returns()[:, 1:], value[:, -1:]], 1
        ),
        "the bracket is missing: γ c_{t+1} multiplies λ V_{t+1} as well": walk(later=torch.full_like(reward, lambda_)),
        "the bracket is missing: γ c_{t+1} multiplies (1-λ) v(s_{t+1}) as well": walk(now=(1 - lambda_) * value[:, 1:]),
        "the value keeps its full weight: it is multiplied by 1-λ": walk(now=gate * value[:, 1:]),
        "the discount is missing: γ multiplies everything but the reward": returns(discount=1.0),
        "this is the plain discounted sum (λ = 1): the values v(s_{t+1}) are not mixed in": returns(lambda_=1.0),
        "this is the one-step target (λ = 0): V_{t+1} is not mixed in": returns(lambda_=0.0),
        "the reward is discounted too: γ belongs to what follows it": returns(reward=discount * reward),
        "the reward is multiplied by its own continue: it is earned even at a terminal step": returns(
            reward=continues * reward
        ),
        "the reward is inside the bracket: γ and c_{t+1} multiply what follows it": returns(reward=gate * reward),
        "the continues are rounded: they are probabilities, multiply by them": returns(continues=continues.round()),
        "the continues are counted twice: the recursion multiplies them up, no cumprod is needed": returns(
            continues=continues.cumprod(1)
        ),
        "column t of `continues` belongs to the step from s_t: it is taken from a step before": walk(
            now=before * (1 - lambda_) * value[:, 1:], later=before * lambda_
        ),
        "this is the advantage: add v(s_t)": returns() - value[:, :-1],
        "the order of time is reversed: the last return was computed first, flip them back": returns().flip(1),
        "two values are mixed here: the second is the return V_{t+1} that the loop found before": reward
        + gate * ((1 - lambda_) * value[:, :-1] + lambda_ * value[:, 1:]),
        "γ is fixed at 0.99: use the argument `discount`": returns(discount=0.99),
        "λ is fixed at 0.95: use the argument `lambda_`": returns(lambda_=0.95),
        **apart,
    }
