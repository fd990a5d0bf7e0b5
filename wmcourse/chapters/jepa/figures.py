"""Figures of chapter 14 about embeddings: how they collapse, what pulls at them, and what a planner finds in them."""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import plotly.graph_objects as go
import torch
from plotly.subplots import make_subplots
from torch import Tensor

from wmcourse.evaluation.statistics import Interval
from wmcourse.interactive.explorer import Explorer
from wmcourse.interactive.sliders import Choice, Slider, Stops
from wmcourse.nets.vicreg import covariance_term, variance_term
from wmcourse.recipes.history import Row
from wmcourse.studies.results import Results
from wmcourse.viz.style import CORRECTED, IMAGINED, MUTED, PAPER, REAL, TEMPLATE, faded

VIOLET, BLUE, BROWN = "#7a5fa8", "#4c78a8", "#a0522d"
SERIES = ((REAL, "circle"), (IMAGINED, "diamond"), (CORRECTED, "square"), (VIOLET, "circle-open"))
FORCES = {"pull together": (1.0, 0.0, 0.0), "keep apart": (0.0, 1.0, 0.0), "uncouple": (0.0, 0.0, 1.0)}
FORCES |= {"together and apart": (1.0, 8.0, 0.0), "all three": (1.0, 8.0, 4.0)}
"""Weights of prediction, variance and covariance on a toy cloud."""
PAIRS, DESCENT = 24, 0.02
"""Of points in the cloud, and the length of its steps."""


def collapse(histories: Mapping[str, Sequence[Row]]) -> go.Figure:
    """Mean standard deviation (log scale) and effective rank of the watched embeddings, against updates."""
    figure = make_subplots(1, 2, horizontal_spacing=0.16)
    for (name, rows), (color, symbol) in zip(histories.items(), SERIES, strict=False):
        for column, key in enumerate(("std", "rank"), start=1):
            figure.add_scatter(
                x=[row["update"] for row in rows], y=[row[key] for row in rows], mode="lines+markers", name=name,
                legendgroup=name, showlegend=column == 1, line={"color": color, "width": 2.4},
                marker={"symbol": symbol, "size": 6}, row=1, col=column,
            )  # fmt: skip
    figure.update_layout(template=TEMPLATE, height=320, hovermode="closest")
    figure.update_xaxes(title_text="updates")
    figure.update_yaxes(title_text="spread (log scale)", type="log", dtick=1, row=1, col=1)
    return figure.update_yaxes(title_text="rank, of 32", rangemode="tozero", row=1, col=2)


def forces_explorer(*, seed: int = 0) -> Explorer:
    """A toy cloud of embeddings in two dimensions, in which each predicted point descends on what is chosen."""
    generator = torch.Generator().manual_seed(seed)
    begin = torch.randn(PAIRS, 2, generator=generator) @ torch.tensor([[0.9, 0.6], [0.0, 0.25]])
    begin = torch.stack([begin, begin + 0.35 * torch.randn(PAIRS, 2, generator=generator)])

    @cache
    def followed(force: str) -> list[Tensor]:
        return descend(begin, FORCES[force], updates=80)

    def draw(force: str, updates: int) -> go.Figure:
        return cloud(followed(force)[updates])

    def alt(force: str, updates: int) -> str:
        points = followed(force)[updates]
        apart = (points[0] - points[1]).norm(dim=-1).mean()
        std = ", ".join(f"{each:.2f}" for each in points.flatten(0, 1).std(dim=0))
        return (
            f"{force}, after {updates} updates: pairs are {apart:.2f} apart on average; standard deviations {std}; "
            f"correlation {torch.corrcoef(points.flatten(0, 1).T)[0, 1]:.2f}."
        )

    return Explorer(
        draw,
        title="What does each term do to a cloud of embeddings?",
        alt=alt,
        force=Choice(list(FORCES), default="together and apart", label="Terms"),
        updates=Slider(0, 80, 10, default=20, label="Updates"),
    )


@torch.enable_grad()
def descend(pairs: Tensor, weights: tuple[float, float, float], *, updates: int) -> list[Tensor]:
    """Points (2, N, 2), predicted and true, after each update of gradient descent on the weighted terms."""
    points, path = pairs.clone(), [pairs]
    together, apart, uncouple = weights
    for _ in range(updates):
        points.requires_grad_(True)
        rows = points.flatten(0, 1)
        loss = together * (points[0] - points[1]).square().mean() + apart * variance_term(rows)
        loss = loss + uncouple * covariance_term(rows)
        (slope,) = torch.autograd.grad(loss, points)
        points = (points - DESCENT * points.shape[1] * slope).detach()
        path.append(points)
    return path


def cloud(points: Tensor) -> go.Figure:
    """Pairs of points (2, N, 2): what was predicted, a line to what came."""
    figure = go.Figure()
    predicted, came = points.numpy().round(3)
    gap = np.full(len(came), np.nan)
    line = np.stack([predicted, came, np.stack([gap, gap], axis=-1)], axis=1).reshape(-1, 2)
    figure.add_scatter(
        x=line[:, 0], y=line[:, 1], mode="lines", line={"color": MUTED, "width": 1}, showlegend=False, name="errors"
    )
    for name, at, color, symbol in (("came", came, REAL, "circle"), ("predicted", predicted, IMAGINED, "diamond")):
        figure.add_scatter(x=at[:, 0], y=at[:, 1], mode="markers", name=name, marker={"color": color, "symbol": symbol})
    rows = points.flatten(0, 1)
    std = " and ".join(f"{each:.2f}" for each in rows.std(dim=0))
    words = f"error {(points[0] - points[1]).square().mean():.3f}<br>spread {std}"
    words += f"<br>covariance {torch.cov(rows.T)[0, 1]:.2f}".replace("-", "−")
    figure.add_annotation(
        x=0.01, y=0.99, xref="paper", yref="paper", xanchor="left", yanchor="top", align="left", showarrow=False,
        text=words,
    )  # fmt: skip
    figure.update_layout(template=TEMPLATE, height=330, hovermode=False)
    figure.update_xaxes(range=[-3.6, 3.6], title_text="first number of the embedding")
    return figure.update_yaxes(range=[-2.4, 2.4], title_text="second number")


def weights_explorer(study: Results) -> Explorer:
    """What is left of the floor in an embedding that was trained with these weights."""
    grid = [tuple(float(each) for each in variant.split()) for variant in study.runs]
    values = [sorted({row[axis] for row in grid}) for axis in range(3)]

    def named(variance: float, covariance: float, inverse: float) -> str:
        return f"{variance:g} {covariance:g} {inverse:g}"

    def draw(variance: float, covariance: float, inverse: float) -> go.Figure:
        run = study.runs[named(variance, covariance, inverse)][0]
        return floor_and_embedding(run.curves["map"], {name: each.value for name, each in run.metrics.items()})

    def alt(variance: float, covariance: float, inverse: float) -> str:
        found = study.runs[named(variance, covariance, inverse)][0].metrics
        return (
            f"Variance {variance:g}, covariance {covariance:g}, inverse {inverse:g}: spread {found['std'].value:.3g}, "
            f"effective rank {found['rank'].value:.1f}, R² of the position {found['mlp_r2'].value:.2f}."
        )

    return Explorer(
        draw,
        title="Which weights keep the embedding from collapsing?",
        alt=alt,
        variance=Stops(values[0], default=values[0][-1], label="Variance"),
        covariance=Stops(values[1], default=values[1][-1], label="Covariance"),
        inverse=Stops(values[2], default=values[2][-1], label="Inverse"),
    )


def floor_and_embedding(rows: Sequence[Row], measured: Mapping[str, float]) -> go.Figure:
    """Places on the floor, and where the embedding's first two principal components put them, in the same colors."""
    figure = make_subplots(1, 2, horizontal_spacing=0.14, subplot_titles=("on the floor", "in the embedding"))
    place = np.array([[row["x"], row["y"]] for row in rows])
    point = np.array([[row["first"], row["second"]] for row in rows])
    look = {"size": 8, "color": place_colors(place), "line": {"width": 0.5, "color": MUTED}}
    for column, at in enumerate((place, point), start=1):
        figure.add_scatter(
            x=at[:, 0].round(3), y=at[:, 1].round(3), mode="markers", marker=look, showlegend=False,
            name=("places", "embeddings")[column - 1], hoverinfo="skip", row=1, col=column,
        )  # fmt: skip
    add_walls(figure, row=1, col=1)
    reach = 1.15 * max(3.0, float(np.abs(point).max()))
    words = f"spread {measured['std']:.2g}, rank {measured['rank']:.0f}, R² {measured['mlp_r2']:.2f}"
    figure.add_annotation(
        x=0.5, y=0.02, xref="x2 domain", yref="y2 domain", yanchor="bottom", showarrow=False,
        text=words.replace("-", "−"), bgcolor=PAPER,
    )  # fmt: skip
    figure.update_layout(template=TEMPLATE, height=330, hovermode=False, margin_t=36)
    figure.update_xaxes(range=[0, 64], title_text="pixels", row=1, col=1)
    figure.update_yaxes(range=[64, 0], row=1, col=1)
    figure.update_xaxes(range=[-reach, reach], title_text="first principal component", row=1, col=2)
    return figure.update_yaxes(range=[-reach, reach], row=1, col=2)


def place_colors(place: np.ndarray) -> list[str]:
    """Colors of positions (N, 2) in pixels: orange to the left, violet to the right, pale above."""
    left, right = np.array([217, 102, 10]), np.array([90, 62, 150])
    share = np.clip(place / 64, 0, 1)
    color = left + (right - left) * share[:, :1]
    color = color + (1 - share[:, 1:]) * 0.75 * (255 - color)
    return [f"rgb({red:.0f},{green:.0f},{blue:.0f})" for red, green, blue in color]


def add_walls(figure: go.Figure, *, row: int | None = None, col: int | None = None) -> None:
    """The wall between the rooms with its door, as shapes in pixels."""
    for top, bottom in ((0, 13.5), (26.5, 64)):
        figure.add_shape(
            type="rect", x0=30.5, x1=33.5, y0=top, y1=bottom, fillcolor=MUTED, line_width=0, row=row, col=col
        )


def success_dots(
    rows: Mapping[str, Mapping[str, Sequence[Interval]]], *, unit: str = "goals reached (%)", scale: float = 100.0
) -> go.Figure:
    """By series (a color) and row: a dot and its interval for each training."""
    figure = go.Figure()
    names = list(dict.fromkeys(name for by_row in rows.values() for name in by_row))
    for number, ((series, by_row), (color, symbol)) in enumerate(zip(rows.items(), SERIES, strict=False)):
        height = 0.24 * (number - (len(rows) - 1) / 2)
        points = [
            (each, names.index(name) + height + 0.07 * (i - (len(found) - 1) / 2))
            for name, found in by_row.items()
            for i, each in enumerate(found)
        ]
        figure.add_scatter(
            x=[scale * each.value for each, _ in points], y=[lane for _, lane in points], mode="markers", name=series,
            marker={"color": color, "size": 7, "symbol": symbol},
            error_x={
                "array": [scale * (each.high - each.value) for each, _ in points],
                "arrayminus": [scale * (each.value - each.low) for each, _ in points],
                "thickness": 1.2, "width": 0, "color": faded(color, 0.6),
            },
        )  # fmt: skip
    figure.update_layout(template=TEMPLATE, height=110 + 42 * len(names), hovermode="closest")
    figure.update_xaxes(title_text=unit)
    return figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.5, -0.5], showgrid=False
    )


def reach(study: Results, prefix: str, steps: Sequence[int], *, labels: Mapping[str, str], unit: str) -> go.Figure:
    """Share of goals reached against the steps of a plan, or from look to look."""
    figure = go.Figure()
    for (variant, label), (color, symbol) in zip(labels.items(), SERIES, strict=False):
        found = [study.across(variant, f"{prefix}_{each}_success") for each in steps]
        figure.add_scatter(
            x=list(steps), y=[100 * each.value for each in found], mode="lines+markers", name=label,
            line={"color": color, "width": 2.4}, marker={"symbol": symbol, "size": 8},
            error_y={
                "array": [100 * (each.high - each.value) for each in found],
                "arrayminus": [100 * (each.value - each.low) for each in found], "thickness": 1.1, "width": 0,
            },
        )  # fmt: skip
    figure.update_layout(template=TEMPLATE, height=330, hovermode="closest")
    figure.update_xaxes(title_text=unit, type="log", tickvals=list(steps), ticktext=[str(each) for each in steps])
    return figure.update_yaxes(title_text="goals reached (%)", range=[-4, 104])
