import json
import re
from html.parser import HTMLParser

import numpy as np
import plotly.graph_objects as go
import pytest
from ipywidgets.widgets.widget import _instances

from wmcourse.interactive import Chart, Choice, Explorer, Slider
from wmcourse.interactive.grid import unpack

WIDGET = "application/vnd.jupyter.widget-view+json"


def draw(horizon, peek_every):
    x = np.arange(horizon + 1)
    figure = go.Figure(go.Scatter(x=x, y=np.sin(x / 3), name="real"))
    return figure.add_scatter(x=x, y=np.sin(x / 3) + x / 97 / (1 if peek_every is None else 2), name="imagined")


def explorer(**changes):
    settings = {
        "title": "How far <does> it drift?",
        "alt": lambda horizon, peek_every: f"{horizon} steps & more",
        "horizon": Slider(10, 30, 10, default=20, unit="steps", live_step=1),
        "peek_every": [5, None],
    }
    return Explorer(draw, **{**settings, **changes})


def payload(html):
    return json.loads(re.search(r'class="wm-data">(.*?)</script>', html, re.DOTALL)[1])


def live(bundle):
    return _instances[bundle[WIDGET]["model_id"]].children


def test_one_bundle_serves_every_front_end():
    bundle = explorer()._repr_mimebundle_()
    assert set(bundle) == {WIDGET, "text/html", "image/png", "text/plain"}


def test_the_page_holds_the_figures_of_the_real_draw():
    data = payload(explorer()._repr_mimebundle_()["text/html"])
    assert [control["texts"] for control in data["controls"]] == [["10 steps", "20 steps", "30 steps"], ["5", "never"]]
    point = 0
    for horizon in (10, 20, 30):
        for peek_every in (5, None):
            shown = unpack(data, point)
            for trace, truth in zip(shown["data"], draw(horizon, peek_every).data, strict=True):
                np.testing.assert_allclose(trace["y"], truth.y, rtol=6e-4)
            assert shown["alt"] == f"{horizon} steps & more"
            point += 1


class Elements(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_element_is_labelled_and_safe():
    html = explorer()._repr_mimebundle_()["text/html"]
    elements = Elements(html).found
    assert elements[0][0] == "figure"
    assert elements[0][1]["class"] == "wm-explorer"
    assert elements[0][1]["aria-label"] == "How far <does> it drift?"
    (image,) = [attributes for tag, attributes in elements if tag == "img"]
    assert image["alt"] == "20 steps & more"
    assert not re.search(r"https?://", re.sub(r"http://www.w3.org\S*", "", html))
    assert "<" not in re.search(r'wm-data">(.*?)</script>', html, re.DOTALL)[1]


def test_outputs_are_the_same_each_time():
    first, again = explorer()._repr_mimebundle_(), explorer()._repr_mimebundle_()
    for mime in ("text/html", "image/png", "text/plain"):
        assert first[mime] == again[mime]
    assert first[WIDGET]["model_id"] != again[WIDGET]["model_id"]


def test_different_contents_have_different_ids():
    ids = {re.search(r'id="(wm-[^"]+)"', explorer(peek_every=v)._repr_mimebundle_()["text/html"])[1]
           for v in ([5, None], [5, 6], [6, None])}  # fmt: skip
    assert len(ids) == 3


def test_a_live_slider_runs_the_real_draw_between_the_points_of_the_grid():
    heading, figure, horizon, peek_every, status = live(explorer()._repr_mimebundle_())
    assert "How far &lt;does&gt; it drift?" in heading.value
    assert (horizon.description, horizon.value) == ("Horizon", "20 steps")
    horizon.value = "17 steps"
    np.testing.assert_allclose(figure.data[1].y, draw(17, 5).data[1].y)
    peek_every.value = "never"
    np.testing.assert_allclose(figure.data[1].y, draw(17, None).data[1].y)
    assert status.value == ""


def test_a_live_slider_shows_the_draws_error_and_recovers():
    def fragile(k):
        if k == 2:
            raise RuntimeError("no <such> thing")
        return go.Figure(go.Scatter(y=[k]))

    fragile_explorer = Explorer(fragile, title="Fragile", alt="A point.", k=Slider(1, 3, 2, live_step=1))
    _, figure, knob, status = live(fragile_explorer._repr_mimebundle_())
    knob.value = "2"
    assert "RuntimeError: no &lt;such&gt; thing" in status.value
    knob.value = "3"
    assert (status.value, figure.data[0].y) == ("", (3,))


def test_a_live_figure_follows_a_change_of_its_traces():
    def draw_many(k):
        return go.Figure([go.Scatter(y=[i]) for i in range(k)])

    _, figure, knob, _ = live(Explorer(draw_many, title="Many", alt="Points.", k=[1, 3])._repr_mimebundle_())
    knob.value = "3"
    assert [trace.y for trace in figure.data] == [(0,), (1,), (2,)]


def test_a_draw_that_does_not_fit_its_sliders_is_refused_before_anything_is_drawn():
    with pytest.raises(ValueError, match="does not fit the sliders.*peek_every"):
        Explorer(draw, title="t", alt="a", horizon=[1, 2])
    with pytest.raises(ValueError, match="speed"):
        Explorer(draw, title="t", alt="a", horizon=[1, 2], peek_every=[1, 2], speed=[1, 2])


def test_impossible_explorers_are_refused():
    with pytest.raises(ValueError, match="horizon: 0 is impossible"):
        explorer(horizon=[0, 5])
    with pytest.raises(ValueError, match="= 400 points"):
        explorer(horizon=Slider(1, 200))
    with pytest.raises(ValueError, match="title .* and an alt"):
        explorer(alt="")
    with pytest.raises(TypeError, match="must return a plotly Figure, not list"):
        Explorer(lambda k: [], title="t", alt="a", k=[1, 2])._repr_mimebundle_()  # type: ignore[arg-type,return-value]


def test_a_page_too_heavy_is_refused():
    noise = np.random.default_rng(0).normal(size=(40, 10_000))
    heavy = Explorer(lambda k: go.Figure(go.Scatter(y=noise[k])), title="Heavy", alt="Noise.", k=range(40))
    with pytest.raises(ValueError, match=r"'Heavy' weighs .* MB and may weigh"):
        heavy._repr_mimebundle_()


def test_choices_and_yes_or_no_are_drop_down_lists():
    def draw_choice(episode, peek):
        return go.Figure(go.Scatter(y=[len(episode), peek]))

    html = Explorer(draw_choice, title="t", alt="a", episode=Choice(["one", "three"]), peek=[False, True])
    data = payload(html._repr_mimebundle_()["text/html"])
    assert [(c["choice"], c["texts"]) for c in data["controls"]] == [(True, ["one", "three"]), (True, ["no", "yes"])]


def test_a_chart_is_an_explorer_without_sliders():
    bundle = Chart(draw(9, 1), title="Still", alt="Two curves.")._repr_mimebundle_()
    data = payload(bundle["text/html"])
    assert 'class="wm-chart"' in bundle["text/html"]
    assert data["controls"] == []
    assert len(unpack(data, 0)["data"]) == 2


def test_never_may_be_where_a_slider_starts():
    start = explorer(peek_every=Slider(5, 10, 5, or_never=True, default=None))
    assert start.defaults == {"horizon": 20, "peek_every": None}
    _, figure, _, peek_every, _ = live(start._repr_mimebundle_())
    assert peek_every.value == "never"
    np.testing.assert_allclose(figure.data[1].y, draw(20, None).data[1].y)
