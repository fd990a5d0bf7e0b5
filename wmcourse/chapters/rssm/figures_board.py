"""Figures of chapter 08, of the Galton board; what they show is measured in the notebook."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import plotly.graph_objects as go
import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor

from wmcourse.envs import galton
from wmcourse.interactive.explorer import Explorer
from wmcourse.interactive.sliders import Choice, Slider, Stops
from wmcourse.viz.style import CORRECTED, GRID, IMAGINED, MUTED, PAPER, REAL, TEMPLATE, faded

Dream = Callable[[str, float, int | None], tuple[Tensor, Tensor]]
"""From a model, a temperature and the steps between looks to dreams (N, T+1) of the ball's column, and looks (T+1,)."""
BOARD_STEPS = (0, 1, 2, 4, 5, 7, 8, 10)
"""Those whose pictures are shown."""
KINDS = {"deterministic": MUTED, "Gaussian": CORRECTED, "categorical": IMAGINED}
"""Color of each kind of latent."""


def boards(rows: Mapping[str, Float[Tensor, "time 256"]]) -> go.Figure:
    """Pictures of the Galton board at some steps, a row for each name; bright is dark, so that it reads on paper."""
    gap, frame = 2, -0.15
    pitch = galton.SIDE + 2 * gap
    strips = []
    for pictures in rows.values():
        tiles = pictures[list(BOARD_STEPS)].clamp(0, 1).unflatten(-1, (galton.SIDE, galton.SIDE))
        strips.append(rearrange(F.pad(tiles, (gap,) * 4, value=frame), "step row column -> row (step column)"))
    sheet = torch.cat(strips)
    figure = go.Figure(
        go.Heatmap(
            z=np.round(sheet.numpy(), 2),
            zmin=frame,
            zmax=1,
            showscale=False,
            hoverinfo="skip",
            colorscale=[[0, GRID], [round(-frame / (1 - frame), 4), PAPER], [1, REAL]],  # of the frame, of 0, of 1
        )
    )
    figure.update_layout(template=TEMPLATE, height=70 + 66 * len(rows), margin={"l": 130, "r": 12, "t": 12, "b": 44})
    bare = {"showgrid": False, "showline": False, "ticks": ""}
    columns, lines = ([pitch * (i + 0.5) - 0.5 for i in range(len(each))] for each in (BOARD_STEPS, rows))
    figure.update_xaxes(
        tickvals=columns, ticktext=[str(t) for t in BOARD_STEPS], title_text="step", constrain="domain", **bare
    )
    figure.update_yaxes(
        tickvals=lines, ticktext=list(rows), autorange="reversed", scaleanchor="x", title_text=None, **bare
    )
    return figure


def ways(real: Float[Tensor, " time"], dreams: Float[Tensor, "dream time"], peeked: Bool[Tensor, " time"]) -> go.Figure:
    """The way of a real ball, dreams of it, and when they looked."""
    time, looks = np.arange(len(real)), np.flatnonzero(peeked.numpy())
    cut = np.full((len(dreams), 1), np.nan)  # between a dream and the next
    figure = go.Figure()
    figure.add_scatter(
        x=np.tile(np.append(time, np.nan), len(dreams)),
        y=np.concatenate([np.round(dreams.numpy(), 1), cut], axis=1).flatten(),
        mode="lines",
        name=f"{len(dreams)} dreams",
        line={"color": faded(IMAGINED, 0.35), "width": 2},
        hoverinfo="skip",
    )
    figure.add_scatter(x=time, y=real.numpy(), mode="lines", name="real", line={"color": REAL, "width": 3})
    marker = {"color": CORRECTED, "size": 9}
    figure.add_scatter(x=looks, y=real[looks].numpy(), mode="markers", name="look", marker=marker)
    figure.update_layout(template=TEMPLATE, height=380)
    figure.update_xaxes(title_text="step", range=[0, galton.STEPS])
    figure.update_yaxes(title_text="ball's column (pixels from the left)", range=[0, galton.SIDE - 1])
    return figure


def ways_explorer(dream: Dream, real: Float[Tensor, " time"], models: Sequence[str], *, default: str) -> Explorer:
    """The ways of a ball in the dreams of each model."""
    dreamed = cache(dream)

    def draw(model: str, horizon: int, temperature: float, peek_every: int | None) -> go.Figure:
        dreams, peeked = dreamed(model, temperature, peek_every)
        shown = slice(0, horizon + 1)
        return ways(real[shown], dreams[:, shown], peeked[shown])

    def alt(model: str, horizon: int, temperature: float, peek_every: int | None) -> str:
        dreams, _ = dreamed(model, temperature, peek_every)
        looks = f"a look every {peek_every} steps" if peek_every else "one look at the start"
        return (
            f"The {model} model at temperature {temperature}: {len(dreams)} dreamed ways of a ball over {horizon} "
            f"steps beside the real one, with {looks}."
        )

    return Explorer(
        draw,
        title="Which ways does the model think the ball can go?",
        alt=alt,
        model=Choice(models, default=default, label="Latent"),
        horizon=Slider(4, 10, 3, default=10, label="Horizon", unit="steps"),
        temperature=Stops([0.0, 0.5, 1.0, 2.0], default=1.0, label="Temperature"),
        peek_every=Stops([1, 3, None], default=None, unit="steps"),
    )


def broken_board_explorer(
    dream: Dream, real: Float[Tensor, " time"], parts: Sequence[str], *, default: str
) -> Explorer:
    """The ways of a ball in the dreams of models without one part, by that part's name."""
    dreamed = cache(dream)
    return Explorer(
        lambda taken_out, temperature, peek_every: ways(real, *dreamed(taken_out, temperature, peek_every)),
        title="The Galton board without one part",
        alt=lambda taken_out, temperature, peek_every: (
            f"Dreamed ways of a ball beside the real one; taken out: {taken_out}; temperature {temperature}; "
            + ("a look at every step." if peek_every else "one look at the start.")
        ),
        taken_out=Choice(parts, default=default, label="Taken out"),
        temperature=Stops([0.0, 1.0], default=1.0, label="Temperature"),
        peek_every=Stops([1, None], default=None, label="Looks", unit="step"),
    )


def dreamed_odds(true: Float[Tensor, "ball bin"], dreamed: Mapping[str, Float[Tensor, "ball bin"]]) -> go.Figure:
    """The share of dreams that land in each bin, for each of `KINDS`, against the odds of it."""
    figure = go.Figure()
    dotted = {"color": MUTED, "dash": "dot", "width": 2}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name="perfect", line=dotted)
    odds = np.round(true.flatten().numpy(), 3)
    for name, share in dreamed.items():
        marker = {"color": faded(KINDS[name], 0.45), "size": 6}
        shares = np.round(share.flatten().numpy(), 2)
        figure.add_scatter(x=odds, y=shares, mode="markers", name=name, marker=marker)
    figure.update_layout(template=TEMPLATE, height=420)
    figure.update_xaxes(title_text="true probability of a bin", range=[0, 1])
    figure.update_yaxes(title_text="share of dreams that land there", range=[0, 1.02])
    return figure


def gain_and_news(gain: Float[Tensor, " time"], news: Float[np.ndarray, " time"]) -> go.Figure:
    """What each look is worth to the model, and what it brings in the world; in nats."""
    steps = np.arange(len(news))
    figure = go.Figure()
    bars = np.round(gain.numpy(), 3)
    figure.add_bar(x=steps, y=bars, name="model's information gain", marker_color=IMAGINED)
    marker = {"color": REAL, "size": 11, "symbol": "line-ew-open", "line": {"width": 3}}
    figure.add_scatter(x=steps, y=np.round(news, 3), mode="markers", name="news in the world", marker=marker)
    figure.update_layout(template=TEMPLATE, height=340, bargap=0.4)
    figure.update_xaxes(title_text="step", dtick=1)
    figure.update_yaxes(title_text="nats")
    return figure
