"""The functions of the exercise notebooks that ship, solved and stripped."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

SOURCES = Path(__file__).parents[2] / "sources" / "solutions"


@pytest.fixture(scope="session")
def answers_of() -> Callable[[str], dict[str, dict[str, Any]]]:
    """For a source such as "08_rssm": the names its imports and exercises define, under "solved" and under "stub"."""
    from products import exercise_number, read_source, strip_solutions

    @cache
    def read(stem: str) -> dict[str, dict[str, Any]]:
        solved = read_source(SOURCES / f"{stem}.md")
        found: dict[str, dict[str, Any]] = {}
        for kind, notebook in (("solved", solved), ("stub", strip_solutions(solved))):
            imports, *rest = [cell for cell in notebook.cells if cell.cell_type == "code"]
            found[kind] = {}
            for cell in [imports, *filter(exercise_number, rest)]:
                exec(cell.source, found[kind])
        return found

    return read
