"""Checkers of chapter 9, Dreamer: `continue_target` to `straight_through_sample`, exercises 9.1 to 9.5."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from wmcourse.checks.check import checker, expect, expect_close, expect_tensor
from wmcourse.checks.imagination import imagine_ahead
from wmcourse.checks.sampling import straight_through_sample

__all__ = ["continue_target", "imagine_ahead", "lambda_return", "straight_through_sample", "update_slow"]

Answer = Callable[..., Any]
HORIZON = 4


@checker("9.1")
def continue_target(answer: Answer) -> None:
    """Oracle: a table of the four cases, written out by hand."""
    # Three episodes of four steps: one falls, one runs out of time, one falls at the very step its time is up.
    terminated = torch.tensor([[0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 1]]).bool()
    truncated = torch.tensor([[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]).bool()
    expected = torch.tensor([[1.0, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 0]])
    got = expect_tensor(answer(terminated.clone(), truncated.clone()), (3, 4), "the targets")
    mistakes = {
        "truncation is not termination: the clock ran out, the pole still stands, so the target stays 1": (
            1.0 - (terminated | truncated).float()
        ),
        "inverted: this is 1 where the episode ends; the target is the chance to go on": terminated.float(),
        "the ends of episodes are missing: the target is 0 after a termination": torch.ones(3, 4),
        "the two flags are swapped: it is `terminated` that ends the future": 1.0 - truncated.float(),
        "when both flags are set the pole did fall: truncation does not undo a termination": (
            1.0 - (terminated & ~truncated).float()
        ),
    }
    expect_close(got.float(), expected, "targets", mistakes)
    dtype_advice = "the binary cross-entropy of the continue head needs floats: .float()"
    expect(got.dtype == torch.float32, "targets of dtype float32", f"dtype {got.dtype}", dtype_advice)


@checker("9.2")
def lambda_return(answer: Answer) -> None:
    """Oracle: the weighted average of all n-step returns (Sutton & Barto 2018, eq. 12.3), not the recursion."""
    hard_coded = "the first example was right: a constant is hard-coded"
    for discount, lambda_, hint in ((0.9, 0.7, ""), (0.5, 0.2, hard_coded)):
        generator = torch.Generator().manual_seed(int(100 * discount))
        reward = torch.rand(2, HORIZON, generator=generator)
        continues = torch.tensor([[1.0, 0.8, 1.0, 0.9], [1.0, 1.0, 0.0, 1.0]])
        value = 2 + torch.randn(2, HORIZON + 1, generator=generator)
        given = (reward.clone(), continues.clone(), value.clone())
        returned = answer(*given, discount=discount, lambda_=lambda_)
        shapes = {
            "one return too many: V is asked for at t = 0 ... H-1, the value of the last state is only a start": (2, 5),
            "stack the returns along dim=1: batch first, then time": (HORIZON, 2),
            "a return for each imagined step is wanted, not only the first": (2,),
        }
        got = expect_tensor(returned, (2, HORIZON), "the returns", shapes)
        oracle = _mixed_returns(reward, continues, value, discount, lambda_)
        mistakes = {hint: got} if hint else _wrong_returns(reward, continues, value, discount, lambda_)
        expect_close(got, oracle, f"returns for discount={discount}, lambda_={lambda_}", mistakes)
        untouched = all(torch.equal(now, was) for now, was in zip(given, (reward, continues, value), strict=True))
        expect(untouched, "the inputs as they were", "changed inputs", "build new tensors, do not write into these")
    reward.requires_grad_()
    value.requires_grad_()
    graph = answer(reward, continues, value, discount=0.9, lambda_=0.7)
    wanted = "returns through which the gradient reaches rewards and values"
    cut = "a .detach(), torch.no_grad() or NumPy cuts the gradient by which the actor learns"
    expect(graph.requires_grad, wanted, "returns without a gradient", cut)
    grads = torch.autograd.grad(graph[:, 0].sum(), (reward, value), allow_unused=True)
    for name, gradient in zip(("rewards", "values"), grads, strict=True):
        expect(gradient is not None and bool(gradient.any()), wanted, f"no gradient for the {name}", cut)


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

    no_bootstrap = torch.cat([value[:, :-1], torch.zeros_like(value[:, :1])], 1)
    # A step late: v(s_t) is mixed in where v(s_{t+1}) belongs; the start of the recursion is still right.
    late = [_mixed_late(reward, continues, value, discount, lambda_, start) for start in range(reward.shape[1])]
    return {
        "the continues are missing: after a terminal step nothing more may be collected": returns(
            continues=torch.ones_like(continues)
        ),
        "λ and 1-λ are swapped: λ goes with the return V_{t+1}, 1-λ with the value v(s_{t+1})": returns(
            lambda_=1 - lambda_
        ),
        "no bootstrap: the future does not end at the horizon, start from V_H = v(s_H) instead of 0": returns(
            value=no_bootstrap
        ),
        "off by one: the step from s_t arrives in s_{t+1}, whose value is value[:, t + 1]": torch.stack(late, 1),
        "the discount is missing: γ multiplies everything but the reward": returns(discount=1.0),
        "this is the plain discounted sum (λ = 1): the values v(s_{t+1}) are not mixed in": returns(lambda_=1.0),
        "this is the one-step target (λ = 0): V_{t+1} is not mixed in": returns(lambda_=0.0),
        "the reward is discounted too: γ belongs to what follows it": returns(reward=discount * reward),
        "the reward is multiplied by its own continue: it is earned even at a terminal step": returns(
            reward=continues * reward
        ),
        "the order of time is reversed: the last return was computed first, flip them back": returns().flip(1),
    }


def _mixed_late(
    reward: Tensor, continues: Tensor, value: Tensor, discount: float, lambda_: float, start: int
) -> Tensor:
    if start == reward.shape[1]:
        return value[:, -1]
    later = _mixed_late(reward, continues, value, discount, lambda_, start + 1)
    return reward[:, start] + discount * continues[:, start] * ((1 - lambda_) * value[:, start] + lambda_ * later)


@checker("9.4")
def update_slow(answer: Answer) -> None:
    """Oracle: after k updates the distance to a fixed critic has shrunk to (1 - mix)^k of itself."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        critic = nn.Sequential(nn.Linear(2, 2), nn.ELU(), nn.Linear(2, 1))
        slow = copy.deepcopy(critic).requires_grad_(False)
        for parameter in slow.parameters():
            nn.init.normal_(parameter)
    mix = 0.25
    before, target = _flat(slow), _flat(critic)
    parameters = list(slow.parameters())
    answer(slow, critic, mix)
    expect(
        torch.equal(_flat(critic), target),
        "the critic as it was",
        "a changed critic",
        "only slow follows; the critic is trained by its own loss",
    )
    expect(
        all(now is was for now, was in zip(slow.parameters(), parameters, strict=True)),
        "the same parameters with new values",
        "new parameters",
        "write into them in place (mul_, add_, lerp_, copy_) instead of replacing them",
    )
    expect(
        all(parameter.grad_fn is None for parameter in slow.parameters()),
        "parameters without a history",
        "a slow critic that is part of the critic's graph",
        "update under `with torch.no_grad():`, for no gradient may flow into the target",
    )
    _expect_mixed(slow, before, target, mix)
    answer(slow, critic, mix)
    answer(slow, critic, 0.5)
    expected = target + (1 - mix) ** 2 * 0.5 * (before - target)
    hard_coded = {"the first update was right: mix is hard-coded, or an update remembers an older one": _flat(slow)}
    expect_close(_flat(slow), expected, "slow parameters after updates with mix 0.25, 0.25, 0.5", hard_coded)
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.add_(1.0)
    expect(
        not torch.equal(_flat(critic), target) and bool(torch.allclose(_flat(slow), expected, atol=1e-4)),
        "a slow critic with its own memory",
        "one that moves with the critic",
        "copy values instead of sharing tensors: `.data = other.data` makes both the same",
    )
    answer(slow.requires_grad_(True), critic, mix)
    flags = all(parameter.requires_grad for parameter in slow.parameters())
    expect(flags, "requires_grad as it was", "changed flags", "torch.no_grad() is enough")


def _flat(module: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()]).clone()


def _expect_mixed(slow: nn.Module, before: Tensor, target: Tensor, mix: float) -> None:
    sizes = [(parameter.numel(), parameter.dim()) for parameter in slow.parameters()]
    is_weight = torch.cat([torch.full((size,), dim > 1) for size, dim in sizes])
    is_first = torch.arange(len(before)) < sizes[0][0]
    expected = before + mix * (target - before)
    mistakes = {
        "nothing has moved: `p = ...` binds a new name; change the parameters in place": before,
        "the mix is the wrong way round: slow keeps (1 - mix) of itself and takes mix of the critic": (
            mix * before + (1 - mix) * target
        ),
        "slow became the critic: a slow target moves by the share mix only": target,
        "slow is not reduced: its own share is (1 - mix), or the sum grows": before + mix * target,
        "slow fades away: add mix times the critic": (1 - mix) * before,
        "the biases are left behind: loop over all parameters()": torch.where(is_weight, expected, before),
        "only the first parameter moves: loop over all parameters()": torch.where(is_first, expected, before),
        "slow moves away from the critic: the difference has the wrong sign": before - mix * (target - before),
    }
    expect_close(_flat(slow), expected, "slow parameters after one update with mix 0.25", mistakes)
