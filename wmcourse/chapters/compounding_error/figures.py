"""Figures of chapter 03: how they look; what they show is measured in the notebook."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, UInt8
from torch import Tensor

from wmcourse.evaluation.compounding import Growth, error_bound
from wmcourse.evaluation.self_knowledge import SelfKnowledge
from wmcourse.evaluation.statistics import Interval
from wmcourse.interactive.explorer import Explorer
from wmcourse.interactive.sliders import Choice, Slider
from wmcourse.models.protocol import WorldModel
from wmcourse.viz.filmstrip import difference, film_rows, gray_frames
from wmcourse.viz.style import CORRECTED, IMAGINED, MUTED, REAL, TEMPLATE

Predict = Callable[[WorldModel, int | None], Tensor]
"""From a model and the steps between its looks to the frames (T+1, 1, H, W) that it expects."""

VIOLET, BLUE = "#7a5fa8", "#4c78a8"
COLORS = {
    "one step": IMAGINED,
    "two frames": "#a0522d",
    "5-step loss": VIOLET,
    "noise": "#b8860b",
    "GRU": CORRECTED,
    "all four": REAL,
    "RSSM": BLUE,
}
"""The models that are compared."""
COLORS_BESIDE_REALITY = {"one step": IMAGINED, "GRU": CORRECTED, "all four": VIOLET, "RSSM": BLUE}
"""Some of them where reality is drawn too, and alone is dark."""


def film_explorer(
    real: Float[Tensor, "time channel height width"], predict: Predict, models: Mapping[str, WorldModel]
) -> Explorer:
    """Real pictures, those that a model expects with a look at every step and with none, and how far these are off."""
    film = gray_frames(real)

    @cache
    def predicted(model: str, peek_every: int | None) -> UInt8[np.ndarray, "time height width 3"]:
        return gray_frames(predict(models[model], peek_every))

    def draw(model: str, horizon: int) -> go.Figure:
        free = predicted(model, None)
        rows = {
            "real": film,
            "teacher-forced": predicted(model, 1),
            "free": free,
            "free - real": difference(film, free),
        }
        return film_rows(rows, steps=[round(horizon * i / 8) for i in range(9)])

    def alt(model: str, horizon: int) -> str:
        error = np.abs(predicted(model, None)[horizon].astype(float) - film[horizon]).mean() / 255
        return (
            f"Real pictures, teacher-forced predictions, free predictions of the model '{model}', and their difference "
            f"to reality, at nine of {horizon} steps. Mean absolute error of the last free picture: {error:.3f}."
        )

    return Explorer(
        draw,
        title="Does a model see the same future, forced and free?",
        alt=alt,
        model=Choice(list(models), label="Model"),
        horizon=Slider(8, 40, 8, default=24, label="Horizon", unit="steps"),
    )


def growth_and_laws(growth: Growth) -> go.Figure:
    """The mean error of free rollouts over that after one step, and the second law with three values of L."""
    mean = growth.mean.numpy()
    scale, horizon = float(mean[0]), len(mean)
    typical, largest = float(growth.expansion.median()), float(growth.expansion.max())
    bound = error_bound(float(growth.one_step.max()) / scale, largest, horizon).numpy()
    steps = np.arange(1, horizon + 1)
    curves = {
        "measured": (mean / scale, {"color": IMAGINED, "width": 2.6}),
        "L = 1": (steps, {"color": MUTED, "dash": "dot"}),
        f"median L = {typical:.2f}": (error_bound(1.0, typical, horizon).numpy(), {"color": CORRECTED}),
        f"estimated bound, L = {largest:.2f}": (bound, {"color": REAL, "dash": "dash"}),
    }
    figure = go.Figure()
    for name, (values, line) in curves.items():
        mode = "lines+markers" if name == "measured" else "lines"
        figure.add_scatter(x=steps, y=values, name=name, mode=mode, line=line)
    figure.update_layout(template=TEMPLATE, height=380)
    figure.update_xaxes(title_text="steps ahead")
    figure.update_yaxes(title_text="error / mean error after one step", type="log")
    return figure


def laws_explorer(growth: Mapping[str, Growth]) -> Explorer:
    """How the errors of a model grow, and how the second law says they should."""

    def alt(model: str) -> str:
        mean = growth[model].mean
        return (
            f"Growth of the error of the model '{model}' over {len(mean)} steps on a logarithmic axis: measured, "
            f"linear, with the median expansion, and the estimated bound. After {len(mean)} steps the measured error "
            f"is {float(mean[-1] / mean[0]):.1f} times that after one."
        )

    return Explorer(
        lambda model: growth_and_laws(growth[model]),
        title="Do errors grow as the laws say?",
        alt=alt,
        model=Choice(list(growth), label="Model"),
    )


def errors_by_horizon(horizons: Sequence[int], models: Mapping[str, Sequence[Interval]]) -> go.Figure:
    """The nMSE of some of the models in `COLORS` at each horizon, with bars for its bounds; 1 is the mean picture's."""
    figure = go.Figure()
    for name, found in models.items():
        value, low, high = (np.array(bounds) for bounds in zip(*found, strict=True))
        bars = {"type": "data", "symmetric": False, "array": high - value, "arrayminus": value - low}
        figure.add_scatter(
            x=list(horizons),
            y=value,
            name=name,
            mode="lines+markers",
            line={"color": COLORS[name], "width": 2.4},
            error_y={**bars, "thickness": 1.2, "width": 3},
        )
    figure.add_hline(y=1, line={"color": MUTED, "dash": "dot"})
    figure.update_layout(template=TEMPLATE, height=440, hovermode="closest")
    figure.update_xaxes(title_text="steps ahead, without a look", type="log", tickvals=list(horizons))
    figure.update_yaxes(title_text="nMSE of the picture", type="log")
    return figure


def doubt_and_error(random: SelfKnowledge, expert: SelfKnowledge, *, bins: int = 8) -> go.Figure:
    """The mean error of forecasts against their mean disagreement, in bins of equally many, for two kinds of pushes."""
    figure = go.Figure()
    for name, found, color in (("random pushes", random, IMAGINED), ("expert's pushes", expert, VIOLET)):
        going = ~found.error.isnan()
        doubt, error = found.disagreement[going], found.error[going]
        parts = doubt.argsort().tensor_split(bins)
        figure.add_scatter(
            x=[float(doubt[part].mean()) for part in parts],
            y=[float(error[part].mean()) for part in parts],
            mode="lines+markers",
            name=name,
            line={"color": color, "width": 2.4},
        )
    figure.update_layout(template=TEMPLATE, height=380, hovermode="closest")
    figure.update_xaxes(title_text="disagreement (standard deviations of the code)", type="log")
    figure.update_yaxes(title_text="nMSE of the picture", type="log")
    return figure
