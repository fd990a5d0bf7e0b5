"""CartPole's cart and pole, drawn for print: what is real dark, what is dreamed orange."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from wmcourse.envs.cartpole import HALF_POLE, MAX_POSITION, cartpole_dynamics
from wmcourse.evaluation.rollout import rollout
from wmcourse.viz.style import IMAGINED, INK, MUTED, REAL, matplotlib_style

SHOWN = 2.6  # m to each side


def draw_cart(panel: Axes, state: Float[Tensor, " 4"], color: str, *, ghost: bool = False) -> None:
    """A cart of 0.56 m and its pole at a state [x (m), x_dot, theta (rad), theta_dot]; a ghost is only an outline."""
    x, angle = float(state[0]), max(-math.pi / 2, min(math.pi / 2, float(state[2])))
    body = Rectangle((x - 0.28, 0.0), 0.56, 0.22, fill=not ghost, color=color, linestyle="--" if ghost else "-")
    panel.add_patch(body)
    tip = (x + 2 * HALF_POLE * math.sin(angle), 0.22 + 2 * HALF_POLE * math.cos(angle))
    panel.plot([x, tip[0]], [0.22, tip[1]], color=color, linewidth=1 if ghost else 5, linestyle="--" if ghost else "-",
               solid_capstyle="round")  # fmt: skip


@torch.no_grad()
def side_by_side(
    model: Any, *, start: Sequence[float | int] | None = None, pushes: int = 20, dream_only: bool = False
) -> bytes:
    """PNG of the real cart and a model's dream of it after `pushes` pushes to the right; it saw the start alone."""
    world = getattr(model, "world", model)
    state = torch.tensor(start if start is not None else (0.0, 0.0, 0.03, 0.0), dtype=torch.float32)
    right = torch.tensor([0.0, 1.0])
    states = [state]
    for _ in range(pushes):
        states.append(cartpole_dynamics(states[-1], right))
    real = torch.stack(states)
    dream = rollout(world, right.expand(1, pushes, 2).clone(), real[None]).believed.require_observation()[0]
    with matplotlib_style():
        canvas = Figure(figsize=(7.2, 2.5), dpi=110)
        canvas.set_layout_engine("none")
        panels = [("real", real, REAL), ("dream", dream, IMAGINED)][dream_only:]
        for place, (name, shown, color) in enumerate(panels):
            panel = canvas.add_axes((0.02 + 0.49 * place, 0.04, 0.47, 0.8))
            panel.plot([-MAX_POSITION, MAX_POSITION], [0, 0], color=MUTED, linewidth=1)
            if place > 0:
                draw_cart(panel, real[-1], MUTED, ghost=True)
            draw_cart(panel, shown[-1], color)
            panel.set(xlim=(-SHOWN, SHOWN), ylim=(-0.15, 1.4), aspect="equal")
            panel.axis("off")
            panel.set_title(name, loc="left", color=color if name == "dream" else INK, fontsize=11)
        buffer = io.BytesIO()
        canvas.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
