"""A learning curve that grows while a cell trains."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from IPython.display import display
from matplotlib.figure import Figure

from wmcourse.viz.picture import Picture
from wmcourse.viz.style import IMAGINED, INK, REAL, matplotlib_style


class LearningCurve:
    """Draws metrics while training: pass an instance as `on_update`; it is called with (update, metrics).

    The picture is replaced in place, at most every `every_s` seconds, so it does not flicker; `close()` draws the last
    state. The notebook keeps the last picture, which needs no script to be seen again.
    """

    def __init__(
        self,
        metrics: Sequence[str],
        *,
        target: Mapping[str, float | int] | None = None,
        every_s: float | int = 1,
        alt: str = "",
    ) -> None:
        """Choose the metrics to draw, one panel each, and the level a metric should reach."""
        if not metrics:
            raise ValueError("name at least one metric to draw, as the recipe reports it")
        self.metrics, self.target, self.every_s = list(metrics), dict(target or {}), every_s
        self.alt = alt or f"Learning curves of {', '.join(metrics)} over the updates of the training."
        self.history: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self._handle: Any = None
        self._drawn_at = -float("inf")

    def __call__(self, update: int, metrics: Mapping[str, float | int]) -> None:
        """Record one update; metrics that are not drawn are ignored, and a metric may be missing from an update."""
        for name in self.metrics:
            if name in metrics:
                self.history[name].append((update, float(metrics[name])))
        now = time.monotonic()
        if now - self._drawn_at >= self.every_s:
            self._drawn_at = now
            self._show()

    def close(self) -> None:
        """Draw what was recorded last."""
        self._show()

    def picture(self) -> Picture:
        """The curves so far: each value faint, their running mean strong."""
        with matplotlib_style():
            figure = Figure(figsize=(3.6 * len(self.metrics) if len(self.metrics) > 1 else 7.2, 3.2))
            for panel, name in zip(np.atleast_1d(figure.subplots(1, len(self.metrics))), self.metrics, strict=True):
                points = np.array(self.history[name], dtype=float).reshape(-1, 2)
                panel.plot(points[:, 0], points[:, 1], color=REAL, alpha=0.25, linewidth=1)
                panel.plot(points[:, 0], running_mean(points[:, 1]), color=REAL)
                if name in self.target:
                    panel.axhline(self.target[name], color=IMAGINED, linestyle=(0, (3, 1.5)), linewidth=1.4)
                    panel.annotate(
                        "target", (1, self.target[name]), xycoords=("axes fraction", "data"), ha="right", va="bottom",
                        color=INK, fontsize=8,
                    )  # fmt: skip
                panel.set(title=name.replace("_", " "), xlabel="update")
            return Picture.of(figure, alt=self.alt)

    def _show(self) -> None:
        if self._handle is None:
            self._handle = display(self.picture(), display_id=True)
        else:
            self._handle.update(self.picture())


def running_mean(values: Any, window: int = 10) -> np.ndarray:
    """Mean (T,) of the last `window` values at each step, of fewer at the start."""
    array = np.asarray(values, dtype=float)
    total = np.concatenate([[0.0], np.cumsum(array)])
    stop = np.arange(1, len(array) + 1)
    start = np.maximum(stop - window, 0)
    return (total[stop] - total[start]) / (stop - start)
