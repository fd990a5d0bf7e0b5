import json

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmcourse.interactive import Slider
from wmcourse.interactive.grid import grid, pack, plain, precompute, unpack


def test_the_grid_is_every_combination_the_last_slider_fastest():
    points = grid({"a": Slider(1, 2), "b": Slider(10, 30, 10)})
    assert [tuple(point.values()) for point in points] == [(1, 10), (1, 20), (1, 30), (2, 10), (2, 20), (2, 30)]


def test_the_grid_is_bounded():
    assert len(grid({"a": Slider(1, 30), "b": Slider(1, 10)})) == 300
    with pytest.raises(ValueError, match=r"43 \(a\) x 7 \(b\) = 301 points.*300.*larger steps"):
        grid({"a": Slider(1, 43), "b": Slider(1, 7)})


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_values_keep_four_significant_digits(value):
    (short,) = plain([value])
    assert abs(short - value) <= 5.0001e-4 * abs(value)
    assert len(json.dumps(short)) <= 24


def test_figures_become_plain_json_values():
    tree = plain({"x": np.array([1.0, 2.5]), "y": [float("nan"), np.float32(1 / 3)], "none": None, "uid": "random"})
    assert tree == {"x": [1, 2.5], "y": [None, 0.3333]}
    typed = go.Figure(go.Scatter(y=np.arange(6.0).reshape(6))).to_dict()["data"][0]["y"]
    assert plain(typed) == [0, 1, 2, 3, 4, 5]


numbers = st.lists(st.integers(0, 3), min_size=1, max_size=3)
lines = st.fixed_dictionaries({"width": st.integers(0, 1)})
traces = st.fixed_dictionaries({"type": st.just("scatter"), "y": numbers, "line": lines})
extras = {"shapes": st.lists(st.just({"x": 1})), "t": numbers}
layouts = st.fixed_dictionaries({"height": st.just(380)}, optional=extras)
figures = st.fixed_dictionaries({"data": st.lists(traces, min_size=1, max_size=3), "layout": layouts})


@given(st.lists(figures, min_size=1, max_size=6))
def test_packing_loses_nothing(trees):
    packed = json.loads(json.dumps(pack(trees)))
    assert [unpack(packed, point) for point in range(len(trees))] == trees


def test_what_does_not_change_is_stored_once():
    still = {"type": "scatter", "y": list(range(1000, 1500))}
    trees = [{"data": [still, {"y": [point]}], "layout": {"height": 380}} for point in range(40)]
    packed = pack(trees)
    assert json.dumps(packed).count("1234") == 1
    assert [part["path"] for part in packed["varying"]] == [["data", 1, "y"]]


def test_a_trace_that_depends_on_one_slider_is_stored_once_a_position():
    trees = [{"data": [{"y": [a]}, {"y": [b]}], "layout": {}} for a in range(4) for b in range(5)]
    sizes = {part["path"][1]: len(part["values"]) for part in pack(trees)["varying"]}
    assert sizes == {0: 4, 1: 5}


def test_draw_must_return_a_figure():
    with pytest.raises(TypeError, match="plotly Figure, not NoneType"):
        precompute(lambda a: None, [{"a": 1}])  # type: ignore[arg-type,return-value]
