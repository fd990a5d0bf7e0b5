"""The cases of exercise 3.5."""

from collections.abc import Iterator

import torch
from torch import Tensor

from wmcourse.chapters.compounding_error.exercises.steps import Step, convolved, dense, normed, still, swing, walk
from wmcourse.exercises import Draw
from wmcourse.exercises.draw import Case


def ensembles(draw: Draw) -> Iterator[Case]:
    """Of two members and more, modules and functions; latents tiny and large."""
    for makes, batch, horizon, latent, action, unit in (
        ((swing, swing, dense, dense), 2, 5, 3, 1, 1.0),
        ((dense, normed), 3, 4, 5, 1, 1.0),
        ((convolved,) * 5, 2, 6, 3, 4, 0.001),
        ((dense, swing, convolved), 1, 4, 2, 5, 30.0),
        ((swing,) * 6, 4, 1, 3, 2, 1.0),
        ((swing, normed, dense), 2, 4, 1, 5, 1.0),
        ((normed, dense), 1, 1, 4, 3, 300.0),
    ):
        steps = [still(make(draw, latent, action, unit)) for make in makes]
        z, actions = draw.normal(batch, latent, scale=unit), draw.normal(batch, horizon, action)
        yield {"steps": steps, "z": z, "actions": actions}
    same = still(dense(draw, 3, 2, 1.0))  # members that never part
    yield {"steps": [same, same], "z": draw.normal(2, 3), "actions": draw.normal(2, 4, 2)}


def members(steps: list[Step], z: Tensor, actions: Tensor) -> Tensor:
    """Rollouts (E, B, H, Z)."""
    return torch.stack([walk(step, z, actions) for step in steps])


def summary(rollouts: Tensor) -> tuple[Tensor, Tensor]:
    """Their mean and their disagreement."""
    return rollouts.mean(0), rollouts.var(0).mean(-1).sqrt()
