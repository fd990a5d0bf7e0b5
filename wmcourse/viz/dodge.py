"""Dodge for print: a strip of pictures, the real game above a model's dream of it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from wmcourse.envs.dodge import STAY, DodgeGames, as_observation
from wmcourse.evaluation.rollout import rollout
from wmcourse.viz.picture import few_colors
from wmcourse.viz.style import IMAGINED, INK, matplotlib_style

STEPS = (0, 20, 30, 40, 50)


@torch.no_grad()
def dodge_strip(model: Any, *, start: None = None, dream_only: bool = False, seed: int = 0) -> bytes:
    """PNG of 50 steps without a move of the agent's, real and dreamed at temperature 1 from the first picture."""
    world, last = getattr(model, "world", model), max(STEPS)
    games = DodgeGames(1, np.random.default_rng(seed))
    pictures = [games.pictures()]
    for _ in range(last):
        games.step(np.array([STAY]))
        pictures.append(games.pictures())
    real = as_observation(np.concatenate(pictures))
    stay = torch.eye(3)[[STAY]].expand(1, last, 3)
    told = rollout(world, stay, real[None], temperature=1.0, seed=seed).believed.require_observation()[0]
    rows = [("real", real, INK), ("dream", told, IMAGINED)][dream_only:]
    with matplotlib_style():
        canvas = Figure(figsize=(7.2, 0.2 + 1.45 * len(rows)), dpi=110)
        for row, (name, shown, color) in enumerate(rows):
            for column, step in enumerate(STEPS):
                panel = canvas.add_subplot(len(rows), len(STEPS), 1 + row * len(STEPS) + column)
                panel.imshow(shown[step].clamp(0, 1).permute(1, 2, 0).numpy(), interpolation="nearest")
                panel.set(xticks=[], yticks=[])
                panel.set_title(f"{name}, step {step}", color=color, fontsize=9)
        buffer = io.BytesIO()
        canvas.savefig(buffer, format="png", metadata={"Software": None})
    return few_colors(buffer)
