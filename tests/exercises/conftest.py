"""The functions of the exercise notebooks that ship, solved and stripped; and answers that learners might give."""

import importlib.util
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from wmcourse.chapter import Chapter, topics

SOURCES = Path(__file__).parents[2] / "sources" / "solutions"
CHAPTERS: list[Chapter] = [import_module(f"wmcourse.chapters.{topic}").CHAPTER for topic in topics()]


ANSWERS = Path(__file__).parent / "answers"


def has_answers(chapter: Chapter) -> bool:
    return (ANSWERS / f"{chapter.topic}.py").is_file()


def checkers(chapter: Chapter) -> ModuleType:
    return import_module(f"wmcourse.chapters.{chapter.topic}.exercises")


def answers(chapter: Chapter) -> ModuleType:
    """`RIGHT` and `WRONG` of `answers/TOPIC.py`: exercise to the answers."""
    path = ANSWERS / f"{chapter.topic}.py"
    spec = importlib.util.spec_from_file_location(f"answers_{chapter.topic}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`exercise` is a chapter and a name; `mistake`, `right`, `wrong` add words or an answer."""
    names = [(chapter, name) for chapter in CHAPTERS for name in chapter.exercises]
    arguments = metafunc.fixturenames
    if "words" in arguments:
        rows = [(c, n, words) for c, n in names for words in getattr(checkers(c), n).mistakes]
        ids = [f"{n}-{words[:40]}" for _, n, words in rows]
        metafunc.parametrize(("chapter", "name", "words"), rows, ids=ids)
    elif "right" in arguments or "wrong" in arguments:
        kind = "right" if "right" in arguments else "wrong"
        rows = [
            (c, n, each) for c, n in names if has_answers(c) for each in getattr(answers(c), kind.upper()).get(n, ())
        ]
        ids = [f"{n}-{each.__name__}" for _, n, each in rows]
        metafunc.parametrize(("chapter", "name", kind), rows, ids=ids)
    elif "name" in arguments:
        metafunc.parametrize(("chapter", "name"), names, ids=[n for _, n in names])
    elif "chapter" in arguments:
        metafunc.parametrize("chapter", CHAPTERS, ids=[c.stem for c in CHAPTERS])


@pytest.fixture(scope="session")
def functions() -> Callable[[str, str], dict[str, Any]]:
    """`functions("08_rssm", "solved")`: the names that its imports and exercises define; `"stub"` for the learner's."""
    from products import exercise_number, read_source, strip_solutions

    @cache
    def read(stem: str, kind: str) -> dict[str, Any]:
        notebook = read_source(SOURCES / f"{stem}.md")
        if kind == "stub":
            notebook = strip_solutions(notebook)
        imports, *rest = [cell for cell in notebook.cells if cell.cell_type == "code"]
        found: dict[str, Any] = {}
        for cell in [imports, *filter(exercise_number, rest)]:
            exec(cell.source, found)
        return found

    return read
