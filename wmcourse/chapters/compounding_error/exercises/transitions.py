"""The cases of exercise 3.6, and what its oracle and its mistakes have in common."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from wmcourse.chapters.compounding_error.exercises.steps import Step, convolved, dense, line_up, normed, still, swing
from wmcourse.exercises import Draw
from wmcourse.exercises.draw import Case


def transitions(draw: Draw) -> Iterator[Case]:
    """Steps that stretch and that shrink, by 1 and nearly 1 and 0; in float32, and in float64 where digits count."""
    single, double = torch.float32, torch.float64
    for make, points, latent, action, horizon, missed, dtype in (
        (swing, 5, 2, 3, 4, 0.2, single),
        (dense, 6, 3, 2, 7, 0.1, double),
        (convolved, 7, 4, 2, 5, 3.0, single),
        (normed, 6, 5, 3, 2, 100.0, single),
        (swing, 4, 3, 2, 5, 0.02, single),
        (dense, 1, 4, 3, 2, 1e-3, double),
        (swing, 1, 2, 3, 1, 0.1, single),
        (scaling(0.6), 3, 2, 4, 40, 0.3, single),
        *((scaling(near), 5, 3, 2, 8, 0.1, double) for near in (1.0, 1.01, 0.97, 1.04, 1.0001, 1 + 1e-9)),
        (scaling(0.0), 4, 2, 1, 3, 0.1, single),
    ):
        step = still(make(draw, latent, action))
        step = step.to(dtype) if isinstance(step, torch.nn.Module) else step
        z, actions = draw.normal(points, latent).to(dtype), draw.normal(points, action, scale=2.0).to(dtype)
        steepest = torch.tensor([stretch(step, *pair) for pair in zip(z, actions, strict=True)])
        order = steepest.argsort(descending=True, stable=True).roll(1)  # the steepest is the second
        error = torch.nn.functional.normalize(draw.normal(points, latent), dim=1) * draw.uniform(points, 1, high=0.8)
        error[-2 if points > 1 else 0] /= error[-2 if points > 1 else 0].norm()  # the largest is the last but one
        z, actions = z[order], actions[order]
        z_next = (step(z, actions) + missed * error).to(dtype)
        yield {"step": step, "z": z, "actions": actions, "z_next": z_next, "horizon": horizon}


def scaling(factor: float) -> Callable[[Draw, int, int], Step]:
    """Makes a step that stretches by `factor`, everywhere and in all directions."""

    def make(draw: Draw, latent: int, action: int) -> Step:
        push = draw.normal(action, latent)

        def step(z: Any, a: Any) -> Tensor:
            line_up(z, a, latent, action)
            return factor * z + a @ push.to(a.dtype)

        return step

    return make


def stretch(step: Step, z: Tensor, action: Tensor) -> float:
    """The largest singular value of the Jacobian at one point."""
    jacobian = torch.autograd.functional.jacobian(lambda point: step(point, action), z)
    return float(torch.linalg.svdvals(jacobian.double())[0])


def jacobians(step: Step, z: Tensor, actions: Tensor, z_next: Tensor) -> Tensor:
    """(N, Z, Z)."""
    return torch.func.vmap(torch.func.jacrev(step))(z, actions)


def stretches(**points: Any) -> Tensor:
    """The spectral norm at each point, (N,)."""
    return torch.linalg.matrix_norm(jacobians(**points), ord=2)


def missed_by(step: Step, z: Tensor, actions: Tensor, z_next: Tensor) -> Tensor:
    """The errors of one step, (N, Z)."""
    return step(z, actions) - z_next


def bounded(lipschitz: Tensor, epsilon: Tensor, horizon: int) -> tuple[Tensor, Tensor, Tensor]:
    """L, epsilon, and the bound that follows from them."""
    return lipschitz, epsilon, epsilon * (lipschitz ** torch.arange(horizon)).cumsum(0)
