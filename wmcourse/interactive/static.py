"""Write the scripts of the book's pages, none downloaded: `python -m wmcourse.interactive.static book/_static`."""

from __future__ import annotations

import sys
from pathlib import Path

from wmcourse.interactive.scripts import PAGE, STYLES, asset, joined

COPIED = ("plotly-cartesian.min.js", "PLOTLY-LICENSE.txt", "tex-svg-full.js", "MATHJAX-LICENSE.txt")


def write(directory: str | Path) -> list[Path]:
    """Write our script and style sheet, Plotly's partial bundle and MathJax; returns the files written.

    Files already up to date are left alone, so that an incremental build stays incremental.
    """
    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    texts = {"course.js": joined(PAGE), "course.css": joined(STYLES)} | {name: asset(name) for name in COPIED}
    written = []
    for name, text in texts.items():
        path = target / name
        if not path.exists() or path.read_bytes() != text.encode():
            path.write_bytes(text.encode())
            written.append(path)
    return written


def main() -> None:
    """Run from the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m wmcourse.interactive.static DIRECTORY   (for example book/_static)")
    for path in write(sys.argv[1]):
        print(path)


if __name__ == "__main__":
    main()
