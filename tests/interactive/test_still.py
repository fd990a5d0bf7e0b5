import io

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from wmcourse.interactive.still import still
from wmcourse.viz.filmstrip import filmstrip
from wmcourse.viz.style import IMAGINED, TEMPLATE


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def where(image: np.ndarray, color: str, tolerance: int = 40) -> tuple[np.ndarray, np.ndarray]:
    target = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])
    rows, columns = np.nonzero(np.abs(image - target).max(axis=-1) < tolerance)
    return rows, columns


def parabola(scale: float = 1.0) -> go.Figure:
    x = np.linspace(0, 1, 200)
    figure = go.Figure(go.Scatter(x=x, y=scale * x**2, mode="lines", line={"color": IMAGINED, "width": 3}))
    return figure.update_layout(template=TEMPLATE, xaxis_range=[0, 1], yaxis_range=[0, 1])


def test_the_still_picture_shows_the_curve_where_it_is():
    rows, columns = where(pixels(still(parabola())), IMAGINED)
    assert len(rows) > 300
    x = (columns - columns.min()) / np.ptp(columns)
    y = (rows.max() - rows) / np.ptp(rows)
    assert np.abs(y - x**2).max() < 0.06  # a line is a few pixels wide


def test_other_data_make_another_picture_and_the_same_data_the_same_bytes():
    assert still(parabola()) == still(parabola())
    assert still(parabola()) != still(parabola(0.5))


@pytest.mark.parametrize(
    "trace",
    [
        go.Bar(x=["a", "b"], y=[1, 3], marker_color=IMAGINED),
        go.Scatter(x=[0, 1, 1, 0], y=[0, 0, 1, 1], fill="toself", fillcolor=IMAGINED, line_width=0, mode="lines"),
        go.Scatter(y=[0.2, 0.8], mode="markers", marker={"color": IMAGINED, "size": 30}),
        go.Heatmap(z=[[0, 1], [1, 0]], colorscale=[[0, "#ffffff"], [1, IMAGINED]]),
        go.Image(z=np.full((4, 4, 3), [0xD9, 0x66, 0x0A])),
    ],
    ids=lambda trace: f"{trace.type}-{trace.fill or ''}" if hasattr(trace, "fill") else trace.type,
)
def test_every_kind_of_trace_leaves_its_color_on_the_picture(trace):
    rows, _ = where(pixels(still(go.Figure(trace))), IMAGINED, tolerance=12)
    assert len(rows) > 500


def test_an_error_bar_is_as_long_as_its_error():
    figure = go.Figure(
        go.Scatter(x=[1], y=[5], mode="markers", marker={"color": IMAGINED, "size": 4},
                   error_y={"array": [2], "arrayminus": [4]})
    )  # fmt: skip
    figure.update_layout(yaxis_range=[0, 10], xaxis_range=[0, 2])
    image = pixels(still(figure))
    rows, _ = where(image, IMAGINED)
    axis_height = image.shape[0] * (0.88 - 0.15)
    assert np.ptp(rows) == pytest.approx(0.6 * axis_height, rel=0.05)


def test_a_log_axis_bends_an_exponential_into_a_line():
    x = np.linspace(0, 3, 100)
    figure = go.Figure(go.Scatter(x=x, y=10**x, mode="lines", line={"color": IMAGINED}))
    figure.update_yaxes(type="log", range=[0, 3])
    rows, columns = where(pixels(still(figure)), IMAGINED)
    assert abs(np.corrcoef(rows, columns)[0, 1]) > 0.999


def test_a_filmstrip_is_drawn_from_its_source():
    frames = np.zeros((3, 8, 8, 3), dtype=np.uint8)
    frames[..., 0] = 200
    rows, _ = where(pixels(still(filmstrip(frames, frames, steps=[0, 1, 2]))), "#c80000")
    assert len(rows) > 5000


def test_a_trace_it_cannot_draw_is_refused():
    with pytest.raises(ValueError, match="'scatter3d' trace; use one of scatter"):
        still(go.Figure(go.Scatter3d(x=[0], y=[0], z=[0])))
