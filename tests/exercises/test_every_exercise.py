"""Every exercise of every chapter, by its table: what passes, what fails, and in whose words."""

import re
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import torch

from wmcourse.exercises import CheckFailed, Exercise

ROOT = Path(__file__).parents[2]
LARGEST = 100
"""Lines of one exercise; small worlds that it needs stand in files of their own."""
MOST = 12
"""Named mistakes of one exercise."""


def checker(chapter, name: str) -> Exercise:
    return getattr(import_module(f"wmcourse.chapters.{chapter.topic}.exercises"), name)


def test_the_table_and_the_notebook_name_the_same_exercises(chapter) -> None:
    source = (ROOT / "sources" / "solutions" / f"{chapter.stem}.md").read_text()
    checks = re.findall(r":tags: \[check-(\d+\.\d+)\]\n+check\.(\w+)\((\w+)\)", source)
    wanted = [(f"{chapter.number}.{k}", name, name) for k, name in enumerate(chapter.exercises, start=1)]
    assert checks == wanted, f"{chapter.stem}: the exercises of its table, and the check cells of its solutions"
    assert re.findall(r":tags: \[exercise-(\d+\.\d+)\]", source) == [number for number, *_ in wanted]


def test_there_are_answers_to_try(chapter) -> None:
    path = ROOT / "tests" / "exercises" / "answers" / f"{chapter.topic}.py"
    assert path.is_file(), f"write {path}: RIGHT and WRONG, answers of each exercise by its name"


def test_the_shipped_solution_is_right_and_says_so_in_one_line(functions, capsys, chapter, name) -> None:
    exercise = checker(chapter, name)
    exercise(functions(chapter.stem, "solved")[name])
    assert capsys.readouterr().out == f"Exercise {exercise.number} is right: {name}\n"
    assert exercise.number == f"{chapter.number}.{chapter.exercises.index(name) + 1}"


def test_the_stub_is_not_started_rather_than_wrong(functions, capsys, chapter, name) -> None:
    exercise = checker(chapter, name)
    with pytest.raises(NotImplementedError, match=re.escape(f"Exercise {exercise.number}")):
        exercise(functions(chapter.stem, "stub")[name])
    assert capsys.readouterr().out == ""


def test_each_mistake_is_named_in_its_own_words(chapter, name, words) -> None:
    exercise, wrong = checker(chapter, name), checker(chapter, name).mistakes[words]
    arguments = list(exercise.cases()[0])

    def answer(*values: Any) -> Any:
        return wrong(**dict(zip(arguments, values, strict=False)))

    with pytest.raises(CheckFailed) as caught:
        exercise(answer)
    assert str(caught.value).endswith(f"likely:   {words}")


def test_an_answer_written_differently_is_right_too(chapter, name, right) -> None:
    checker(chapter, name)(right)


def test_a_wrong_answer_that_once_escaped_is_caught(chapter, name, wrong) -> None:
    with pytest.raises(CheckFailed):
        checker(chapter, name)(wrong)


def in_double(result: Any) -> Any:
    """The same in float64; the very same object where there is no float32 in it."""
    if isinstance(result, torch.Tensor):
        return result.double() if result.dtype == torch.float32 else result
    if isinstance(result, tuple) and any(in_double(part) is not part for part in result):
        parts = [in_double(part) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
    return result


SPOILED = {"nothing": lambda result: None, "double precision": in_double}
"""What the engine has to notice of every exercise; all else that it notices is tested on a toy."""


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
def test_a_spoiled_solution_is_wrong(functions, chapter, name, spoil) -> None:
    exercise, solution = checker(chapter, name), functions(chapter.stem, "solved")[name]
    before = torch.random.get_rng_state()
    untouched = [not signature(solution).parameters]  # where nothing is given, no dtype is asked for

    def answer(*arguments: Any) -> Any:
        result = solution(*arguments)
        untouched.append(spoil(result) is result)
        return spoil(result)

    try:
        exercise(answer)
    except CheckFailed as failure:
        assert "expected: " in str(failure) and "got: " in str(failure)
    else:
        assert untouched[0] or all(untouched[1:]), "a spoiled answer passed"
    assert torch.equal(before, torch.random.get_rng_state()) and torch.is_grad_enabled()


def test_it_is_small(chapter, name) -> None:
    exercise = checker(chapter, name)
    folder = ROOT / "wmcourse" / "chapters" / chapter.topic / "exercises"
    (file,) = (path for path in folder.glob("*.py") if f'"{exercise.number}"' in path.read_text())
    assert file.stem == name and len(file.read_text().splitlines()) <= LARGEST
    assert 1 <= len(exercise.mistakes) <= MOST


def test_oracles_are_independent_of_the_package(chapter) -> None:
    folder = ROOT / "wmcourse" / "chapters" / chapter.topic / "exercises"
    allowed = ("wmcourse.exercises", f"wmcourse.chapters.{chapter.topic}.exercises", "wmcourse.models.protocol")
    for file in folder.glob("*.py"):
        for module in re.findall(r"^\s*(?:from|import) (wmcourse[\w.]*)", file.read_text(), re.MULTILINE):
            assert module.startswith(allowed), f"{file.name} imports {module}: an oracle stands on its own"
