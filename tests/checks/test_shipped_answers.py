"""Every exercise of every chapter: its shipped solution passes, its stub passes through."""

import re
from importlib import import_module
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "sources" / "solutions"
CHECK = re.compile(r":tags: \[check-(\d+\.\d+)\]\n+check\.(\w+)\(")
EXERCISES = [
    (source.stem, number, name)
    for source in sorted(SOURCES.glob("*.md"))
    for number, name in CHECK.findall(source.read_text())
]


def checker(stem: str, name: str):
    return getattr(import_module(f"wmcourse.checks.{stem.split('_', 1)[1]}"), name)


def test_every_exercise_has_a_check() -> None:
    for source in SOURCES.glob("*.md"):
        tagged = re.findall(r":tags: \[exercise-(\d+\.\d+)\]", source.read_text())
        assert tagged == [number for stem, number, _ in EXERCISES if stem == source.stem] != []


@pytest.mark.parametrize(("stem", "number", "name"), EXERCISES)
def test_the_shipped_solution_is_right_and_says_so_in_one_line(answers_of, capsys, stem, number, name) -> None:
    checker(stem, name)(answers_of(stem)["solved"][name])
    assert capsys.readouterr().out == f"Exercise {number} is right: {name}\n"


@pytest.mark.parametrize(("stem", "number", "name"), EXERCISES)
def test_the_stub_is_not_started_rather_than_wrong(answers_of, capsys, stem, number, name) -> None:
    with pytest.raises(NotImplementedError, match=re.escape(f"Exercise {number}")):
        checker(stem, name)(answers_of(stem)["stub"][name])
    assert capsys.readouterr().out == ""
