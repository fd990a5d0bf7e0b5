"""From one MyST Markdown source to its notebooks: the chapter, or the solutions and the learner's exercises."""

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
LANGUAGE = {
    "name": "python",
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "pygments_lexer": "ipython3",
    "codemirror_mode": {"name": "ipython", "version": 3},
    "nbconvert_exporter": "python",
}
EXERCISE_TAG = re.compile(r"exercise-(\d+\.\d+)")
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
SOLUTION_ONLY = "solution-only"
"""Tag of a cell that belongs to the solutions and not to the exercises."""
COMPARED = "nbval-check-output"
"""Dropped from exercises: they ship without outputs, so nbval has nothing to compare with."""


FOLDED = {"remove-input", "hide-input"}
"""Tags of cells whose code the page takes away or folds; JupyterLab folds it too."""
KEPT = ("tags", "jupyter")
"""All that a cell's metadata holds."""


class SourceError(Exception):
    """A source that cannot be turned into notebooks; the message says where and why."""


@dataclass(frozen=True)
class Product:
    """One notebook to write: `notebook` at `path`, shipped with outputs when `executed`."""

    path: Path
    source: Path
    notebook: NotebookNode
    executed: bool


def products(root: Path) -> list[Product]:
    """Every notebook that the sources under `root` stand for, in the order of their names.

    Raises `SourceError` for exercises without a number or with unbalanced solution markers.
    """
    made = []
    for source in sorted((root / "sources" / "book").glob("*.md")):
        made.append(Product(root / "book" / f"{source.stem}.ipynb", source, read_source(source), True))
    for source in sorted((root / "sources" / "solutions").glob("*.md")):
        solved = read_source(source)
        made.append(Product(root / "solutions" / f"{source.stem}.ipynb", source, solved, True))
        made.append(Product(root / "exercises" / f"{source.stem}.ipynb", source, strip_solutions(solved), False))
    return made


def read_source(source: Path) -> NotebookNode:
    """The notebook that `source` writes down: no outputs, cells named STEM-NN, nothing of this machine in it."""
    notebook = jupytext.read(source, fmt="md:myst")
    return nbformat.v4.new_notebook(
        metadata={"kernelspec": dict(KERNEL), "language_info": dict(LANGUAGE)},
        cells=[_cell(cell, f"{source.stem}-{number:02d}") for number, cell in enumerate(notebook.cells, start=1)],
    )


def strip_solutions(solved: NotebookNode) -> NotebookNode:
    """The learner's notebook: each solution block raises `NotImplementedError("Exercise N.M")` instead.

    N.M comes from the cell's tag `exercise-N.M`. Cell ids stay those of the solved notebook.
    """
    cells = []
    for cell in solved.cells:
        if SOLUTION_ONLY in tags(cell):
            continue
        stub = _cell(cell, cell.id)
        stub.metadata = _metadata([tag for tag in tags(stub) if tag != COMPARED])
        if cell.cell_type == "code":
            stub.source = _strip(cell)
        cells.append(stub)
    return nbformat.v4.new_notebook(metadata=solved.metadata, cells=cells)


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell."""
    return list(cell.metadata.get("tags", []))


def exercise_number(cell: NotebookNode) -> str | None:
    """ "9.2" for a cell tagged `exercise-9.2`, None for any other."""
    matches = (EXERCISE_TAG.fullmatch(tag) for tag in tags(cell))
    return next((match[1] for match in matches if match), None)


def _cell(cell: NotebookNode, name: str) -> NotebookNode:
    make = {
        "markdown": nbformat.v4.new_markdown_cell,
        "code": nbformat.v4.new_code_cell,
        "raw": nbformat.v4.new_raw_cell,
    }[cell.cell_type]
    return make(source=cell.source, id=name, metadata=_metadata(tags(cell)))


def _metadata(tags: list[str]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"tags": tags} if tags else {}
    return {**metadata, "jupyter": {"source_hidden": True}} if FOLDED & set(tags) else metadata


def _strip(cell: NotebookNode) -> str:
    number = exercise_number(cell)
    lines: list[str] = []
    inside = False
    for line in cell.source.splitlines():
        marker = line.strip()
        if marker == BEGIN:
            if inside:
                raise SourceError(f"cell {cell.id}: a second '{BEGIN}' before '{END}'")
            if number is None:
                raise SourceError(f"cell {cell.id}: a solution needs a tag such as 'exercise-9.2' on its cell")
            margin = line[: len(line) - len(line.lstrip())]
            lines.append(indent(f'raise NotImplementedError("Exercise {number}")', margin))
            inside = True
        elif marker == END:
            if not inside:
                raise SourceError(f"cell {cell.id}: '{END}' without '{BEGIN}'")
            inside = False
        elif not inside:
            lines.append(line)
    if inside:
        raise SourceError(f"cell {cell.id}: '{BEGIN}' without '{END}'")
    if number is not None and BEGIN not in cell.source:
        raise SourceError(f"cell {cell.id}: tagged exercise-{number}, but no '{BEGIN}' in it")
    return "\n".join(lines)
