"""Reality and the dream over time, with the peeks marked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from wmcourse.viz.style import CORRECTED, REAL, TEMPLATE, line


def rollout_figure(
    real: ArrayLike,
    imagined: ArrayLike,
    corrected: ArrayLike | None = None,
    *,
    peeked: ArrayLike | None = None,
    quantity: str,
    unit: str,
    title: str | None = None,
    step_s: float | int | None = None,
    value_range: tuple[float | int, float | int] | None = None,
) -> go.Figure:
    """Draw one quantity (T+1,) as it was, as it was imagined, and as a model that peeks believed it.

    `peeked` (T+1,) marks the steps at which `corrected` saw reality. `step_s` turns steps into seconds.
    Raises ValueError if the lengths differ, or if peeks are marked without a corrected curve.
    """
    truth = np.asarray(real, dtype=float)
    if truth.ndim != 1:
        raise ValueError(f"real must hold one number a step, shape (T+1,), not {truth.shape}")
    time = np.arange(len(truth)) * (1.0 if step_s is None else step_s)
    figure = go.Figure()
    figure.add_scatter(x=time, y=truth, name="real", mode="lines", line=line("real"))
    figure.add_scatter(
        x=time, y=_same(imagined, truth, "imagined"), name="imagined", mode="lines", line=line("imagined")
    )
    if corrected is not None:
        belief = _same(corrected, truth, "corrected")
        figure.add_scatter(x=time, y=belief, name="corrected by peeks", mode="lines", line=line("corrected"))
    if peeked is not None:
        if corrected is None:
            raise ValueError("peeks are marked on the corrected curve: pass corrected as well")
        at = np.flatnonzero(_same(peeked, truth, "peeked"))
        marker = {"color": CORRECTED, "size": 8, "symbol": "circle", "line": {"color": "white", "width": 1}}
        figure.add_scatter(x=time[at], y=belief[at], name="peek", mode="markers", marker=marker)
    figure.update_layout(template=TEMPLATE, height=380, title_text=title)
    figure.update_xaxes(title_text="step" if step_s is None else "time (s)", range=[0, float(time[-1])])
    figure.update_yaxes(title_text=f"{quantity} ({unit})", range=value_range)
    return figure


def compared_figure(
    real: ArrayLike,
    models: Mapping[str, ArrayLike],
    *,
    colors: Mapping[str, str],
    peeked: ArrayLike | None = None,
    quantity: str,
    unit: str,
    value_range: tuple[float | int, float | int] | None = None,
) -> go.Figure:
    """Draw one quantity (T+1,) as it was, and as each of several models expected it, in that model's color.

    `peeked` (T+1,) marks the steps at which the models saw reality. Raises ValueError if the lengths differ.
    """
    truth = np.asarray(real, dtype=float)
    figure, time = go.Figure(), np.arange(len(truth))
    for name, values in models.items():
        style = {"color": colors[name], "width": 2}
        figure.add_scatter(x=time, y=_same(values, truth, name), name=name, mode="lines", line=style)
    figure.add_scatter(x=time, y=truth, name="real", mode="lines", line={"color": REAL, "width": 3})
    if peeked is not None:
        at = np.flatnonzero(_same(peeked, truth, "peeked"))
        marker = {"color": REAL, "size": 7, "symbol": "circle"}
        figure.add_scatter(x=time[at], y=truth[at], name="look", mode="markers", marker=marker)
    figure.update_layout(template=TEMPLATE, height=400)
    figure.update_xaxes(title_text="step", range=[0, float(time[-1])])
    figure.update_yaxes(title_text=f"{quantity} ({unit})", range=value_range)
    return figure


def _same(values: ArrayLike, real: np.ndarray, name: str) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.shape != real.shape:
        raise ValueError(f"{name} has shape {array.shape}; it must be as long as real, {real.shape}")
    return array
