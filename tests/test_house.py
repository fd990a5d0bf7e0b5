"""The house rules that the folders keep: floors, rooms, and the size of a file."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "wmcourse"
FLOORS = (
    {"errors", "chapter", "versions"},
    {"nets", "envs", "data"},
    {"models"},
    {"agents", "planning", "evaluation"},
    {"viz", "interactive"},
    {"recipes", "studies", "exercises", "zoo"},
    {"chapters"},
    {"cli"},
)
"""Lowest first. A module imports its own floor and those below."""
LARGEST = 300
FILES = sorted(path for path in PACKAGE.rglob("*.py"))


def room(name: str) -> str:
    """The folder or file directly in the package that a path or a module belongs to."""
    return name.split("/")[0].removesuffix(".py")


def floor(of: str) -> int:
    return next(i for i, rooms in enumerate(FLOORS) if of in rooms)


def imported(path: Path) -> set[str]:
    """The modules of the package that a file imports when it is run, without the package's name."""
    tree = ast.parse(path.read_text())
    typing_only = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for child in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return {name.removeprefix("wmcourse.") for name in found if name.startswith("wmcourse.")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_lower_floor_never_imports_a_higher_one(path: Path) -> None:
    mine = room(str(path.relative_to(PACKAGE)))
    if mine == "__init__":
        return
    for name in imported(path):
        theirs = name.split(".")[0]
        if theirs not in {each for rooms in FLOORS for each in rooms}:
            continue  # a name of the package itself, such as load
        assert floor(theirs) <= floor(mine), f"{path.name} is in {mine}/, a floor below {theirs}/, which it imports"


@pytest.mark.parametrize("folder", sorted((PACKAGE / "chapters").glob("*/")), ids=lambda path: path.name)
def test_no_chapter_imports_another(folder: Path) -> None:
    for path in folder.rglob("*.py"):
        others = {name.split(".")[1] for name in imported(path) if name.startswith("chapters.")} - {folder.name}
        assert not others, f"{path.relative_to(PACKAGE)} imports {others}: what both need moves down into the library"


def test_no_file_of_the_library_imports_a_chapter() -> None:
    for path in FILES:
        if room(str(path.relative_to(PACKAGE))) not in ("chapters", "cli"):
            assert not any(name.startswith("chapters") for name in imported(path)), path


def test_no_file_grows_past_its_size() -> None:
    long = {str(path.relative_to(PACKAGE)): len(path.read_text().splitlines()) for path in FILES}
    assert {name: lines for name, lines in long.items() if lines > LARGEST} == {}
