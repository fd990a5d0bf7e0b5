"""Figures of chapter 12 about learned models: what they know, what they promise, and what it pays."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
import torch
from jaxtyping import Float
from plotly.subplots import make_subplots
from torch import Tensor

from wmcourse.evaluation.statistics import Interval
from wmcourse.models.ensemble import ProbabilisticEnsemble
from wmcourse.recipes.history import Row
from wmcourse.studies.results import Results
from wmcourse.viz.style import CORRECTED, IMAGINED, MUTED, REAL, TEMPLATE, faded

VIOLET, BROWN = "#7a5fa8", "#a0522d"
ANGLES = 73


@torch.no_grad()
def doubts(model: ProbabilisticEnsemble) -> dict[str, Float[Tensor, " angle"]]:
    """Of a resting pendulum's speed after a step, by angle: the noise that networks expect, and how they disagree.

    Both are standard deviations in rad/s.
    """
    angle = torch.linspace(-torch.pi, torch.pi, ANGLES)
    rows = torch.stack([angle.cos(), angle.sin(), 0 * angle, 0 * angle], dim=-1)
    mean, log_var = model.predict(rows.expand(model.config.members, -1, -1))
    unit = model.outputs.std[2]
    return {
        "expected noise": unit * log_var[..., 2].exp().mean(dim=0).sqrt(),
        "disagreement": unit * mean[..., 2].std(dim=0, correction=0),
    }


def two_doubts(models: Mapping[str, ProbabilisticEnsemble]) -> go.Figure:
    """A panel for each model: its two kinds of doubt by angle."""
    figure = make_subplots(1, len(models), horizontal_spacing=0.08)
    degrees = np.linspace(-180, 180, ANGLES)
    for column, (name, model) in enumerate(models.items(), start=1):
        where = {"row": 1, "col": column, "showlegend": column == 1}
        for (kind, values), color in zip(doubts(model).items(), (VIOLET, IMAGINED), strict=True):
            line = {"color": color, "width": 2.4, "dash": "solid" if color == IMAGINED else "2px,3px"}
            figure.add_scatter(x=degrees, y=values.numpy(), mode="lines", name=kind, line=line, **where)
        figure.update_xaxes(title_text=name, row=1, col=column)
    figure.update_layout(template=TEMPLATE, height=280, hovermode="closest")
    figure.update_xaxes(tickvals=[-90, 0, 90], ticktext=["−90°", "up", "90°"], tickangle=0)
    figure.update_yaxes(
        type="log",
        range=[-4, 0],
        tickvals=[0.0001, 0.001, 0.01, 0.1, 1],
        ticktext=["10⁻⁴", "0.001", "0.01", "0.1", "1"],
    )
    return figure.update_yaxes(title_text="doubt about its speed (rad/s)", row=1, col=1)


def learning_curves(trainings: Mapping[str, Sequence[Sequence[Row]]], *, oracle: float, chance: float) -> go.Figure:
    """Validation return of every training against the real steps it has learned from (log scale)."""
    figure = go.Figure()
    for (name, histories), color in zip(trainings.items(), (CORRECTED, VIOLET, BROWN), strict=True):
        for i, rows in enumerate(histories):
            figure.add_scatter(
                x=[row["environment_steps"] for row in rows],
                y=[row["validation_return"] for row in rows],
                mode="lines+markers",
                name=name,
                legendgroup=name,
                showlegend=i == 0,
                line={"color": color, "width": 1.8},
                marker={"size": 5},
            )
    for level, word in ((oracle, "oracle"), (chance, "chance")):
        figure.add_hline(
            y=level, line={"color": MUTED, "dash": "dot", "width": 1.6}, annotation_text=word,
            annotation_position="bottom right" if word == "oracle" else "top right",
        )  # fmt: skip
    figure.update_layout(template=TEMPLATE, height=310, hovermode="closest")
    figure.update_xaxes(
        title_text="real steps (log scale)", type="log", tickvals=[200, 1000, 5000], tickangle=0,
        ticktext=["200", "1,000", "5,000"],
    )  # fmt: skip
    return figure.update_yaxes(title_text="return of an episode")


def dots(rows: Mapping[str, Sequence[Interval]], *, unit: str, marks: Mapping[str, float] | None = None) -> go.Figure:
    """A row for each name: a dot and its interval for each training."""
    figure, names = go.Figure(), list(rows)
    for place, found in enumerate(rows.values()):
        lanes = [place + 0.16 * (i - (len(found) - 1) / 2) for i in range(len(found))]
        values = [each.value for each in found]
        figure.add_scatter(
            x=values, y=lanes, mode="markers", marker={"color": REAL, "size": 8}, showlegend=False, name=names[place],
            error_x={
                "array": [each.high - each.value for each in found],
                "arrayminus": [each.value - each.low for each in found],
                "thickness": 1.4, "width": 0, "color": REAL,
            },
        )  # fmt: skip
    for word, level in (marks or {}).items():
        figure.add_vline(x=level, line={"color": MUTED, "dash": "dot", "width": 1.6})
        figure.add_annotation(
            x=level, y=1, yref="paper", yanchor="bottom", showarrow=False, text=word, font={"size": 11, "color": MUTED}
        )
    figure.update_layout(template=TEMPLATE, height=90 + 30 * len(rows), hovermode="closest", margin_t=30)
    figure.update_xaxes(title_text=unit)
    return figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.5, -0.5], showgrid=False
    )


def gains(study: Results, variant: str, opinion: str, searches: Sequence[int]) -> dict[str, np.ndarray]:
    """What searching adds to the one random plan, (searches, trainings) each: to the promise, and to the earnings."""
    found = {
        kind: np.array([study.values(variant, f"{opinion}_{kind}_{plans}") for plans in searches])
        for kind in ("promised", "earned")
    }
    return {kind: values - values[0] for kind, values in found.items()}


def exploitation(
    panels: Mapping[str, Mapping[str, np.ndarray]], possible: Sequence[float], *, searches: Sequence[int]
) -> go.Figure:
    """A panel for each opinion: what search adds to promise and earnings, thin for a training, thick for their median.

    `possible` is what the same searches add with the true equations.
    """
    figure = make_subplots(1, len(panels), horizontal_spacing=0.08)
    drawn = {"promised": (IMAGINED, "6px,3px"), "earned": (REAL, "solid")}
    most = max(values.max() for each in panels.values() for values in each.values())
    least = min(values.min() for each in panels.values() for values in each.values())
    for column, (name, found) in enumerate(panels.items(), start=1):
        where = {"row": 1, "col": column}
        for kind, values in found.items():
            color, dash = drawn[kind]
            for training in values.T:
                thin = {"color": faded(color, 0.3), "width": 1.2}
                figure.add_scatter(
                    x=list(searches), y=training.round(1), mode="lines", line=thin, hoverinfo="skip", showlegend=False,
                    **where,
                )  # fmt: skip
            figure.add_scatter(
                x=list(searches), y=np.median(values, axis=1).round(1), mode="lines+markers", name=kind,
                legendgroup=kind, showlegend=column == 1, line={"color": color, "width": 2.6, "dash": dash}, **where,
            )  # fmt: skip
        figure.add_scatter(
            x=list(searches), y=list(possible), mode="lines", name="possible", legendgroup="possible",
            showlegend=column == 1, line={"color": MUTED, "width": 1.8, "dash": "dot"}, **where,
        )  # fmt: skip
        figure.update_xaxes(title_text=name, row=1, col=column)
    figure.update_layout(template=TEMPLATE, height=310, hovermode="closest")
    figure.update_xaxes(type="log", tickvals=[10, 1000], ticktext=["10 plans", "1,000"], tickangle=0)
    figure.update_yaxes(range=[min(least, 0) - 8, most + 8])
    return figure.update_yaxes(title_text="points that searching adds", row=1, col=1)
