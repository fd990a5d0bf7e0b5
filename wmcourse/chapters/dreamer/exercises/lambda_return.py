"""Exercise 9.2: the return of a dream."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from wmcourse.exercises import Draw, Exercise
from wmcourse.exercises.draw import Case


def dreams(draw: Draw) -> Iterator[Case]:
    """Small ones first, then a batch and a horizon of one, large rewards, γ and λ of 0 and 1."""
    for batch, horizon, discount, lambda_, scale in (
        (2, 4, 0.9, 0.7, 1.0),
        (3, 5, 0.5, 0.2, 1.0),
        (1, 3, 0.9, 0.7, 1.0),
        (4, 1, 0.8, 0.3, 1.0),
        (1, 1, 0.8, 0.3, 10.0),
        (5, 6, 0.97, 0.0, 3.0),
        (2, 7, 0.0, 0.6, 100.0),
        (3, 8, 1.0, 1.0, 30.0),
    ):
        ends = draw.flags(batch, horizon, share=0.2)
        yield {
            "reward": draw.normal(batch, horizon, scale=scale),
            "continues": draw.uniform(batch, horizon).masked_fill(ends, 0.0),
            "value": draw.normal(batch, horizon + 1, scale=scale, mean=2.0),
            "discount": discount,
            "lambda_": lambda_,
        }


def n_step_average(reward: Tensor, continues: Tensor, value: Tensor, discount: float, lambda_: float) -> Tensor:
    """V_t = (1-λ) Σ_n λ^(n-1) G_t^(n), the longest G taking the remaining weight (Sutton & Barto 2018, eq. 12.3)."""
    horizon, columns = reward.shape[1], []
    for t in range(horizon):
        total = torch.zeros_like(reward[:, 0])
        for n in range(1, horizon - t + 1):
            alive = [continues[:, t : t + k].prod(1) for k in range(n + 1)]
            n_step = sum(discount**k * alive[k] * reward[:, t + k] for k in range(n))
            n_step = n_step + discount**n * alive[n] * value[:, t + n]
            total = total + n_step * lambda_ ** (n - 1) * (1 - lambda_ if n < horizon - t else 1)
        columns.append(total)
    return torch.stack(columns, dim=1)


lambda_return = Exercise(
    "9.2",
    n_step_average,
    dreams,
    advice={"out of bounds": "batch first, then time: column t, reward[:, t], already holds r_{t+1}"},
)


@lambda_return.mistake("λ and 1-λ are swapped: λ goes with the return V_{t+1}, 1-λ with the value v(s_{t+1})")
def _swapped(lambda_: float, **dream: Any) -> Tensor:
    return n_step_average(**dream, lambda_=1 - lambda_)


@lambda_return.mistake("the continues are missing: after a terminal step nothing more may be collected")
def _endless(continues: Tensor, **dream: Any) -> Tensor:
    return n_step_average(**dream, continues=torch.ones_like(continues))


@lambda_return.mistake("no bootstrap: the future does not end at the horizon, start from V_H = v(s_H)")
def _no_bootstrap(value: Tensor, lambda_: float, **dream: Any) -> Tensor:
    return n_step_average(value=torch.cat([value[:, :-1], (1 - lambda_) * value[:, -1:]], 1), lambda_=lambda_, **dream)


@lambda_return.mistake("off by one: the step from s_t arrives in s_{t+1}, whose value is value[:, t + 1]")
def _off_by_one(value: Tensor, lambda_: float, **dream: Any) -> Tensor:
    last = (1 - lambda_) * value[:, -2:-1] + lambda_ * value[:, -1:]
    return n_step_average(value=torch.cat([value[:, :1], value[:, :-2], last], 1), lambda_=lambda_, **dream)


@lambda_return.mistake("the discount is missing: γ multiplies everything but the reward")
def _undiscounted(discount: float, **dream: Any) -> Tensor:
    return n_step_average(**dream, discount=1.0)


@lambda_return.mistake("the reward is multiplied by its own continue: it is earned even at a terminal step")
def _gated_reward(reward: Tensor, continues: Tensor, **dream: Any) -> Tensor:
    return n_step_average(reward=continues * reward, continues=continues, **dream)


@lambda_return.mistake("the reward is discounted too: γ belongs to what follows it")
def _discounted_reward(reward: Tensor, discount: float, **dream: Any) -> Tensor:
    return n_step_average(reward=discount * reward, discount=discount, **dream)


@lambda_return.mistake("the order of time is reversed: the last return was computed first, flip them back")
def _reversed(**dream: Any) -> Tensor:
    return n_step_average(**dream).flip(1)


@lambda_return.mistake("λ is fixed at 0.95: use the argument `lambda_`")
def _fixed_lambda(lambda_: float, **dream: Any) -> Tensor:
    return n_step_average(**dream, lambda_=0.95)
