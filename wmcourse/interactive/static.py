"""Write the scripts of the book's pages, none downloaded: `python -m wmcourse.interactive.static book/_static`."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

import plotly

from wmcourse.interactive.player import script

ASSETS = ("explorer.js", "explorer.css", "page.css", "player.css", "tex-svg-full.js", "MATHJAX-LICENSE.txt")


def write(directory: str | Path) -> list[Path]:
    """Copy Plotly from the installed package, MathJax, our scripts and styles; returns the files written.

    Files already up to date are left alone, so that an incremental build stays incremental.
    """
    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    assets = Path(str(files("wmcourse.interactive"))) / "assets"
    contents = {name: (assets / name).read_bytes() for name in ASSETS}
    contents["plotly.min.js"] = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_bytes()
    contents["player.js"] = script().encode()
    written = []
    for name, content in contents.items():
        destination = target / name
        if not destination.exists() or destination.read_bytes() != content:
            destination.write_bytes(content)
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
