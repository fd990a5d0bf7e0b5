import json
import re
from html.parser import HTMLParser

import numpy as np
import plotly.graph_objects as go
import pytest
from comm import DummyComm
from ipywidgets.widgets.widget import _instances

from wmcourse.interactive import Chart, Choice, Explorer, Slider
from wmcourse.interactive.grid import unpack

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(autouse=True)
def static(monkeypatch):
    """As where the book's notebooks are made."""
    monkeypatch.setenv("WMCOURSE_STATIC", "1")


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
    return _instances[bundle[WIDGET]["model_id"]]


def trace(widget, number):
    return json.loads(widget.figure)["data"][number]["y"]


def choose(widget, **texts):
    """Move sliders as the page does: to the position of a text."""
    names = {control["label"]: control["texts"] for control in widget.controls}
    chosen = dict(zip(names, widget.chosen, strict=True))
    widget.chosen = list({**chosen, **{label: names[label].index(text) for label, text in texts.items()}}.values())


def test_one_bundle_serves_every_front_end():
    bundle = explorer()._repr_mimebundle_()
    assert set(bundle) == {WIDGET, "text/html", "image/png", "text/plain"}


def test_a_running_kernel_draws_only_what_is_looked_at(monkeypatch):
    monkeypatch.delenv("WMCOURSE_STATIC")
    drawn = []

    def count(k):
        drawn.append(k)
        return go.Figure(go.Scatter(y=[k]))

    bundle = Explorer(count, title="Lazy", alt="A point.", k=range(1, 200))._repr_mimebundle_()
    assert (set(bundle), drawn) == ({WIDGET, "text/plain"}, [1])
    live(bundle).chosen = [41]
    assert drawn == [1, 42]


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
    shown = live(explorer()._repr_mimebundle_())
    assert [control["label"] for control in shown.controls] == ["Horizon", "Peek every"]
    assert [control["texts"][at] for control, at in zip(shown.controls, shown.chosen, strict=True)] == ["20 steps", "5"]
    np.testing.assert_allclose(trace(shown, 1), draw(20, 5).data[1].y, rtol=1e-6)
    choose(shown, Horizon="17 steps")
    np.testing.assert_allclose(trace(shown, 1), draw(17, 5).data[1].y, rtol=1e-6)
    choose(shown, **{"Peek every": "never"})
    np.testing.assert_allclose(trace(shown, 1), draw(17, None).data[1].y, rtol=1e-6)
    assert (shown.failure, json.loads(shown.figure)["alt"]) == ("", "17 steps & more")


def test_a_widget_opens_with_its_data_and_plotly_is_sent_once(monkeypatch):
    """What the page is told first is the whole state: nothing that must follow can come too late, or be lost."""
    opened = []

    def comm(**message):
        opened.append(message["data"]["state"])
        return DummyComm(**message)

    monkeypatch.setattr("comm.create_comm", comm)
    monkeypatch.setattr("wmcourse.interactive.live._opened", None)
    shown = [live(explorer()._repr_mimebundle_()) for _ in range(2)]
    figures = [state for state in opened if "figure" in state]
    libraries = [state for state in opened if "source" in state]
    assert [state["figure"] for state in figures] == [widget.figure for widget in shown]
    assert len(libraries) == 1 and opened.index(libraries[0]) < opened.index(figures[0])
    assert all(len(json.dumps(state)) < 60_000 for state in figures)


def test_a_live_slider_shows_the_draws_error_and_recovers():
    def fragile(k):
        if k == 2:
            raise RuntimeError("no <such> thing")
        return go.Figure(go.Scatter(y=[k]))

    shown = live(Explorer(fragile, title="F", alt="A point.", k=Slider(1, 3, 2, live_step=1))._repr_mimebundle_())
    shown.chosen = [1]
    assert (shown.failure, trace(shown, 0)) == ("draw failed: RuntimeError: no <such> thing", [1])
    shown.chosen = [2]
    assert (shown.failure, trace(shown, 0)) == ("", [3])


def test_a_figure_that_was_slow_once_may_prove_quick(monkeypatch):
    clock = iter([0.0, 5.0, 5.0, 9.0, 9.0, 9.01, 9.01, 14.0])
    monkeypatch.setattr("wmcourse.interactive.live.time.perf_counter", lambda: next(clock))
    shown = live(Explorer(lambda k: go.Figure(), title="Q", alt="-", k=range(9))._repr_mimebundle_())
    quick = [shown.quick]
    for k in (1, 2, 3):
        shown.chosen = [k]
        quick.append(shown.quick)
    assert quick == [False, False, True, True]


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
    shown = live(start._repr_mimebundle_())
    assert shown.controls[1]["texts"][shown.chosen[1]] == "never"
    np.testing.assert_allclose(trace(shown, 1), draw(20, None).data[1].y, rtol=1e-6)
