"""Chromium without a network, and the pages and notebooks named in `_toc.yml`.

`WMCOURSE_ROOT` names another checkout to test than this one. Without Chromium the tests are skipped, saying so; with
`WMCOURSE_REQUIRE_CHROMIUM=1` (as in `.ci/run`) they fail instead.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pytest
import yaml
from playwright.sync_api import Browser, Page, Route, sync_playwright

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
    """Parametrize over every page, and every chapter that is a notebook: a new chapter is tested by being listed."""
    if "document" in metafunc.fixturenames:
        metafunc.parametrize("document", documents())
    if "notebook" in metafunc.fixturenames:
        chapters = [name for name in documents() if name.startswith("book/")]  # exercises stop where they are unsolved
        notebooks = [ROOT / f"{name}.ipynb" for name in chapters if (ROOT / f"{name}.ipynb").exists()]
        metafunc.parametrize("notebook", notebooks, ids=[path.stem for path in notebooks])


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


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """Open a page from the disk with the network blocked, wait until its figures are drawn and its maths typeset."""
    contexts = []

    def open_page(path: Path, *, theme: str = "light", width: int = 1280) -> Visit:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=theme,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        contexts.append(context)
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
        page.goto(path.resolve().as_uri())
        page.wait_for_load_state("load")
        waiting = ".wm-explorer:not(:has(.js-plotly-plot .main-svg)), .wm-chart:not(:has(.js-plotly-plot .main-svg))"
        page.wait_for_function("selector => !document.querySelector(selector)", arg=waiting, timeout=30_000)
        page.evaluate("() => window.MathJax && MathJax.startup && MathJax.startup.promise")
        page.wait_for_timeout(300)
        return Visit(page, requests, errors)

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def built() -> Callable[[str], Path]:
    """Find the built page of a document; refuse one that is older than its source."""

    def find(document: str) -> Path:
        page = ROOT / "_build" / "html" / f"{document}.html"
        if not page.exists():
            unavailable(f"{page} is missing: run `make book` first")
        for suffix in (".ipynb", ".md"):
            source = ROOT / f"{document}{suffix}"
            if source.exists():
                newer = source.stat().st_mtime > page.stat().st_mtime
                assert not newer, f"{page} is older than {source}: run `make book` again"
        return page

    return find


@pytest.fixture
def keep_screenshot() -> Callable[[Page, str], Path]:
    """Keep a picture of the whole page in `tests/browser/screenshots`, which git ignores."""

    def keep(page: Page, name: str) -> Path:
        SCREENSHOTS.mkdir(exist_ok=True)
        (SCREENSHOTS / ".gitignore").write_text("*\n")
        path = SCREENSHOTS / f"{name}.png"
        page.screenshot(path=path, full_page=True, animations="disabled")
        return path

    return keep
