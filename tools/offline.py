"""Refuse a built book that asks another host for anything: `offline.py _build/html` (`make book`).

A link that the reader may click is fine; a script, style, font, picture or frame that the browser fetches is not.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path

from wmcourse.interactive.page import models_of

PAGE_BYTES = 2_000_000
"""What one page may weigh with the models that it runs, pictures and shared scripts aside."""
FETCHED = {
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "iframe": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "video": ("src", "poster"),
    "audio": ("src",),
    "input": ("src",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
}
NOT_FETCHED = {"author", "bookmark", "canonical", "help", "license", "next", "prev", "search"}
"""Relations of a <link> that no browser fetches by itself."""
REMOTE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
STYLE_URL = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)
SCRIPT_LOAD = re.compile(
    r"""(?:\bimport\s*\(?|\bfrom|\bfetch\s*\(|\bimportScripts\s*\(|\.src\s*=)\s*["'`]((?:https?:)?//[^"'`\s]+)"""
)


def requests(html: str) -> Iterator[str]:
    """The addresses of other hosts that a browser would fetch while it shows the page `html`."""
    page = _Page()
    page.feed(html)
    page.close()
    yield from page.found


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.inside = tag if tag in ("script", "style") else ""
        self.found += STYLE_URL.findall(values.get("style", ""))
        if tag == "link" and set(values.get("rel", "").split()) & NOT_FETCHED:
            return
        self.found += [values[name] for name in FETCHED.get(tag, ()) if REMOTE.match(values.get(name, ""))]

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "style":
            self.found += STYLE_URL.findall(data)
        if self.inside == "script":
            self.found += SCRIPT_LOAD.findall(data)


def problems(book: Path) -> Iterator[str]:
    """Each remote request and each page over the budget in the built book; nothing when all is well."""
    for path in sorted(book.rglob("*.html")):
        html = path.read_text(encoding="utf-8")
        for address in requests(html):
            yield f"{path.relative_to(book)}: requests {address[:120]}"
        models = [book / "_static" / "models" / f"{name}.js" for name in sorted(models_of(html))]
        for missing in [model for model in models if not model.exists()]:
            yield f"{path.relative_to(book)}: it needs {missing.relative_to(book)}; run `make book`"
        size = len(html.encode()) + sum(model.stat().st_size for model in models if model.exists())
        if size > PAGE_BYTES:
            yield f"{path.relative_to(book)}: {size / 1e6:.1f} MB, over {PAGE_BYTES / 1e6:.0f} MB"
    for path in sorted(book.rglob("*.css")):
        for address in STYLE_URL.findall(path.read_text(encoding="utf-8", errors="replace")):
            yield f"{path.relative_to(book)}: requests {address[:120]}"


def main(arguments: Sequence[str]) -> int:
    """Print every problem of the book in the folder named on the command line; 1 when there is one, else 0."""
    (folder,) = arguments
    if not (Path(folder) / "index.html").exists():
        print(f"{folder} holds no built book", file=sys.stderr)
        return 1
    found = list(problems(Path(folder)))
    for problem in found:
        print(problem, file=sys.stderr)
    print(f"{folder}: {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
