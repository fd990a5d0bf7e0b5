"""The live view and a kernel that is late: the widget's script in a page, and a model whose news come in any order."""

import json

import pytest
from playwright.sync_api import Page

from wmcourse.interactive.live import PLOTLY, LiveExplorer, asset

CONTROLS = [{"label": "K", "texts": ["1", "2", "3"], "start": 0, "choice": False}]

# What anywidget gives a view: a model with a state and events, and a manager that knows the models that have come.
STUB = """([script, state]) => {
  const listeners = [];
  window.sent = [];
  window.arrived = {};
  window.model = {
    get: name => state[name],
    set: (name, value) => { state[name] = value; },
    save_changes: () => window.sent.push([...state.chosen]),
    on: (names, call) => listeners.push([names.split(' '), call]),
    off: (names, call) => listeners.splice(listeners.findIndex(([, other]) => other === call), 1),
    widget_manager: { get_model: async id => {
      if (!(id in window.arrived)) throw new Error('widget model not found');
      return { get: () => window.arrived[id] };
    } },
  };
  window.receive = changes => {
    Object.assign(state, changes);
    for (const [names, call] of [...listeners])
      if (names.some(name => name.slice('change:'.length) in changes)) call();
  };
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  return import(url).then(module => {
    window.view = () => {
      const el = document.body.appendChild(document.createElement('div'));
      return { el, remove: module.default.render({ model: window.model, el }) };
    };
  });
}"""
DATA = """() => [...document.querySelectorAll('.js-plotly-plot')]
    .map(plot => [plot.data[0].y, plot._fullLayout.yaxis.range])"""


def figure(*y: float) -> str:
    """A figure whose axis Plotly chooses."""
    tree = {"data": [{"type": "scatter", "mode": "lines", "y": y}], "layout": {"height": 300}, "alt": "A line."}
    return json.dumps(tree)


@pytest.fixture
def page(visit, tmp_path) -> Page:
    (tmp_path / "page.html").write_text("<!doctype html><body></body>")
    opened = visit(tmp_path / "page.html")
    state = {"title": "T", "controls": CONTROLS, "chosen": [0], "figure": figure(10, 20), "failure": "",
             "quick": True, "library": "plotly"}  # fmt: skip
    opened.page.evaluate(STUB, [LiveExplorer._esm, state])
    return opened.page


def arrive(page: Page) -> None:
    page.evaluate("source => { window.arrived.plotly = source; }", asset(PLOTLY))


def drawn(page: Page, *figures: list[float]) -> None:
    """Wait until the page shows these figures, each with axes that hold its data."""
    page.wait_for_function(
        f"""figures => {{
          const shown = ({DATA})();
          return JSON.stringify(shown.map(([y]) => y)) === JSON.stringify(figures) &&
            shown.every(([y, [low, high]]) => low > 0 && low <= Math.min(...y) && high >= Math.max(...y));
        }}""",
        arg=list(figures),
        timeout=60_000,
    )


def test_a_view_shows_what_the_model_holds_when_the_library_comes_last(page):
    page.evaluate("view(); null")
    page.evaluate("changes => receive(changes)", {"figure": figure(30, 40)})
    arrive(page)
    drawn(page, [30, 40])


def test_a_view_made_late_or_twice_shows_the_current_figure(page):
    arrive(page)
    page.evaluate("window.first = view(); null")
    drawn(page, [10, 20])
    page.evaluate("changes => receive(changes)", {"figure": figure(50, 70, 60), "chosen": [2]})
    page.evaluate("view(); null")
    drawn(page, [50, 70, 60], [50, 70, 60])
    assert [slider.input_value() for slider in page.get_by_label("K").all()] == ["2", "2"]
    page.evaluate("first.remove(); first.el.remove()")
    page.evaluate("changes => receive(changes)", {"figure": figure(80, 90)})
    drawn(page, [80, 90])


def test_a_view_out_of_sight_is_drawn_when_it_comes_into_sight(page):
    arrive(page)
    page.evaluate("document.body.hidden = true; view(); null")
    page.evaluate("changes => receive(changes)", {"figure": figure(30, 40)})
    page.evaluate("document.body.hidden = false")
    drawn(page, [30, 40])


@pytest.mark.parametrize(("quick", "while_moving"), [(True, [[1]]), (False, [])])
def test_a_slow_figure_waits_until_its_slider_is_let_go(page, quick, while_moving):
    page.evaluate("changes => { receive(changes); view(); }", {"quick": quick})
    slider = page.get_by_label("K")
    slider.evaluate("element => { element.value = 1; element.dispatchEvent(new Event('input')); }")
    assert page.evaluate("sent") == while_moving
    slider.evaluate("element => element.dispatchEvent(new Event('change'))")
    assert page.evaluate("sent")[-1] == [1]


def test_an_error_is_shown_and_goes_again(page):
    page.evaluate("view(); null")
    page.evaluate("changes => receive(changes)", {"failure": "draw failed: <b>no</b>"})
    assert page.get_by_role("alert").inner_text() == "draw failed: <b>no</b>"
    page.evaluate("changes => receive(changes)", {"failure": ""})
    assert not page.get_by_role("alert").is_visible()
