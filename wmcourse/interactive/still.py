"""Draw a Plotly figure with matplotlib: the still picture that GitHub shows, without a browser to make it."""

from __future__ import annotations

import base64
import io
import re
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from wmcourse.interactive.grid import plain
from wmcourse.viz.style import INK, matplotlib_style

SUPPORTED = ("scatter", "bar", "heatmap", "image")
"""The kinds of trace that have a still picture."""
_MARKERS = {"circle": "o", "square": "s", "diamond": "D", "cross": "P", "x": "X", "triangle-up": "^", "star": "*"}
_WIDTH = 7.2  # inches
_TAGS = re.compile(r"<[^>]+>")


def still(figure: go.Figure, *, title: str = "", dpi: int = 110) -> bytes:
    """Render scatter, bar, heatmap and image traces as PNG bytes, the same for the same figure.

    A `title` replaces the figure's own.
    Raises ValueError for a trace type it cannot draw, naming those it can.
    """
    content = figure.to_plotly_json()
    layout = plain(content["layout"], digits=7)
    traces = [plain(trace, digits=7) for trace in content["data"]]
    for trace in traces:
        if trace.get("type", "scatter") not in SUPPORTED:
            raise ValueError(f"no still picture of a {trace['type']!r} trace; use one of {', '.join(SUPPORTED)}")
    with matplotlib_style():
        canvas = Figure(figsize=(_WIDTH, layout.get("height", 380) / 96), dpi=dpi)
        canvas.set_layout_engine("none")
        heading = title or _text(layout.get("title"))
        axes: dict[str, Axes] = {}
        for order, trace in enumerate(traces):
            if trace.get("visible") in (False, "legendonly"):
                continue
            name = trace.get("xaxis", "x")
            if name not in axes:
                axes[name] = _axes(canvas, layout, name, trace.get("yaxis", "y"), top=0.80 if heading else 0.88)
            _trace(axes[name], trace, order)
        for name, panel in axes.items():
            _shapes(panel, layout, name)
            _finish(panel, layout, name, traces)
        if heading:
            canvas.text(0.015, 0.975, heading, ha="left", va="top", fontsize=11, color=INK, wrap=True)
        buffer = io.BytesIO()
        canvas.savefig(buffer, format="png", metadata={"Software": None})
    return _compact(buffer)


def _compact(png: io.BytesIO) -> bytes:
    small = io.BytesIO()
    picture = Image.open(png).convert("RGB").quantize(160, dither=Image.Dither.NONE)
    picture.save(small, format="PNG", optimize=True)
    return small.getvalue()


def _axes(canvas: Figure, layout: dict[str, Any], x_name: str, y_name: str, *, top: float) -> Axes:
    x0, x1 = _axis(layout, x_name).get("domain", [0, 1])
    y0, y1 = _axis(layout, y_name).get("domain", [0, 1])
    declared = layout.get("margin", {}).get("l", 0) / (_WIDTH * 96)  # long labels have asked for room
    left, right, bottom = max(0.125, declared), 0.975, 0.15
    box = (
        left + x0 * (right - left),
        bottom + y0 * (top - bottom),
        (x1 - x0) * (right - left),
        (y1 - y0) * (top - bottom),
    )
    return canvas.add_axes(box)


def _axis(layout: dict[str, Any], name: str) -> dict[str, Any]:
    return layout.get(f"{name[0]}axis{name[1:]}", {})


def _numbers(values: Any) -> Any:
    if any(isinstance(value, str) for value in values):
        return list(values)
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _trace(panel: Axes, trace: dict[str, Any], order: int) -> None:
    kind = trace.get("type", "scatter")
    if kind == "heatmap":
        scale = trace.get("colorscale")
        colors = mpl.colors.LinearSegmentedColormap.from_list("wm", scale) if isinstance(scale, list) else "viridis"
        z = np.array([_numbers(row) for row in trace["z"]])
        extent = _edges(trace.get("x"), z.shape[1]) + _edges(trace.get("y"), z.shape[0])
        picture = panel.imshow(z, origin="lower", aspect="auto", extent=extent, cmap=colors,
                               vmin=trace.get("zmin"), vmax=trace.get("zmax"))  # fmt: skip
        if trace.get("showscale", True) and panel.figure is not None:
            panel.figure.colorbar(picture, ax=panel)
        panel.grid(False)
    elif kind == "image":
        panel.imshow(_pixels(trace), aspect="auto")
        panel.grid(False)
    elif kind == "bar":
        label = trace.get("name")
        panel.bar(trace["x"], _numbers(trace["y"]), label=label, color=trace.get("marker", {}).get("color"))
    else:
        _scatter(panel, trace, order)


def _edges(values: Any, count: int) -> tuple[float, float]:
    if not values or any(isinstance(value, str) for value in values):
        return -0.5, count - 0.5
    half = (values[-1] - values[0]) / max(count - 1, 1) / 2
    return values[0] - half, values[-1] + half


def _pixels(trace: dict[str, Any]) -> np.ndarray:
    if "source" in trace:
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(trace["source"].split(",", 1)[1]))).convert("RGB"))
    return np.asarray(trace["z"], dtype=np.uint8)


def _scatter(panel: Axes, trace: dict[str, Any], order: int) -> None:
    y = _numbers(trace.get("y", []))
    x = _numbers(trace["x"]) if "x" in trace else np.arange(len(y))
    mode = trace.get("mode", "lines" if len(y) >= 20 else "lines+markers")
    style, marker = trace.get("line", {}), trace.get("marker", {})
    color = style.get("color", marker.get("color", f"C{order % 6}"))
    color = color if isinstance(color, str) else f"C{order % 6}"
    if trace.get("fill") == "toself":
        panel.fill(x, y, color=_rgba(trace.get("fillcolor", color)), linewidth=0)
    elif trace.get("fill") == "tozeroy":
        panel.fill_between(x, y, color=_rgba(trace.get("fillcolor", color)), linewidth=0)
    lines = "lines" in mode and style.get("width", 2) > 0
    points = "markers" in mode
    if lines or points:
        size = marker.get("size", 6)
        panel.plot(
            x, y, label=trace.get("name") if trace.get("showlegend", True) else None, color=_rgba(color),
            linestyle=_dash(style.get("dash", "solid")) if lines else "none", linewidth=style.get("width", 2) * 0.8,
            marker=_MARKERS.get(str(marker.get("symbol", "circle")), "o") if points else None,
            markersize=(size if isinstance(size, int | float) else 6) * 0.75,
        )  # fmt: skip
    error = trace.get("error_y", {})
    if "array" in error:
        below = _numbers(error.get("arrayminus", error["array"]))
        panel.errorbar(x, y, yerr=[below, _numbers(error["array"])], fmt="none", ecolor=_rgba(color), capsize=3)


def _dash(dash: str) -> Any:
    named = {"solid": "-", "dash": "--", "dot": ":", "dashdot": "-."}
    return named[dash] if dash in named else (0, tuple(float(part.rstrip("px")) / 2 for part in dash.split(",")))


def _rgba(color: str) -> Any:
    if color.startswith("rgb"):
        parts = [float(part) for part in color[color.index("(") + 1 : -1].split(",")]
        return (*(part / 255 for part in parts[:3]), *parts[3:])
    return color


def _shapes(panel: Axes, layout: dict[str, Any], x_name: str) -> None:
    for shape in layout.get("shapes", []):
        if shape.get("xref", "x").removesuffix(" domain") != x_name:
            continue
        style = shape.get("line", {})
        drawn = {"color": _rgba(style.get("color", INK)), "linewidth": style.get("width", 2) * 0.8,
                 "linestyle": _dash(style.get("dash", "solid"))}  # fmt: skip
        if shape.get("type") == "rect" and "domain" in shape.get("yref", ""):
            panel.axvspan(shape["x0"], shape["x1"], color=_rgba(shape.get("fillcolor", "#dddddd")), alpha=0.4, lw=0)
        elif shape.get("type") == "line" and "domain" in shape.get("yref", ""):
            panel.axvline(shape["x0"], **drawn)
        elif shape.get("type") == "line" and "domain" in shape.get("xref", ""):
            panel.axhline(shape["y0"], **drawn)
        elif shape.get("type") == "line":
            panel.plot([shape["x0"], shape["x1"]], [shape["y0"], shape["y1"]], **drawn)


def _finish(panel: Axes, layout: dict[str, Any], x_name: str, traces: list[dict[str, Any]]) -> None:
    y_name = next((t.get("yaxis", "y") for t in traces if t.get("xaxis", "x") == x_name), "y")
    axes: tuple[tuple[Literal["x", "y"], str], ...] = (("x", x_name), ("y", y_name))
    for axis, name in axes:
        declared = _axis(layout, name)
        getattr(panel, f"set_{axis}label")(_text(declared.get("title")))
        if declared.get("showline") is False:
            panel.spines["bottom" if axis == "x" else "left"].set_visible(False)
            panel.tick_params(axis=axis, length=0)
        if declared.get("type") == "log":
            getattr(panel, f"set_{axis}scale")("log")
        if "tickvals" in declared:
            texts = [_TAGS.sub("", str(t)) for t in declared.get("ticktext", declared["tickvals"])]
            getattr(panel, f"set_{axis}ticks")(declared["tickvals"], texts)
        if "range" in declared and None not in declared["range"]:
            ends = declared["range"]
            getattr(panel, f"set_{axis}lim")([10**end for end in ends] if declared.get("type") == "log" else ends)
        elif declared.get("rangemode") == "tozero" and declared.get("type") != "log":
            getattr(panel, f"set_{axis}lim")(**{"left" if axis == "x" else "bottom": 0})
    handles, labels = panel.get_legend_handles_labels()
    if labels and layout.get("showlegend", len(labels) > 1):
        panel.legend(handles, labels, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, fontsize=9, borderaxespad=0.2)


def _text(title: Any) -> str:
    words = title.get("text", "") if isinstance(title, dict) else title or ""
    return _TAGS.sub("", words)
