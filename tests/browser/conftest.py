"""Chromium without a network, and the pages and notebooks named in `_toc.yml`.

`WMCOURSE_ROOT` names another checkout to test than this one. Without Chromium the tests are skipped, saying so; with
`WMCOURSE_REQUIRE_CHROMIUM=1` (as in `.ci/run`) they fail instead.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pytest
import yaml
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from wmcourse.interactive import static
from wmcourse.interactive.page_model import PageModel

ROOT = Path(os.environ.get("WMCOURSE_ROOT", Path(__file__).parents[2]))
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
SCREENSHOTS = Path(__file__).parent / "screenshots"


def documents() -> list[str]:
    """The documents of the table of contents, in order, without their suffixes."""

    def walk(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            names = [str(node[key]) for key in ("root", "file") if key in node]
            yield from (name.removesuffix(".md").removesuffix(".ipynb") for name in names)
            for key in ("parts", "chapters", "sections", "subtrees", "entries"):
                yield from walk(node.get(key, []))
        elif isinstance(node, list):
            for part in node:
                yield from walk(part)

    return list(walk(yaml.safe_load((ROOT / "_toc.yml").read_text())))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every page of the table of contents is opened once, and all tests of it look at the same page."""
    if "opened" in metafunc.fixturenames:
        pages = [pytest.param(name, marks=pytest.mark.xdist_group(name), id=name) for name in documents()]
        metafunc.parametrize("opened", pages, indirect=True, scope="session")
    if "notebook" in metafunc.fixturenames:
        notebooks = chapters_for_lab()
        metafunc.parametrize("notebook", notebooks, ids=[path.stem for path in notebooks])


def chapters_for_lab() -> list[Path]:
    """Those in `$WMCOURSE_LAB` ("all", or names), else the last one listed and those that the last commit added."""
    chapters = [ROOT / f"{name}.ipynb" for name in documents() if name.startswith("book/")]  # exercises are unsolved
    chapters = [path for path in chapters if path.exists()]
    if asked := os.environ.get("WMCOURSE_LAB"):
        return [path for path in chapters if asked == "all" or path.stem in asked.split(",")]
    command = ["git", "-C", str(ROOT), "diff", "--name-only", "--diff-filter=A", "HEAD~1", "--", "book"]
    added = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    return [path for path in chapters if path == chapters[-1] or f"book/{path.name}" in added]


def unavailable(reason: str) -> NoReturn:
    """Skip, or fail where a browser is required."""
    if os.environ.get("WMCOURSE_REQUIRE_CHROMIUM") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        unavailable(f"{CHROMIUM} is missing: install Chromium, or name one in the variable CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield browser
        browser.close()


class Visit(NamedTuple):
    """An open page, the addresses outside the disk it asked for (all refused), and the errors it reported."""

    page: Page
    requests: list[str]
    errors: list[str]


def open_page(context: BrowserContext, path: Path) -> Visit:
    """Open a page from the disk with the network blocked, wait until its figures are drawn and its maths typeset."""
    requests: list[str] = []
    errors: list[str] = []

    def guard(route: Route) -> None:
        if route.request.url.startswith(("file:", "data:", "blob:")):
            route.continue_()
        else:
            requests.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    page = context.new_page()
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("websocket", lambda socket: requests.append(socket.url))
    page.goto(path.resolve().as_uri(), timeout=120_000)
    page.wait_for_load_state("load")
    waiting = ".wm-explorer:not(:has(.js-plotly-plot .main-svg)), .wm-chart:not(:has(.js-plotly-plot .main-svg))"
    page.wait_for_function("selector => !document.querySelector(selector)", arg=waiting, timeout=120_000)
    page.evaluate("() => window.MathJax && MathJax.startup && MathJax.startup.promise")
    page.wait_for_timeout(300)
    return Visit(page, requests, errors)


def new_context(browser: Browser, width: int = 1280) -> BrowserContext:
    return browser.new_context(viewport={"width": width, "height": 900}, color_scheme="light", reduced_motion="reduce")


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """Open a page for one test."""
    contexts = []

    def open_alone(path: Path, *, width: int = 1280) -> Visit:
        contexts.append(new_context(chromium, width))
        return open_page(contexts[-1], path)

    yield open_alone
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def opened(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A page of the book, the same one for all tests of it."""
    context = new_context(chromium)
    yield open_page(context, built(request.param))
    context.close()


@pytest.fixture
def page(opened: Visit) -> Page:
    """The same page, wide and light again."""
    opened.page.set_viewport_size({"width": 1280, "height": 900})
    opened.page.emulate_media(color_scheme="light")
    return opened.page


def built(document: str) -> Path:
    """Find the built page of a document; refuse one that is older than its source."""
    page = ROOT / "_build" / "html" / f"{document}.html"
    if not page.exists():
        unavailable(f"{page} is missing: run `make book` first")
    for suffix in (".ipynb", ".md"):
        source = ROOT / f"{document}{suffix}"
        if source.exists():
            newer = source.stat().st_mtime > page.stat().st_mtime
            assert not newer, f"{page} is older than {source}: run `make book` again"
    return page


@pytest.fixture
def keep_screenshot() -> Callable[[Page, str], Path | None]:
    """With `WMCOURSE_SCREENSHOTS=1`, keep a picture of the whole page in `tests/browser/screenshots`, not in git."""

    def keep(page: Page, name: str) -> Path | None:
        if os.environ.get("WMCOURSE_SCREENSHOTS") != "1":
            return None
        SCREENSHOTS.mkdir(exist_ok=True)
        (SCREENSHOTS / ".gitignore").write_text("*\n")
        path = SCREENSHOTS / f"{name}.png"
        page.screenshot(path=path, full_page=True, animations="disabled")
        return path

    return keep


@pytest.fixture(scope="module")
def write_page(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write a page with one element in it, and the models that it runs, as `make book` does."""

    def write(element: Any, models: dict[str, PageModel]) -> Path:
        folder = tmp_path_factory.mktemp("page")
        static.write(folder)
        (folder / "models").mkdir()
        for name, model in models.items():
            (folder / "models" / f"{name}.js").write_text(model.sidecar(name))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WMCOURSE_STATIC", "1")
            shown = element._repr_mimebundle_()["text/html"]
        head = '<meta charset="utf-8"><link rel="stylesheet" href="course.css"><script src="course.js"></script>'
        below = '<div style="height: 3000px"></div><p id="end">end</p>'
        page = folder / "page.html"
        page.write_text(f"<!doctype html><html lang=en><head>{head}</head><body>{shown}{below}</body></html>")
        return page

    return write
