import base64
import io

import numpy as np
import pytest
from PIL import Image

from wmcourse.viz.filmstrip import as_frames, difference, filmstrip
from wmcourse.viz.horizon import horizon_figure
from wmcourse.viz.rollouts import rollout_figure
from wmcourse.viz.style import CORRECTED, IMAGINED, REAL


def test_a_rollout_shows_the_arrays_it_was_given_in_the_colors_of_their_roles():
    real, dream, belief = np.arange(5.0), np.arange(5.0) * 2, np.arange(5.0) + 0.5
    figure = rollout_figure(real, dream, belief, peeked=[0, 0, 1, 0, 1], quantity="pole angle", unit="rad", step_s=0.02)
    traces = {trace.name: trace for trace in figure.data}
    np.testing.assert_array_equal(traces["real"].y, real)
    np.testing.assert_array_equal(traces["imagined"].y, dream)
    np.testing.assert_array_equal(traces["peek"].y, [2.5, 4.5])
    np.testing.assert_allclose(traces["peek"].x, [0.04, 0.08])
    assert (traces["real"].line.color, traces["imagined"].line.color) == (REAL, IMAGINED)
    assert traces["corrected by peeks"].line.color == CORRECTED
    assert figure.layout.yaxis.title.text == "pole angle (rad)"
    assert figure.layout.xaxis.title.text == "time (s)"


def test_a_rollout_refuses_arrays_that_do_not_match():
    with pytest.raises(ValueError, match="imagined has shape .4,.*real, .5,"):
        rollout_figure(np.zeros(5), np.zeros(4), quantity="x", unit="m")
    with pytest.raises(ValueError, match="pass corrected"):
        rollout_figure(np.zeros(5), np.zeros(5), peeked=np.ones(5), quantity="x", unit="m")
    with pytest.raises(ValueError, match="one number a step"):
        rollout_figure(np.zeros((5, 2)), np.zeros((5, 2)), quantity="x", unit="m")


def test_a_horizon_figure_draws_the_interval_around_its_value():
    value, low, high = np.array([1.0, 2.0]), np.array([0.5, 1.5]), np.array([1.5, 3.0])
    figure = horizon_figure([1, 10], {"dream": (value, low, high)}, quantity="error", unit="rad", mark=[0.25])
    band, curve = figure.data
    np.testing.assert_array_equal(curve.y, value)
    np.testing.assert_array_equal(band.x, [1, 10, 10, 1])
    np.testing.assert_array_equal(band.y, [1.5, 3.0, 1.5, 0.5])
    assert [shape.y0 for shape in figure.layout.shapes] == [0.25]


def test_a_horizon_figure_refuses_an_interval_beside_its_value():
    with pytest.raises(ValueError, match="does not hold its value"):
        horizon_figure([1], {"dream": ([1.0], [1.2], [1.5])}, quantity="error", unit="rad")
    with pytest.raises(ValueError, match="shapes"):
        horizon_figure([1, 2], {"dream": ([1.0], [0.2], [1.5])}, quantity="error", unit="rad")


def test_difference_is_white_where_frames_agree_and_darkest_where_they_differ_most():
    real = np.zeros((1, 2, 2, 3), dtype=np.uint8)
    dream = real.copy()
    dream[0, 0, 0] = 255
    dream[0, 1, 1] = 100
    off = difference(real, dream)[0].astype(int)
    assert (off[0, 1] == 255).all()
    assert off[0, 0].sum() < off[1, 1].sum() < off[0, 1].sum()


def test_a_filmstrip_holds_the_frames_in_order_real_above_dream():
    real = np.zeros((4, 8, 8, 3), dtype=np.uint8)
    real[:] = np.arange(4)[:, None, None, None] * 20
    dream = real + 100
    source = filmstrip(real, dream, steps=[1, 3]).data[0].source
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))).convert("RGB"))
    rows, columns = np.array([7, 21]), np.array([7, 21])  # the middle of 8-pixel frames, 14 apart
    np.testing.assert_array_equal(sheet[np.ix_(rows, columns)][..., 0], [[20, 60], [120, 160]])


def test_a_filmstrip_refuses_frames_it_cannot_show():
    frames = np.zeros((4, 8, 8, 3))
    with pytest.raises(ValueError, match="0 to 3"):
        filmstrip(frames, frames, steps=[4])
    with pytest.raises(ValueError, match="T, H, W, 3"):
        as_frames(np.zeros((4, 8, 8)))
    with pytest.raises(ValueError, match="floats in 0..1"):
        as_frames(np.full((1, 2, 2, 3), 17.0))
