"""The page's script against the figures it was given: each point of the grid, in a page made of nothing else."""

import itertools
import json
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

import wmcourse
from wmcourse.agents.random_policy import RandomPolicy
from wmcourse.data import collect
from wmcourse.interactive import Choice, Explorer, Slider, rollout_explorer
from wmcourse.interactive.page_model import page_model
from wmcourse.interactive.static import write
from wmcourse.interactive.still import SUPPORTED
from wmcourse.viz.filmstrip import filmstrip


@pytest.fixture(autouse=True)
def static(monkeypatch):
    """As where the book's notebooks are made."""
    monkeypatch.setenv("WMCOURSE_STATIC", "1")


def draw(horizon: int, peek_every: int | None, curve: str) -> go.Figure:
    x = np.arange(horizon + 1)
    y = np.sin(x / 3) if curve == "sine" else np.cos(x / 3)
    figure = go.Figure(go.Scatter(x=x, y=y, name="real", mode="lines"))
    if peek_every is not None:  # a trace that is not always there
        figure.add_scatter(x=x[::peek_every], y=y[::peek_every], name="peek", mode="markers")
    return figure.update_layout(title_text=f"{horizon} steps", yaxis_range=[-1, 1])


@pytest.fixture
def page(tmp_path: Path, visit):
    explorer = Explorer(
        draw,
        title="Each point",
        alt=lambda horizon, peek_every, curve: f"{curve} {horizon} {peek_every}",
        horizon=Slider(10, 30, 10, unit="steps"),
        peek_every=Slider(2, 4, 2, or_never=True),
        curve=Choice(["sine", "cosine"]),
    )
    write(tmp_path)
    html = explorer._repr_mimebundle_()["text/html"]
    head = '<meta charset="utf-8"><link rel="stylesheet" href="course.css"><script src="course.js"></script>'
    (tmp_path / "page.html").write_text(f"<!doctype html><html lang=en><head>{head}</head><body>{html}</body></html>")
    opened = visit(tmp_path / "page.html")
    yield opened.page
    assert (opened.requests, opened.errors) == ([], [])


def test_the_script_shows_what_draw_draws_at_every_point(page):
    horizon, peek_every = page.locator("input[type=range]").all()
    choice = page.get_by_label("Curve")
    grid = itertools.product(enumerate([10, 20, 30]), enumerate([2, 4, None]), ["sine", "cosine"])
    for (i, steps), (j, every), curve in grid:
        for slider, index in ((horizon, i), (peek_every, j)):
            slider.focus()
            page.keyboard.press("Home")
            for _ in range(index):
                page.keyboard.press("ArrowRight")
        choice.select_option(curve)
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        shown = json.loads(page.evaluate("JSON.stringify(document.querySelector('.js-plotly-plot').data)"))
        truth = draw(steps, every, curve).data
        assert [trace["name"] for trace in shown] == [trace.name for trace in truth]
        for trace, real in zip(shown, truth, strict=True):
            np.testing.assert_allclose(trace["y"], real.y, rtol=6e-4)
        assert page.locator(".js-plotly-plot").get_attribute("aria-label") == f"{curve} {steps} {every}"
        assert page.locator(".js-plotly-plot .gtitle").text_content() == f"{steps} steps"
        assert page.locator("output").all_text_contents()[:2] == [f"{steps} steps", str(every or "never")]


def test_the_still_picture_gives_way_to_the_figure(page):
    assert page.locator(".wm-still").count() == 0
    assert page.locator(".wm-explorer .js-plotly-plot .scatterlayer .trace").count() == 2


def test_controls_are_reached_in_order_by_the_tabulator(page):
    names = []
    page.locator("input[type=range]").first.focus()
    for _ in range(3):
        names.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
        page.keyboard.press("Tab")
    assert names == ["Horizon", "Peek every", "Curve"]


def test_without_scripts_the_still_picture_remains(tmp_path, chromium):
    html = Explorer(draw, title="t", alt="Curves.", horizon=[5, 9], peek_every=[2, 3], curve=["sine", "cosine"])
    (tmp_path / "page.html").write_text(html._repr_mimebundle_()["text/html"])
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    assert page.get_by_alt_text("Curves.").is_visible()
    assert "live sliders" in page.locator("body").inner_text()
    context.close()


@pytest.mark.parametrize("width", [400, 1000])
@pytest.mark.parametrize("margin", [None, {"t": 14, "b": 44}])  # the rest is the template's
def test_frames_keep_their_shape_at_any_width(tmp_path, visit, width, margin):
    frames = np.zeros((3, 20, 40, 3), dtype=np.uint8)

    def strip(k: int) -> go.Figure:
        figure = filmstrip(frames, frames, steps=[0, k])
        if margin is not None:
            figure.layout.margin = margin
        return figure

    explorer = Explorer(strip, title="Frames", alt="Frames.", k=[1, 2])
    write(tmp_path)
    html = explorer._repr_mimebundle_()["text/html"]
    (tmp_path / "page.html").write_text(f'<!doctype html><body><script src="course.js"></script>{html}')
    page = visit(tmp_path / "page.html", width=width).page
    picture = page.locator(".js-plotly-plot .imagelayer image").bounding_box()
    plot = page.locator(".js-plotly-plot").bounding_box()
    assert picture["width"] / picture["height"] == pytest.approx((2 * 46) / (3 * 26), rel=0.03)
    assert picture["height"] > 0.7 * (plot["height"] - 64)


def test_the_partial_bundle_draws_all_that_has_a_still_picture(page):
    assert set(SUPPORTED) <= set(page.evaluate("Object.keys(Plotly.PlotSchema.get().traces)"))


def test_a_page_that_runs_the_model_draws_what_a_notebook_draws(tmp_path, visit, monkeypatch):
    monkeypatch.setenv("WMCOURSE_STATIC", "1")
    agent = wmcourse.load("cartpole-dreamer")
    (episode,) = collect("CartPole-v1", RandomPolicy(2, seed=5), episodes=1, seed=3)
    length = len(episode.actions)
    explorer = rollout_explorer(
        agent.world,
        episode,
        lambda observation: 60 * observation[:, 2],
        title="Angle",
        name="angle",
        unit="degrees",
        horizon=range(1, length + 1),
        temperature=[0.0, 1.0],
        peek_every=[*range(1, 9), None],
        in_page="cartpole-dreamer",
    )
    write(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "cartpole-dreamer.js").write_text(page_model(agent).sidecar("cartpole-dreamer"))
    html = explorer._repr_mimebundle_()["text/html"]
    (tmp_path / "page.html").write_text(f'<!doctype html><body><script src="course.js"></script>{html}')
    page = visit(tmp_path / "page.html").page
    horizon, temperature, peek_every = page.locator("input[type=range]").all()
    shown = "JSON.stringify(document.querySelector('.js-plotly-plot').data.map(({x, y}) => [x, y]))"
    frame = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    put = "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }"
    for steps, peek in ((length, 3), (length - 4, None), (length, 1)):
        horizon.evaluate(put, steps - 1)
        peek_every.evaluate(put, 8 if peek is None else peek - 1)
        page.evaluate(frame)
        truth = explorer.figure(horizon=steps, temperature=0.0, peek_every=peek).data
        for (x, y), trace in zip(json.loads(page.evaluate(shown)), truth, strict=True):
            assert x == list(trace.x)
            np.testing.assert_allclose(y, trace.y, atol=1e-3)
        said = explorer.describe(horizon=steps, temperature=0.0, peek_every=peek)
        assert page.locator(".js-plotly-plot").get_attribute("aria-label").split(" Mean")[0] == said.split(" Mean")[0]
    before = page.evaluate(shown)
    temperature.press("End")
    page.evaluate(frame)
    assert page.evaluate(shown) != before
