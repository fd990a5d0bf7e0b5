"""Figures of chapter 14: a walk, and what a rollout of the embedding says of it."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import plotly.graph_objects as go
import torch
from plotly.subplots import make_subplots
from torch import Tensor

from wmcourse.chapters.jepa.figures import add_walls
from wmcourse.chapters.jepa.figures_rooms import floor_axes
from wmcourse.data.walks import Walks
from wmcourse.envs.two_rooms import draw_rooms
from wmcourse.evaluation.rollout import rollout
from wmcourse.interactive.explorer import Explorer
from wmcourse.interactive.sliders import Slider, Stops
from wmcourse.models.jepa import JEPA
from wmcourse.viz.style import CORRECTED, TEMPLATE, line

Reader = Callable[[Tensor], Tensor]
"""From embeddings (B, Z) to positions (B, 2) in pixels: a probe."""


def walk_explorer(model: JEPA, probe: Reader, walk: Walks, *, horizon: int, peeks: Sequence[int | None]) -> Explorer:
    """One walk as it was, and as the model's embedding followed it, read by a probe."""

    @cache
    def followed(peek_every: int | None) -> tuple[np.ndarray, np.ndarray]:
        return follow(model, probe, walk, peek_every)

    def draw(horizon: int, peek_every: int | None) -> go.Figure:
        read, looked = followed(peek_every)
        return followed_walk(walk.positions[0, : horizon + 1].numpy(), read[: horizon + 1], looked[: horizon + 1])

    def alt(horizon: int, peek_every: int | None) -> str:
        off = np.linalg.norm(followed(peek_every)[0] - walk.positions[0].numpy(), axis=1)[: horizon + 1]
        return f"A walk of {horizon} steps and what the embedding holds of it: {off.max():.1f} pixels off at most."

    return Explorer(
        draw,
        title="How long does the embedding know where the dot is?",
        alt=alt,
        horizon=Slider(5, horizon, 5, default=horizon, label="Steps", unit="steps"),
        peek_every=Stops(peeks, default=None, label="A look every", unit="steps"),
    )


@torch.no_grad()
def follow(model: JEPA, probe: Reader, walk: Walks, peek_every: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Positions (T+1, 2) that the probe reads, and where the model looked (T+1,)."""
    seen = draw_rooms(walk.positions[0])[None]
    told = rollout(model, walk.actions[:1], seen, peek_every=peek_every, temperature=0.0)
    return probe(told.state.embedding[0]).numpy(), told.peeked.numpy()


def followed_walk(real: np.ndarray, read: np.ndarray, looked: np.ndarray) -> go.Figure:
    """Both ways on the floor, and below how far they are apart at each step."""
    figure = make_subplots(2, 1, row_heights=[0.72, 0.28], vertical_spacing=0.16)
    off = np.linalg.norm(read - real, axis=1).round(2)
    steps = np.arange(len(real))
    looks = {"size": 9, "color": CORRECTED, "symbol": "square"}
    figure.add_scatter(x=real[:, 0].round(2), y=real[:, 1].round(2), mode="lines", name="real", line=line("real"))
    figure.add_scatter(
        x=read[:, 0].round(2), y=read[:, 1].round(2), mode="lines", name="imagined", line=line("imagined")
    )
    figure.add_scatter(
        x=read[looked, 0].round(2), y=read[looked, 1].round(2), mode="markers", name="a look", marker=looks
    )
    figure.add_scatter(x=steps, y=off, mode="lines", line=line("imagined"), showlegend=False, name="off", row=2, col=1)
    figure.add_scatter(
        x=steps[looked], y=off[looked], mode="markers", marker=looks, showlegend=False, name="looked", row=2, col=1
    )
    add_walls(figure, row=1, col=1)
    floor_axes(figure, row=1, col=1)
    figure.update_xaxes(title_text=None, row=1, col=1)
    figure.update_xaxes(title_text="step", range=[-0.5, len(real) - 0.5], row=2, col=1)
    figure.update_yaxes(title_text="pixels off", range=[0, max(6.0, 1.1 * float(off.max()))], row=2, col=1)
    return figure.update_layout(template=TEMPLATE, height=470, hovermode=False)
