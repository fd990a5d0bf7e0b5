"""The live view of an explorer: sliders that run the real model in JupyterLab, VS Code and Colab."""

from __future__ import annotations

import html
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets  # type: ignore[import-untyped]
import plotly.graph_objects as go

from wmcourse.interactive.sliders import Control

_shown: Counter[str] = Counter()


def live_view(
    draw: Callable[..., go.Figure], *, title: str, controls: Mapping[str, Control], first: go.Figure, quick: bool
) -> widgets.VBox:
    """Build the widget: a title, the figure `first`, and one labelled control each; moving one calls `draw` again.

    A `quick` draw follows the slider while it moves, a slow one when it is let go. An exception in `draw` is shown
    below the sliders. The widget's id depends only on the title and how often it was shown, so outputs are stable.
    """
    figure = go.FigureWidget(first)
    figure._config = {"displayModeBar": False, "responsive": True}
    status = widgets.HTML()
    knobs = {name: _knob(control, quick) for name, control in controls.items()}

    def redraw(change: Any) -> None:
        try:
            values = {name: control.live_points[knobs[name].index] for name, control in controls.items()}
            update(figure, draw(**values))
            status.value = ""
        except Exception as error:  # a callback's exception would be lost in the front end
            status.value = f"<b>draw failed:</b> {html.escape(type(error).__name__)}: {html.escape(str(error))}"

    for knob in knobs.values():
        knob.observe(redraw, names="value")
    heading = widgets.HTML(f'<div style="font-weight:600;font-size:15px">{html.escape(title)}</div>')
    _shown[title] += 1
    identity = uuid.uuid5(uuid.NAMESPACE_OID, f"wm-explorer/{title}/{_shown[title]}").hex
    return widgets.VBox([heading, figure, *knobs.values(), status], model_id=identity)


def update(shown: go.FigureWidget, new: go.Figure) -> None:
    """Make the figure `shown` equal to `new`, in one message where the traces are of the same types."""
    with shown.batch_update():
        if [trace.type for trace in shown.data] == [trace.type for trace in new.data]:
            for old, fresh in zip(shown.data, new.data, strict=True):
                old.update(fresh.to_plotly_json(), overwrite=True)
        else:
            shown.data = ()
            shown.add_traces(new.data)
        layout = new.layout.to_plotly_json()
        if shown.layout.template == new.layout.template:
            layout.pop("template", None)
        shown.layout.update(layout, overwrite=True)


def _knob(control: Control, quick: bool) -> widgets.Widget:
    shared: dict[str, Any] = {
        "options": [control.show(value) for value in control.live_points],
        "index": control.live_points.index(control.default),
        "description": control.label,
        "style": {"description_width": "9em"},
        "layout": widgets.Layout(width="min(100%, 560px)"),
    }
    return widgets.Dropdown(**shared) if control.choice else widgets.SelectionSlider(continuous_update=quick, **shared)
