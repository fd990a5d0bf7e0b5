"""The cases of exercises 3.1 and 3.2: models, and recordings that they know nothing of, so that each mistake shows."""

from collections.abc import Callable, Iterator

import torch
from torch import nn

from wmcourse.chapters.compounding_error.exercises.steps import Step, convolved, dense, normed, still, swing
from wmcourse.exercises import Draw
from wmcourse.exercises.draw import Case

Make = Callable[[Draw, int, int, float], Step]


def recordings(draw: Draw) -> Iterator[Case]:
    """Latents tiny and large, a batch and a horizon of one, float64 at last."""
    for make, sizes, unit, dtype in (
        (swing, (2, 4, 3, 1), 1.0, torch.float32),
        (dense, (3, 5, 2, 4), 1.0, torch.float32),
        (normed, (2, 6, 4, 1), 100.0, torch.float32),
        (convolved, (4, 2, 5, 3), 0.01, torch.float32),
        (dense, (1, 3, 4, 2), 1.0, torch.float32),
        (swing, (5, 1, 3, 2), 30.0, torch.float32),
        (swing, (2, 5, 1, 4), 1.0, torch.float32),
        (convolved, (1, 1, 2, 3), 1.0, torch.float32),
        (dense, (2, 5, 3, 4), 1.0, torch.float64),
    ):
        case = recording(draw, make, sizes, unit, dtype)
        yield case | {"step": still(case["step"])}


def recordings_in_steps(draw: Draw) -> Iterator[Case]:
    """T and K in all proportions, K large enough that every cut of the graph shows."""
    for make, sizes, steps, unit, dtype in (
        (dense, (2, 8, 3, 1), 4, 1.0, torch.float32),
        (dense, (5, 9, 2, 4), 7, 1.0, torch.float32),
        (convolved, (1, 6, 5, 2), 4, 1.0, torch.float32),
        (swing, (2, 6, 5, 3), 4, 100.0, torch.float32),
        (normed, (4, 6, 3, 2), 1, 0.01, torch.float32),
        (convolved, (3, 5, 2, 4), 5, 30.0, torch.float32),
        (dense, (3, 1, 2, 4), 1, 1.0, torch.float32),
        (dense, (1, 15, 2, 4), 13, 1.0, torch.float32),
        (normed, (3, 5, 4, 2), 3, 1.0, torch.float64),
    ):
        yield recording(draw, make, sizes, unit, dtype) | {"steps": steps}


def recording(draw: Draw, make: Make, sizes: tuple[int, int, int, int], unit: float, dtype: torch.dtype) -> Case:
    """Of sizes B, T, Z, A; `unit` is the size of the latents."""
    batch, time, latent, action = sizes
    step, latents = make(draw, latent, action, unit), draw.normal(batch, time + 1, latent, scale=unit)
    step = step.to(dtype) if isinstance(step, nn.Module) else step
    return {"step": step, "latents": latents.to(dtype), "actions": draw.normal(batch, time, action).to(dtype)}
