"""The step of exercise 3.6, its Jacobian written down, and what is taken for the Jacobian's stretch by mistake."""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from wmcourse.checks.check import expect
from wmcourse.checks.one_step import in_short


class Bend:
    """z' = W z + s * tanh(z) + U a: a step whose Jacobian, W + diag(s * (1 - tanh^2 z)), can be written down."""

    def __init__(self, matrix: Tensor, bend: Tensor, push: Tensor) -> None:
        self.matrix, self.bend, self.push = matrix, bend, push

    def __call__(self, z: Any, action: Any) -> Tensor:
        """Latents (..., Z) and actions (..., A) to the next latents (..., Z)."""
        size, width = len(self.matrix), self.push.shape[1]
        for name, value, wide in (("z", z, size), ("a", action, width)):
            right = isinstance(value, Tensor) and value.dim() > 0 and value.shape[-1] == wide
            order = "the latent comes first, the action second: step(z, a)"
            expect(right, f"step(z, a) with {name}, a tensor (..., {wide})", in_short(value), order)
        return z @ self.matrix.T + self.bend * torch.tanh(z) + action @ self.push.T

    def jacobian(self, z: np.ndarray) -> np.ndarray:
        """(Z, Z) at one point."""
        return self.matrix.numpy() + np.diag(self.bend.numpy() * (1 - np.tanh(z) ** 2))


class Pairs(NamedTuple):
    """Real transitions."""

    z: Tensor
    actions: Tensor
    z_next: Tensor


def steepest(step: Bend, pairs: Pairs) -> float:
    """Power iteration: a vector is stretched again and again, until only the steepest direction is left."""
    stretches = []
    for point in pairs.z.numpy():
        jacobian = step.jacobian(point)
        vector = np.array([1.0, 0.7, 0.4])[: len(point)]
        for _ in range(500):
            longer = jacobian.T @ (jacobian @ vector)
            vector = longer / max(float(np.linalg.norm(longer)), 1e-300)
        stretches.append(float(np.linalg.norm(jacobian @ vector)))
    return max(stretches)


def wrong_lipschitz(step: Bend, pairs: Pairs) -> dict[str, Tensor]:
    """What the usual mistakes lead to."""
    jacobians = torch.from_numpy(np.stack([step.jacobian(point) for point in pairs.z.numpy()]))
    stretch = torch.linalg.svdvals(jacobians)
    largest = stretch[:, 0]
    name = "L is the spectral norm, the largest singular value: torch.linalg.matrix_norm(jacobian, ord=2)"
    most = "L is the largest over all points"
    flat = jacobians.flatten(1)
    wrong = {
        f"this is the Frobenius norm: {name}": torch.linalg.matrix_norm(jacobians).max(),
        f"this is the spectral radius, the largest eigenvalue: {name}": torch.linalg.eigvals(jacobians).abs().max(),
        f"this is the largest real part of an eigenvalue: {name}": torch.linalg.eigvals(jacobians).real.max(),
        f"this is the largest eigenvalue of the symmetric part: {name}": torch.linalg.eigvalsh(jacobians).max(),
        f"this is the smallest singular value: {name}": stretch[:, -1].max(),
        f"this is the sum of the singular values: {name}": stretch.sum(-1).max(),
        f"this is the mean of the singular values: {name}": stretch.mean(-1).max(),
        f"this is the root of the mean square of the singular values: {name}": stretch.square().mean(-1).sqrt().max(),
        f"this is the largest norm of a row: {name}": jacobians.norm(dim=-1).max(),
        f"this is the largest norm of a column: {name}": jacobians.norm(dim=-2).max(),
        f"this is the largest entry of the diagonal: {name}": jacobians.diagonal(dim1=-2, dim2=-1).abs().max(),
        f"this is one Frobenius norm of all Jacobians together: {most}, and {name}": jacobians.norm(),
        f"this is a quantile, 95 %, over the points: {most}": torch.quantile(largest, 0.95),
        f"this is a quantile, 90 %, over the points: {most}": torch.quantile(largest, 0.9),
        f"this is the square of the spectral norm, an eigenvalue of J^T J: {name}": largest.square().max(),
        f"this is the largest entry: {name}": flat.abs().amax(),
        f"this is the largest sum of a row: {name}": torch.linalg.matrix_norm(jacobians, ord=float("inf")).max(),
        f"this is the largest sum of a column: {name}": torch.linalg.matrix_norm(jacobians, ord=1).max(),
        f"this is the trace: {name}": jacobians.diagonal(dim1=-2, dim2=-1).sum(-1).max(),
        f"this is the determinant: {name}": torch.linalg.det(jacobians).abs().max(),
        f"this is the mean over the points: {most}": largest.mean(),
        f"this is the mean over the points, and the Frobenius norm: {most}, and {name}": torch.linalg.matrix_norm(
            jacobians
        ).mean(),
        f"this is the smallest over the points: {most}": largest.min(),
        f"this is the median over the points: {most}": largest.median(),
        f"this is the first point alone: {most}": largest[0],
        f"this is the last point alone: {most}": largest[-1],
        f"this is the norm of the mean Jacobian: {most}": torch.linalg.matrix_norm(jacobians.mean(0), ord=2),
        f"this is the norm of the sum of all Jacobians: {most}": torch.linalg.matrix_norm(jacobians.sum(0), ord=2),
        f"this is the norm of all Jacobians side by side: {most}": torch.linalg.matrix_norm(
            torch.cat(list(jacobians), -1), ord=2
        ),
        f"this is the norm of all Jacobians one below the other: {most}": torch.linalg.matrix_norm(
            torch.cat(list(jacobians)), ord=2
        ),
        "this is the Jacobian with respect to the action: take that with respect to z": torch.linalg.matrix_norm(
            step.push, ord=2
        ),
        "this is the Jacobian with respect to z and the action together: take that with respect to z": (
            torch.stack([torch.linalg.matrix_norm(torch.cat([j, step.push], -1), ord=2) for j in jacobians]).max()
        ),
        "this is the Jacobian of the change step(z, a) - z: take that of step itself": torch.linalg.matrix_norm(
            jacobians - torch.eye(jacobians.shape[-1]).double(), ord=2
        ).max(),
        "these are the Jacobians at z_next: take them at z": torch.from_numpy(
            np.stack([np.linalg.norm(step.jacobian(point), 2) for point in pairs.z_next.numpy()])
        ).max(),
        "this is the gradient of the sum of the outputs: take the whole Jacobian": jacobians.sum(-2).norm(dim=-1).max(),
        "this is the norm of step(z, a), compared with that of z: take the Jacobian": (
            step(pairs.z, pairs.actions).norm(dim=-1) / pairs.z.norm(dim=-1)
        ).max(),
    }
    if len(pairs.z) > 1:
        wrong[f"this is the norm across points and outputs: {name}, over the last two axes of (N, Z, Z)"] = (
            torch.linalg.matrix_norm(jacobians, ord=2, dim=(0, 1)).max()
        )
        here, there = torch.triu_indices(len(pairs.z), len(pairs.z), 1)
        apart = (pairs.z[here] - pairs.z[there]).norm(dim=-1)
        after, real = step(pairs.z, pairs.actions), pairs.z_next
        why = "two points far apart show less than the steepest place between them: take the Jacobian"
        wrong[f"this compares pairs of points: {why}"] = ((after[here] - after[there]).norm(dim=-1) / apart).max()
        wrong[f"this compares pairs of real points: {why}"] = ((real[here] - real[there]).norm(dim=-1) / apart).max()
    return wrong
