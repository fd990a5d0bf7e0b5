"""Every chapter in JupyterLab: opened, run from top to bottom, and its live sliders moved."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page

ROOT = Path(os.environ.get("WMCOURSE_ROOT", Path(__file__).parents[2]))
PATIENCE_S = 900
SETTINGS = {
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
WAITING = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .map((cell, i) => [i, cell.model.type, cell.model.sharedModel.source.trim().slice(0, 60),
                       cell.inputArea.promptNode.textContent])
    .filter(([i, type, source, prompt]) => type === 'code' && source && !/\\[\\d+\\]/.test(prompt))"""
"""The cells, folded ones too, that have not run to their end: number, type, source, prompt."""
SHOWN = """() => [...document.querySelectorAll('.jp-OutputArea .js-plotly-plot')]
    .filter(plot => plot.querySelector('.main-svg') && plot._fullLayout)
    .map(plot => [plot.data[0].y ?? plot.data[0].z ?? plot.data[0].source,
                  (plot._fullLayout.xaxis.range[0] + '') !== '-1'])"""
"""The data of each figure that is drawn, and whether its axis is not that of an empty one, -1 to 6."""
FIGURES = """() => [...document.querySelectorAll('.js-plotly-plot')]
    .map(plot => JSON.stringify([plot.data, plot.getAttribute('aria-label')]))"""
"""Data and words: where a model has no chance in it, a temperature rightly changes only the words."""


class Lab(NamedTuple):
    """A running JupyterLab: its address, token and folder."""

    url: str
    token: str
    folder: Path

    def api(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/api/{path}?token={self.token}", timeout=10) as answer:
            return json.load(answer)


@pytest.fixture(scope="session")
def lab(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on the loopback device, on a copy of the notebooks, with settings and runtime files of its own."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "book"
    folder.mkdir()
    for name, values in SETTINGS.items():
        path = home / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.port={port}", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    command += ["--LabApp.expose_app_in_browser=True"]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")])),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "OMP_NUM_THREADS": "1",  # two threads beside another busy process are slower than one
    }
    running = Lab(f"http://127.0.0.1:{port}", token, folder)
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    try:
        deadline = time.monotonic() + 300
        while True:
            try:
                running.api("status")
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < deadline, (home / "log").read_text()[-3000:]
                time.sleep(0.3)
        yield running
    finally:
        server.terminate()
        server.wait(timeout=120)


@pytest.fixture
def open_notebook(chromium: Browser, lab: Lab) -> Iterator[Callable[[Path], Page]]:
    contexts = []

    def open_copy(notebook: Path) -> Page:
        shutil.copy(notebook, lab.folder)
        context = chromium.new_context(viewport={"width": 1300, "height": 1000})
        contexts.append(context)
        context.route("**/*", lambda route: route.continue_() if lab.url in route.request.url else route.abort())
        page = context.new_page()
        page.goto(f"{lab.url}/lab/tree/{notebook.name}?token={lab.token}&reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=300_000)
        wait_for(
            page, lambda: [k["execution_state"] for k in lab.api("kernels")] == ["idle"], 300, "the kernel to start"
        )
        return page

    yield open_copy
    for context in contexts:
        context.close()
    for kernel in lab.api("kernels"):
        request = urllib.request.Request(f"{lab.url}/api/kernels/{kernel['id']}?token={lab.token}", method="DELETE")
        urllib.request.urlopen(request, timeout=30).close()


def wait_for(page: Page, condition: Callable[[], bool], seconds: float, what: str | Callable[[], str]) -> None:
    """Wait while the page goes on: a plain sleep would hold back the requests that the route lets through."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what if isinstance(what, str) else what()}"
        page.wait_for_timeout(300)


def is_whole(notebook: Path) -> bool:
    """Is the file complete? It changes when JupyterLab begins to write it, not when it ends."""
    try:
        json.loads(notebook.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def run_all(page: Page) -> None:
    page.locator(".jp-Notebook .jp-Cell").first.click()
    page.keyboard.press("Escape")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    wait_for(page, lambda: not page.evaluate(WAITING), PATIENCE_S, lambda: f"cells {page.evaluate(WAITING)}")


def test_a_chapter_runs_and_its_live_sliders_move_the_real_model(notebook, open_notebook, lab, keep_screenshot):
    page: Page = open_notebook(notebook)
    copy = lab.folder / notebook.name
    run_all(page)
    wait_for(page, lambda: [k["execution_state"] for k in lab.api("kernels")] == ["idle"], 300, "the kernel to rest")
    before = copy.stat().st_mtime
    page.keyboard.press("Control+s")
    wait_for(page, lambda: copy.stat().st_mtime > before and is_whole(copy), 120, "the notebook to be saved")
    ran = nbformat.read(copy, as_version=4)
    outputs = [output for cell in ran.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output.evalue for output in outputs if output.output_type == "error"] == []
    widget = "application/vnd.jupyter.widget-view+json"
    live = [output for output in outputs if widget in output.get("data", {})]
    if not live:
        return
    players = page.locator(".jp-OutputArea .wm-player.wm-ready")
    elements = page.locator(".jp-OutputArea :is(.wm-player, .wm-latents, .wm-planning, .wm-rooms).wm-ready")
    drawn = f"{len(live)} figures, players, sliders and boards to be drawn"
    wait_for(page, lambda: len(page.evaluate(SHOWN)) + elements.count() == len(live), 300, drawn)
    for player in players.all():
        player.scroll_into_view_if_needed()
        player.press("ArrowRight")
        player.get_by_role("button", name="Push left").press("Enter")
        assert set(player.evaluate("element => element.wmPlayer.pushes")) == {0, 1}
    for board in page.locator(".jp-OutputArea :is(.wm-planning, .wm-rooms)").all():
        board.scroll_into_view_if_needed()
        board.get_by_role("button", name="Watch the planner").press("Enter")
        moved = "element => (element.wmPlanning || element.wmRooms).steps > 2"
        page.wait_for_function(moved, arg=board.element_handle(), timeout=120_000)
    sliders = page.locator(".jp-OutputArea .wm-explorer input[type=range]")
    assert sliders.count() + elements.count() > 0
    for slider in sliders.all():
        assert moves(page, slider), f"the live slider {slider.get_attribute('aria-label')!r} changes no figure"
    keep_screenshot(page, f"lab-{notebook.stem}")


@pytest.fixture
def busy() -> Iterator[None]:
    """Two neighbors that take all the time they are given."""
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    yield
    for process in spinning:
        process.kill()
        process.wait()


def test_beside_busy_neighbors_every_figure_has_its_data(busy, open_notebook, tmp_path):
    """Plotly's FigureWidget opened empty and got its data later; a view made in between stayed empty, axes -1 to 6."""
    draw = "def draw(k, base): return go.Figure(go.Scatter(x=[100, 100 + k], y=[base, base + k], mode='lines'))"
    cells = [f"import plotly.graph_objects as go\nfrom wmcourse.interactive import Chart, Explorer\n{draw}"]
    for base in range(100, 900, 200):
        cells.append(f"Chart(draw(1, {base}), title='Chart {base}', alt='A line.')")
        cells.append(f"Explorer(lambda k: draw(k, {base + 100}), title='E {base}', alt='A line.', k=range(1, 9))")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("Figures"), *map(nbformat.v4.new_code_cell, cells)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    for cell in notebook.cells[2:]:
        cell.metadata["jupyter"] = {"source_hidden": True}
    nbformat.write(notebook, tmp_path / "busy.ipynb")
    page: Page = open_notebook(tmp_path / "busy.ipynb")
    assert page.locator(".jp-CodeCell .cm-content").count() == 1  # the code of the figures is folded
    run_all(page)
    expected = [[[base, base + 1], True] for base in range(100, 900, 100)]
    wait_for(page, lambda: page.evaluate(SHOWN) == expected, 300, lambda: f"figures, shown: {page.evaluate(SHOWN)}")
    page.get_by_label("K", exact=True).last.press("ArrowRight")  # also a shortcut of JupyterLab
    expected[-1][0] = [800, 802]
    wait_for(page, lambda: page.evaluate(SHOWN) == expected, 300, lambda: f"figures, shown: {page.evaluate(SHOWN)}")


def moves(page: Page, slider: Locator) -> bool:
    """Press the arrow keys, one way and then the other, until a figure of the page changes."""
    before = page.evaluate(FIGURES)
    slider.scroll_into_view_if_needed()
    ways = ["ArrowRight", "ArrowLeft"]
    if slider.input_value() == slider.get_attribute("max"):
        ways.reverse()
    for key in (ways[0], ways[0], ways[1], ways[1], ways[1], ways[1]):
        slider.focus()
        page.keyboard.press(key)
        for _ in range(20):
            if page.evaluate(FIGURES) != before:
                return True
            page.wait_for_timeout(100)
    return False
