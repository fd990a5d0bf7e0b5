"""Explorer: one cell, every front end."""

from __future__ import annotations

import base64
import inspect
import os
from collections.abc import Callable, Sequence
from typing import Any

import plotly.graph_objects as go

from wmcourse.interactive.grid import grid, precompute
from wmcourse.interactive.live import live_view
from wmcourse.interactive.page import explorer_html
from wmcourse.interactive.sliders import Control, Value, as_control
from wmcourse.interactive.still import still

WIDGET = "application/vnd.jupyter.widget-view+json"
STATIC = "WMCOURSE_STATIC"
"""Set to 1 where the notebooks of the book are made (`tools/execution.py`): outputs then hold what needs no kernel,
the page's precomputed figures and GitHub's still picture. A reader's kernel draws only what is looked at."""


class Explorer:
    """A figure with sliders: `Explorer(draw, title=..., alt=..., horizon=Slider(5, 100, 5))`.

    `draw(**values)` returns a Plotly figure. A running notebook calls it at each move of a slider; the static page
    moves through figures precomputed over the declared grid (at most 300 points, four significant digits), and GitHub
    shows a still picture: both are made only where `WMCOURSE_STATIC` is 1.
    `alt` describes the figure in words: a text, or a function of the values. A page that can compute the figures itself
    has no bound on the grid: `computed()` is then what its script needs (see `rollout_explorer`).

    Raises ValueError for an impossible slider, a grid too large, an empty text, or names `draw` does not take.
    """

    def __init__(
        self,
        draw: Callable[..., go.Figure],
        *,
        title: str,
        alt: str | Callable[..., str],
        computed: Callable[[], Any] | None = None,
        **sliders: Control | Sequence[Value] | range,
    ) -> None:
        """Check the sliders against the grid's bound and the parameters of `draw`; nothing is drawn yet."""
        if not title.strip() or (isinstance(alt, str) and not alt.strip()):
            raise ValueError("an explorer needs a title (the question it answers) and an alt (the figure in words)")
        self.draw, self.title, self.alt = draw, title, alt
        self.controls = {name: as_control(name, declared) for name, declared in sliders.items()}
        self.computed = computed
        self.points = grid(self.controls) if computed is None else [self.defaults]
        try:
            inspect.signature(draw).bind(**self.points[0])
        except TypeError as error:
            raise ValueError(
                f"draw{inspect.signature(draw)} does not fit the sliders {list(sliders)}: {error}"
            ) from None
        self._page: dict[str, str] | None = None

    @property
    def defaults(self) -> dict[str, Value]:
        """The values all sliders start from."""
        return {name: control.default for name, control in self.controls.items()}

    def figure(self, **values: Value) -> go.Figure:
        """Draw the figure for some values, the others at their defaults."""
        return self.draw(**{**self.defaults, **values})

    def describe(self, **values: Value) -> str:
        """The figure in words, for some values."""
        return self.alt if isinstance(self.alt, str) else self.alt(**{**self.defaults, **values})

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        view = live_view(self.draw, title=self.title, alt=self.describe, controls=self.controls)
        shown = {"version_major": 2, "version_minor": 0, "model_id": view.model_id}
        bundle: dict[str, Any] = {"text/plain": f"{self.title}\n{self.describe()}", WIDGET: shown}
        if os.environ.get(STATIC) == "1":
            self._page = self._page or self._static()
            bundle |= self._page
        return bundle

    def _static(self) -> dict[str, str]:
        trees = precompute(self.draw, self.points)
        first = self.figure()
        png = still(first, title=self.title)  # alone on GitHub; below the caption in the page
        alts = [self.describe(**point) for point in self.points]
        page = explorer_html(
            title=self.title,
            alts=alts,
            controls=self.controls,
            trees=trees,
            png=still(first),
            computed=None if self.computed is None else self.computed(),
        )
        return {"text/html": page, "image/png": base64.b64encode(png).decode("ascii")}


class Chart:
    """A Plotly figure without sliders, the same in every front end: `Chart(figure, title=..., alt=...)`."""

    def __init__(self, figure: go.Figure, *, title: str, alt: str) -> None:
        """Hold the figure; raises ValueError without a title or an alternative text."""
        self._explorer = Explorer(lambda: figure, title=title, alt=alt)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self._explorer._repr_mimebundle_()
