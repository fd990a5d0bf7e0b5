"""The one style sheet: what is real is dark, what is imagined orange, what a peek corrected teal.

Figures keep a light card in both themes of the book, so a color means the same everywhere. The three colors differ
in lightness as well as in hue, and imagined lines are dashed, so that no reading depends on color vision.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Literal

import matplotlib as mpl
import plotly.graph_objects as go
import plotly.io as pio
from cycler import cycler

Role = Literal["real", "imagined", "corrected"]

REAL = "#1b2430"
IMAGINED = "#d9660a"
CORRECTED = "#0a8f86"
COLORS: dict[Role, str] = {"real": REAL, "imagined": IMAGINED, "corrected": CORRECTED}

PAPER = "#fdfcf9"
INK = "#2b3440"
MUTED = "#5b6673"
GRID = "#e6e3dc"
ERROR_SCALE = [[0.0, PAPER], [0.5, "#f2a35e"], [1.0, "#7a2e00"]]
"""From no error (the color of the card) to a large one."""

FONT = "Inter, 'Segoe UI', 'Helvetica Neue', Helvetica, Arial, sans-serif"
TEMPLATE = "wmcourse"

_DASH: dict[Role, str] = {"real": "solid", "imagined": "6px,3px", "corrected": "solid"}
_WIDTH: dict[Role, float] = {"real": 2.6, "imagined": 2.4, "corrected": 2.0}


def line(role: Role) -> dict[str, Any]:
    """Plotly line properties of a role; raises KeyError for an unknown one."""
    return {"color": COLORS[role], "dash": _DASH[role], "width": _WIDTH[role]}


def faded(color: str, opacity: float | int) -> str:
    """The color `#rrggbb` as Plotly's `rgba(...)` with an opacity in [0, 1]."""
    if not 0.0 <= opacity <= 1.0:
        raise ValueError(f"an opacity lies between 0 and 1, not {opacity}")
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def plotly_template() -> go.layout.Template:
    """Return the course's Plotly template: a light card, quiet grid, no zooming by accident on a touch screen."""
    axis = {
        "showgrid": True,
        "gridcolor": GRID,
        "zeroline": False,
        "linecolor": "#b9b5ab",
        "showline": True,
        "ticks": "outside",
        "tickcolor": "#b9b5ab",
        "ticklen": 4,
        "title": {"standoff": 8, "font": {"size": 13, "color": MUTED}},
        "automargin": True,
        "fixedrange": True,
    }
    layout = go.Layout(
        font={"family": FONT, "size": 13, "color": INK},
        title={"font": {"size": 15, "color": INK}, "x": 0.0, "xref": "paper", "xanchor": "left"},
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
        colorway=[REAL, IMAGINED, CORRECTED, "#7a5fa8", "#a0522d", "#4c78a8"],
        xaxis=axis,
        yaxis=axis,
        legend={"orientation": "h", "x": 0.0, "y": 1.02, "xanchor": "left", "yanchor": "bottom", "title": {"text": ""}},
        hovermode="x unified",
        hoverlabel={"bgcolor": "white", "font": {"size": 12, "color": INK}},
        margin={"l": 60, "r": 18, "t": 44, "b": 50},
        dragmode=False,
    )
    return go.layout.Template(layout=layout)


def matplotlib_style() -> AbstractContextManager[None]:
    """Return a context in which matplotlib draws in the same style: `with matplotlib_style(): ...`."""
    style: Any = {
        "figure.facecolor": PAPER,
        "axes.facecolor": PAPER,
        "savefig.facecolor": PAPER,
        "figure.dpi": 110,
        "figure.constrained_layout.use": True,
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 10,
        "text.color": INK,
        "axes.labelcolor": MUTED,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "axes.edgecolor": "#b9b5ab",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": GRID,
        "axes.axisbelow": True,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "lines.linewidth": 2.0,
        "legend.frameon": False,
        "axes.prop_cycle": cycler(color=[REAL, IMAGINED, CORRECTED, "#7a5fa8", "#a0522d", "#4c78a8"]),
    }
    return mpl.rc_context(style)


pio.templates[TEMPLATE] = plotly_template()
