"""One-step models z' = f(z, a) of different make, for the exercises of this chapter."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from wmcourse.exercises import CheckFailed, Draw

Step = Callable[[Tensor, Tensor], Tensor]


class OneStep(nn.Module):
    """z' = drag z + body(z, a), any axes before the last; `drag` is frozen, and `unit`, the size of z, is a buffer."""

    unit: Tensor

    def __init__(self, draw: Draw, latent: int, action: int, unit: float, body: nn.Module) -> None:
        super().__init__()
        self.latent, self.action, self.body = latent, action, body
        self.drag = nn.Parameter(draw.uniform(latent, low=0.5, high=0.8), requires_grad=False)
        self.register_buffer("unit", torch.tensor(unit))
        for parameter in body.parameters():
            parameter.data = draw.normal(*parameter.shape, scale=1.5 * parameter[0].numel() ** -0.5)

    def forward(self, z: Any, action: Any) -> Tensor:
        """Latents (..., Z) and actions (..., A) to the next latents (..., Z)."""
        line_up(z, action, self.latent, self.action)
        flat = torch.cat([z / self.unit, action], -1).reshape(z.shape[:-1].numel(), self.latent + self.action)
        return self.drag * z + self.unit * self.body(flat).reshape(z.shape)


def dense(draw: Draw, latent: int, action: int, unit: float = 1.0) -> Step:
    """Two layers and a tanh."""
    body = nn.Sequential(nn.Linear(latent + action, 6), nn.Tanh(), nn.Linear(6, latent))
    return OneStep(draw, latent, action, unit, body)


def normed(draw: Draw, latent: int, action: int, unit: float = 1.0) -> Step:
    """With a LayerNorm, and in evaluation mode."""
    body = nn.Sequential(nn.Linear(latent + action, 5), nn.LayerNorm(5), nn.SiLU(), nn.Linear(5, latent))
    return OneStep(draw, latent, action, unit, body).eval()


def convolved(draw: Draw, latent: int, action: int, unit: float = 1.0) -> Step:
    """Latent and action as a signal of one channel."""
    width = latent + action
    signal = nn.Sequential(nn.Unflatten(1, (1, width)), nn.Conv1d(1, 2, 3, padding=1), nn.Tanh(), nn.Flatten())
    return OneStep(draw, latent, action, unit, nn.Sequential(signal, nn.Linear(2 * width, latent)))


def swing(draw: Draw, latent: int, action: int, unit: float = 1.0) -> Step:
    """A plain function without parameters."""
    push = draw.normal(action, latent)

    def step(z: Any, a: Any) -> Tensor:
        line_up(z, a, latent, action)
        return 0.7 * z + unit * torch.sin(z.roll(1, -1) / unit + a @ push.to(a.dtype))

    return step


def line_up(z: Any, action: Any, latent: int, width: int) -> None:
    """Refuse all but latents (..., `latent`) and as many actions (..., `width`)."""
    shapes = [tuple(part.shape) if isinstance(part, Tensor) else (type(part).__name__,) for part in (z, action)]
    if [shape[-1:] for shape in shapes] == [(latent,), (width,)] and shapes[0][:-1] == shapes[1][:-1]:
        return
    swapped = [shape[-1:] for shape in shapes] == [(width,), (latent,)] and width != latent
    raise CheckFailed(
        f"step(z, a) with z (..., {latent}) and a (..., {width}), their other axes the same",
        f"z {shapes[0]} and a {shapes[1]}",
        "the latent comes first: step(z, a)" if swapped else "",
    )


def still(step: Any) -> Any:
    """The same step, of which nothing learns."""
    return step.requires_grad_(False) if isinstance(step, nn.Module) else step


def walk(step: Step, z: Tensor, actions: Tensor) -> Tensor:
    """A free rollout from `z` (..., Z), a step for each of the actions (..., T, A)."""
    path = []
    for action in actions.unbind(-2):
        z = step(z, action)
        path.append(z)
    return torch.stack(path, -2)
