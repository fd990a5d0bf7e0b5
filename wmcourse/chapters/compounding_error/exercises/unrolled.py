"""All rollouts of K steps at once, in the ways in which a multi-step loss goes wrong."""

from collections.abc import Callable

import torch
from torch import Tensor

from wmcourse.chapters.compounding_error.exercises.steps import Step


def differences(
    step: Step,
    latents: Tensor,
    actions: Tensor,
    steps: int,
    *,
    begin: Callable[[Tensor, Tensor, int], Tensor] = lambda z, real, left: z,
    act: Callable[[int, int], int] = lambda t, k: t + k,
    aim: int = 1,
) -> Tensor:
    """Predictions less targets, (starts, steps, batch, latent).

    A step begins with `begin(z, real, left)`: the last prediction, the real latent, the number of steps to come. Step
    k from start t takes `actions[:, act(t, k)]` and is compared with `latents[:, t + k + aim]`.
    """
    rows = []
    for t in range(actions.shape[1] - steps + 1):
        z, row = latents[:, t], []
        for k in range(steps):
            z = step(begin(z, latents[:, t + k], steps - k), actions[:, act(t, k)])
            row.append(z - latents[:, t + k + aim])
        rows.append(torch.stack(row))
    return torch.stack(rows)
