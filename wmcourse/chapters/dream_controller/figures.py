"""Figures of chapter 06: how they look; what they show is measured in the notebook."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from IPython.display import Markdown
from plotly.subplots import make_subplots

from wmcourse.chapters.dream_controller.evolution import (
    LANDSCAPES,
    STRATEGIES,
    TOP,
    Generation,
    Landscape,
    evolve,
)
from wmcourse.interactive.explorer import Explorer
from wmcourse.interactive.sliders import Choice, Slider
from wmcourse.interactive.text import table
from wmcourse.recipes.history import Row
from wmcourse.viz.style import CORRECTED, GRID, IMAGINED, MUTED, REAL, TEMPLATE

LEVELS = (-0.5, -2.0, -5.0, -10.0, -20.0, -40.0)
GENERATIONS = 20
VIOLET, BLUE, BROWN = "#7a5fa8", "#4c78a8", "#a0522d"
STRATEGY_COLORS = {"hill climbing": VIOLET, "recombination": BLUE, "CMA-ES": REAL}


class Score(NamedTuple):
    """Mean and standard deviation of what was survived."""

    mean: float
    sd: float


VIZDOOM = {
    0.10: (Score(2086, 140), Score(193, 58)),
    0.50: (Score(2060, 277), Score(196, 50)),
    1.00: (Score(1145, 690), Score(868, 511)),
    1.15: (Score(918, 546), Score(1092, 556)),
    1.30: (Score(732, 269), Score(753, 139)),
}
"""Ha & Schmidhuber (2018), section 4: the temperature of the dream, and steps survived there and in VizDoom."""
VIZDOOM_CHANCE, VIZDOOM_SOLVED = 210, 750


def search(landscape: Landscape, generations: Sequence[Generation]) -> go.Figure:
    """A hill from above, the way of the mean so far, the generation now, and the ellipse that it was drawn from."""
    figure = go.Figure()
    for height in LEVELS:
        x, y = landscape.level(height).T.round(2)
        figure.add_scatter(
            x=x, y=y, mode="lines", line={"color": "#c9c4b8", "width": 1}, hoverinfo="skip", showlegend=False
        )
    now = generations[-1]
    way = np.array([each.mean for each in generations]).round(2)
    values, vectors = np.linalg.eigh(now.covariance)
    angle = np.linspace(0, 2 * np.pi, 25)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    x, y = now.mean[:, None] + vectors @ (np.sqrt(values)[:, None] * circle)
    line = {"color": IMAGINED, "width": 2.4}
    figure.add_scatter(
        x=x.round(2), y=y.round(2), mode="lines", name="where it scatters", line=line, fill="toself",
        fillcolor="rgba(217,102,10,0.12)",
    )  # fmt: skip
    figure.add_scatter(x=way[:, 0], y=way[:, 1], mode="lines", name="way of the mean", line={"color": REAL, "width": 2})
    dots = {"color": CORRECTED, "size": 6}
    x, y = now.candidates.T.round(2)
    figure.add_scatter(x=x, y=y, mode="markers", name="candidates", marker=dots)
    cross = {"symbol": "cross", "size": 12, "color": REAL}
    figure.add_scatter(x=[TOP[0]], y=[TOP[1]], mode="markers", name="top", marker=cross)
    figure.update_layout(template=TEMPLATE, height=470, hovermode=False)
    figure.update_xaxes(range=[-4.5, 4.5], title_text="one parameter", showgrid=False, constrain="domain")
    figure.update_yaxes(range=[-5, 4], title_text="the other", showgrid=False, scaleanchor="x", constrain="domain")
    return figure


def search_explorer(*, seed: int = 0) -> Explorer:
    """The strategies on the hills, generation by generation."""

    @cache
    def searched(strategy: str, landscape: str) -> list[Generation]:
        return evolve(STRATEGIES[strategy](seed), LANDSCAPES[landscape], generations=GENERATIONS, seed=seed)

    def draw(strategy: str, landscape: str, generation: int) -> go.Figure:
        return search(LANDSCAPES[landscape], searched(strategy, landscape)[: generation + 1])

    def alt(strategy: str, landscape: str, generation: int) -> str:
        mean = searched(strategy, landscape)[generation].mean
        return (
            f"Level curves of {landscape}; {strategy} after {generation} generations, its mean "
            f"{np.hypot(*(mean - TOP)):.2g} from the top."
        )

    return Explorer(
        draw,
        title="How does a search without a gradient find the top?",
        alt=alt,
        strategy=Choice(list(STRATEGIES), label="Strategy"),
        landscape=Choice(list(LANDSCAPES), label="Landscape"),
        generation=Slider(0, GENERATIONS, default=4, label="Generation"),
    )


def dots(
    rows: Mapping[str, Mapping[str, Sequence[float]]],
    colors: Mapping[str, str],
    *,
    unit: str,
    marks: Mapping[str, float] | None = None,
    log: bool = False,
) -> go.Figure:
    """A dot plot: for each row one line of dots per kind, below each other, with a bar at their median.

    `marks` are dotted lines across all rows.
    """
    figure, count = go.Figure(), len(rows)
    for kind, color in colors.items():
        lanes = [name for name, found in rows.items() if kind in found]
        y = {name: _lane(list(rows).index(name), list(rows[name]).index(kind), len(rows[name])) for name in lanes}
        at = [(value, y[name]) for name in lanes for value in rows[name][kind]]
        marker = {"color": color, "size": 9, "opacity": 0.65}
        figure.add_scatter(
            x=[value for value, _ in at], y=[lane for _, lane in at], mode="markers", name=kind, marker=marker
        )
        medians = [(float(np.median(rows[name][kind])), lane) for name, lane in y.items()]
        figure.add_scatter(
            x=[part for median, _ in medians for part in (median, median, None)],
            y=[part for _, lane in medians for part in (lane - 0.16, lane + 0.16, None)],
            mode="lines",
            line={"color": color, "width": 3},
            name=f"{kind}, median",
            showlegend=False,
        )
    for name, level in (marks or {}).items():
        figure.add_vline(x=level, line={"color": MUTED, "dash": "dot", "width": 1.6})
        figure.add_annotation(
            x=level, y=1, yref="paper", yanchor="bottom", showarrow=False, text=name, font={"size": 11, "color": MUTED}
        )
    kinds = max(len(found) for found in rows.values())
    figure.update_layout(template=TEMPLATE, height=130 + count * (24 + 18 * kinds), hovermode="closest")
    room = {"t": 44, "l": max(84, 16 + 7 * max(map(len, rows)))}
    figure.update_layout(showlegend=len(colors) > 1, margin=room)
    power = {"exponentformat": "power", "dtick": 2} if log else {}
    figure.update_xaxes(title_text=unit, type="log" if log else "linear", **power)
    figure.update_yaxes(
        tickvals=list(range(count)), ticktext=list(rows), range=[count - 0.5, -0.5], showgrid=False, zeroline=False
    )
    return figure


def _lane(row: int, kind: int, kinds: int) -> float:
    return row + 0.7 * ((kind + 0.5) / kinds - 0.5)


def learning_curves(trainings: Mapping[str, Sequence[Sequence[Row]]]) -> go.Figure:
    """The mean score of each generation against its number, one line for each training."""
    figure = go.Figure()
    for (name, histories), color in zip(trainings.items(), (VIOLET, BROWN), strict=True):
        for i, rows in enumerate(histories):
            figure.add_scatter(
                x=[row["update"] for row in rows],
                y=[row["mean_steps"] for row in rows],
                mode="lines+markers",
                name=name,
                legendgroup=name,
                showlegend=i == 0,
                line={"color": color, "width": 1.8},
                marker={"size": 5},
            )
    figure.update_layout(template=TEMPLATE, height=360, hovermode="closest")
    figure.update_xaxes(title_text="generation", rangemode="tozero")
    figure.update_yaxes(title_text="steps survived in the dream", rangemode="tozero")
    return figure


def temperature_table(
    dreamed: Mapping[float, Sequence[float]],
    real: Mapping[float, Sequence[float]],
    *,
    chance: float,
    oracle: float,
) -> go.Figure:
    """Steps survived in the dream and in reality against the dream's temperature: here, and in the paper's VizDoom."""
    figure = make_subplots(2, 1, shared_xaxes=True, vertical_spacing=0.08)
    kinds = {"in the dream": (dreamed, IMAGINED, "circle-open", 0), "in reality": (real, REAL, "circle", 1)}
    for name, (scores, color, symbol, which) in kinds.items():
        marker = {"color": color, "size": 9, "symbol": symbol, "line": {"width": 2, "color": color}}
        points = [(tau, score) for tau, seeds in scores.items() for score in seeds]
        means = {tau: float(np.mean(seeds)) for tau, seeds in scores.items()}
        dash = {"color": color, "width": 1.6, "dash": "6px,3px" if which == 0 else "solid"}
        figure.add_scatter(
            x=[t for t, _ in points], y=[s for _, s in points], mode="markers", name=name, marker=marker, row=1, col=1
        )
        figure.add_scatter(
            x=list(means),
            y=list(means.values()),
            mode="lines",
            line=dash,
            showlegend=False,
            hoverinfo="skip",
            row=1,
            col=1,
        )
        theirs = {tau: pair[which] for tau, pair in VIZDOOM.items()}
        figure.add_scatter(
            x=list(theirs),
            y=[score.mean for score in theirs.values()],
            error_y={"array": [score.sd for score in theirs.values()], "thickness": 1.2, "width": 3, "color": color},
            mode="lines+markers",
            marker=marker,
            line=dash,
            name=f"{name}, mean ± sd",
            showlegend=False,
            row=2,
            col=1,
        )
    levels = (
        (1, chance, "chance"),
        (1, oracle, "oracle"),
        (2, VIZDOOM_CHANCE, "chance"),
        (2, VIZDOOM_SOLVED, "solved"),
    )
    for row, level, word in levels:
        line = {"color": MUTED, "dash": "dot", "width": 1.4}
        figure.add_hline(
            y=level,
            line=line,
            annotation_text=word,
            annotation_position="bottom right",
            annotation_font_size=11,
            row=row,
            col=1,
        )
    figure.update_layout(template=TEMPLATE, height=560, hovermode="closest")
    figure.update_xaxes(tickvals=sorted({*dreamed, *VIZDOOM}), gridcolor=GRID, tickangle=0)
    figure.update_xaxes(title_text="temperature of the dream it grew up in", row=2, col=1)
    figure.update_yaxes(title_text="Dodge: steps survived", rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title_text="VizDoom (paper): steps survived", rangemode="tozero", row=2, col=1)
    return figure


def folded_table(
    dreamed: Mapping[float, Sequence[float]], real: Mapping[float, Sequence[float]], *, summary: str
) -> Markdown:
    """The same as a table that unfolds."""
    rows = []
    for tau in dreamed:
        ours = [f"{np.mean(each[tau]):.0f} ± {np.std(each[tau], ddof=1):.0f}" for each in (dreamed, real)]
        theirs = [f"{score.mean:g} ± {score.sd:g}" for score in VIZDOOM[tau]] if tau in VIZDOOM else ["", ""]
        rows.append([f"{tau:g}", *ours, *theirs])
    header = ["temperature", "dream", "real", "dream (paper)", "real (paper)"]
    return Markdown(f"<details>\n<summary>{summary}</summary>\n\n{table(header, rows).data}\n\n</details>")
