"""Our scripts and styles: files of `assets/`, joined into one for the book's pages and one for each kind of widget."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

PLAYER = ("controls.js", "model.js", "cartpole.js", "duet.js", "stage.js", "player.js")
EXPLORER = ("controls.js", "explorer.js")
PAGE = (*PLAYER, "rollout.js", "explorer.js")
STYLES = ("page.css", "explorer.css", "player.css")


@cache
def asset(name: str) -> str:
    """The text of a script or style sheet of this package."""
    return (files("wmcourse.interactive") / "assets" / name).read_text(encoding="utf-8")


def joined(names: tuple[str, ...]) -> str:
    """Several of them in this order, as one."""
    return "\n".join(map(asset, names))
