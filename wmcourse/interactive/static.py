"""Write the scripts of the book's pages, none downloaded: `python -m wmcourse.interactive.static book/_static`."""

from __future__ import annotations

import shutil
import sys
from importlib.resources import files
from pathlib import Path

ASSETS = (
    "explorer.js",
    "explorer.css",
    "plotly-cartesian.min.js",
    "PLOTLY-LICENSE.txt",
    "tex-svg-full.js",
    "MATHJAX-LICENSE.txt",
)


def write(directory: str | Path) -> list[Path]:
    """Copy the explorer's runtime, Plotly's partial bundle and MathJax; returns the files written.

    Files already up to date are left alone, so that an incremental build stays incremental.
    """
    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    assets = Path(str(files("wmcourse.interactive"))) / "assets"
    sources = {name: assets / name for name in ASSETS}
    written = []
    for name, source in sources.items():
        destination = target / name
        if not destination.exists() or destination.read_bytes() != source.read_bytes():
            shutil.copyfile(source, destination)
            written.append(destination)
    return written


def main() -> None:
    """Run from the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m wmcourse.interactive.static DIRECTORY   (for example book/_static)")
    for path in write(sys.argv[1]):
        print(path)


if __name__ == "__main__":
    main()
