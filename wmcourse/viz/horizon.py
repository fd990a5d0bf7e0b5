"""How far ahead a model can see: the error against the horizon, with its intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from wmcourse.viz.style import COLORS, TEMPLATE, Role, faded

_OTHER = ("#7a5fa8", "#a0522d", "#4c78a8")


def horizon_figure(
    horizons: ArrayLike,
    curves: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]],
    *,
    quantity: str,
    unit: str,
    title: str | None = None,
    roles: Mapping[str, Role] | None = None,
    mark: Sequence[float | int] = (),
    log: bool = False,
) -> go.Figure:
    """Draw each curve (value, low, high), all of shape (H,), against the horizons (H,) in steps.

    `roles` gives a curve the color of what is real, imagined or corrected; `mark` draws reference levels.
    Raises ValueError for lengths that differ or an interval that does not hold its value.
    """
    steps = np.asarray(horizons, dtype=float)
    figure = go.Figure()
    roles = roles or {}
    spare = iter(_OTHER)
    for name, triple in curves.items():
        value, low, high = (np.asarray(part, dtype=float) for part in triple)
        if not value.shape == low.shape == high.shape == steps.shape:
            raise ValueError(
                f"{name!r} has shapes {value.shape, low.shape, high.shape}; the horizons have {steps.shape}"
            )
        if (low > value).any() or (high < value).any():
            raise ValueError(
                f"{name!r} has an interval that does not hold its value: low <= value <= high at each horizon"
            )
        color = COLORS[roles[name]] if name in roles else next(spare, "#777777")
        band = {"x": np.concatenate([steps, steps[::-1]]), "y": np.concatenate([high, low[::-1]])}
        figure.add_scatter(
            **band, fill="toself", fillcolor=faded(color, 0.18), line={"width": 0}, hoverinfo="skip",
            showlegend=False, name=f"{name}, interval", mode="lines",
        )  # fmt: skip
        style = {"color": color, "width": 2.4, "dash": "6px,3px" if roles.get(name) == "imagined" else "solid"}
        figure.add_scatter(x=steps, y=value, name=name, mode="lines+markers", line=style, marker={"size": 7})
    for level in mark:
        figure.add_hline(y=level, line={"color": "#8a8f98", "dash": "dot", "width": 1.4})
    figure.update_layout(template=TEMPLATE, height=380, title_text=title)
    figure.update_xaxes(title_text="horizon (steps)", tickvals=steps if len(steps) <= 8 else None)
    figure.update_yaxes(title_text=f"{quantity} ({unit})", type="log" if log else "linear", rangemode="tozero")
    return figure
