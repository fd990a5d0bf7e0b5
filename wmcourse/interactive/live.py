"""The live view of an explorer: sliders that run the real model in JupyterLab, VS Code and Colab.

The widget's state holds the whole figure, and its view shows what the state holds: a view that is made late, twice or
while the kernel is busy shows the current figure. (Plotly's own FigureWidget opens empty and sends its data after.)
"""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import anywidget
import ipywidgets as widgets  # type: ignore[import-untyped]
import plotly.graph_objects as go
import traitlets as t

from wmcourse.interactive.grid import Tree, tree_of
from wmcourse.interactive.scripts import EXPLORER, asset, joined
from wmcourse.interactive.sliders import Control, Value

QUICK_S = 0.08
"""A draw faster than this follows the slider while it moves; a slower one waits until it is let go."""

LIVE_DIGITS = 7
PLOTLY = "plotly-cartesian.min.js"
"""The smallest of Plotly's own bundles that has every trace a still picture can show."""

_shown: Counter[str] = Counter()
_opened: Library | None = None


class Library(widgets.Widget):
    """Plotly's script, sent to the page once for all figures of a kernel."""

    source = t.Unicode().tag(sync=True)


class LiveExplorer(anywidget.AnyWidget):
    """An explorer in a running notebook: the page says which values are `chosen`, the kernel draws the `figure`.

    `draw(**values)` returns the figure as a tree `{"data", "layout", "alt"}`. An exception in it is shown below the
    sliders, and the last figure stays.
    """

    _esm = joined((*EXPLORER, "live.js"))
    _css = asset("explorer.css")
    title = t.Unicode().tag(sync=True)
    controls: t.List[Any] = t.List().tag(sync=True)
    chosen: t.List[int] = t.List().tag(sync=True)
    figure = t.Unicode().tag(sync=True)
    failure = t.Unicode().tag(sync=True)
    quick = t.Bool(False).tag(sync=True)
    library = t.Unicode().tag(sync=True)

    def __init__(
        self, draw: Callable[..., Tree], *, title: str, controls: Mapping[str, Control], **options: Any
    ) -> None:
        """Draw the first figure, and only then open the widget: it is never seen without its data."""
        self._draw, self._controls = draw, controls
        described = [control.describe(control.live_points) for control in controls.values()]
        start = [control["start"] for control in described]
        first, quick = self._timed(start)
        super().__init__(title=title, controls=described, chosen=start, figure=first, quick=quick,
                         library=_library().model_id, **options)  # fmt: skip
        self.observe(self._redraw, names="chosen")

    def _timed(self, chosen: list[int]) -> tuple[str, bool]:
        started = time.perf_counter()
        values: dict[str, Value] = {
            name: control.live_points[index]
            for (name, control), index in zip(self._controls.items(), chosen, strict=True)
        }
        drawn = json.dumps(self._draw(**values), separators=(",", ":"))
        return drawn, time.perf_counter() - started < QUICK_S

    def _redraw(self, change: Any) -> None:
        try:
            figure, quick = self._timed(change["new"])
        except Exception as error:  # a callback's exception would be lost in the front end
            self.failure = f"draw failed: {type(error).__name__}: {error}"
            return
        with self.hold_sync():
            self.figure, self.failure = figure, ""
            self.quick = self.quick or quick  # the first draw may have been slow only because it loaded the model


def stable_identity(kind: str, title: str) -> str:
    """An id for a widget that depends only on its title and on how often that was shown, so that outputs are stable."""
    _shown[f"{kind}/{title}"] += 1
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}/{title}/{_shown[f'{kind}/{title}']}").hex


def live_view(
    draw: Callable[..., go.Figure],
    *,
    title: str,
    alt: Callable[..., str],
    controls: Mapping[str, Control],
) -> LiveExplorer:
    """Build the widget of a figure with sliders: moving one calls `draw` and `alt` with the values of all.

    Its id depends only on the title and how often it was shown, so outputs are stable.
    """
    identity = stable_identity("wm-explorer", title)

    def tree(**values: Value) -> Tree:
        return {**tree_of(draw(**values), LIVE_DIGITS), "alt": alt(**values)}

    return LiveExplorer(tree, title=title, controls=controls, model_id=identity)


def _library() -> Library:
    """The one library of this kernel, opened again if all widgets were closed; the page knows it by its contents."""
    global _opened
    if _opened is None or _opened.comm is None:
        source = asset(PLOTLY)
        _opened = Library(source=source, model_id=uuid.uuid5(uuid.NAMESPACE_OID, source).hex)
    return _opened
