"""A pendulum and the futures that a planner imagines for it, drawn for print: time runs outwards."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from torch import Tensor

from wmcourse.models.known import known_pendulum
from wmcourse.models.protocol import first_look, map_state
from wmcourse.planning import CEM, Imagination, Iteration
from wmcourse.viz.picture import few_colors
from wmcourse.viz.style import IMAGINED, INK, MUTED, REAL, matplotlib_style

REACH = 0.03
"""Of the rod's length: how far outwards a step lies."""
RINGS = {20: "+1 s", 40: "+2 s"}
SWINGING = (0.6, -1.6)
"""Angle from upright (rad, counterclockwise) and its speed (rad/s): on its way up, hardly fast enough to arrive."""


@torch.no_grad()
def searched(
    model: Any, planner: CEM, *, samples: int, horizon: int, iterations: int, seed: int = 0, most_panels: int = 3
) -> bytes:
    """PNG of a search by CEM: the futures of its first iterations, each a panel, the elites stronger, and their mean.

    They are imagined with `model`, or with the true equations if it is `None`.
    """
    model = known_pendulum() if model is None else model
    angle, speed = SWINGING
    state = first_look(model, torch.tensor([[math.cos(angle), math.sin(angle), speed]]), 0.0)
    elites = max(2, round(planner.elites / planner.samples * samples))
    planner = replace(planner, samples=samples, elites=elites, horizon=horizon, iterations=iterations)
    plan = planner.plan(Imagination(model).score(state), generator=torch.Generator().manual_seed(seed))
    shown = plan.search[:most_panels]
    with matplotlib_style():
        canvas = Figure(figsize=(7.2, 7.2 / len(shown) + 0.35 if len(shown) > 1 else 3.6), dpi=110)
        for number, iteration in enumerate(shown, start=1):
            panel = canvas.add_subplot(1, len(shown), number)
            _fan(panel, model, state, iteration, elites)
            panel.set_title(f"iteration {number}: {samples} futures", color=INK, fontsize=10)
        buffer = io.BytesIO()
        canvas.savefig(buffer, format="png", metadata={"Software": None})
    return few_colors(buffer)


def _fan(panel: Axes, model: Any, state: Any, iteration: Iteration, elites: int) -> None:
    order = iteration.values[0].argsort()
    futures = _paths(model, state, torch.cat([iteration.candidates[0, order], iteration.mean]))
    for steps, words in RINGS.items():
        panel.add_patch(_ring(1 + REACH * steps, linestyle=":"))
        panel.text(*_place(-math.pi / 4, 1 + REACH * steps), words, color=MUTED, fontsize=8)
    panel.add_patch(_ring(1.0, linestyle="-"))
    for number, path in enumerate(futures[:-1]):
        best = number >= len(order) - elites
        panel.plot(*_spiral(path), color=IMAGINED, alpha=0.6 if best else 0.13, linewidth=1.0 if best else 0.7)
    panel.plot(*_spiral(futures[-1]), color=IMAGINED, linewidth=3)
    tip = _place(SWINGING[0], 1.0)
    panel.plot([0, tip[0]], [0, tip[1]], color=REAL, linewidth=7, solid_capstyle="round")
    reach = 1 + REACH * max(RINGS) + 0.1
    panel.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    panel.axis("off")


def _ring(radius: float, *, linestyle: str) -> Any:

    return Circle((0, 0), radius, fill=False, color=MUTED, linewidth=0.7, alpha=0.6, linestyle=linestyle)


def _place(angle: float, radius: float) -> tuple[float, float]:
    return -radius * math.sin(angle), radius * math.cos(angle)


def _spiral(path: Float[Tensor, "step 2"]) -> tuple[Any, Any]:
    """Where the tip is drawn that has these [cos, sin] of its angle, step by step."""
    radius = 1 + REACH * torch.arange(len(path))
    return (-radius * path[:, 1]).numpy(), (radius * path[:, 0]).numpy()


def _paths(model: Any, state: Any, plans: Float[Tensor, "plan horizon 1"]) -> Float[Tensor, "plan step 2"]:
    """[cos, sin] of the angle now and after each step of each plan, on the unit circle."""
    state = map_state(lambda field: field.repeat_interleave(len(plans), dim=0), state)
    seen = [model.decode(state).require_observation()]
    for action in plans.unbind(1):
        state = model.imagine(state, action, 0.0)
        seen.append(model.decode(state).require_observation())
    return torch.nn.functional.normalize(torch.stack(seen, dim=1)[..., :2], dim=-1)
