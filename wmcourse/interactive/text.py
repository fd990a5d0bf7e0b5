"""Markdown made by code: tables of numbers, and the package's own lines."""

import inspect
from collections.abc import Sequence
from typing import Any

from IPython.display import Markdown


def show_source(*things: Any) -> Markdown:
    """The source of functions, methods or classes, so that what a reader reads is what runs."""
    return Markdown("\n".join(f"```python\n{inspect.getsource(thing)}```" for thing in things))


def table(header: Sequence[str], rows: Sequence[Sequence[str]], before: str = "") -> Markdown:
    """A Markdown table, with a paragraph before it if there is one.

    Raises:
        ValueError: a row does not have as many cells as the header.
    """
    if ragged := [row for row in rows if len(row) != len(header)]:
        raise ValueError(f"each row needs {len(header)} cells, as the header has; this one does not: {ragged[0]!r}")
    lines = [header, ["---"] * len(header), *rows]
    return Markdown((before + "\n\n" if before else "") + "\n".join("| " + " | ".join(line) + " |" for line in lines))
