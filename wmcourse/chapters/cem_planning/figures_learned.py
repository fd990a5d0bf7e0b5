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
OPINIONS = {
    "one": "one network",
    "five": "the mean of five",
    "pessimistic": "five, minus one std",
    "very pessimistic": "five, minus three",
}


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


def two_doubts(models: Mapping[str, ProbabilisticEnsemble], seen: Mapping[str, Float[Tensor, "step 3"]]) -> go.Figure:
    """A panel for each model: its two kinds of doubt by angle, and where the pendulum was when it learned."""
    figure = make_subplots(1, len(models), shared_yaxes=True, horizontal_spacing=0.05, subplot_titles=list(models))
    degrees = np.linspace(-180, 180, ANGLES)
    for column, (name, model) in enumerate(models.items(), start=1):
        where = {"row": 1, "col": column, "showlegend": column == 1}
        for (kind, values), color in zip(doubts(model).items(), (VIOLET, IMAGINED), strict=True):
            dash = "solid" if color == IMAGINED else "2px,3px"
            figure.add_scatter(
                x=degrees, y=values.numpy(), mode="lines", name=kind, line={"color": color, "width": 2.4, "dash": dash}, **where
            )
        if name in seen:
            angle = torch.atan2(seen[name][:, 1], seen[name][:, 0]).rad2deg().numpy().round(1)
            figure.add_scatter(
                x=angle, y=np.full(len(angle), 10 ** (-3.4)), mode="markers", name="where it has been",
                marker={"color": REAL, "size": 6, "symbol": "line-ns-open"}, **where,
            )  # fmt: skip
    figure.update_layout(template=TEMPLATE, height=340, hovermode="closest", margin_t=70)
    figure.update_layout(legend={"y": 1.12})
    figure.update_xaxes(tickvals=[-180, -90, 0, 90, 180], title_text="degrees from upright", title_standoff=4)
    figure.update_yaxes(type="log", range=[-3.6, 0.6], tickvals=[0.001, 0.01, 0.1, 1])
    return figure.update_yaxes(title_text="doubt (rad/s)", row=1, col=1)


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
    figure.update_layout(template=TEMPLATE, height=380, hovermode="closest")
    figure.update_xaxes(
        title_text="real steps (log scale)", type="log", tickvals=[200, 500, 1000, 2000, 5000, 10_000],
        ticktext=["200", "500", "1,000", "2,000", "5,000", "10,000"],
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
    figure.update_layout(template=TEMPLATE, height=110 + 38 * len(rows), hovermode="closest", margin_t=30)
    figure.update_xaxes(title_text=unit)
    return figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.5, -0.5], showgrid=False
    )


def exploitation(study: Results, variant: str, opinions: Sequence[str], searches: Sequence[int]) -> go.Figure:
    """A panel for each opinion: what is promised and what is earned, the harder one searches; a line for each training."""
    titles = [OPINIONS[name] for name in opinions]
    figure = make_subplots(1, len(opinions), shared_yaxes=True, horizontal_spacing=0.04, subplot_titles=titles)
    kinds = (("promised", IMAGINED, "6px,3px", "circle-open"), ("earned", REAL, "solid", "circle"))
    for column, opinion in enumerate(opinions, start=1):
        for kind, color, dash, symbol in kinds:
            found = np.array([study.values(variant, f"{opinion}_{kind}_{plans}") for plans in searches])  # (plans, runs)
            for values in found.T:
                figure.add_scatter(
                    x=list(searches), y=values.round(1), mode="lines", hoverinfo="skip", showlegend=False,
                    line={"color": faded(color, 0.25), "width": 1.2}, row=1, col=column,
                )  # fmt: skip
            figure.add_scatter(
                x=list(searches), y=found.mean(axis=1).round(1), mode="lines+markers", name=kind, legendgroup=kind,
                showlegend=column == 1, line={"color": color, "width": 2.6, "dash": dash},
                marker={"symbol": symbol, "size": 7}, row=1, col=column,
            )  # fmt: skip
    figure.update_layout(template=TEMPLATE, height=380, hovermode="closest", margin_t=70)
    figure.update_layout(legend={"y": 1.12})
    figure.update_xaxes(type="log", tickvals=[1, 10, 100, 1000], ticktext=["1", "10", "100", "1,000"])
    figure.update_xaxes(title_text="plans tried", title_standoff=4)
    return figure.update_yaxes(title_text="return of 40 steps", row=1, col=1)
