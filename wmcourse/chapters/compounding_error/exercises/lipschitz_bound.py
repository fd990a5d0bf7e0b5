"""Exercise 3.6: how bad can it get?"""

import math
from typing import Any

import torch
from torch import Tensor

from wmcourse.chapters.compounding_error.exercises.steps import Step
from wmcourse.chapters.compounding_error.exercises.transitions import (
    bounded,
    jacobians,
    missed_by,
    stretch,
    stretches,
    transitions,
)
from wmcourse.exercises import Exercise

Three = tuple[Tensor, Tensor, Tensor]


def step_by_step(step: Step, z: Tensor, actions: Tensor, z_next: Tensor, horizon: int) -> Three:
    """One point at a time; then e_h = L e_{h-1} + epsilon, as it stands."""
    lipschitz = max(stretch(step, *pair) for pair in zip(z, actions, strict=True))
    epsilon = max(math.dist(*pair) for pair in zip(step(z, actions).tolist(), z_next.tolist(), strict=True))
    bound = [epsilon]
    while len(bound) < horizon:
        bound.append(lipschitz * bound[-1] + epsilon)
    return z.new_tensor(lipschitz), z.new_tensor(epsilon), z.new_tensor(bound)


ADVICE = {
    "division by zero": "(L^h - 1) / (L - 1) is 0 / 0 at L = 1: add up the powers L^0 ... L^(h-1)",
    "implicitly created only for scalar": "a Jacobian for each point: vmap(jacrev(step))(z, actions), of torch.func",
    "must be batches of square matrices": "singular values, not eigenvalues: torch.linalg.matrix_norm(..., ord=2)",
}
lipschitz_bound = Exercise(
    "3.6", step_by_step, transitions, returns=("L", "epsilon", "the bound"), learns=(), unseen=False, advice=ADVICE
)
mistake = lipschitz_bound.mistake


@mistake("this is the Frobenius norm: L is the largest singular value, torch.linalg.matrix_norm(..., ord=2)")
def _frobenius(horizon: int, **points: Any) -> Three:
    lipschitz = torch.linalg.matrix_norm(jacobians(**points)).max()
    return bounded(lipschitz, missed_by(**points).norm(dim=-1).max(), horizon)


@mistake("this is the largest eigenvalue: L is the largest singular value, torch.linalg.matrix_norm(..., ord=2)")
def _eigenvalue(horizon: int, **points: Any) -> Three:
    lipschitz = torch.linalg.eigvals(jacobians(**points)).abs().max()
    return bounded(lipschitz, missed_by(**points).norm(dim=-1).max(), horizon)


@mistake("this is the gradient of the sum of the outputs: take the whole Jacobian of each point")
def _summed(horizon: int, **points: Any) -> Three:
    lipschitz = jacobians(**points).sum(-2).norm(dim=-1).max()
    return bounded(lipschitz, missed_by(**points).norm(dim=-1).max(), horizon)


@mistake("this is the mean over the points: L is the largest stretch of all")
def _mean_stretch(horizon: int, **points: Any) -> Three:
    return bounded(stretches(**points).mean(), missed_by(**points).norm(dim=-1).max(), horizon)


@mistake("this is one norm of all points together: epsilon is the largest of their norms over Z")
def _one_norm(horizon: int, **points: Any) -> Three:
    return bounded(stretches(**points).max(), missed_by(**points).norm(), horizon)


@mistake("this is the largest error in a single dimension: epsilon is a Euclidean norm over Z")
def _largest_entry(horizon: int, **points: Any) -> Three:
    return bounded(stretches(**points).max(), missed_by(**points).abs().max(), horizon)


@mistake("(L^h - 1) / (L - 1) is 0 / 0 at L = 1: add up the powers L^0 ... L^(h-1)")
def _division(horizon: int, **points: Any) -> Three:
    lipschitz, epsilon, _ = bounded(stretches(**points).max(), missed_by(**points).norm(dim=-1).max(), horizon)
    return lipschitz, epsilon, epsilon * (lipschitz ** torch.arange(1, horizon + 1) - 1) / (lipschitz - 1)


@mistake("the bound comes a step late, it begins with 0: h = 1 ... H, and the powers are L^0 ... L^(h-1)")
def _late(horizon: int, **points: Any) -> Three:
    lipschitz, epsilon, bound = step_by_step(**points, horizon=horizon)
    return lipschitz, epsilon, torch.cat([0 * bound[:1], bound[:-1]])


@mistake("the powers begin with L^1: they are L^0 ... L^(h-1), for the last error has not grown yet")
def _from_one(horizon: int, **points: Any) -> Three:
    lipschitz, epsilon, bound = step_by_step(**points, horizon=horizon)
    return lipschitz, epsilon, lipschitz * bound


@mistake("only the first error grows: a new one comes with every step, epsilon (L^0 + ... + L^(h-1))")
def _first_error(horizon: int, **points: Any) -> Three:
    lipschitz, epsilon, _ = step_by_step(**points, horizon=horizon)
    return lipschitz, epsilon, epsilon * lipschitz ** torch.arange(horizon)
