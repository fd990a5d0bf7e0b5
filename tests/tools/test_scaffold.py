"""`make chapter`: what it writes is a chapter, in every list, whose exercise passes the test of all exercises."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAME, TOPIC = "16_diffusion_world_models", "diffusion_world_models"


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(
        [sys.executable, *words], cwd=root, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parts of the repository that know of chapters, with a new one."""
    root = tmp_path_factory.mktemp("course")
    skip = shutil.ignore_patterns("weights", "stored", "__pycache__", "*.ipynb")
    for folder in ("wmcourse", "tools", "sources", "tests/exercises"):
        shutil.copytree(ROOT / folder, root / folder, ignore=skip)
    (root / "book").mkdir()
    for file in ("README.md", "_toc.yml", "pyproject.toml", "tests/conftest.py"):
        shutil.copy(ROOT / file, root / file)
    begun = run(root, "tools/scaffold.py", NAME)
    assert begun.returncode == 0, begun.stderr
    return root


def test_the_chapter_is_in_every_list(course: Path) -> None:
    assert (
        f"      - file: book/{NAME}\n        sections:\n          - file: exercises/{NAME}"
        in (course / "_toc.yml").read_text()
    )
    assert f"[16 Diffusion world models](book/{NAME}.ipynb)" in (course / "README.md").read_text()
    index = (course / "sources" / "book" / "index.md").read_text()
    assert f"[![Diffusion world models](_static/cards/{NAME}.svg)]({NAME}.ipynb)" in index
    assert (course / "book" / "_static" / "cards" / f"{NAME}.svg").exists()
    assert run(course, "tools/contents.py", "--check").returncode == 0


def test_its_sources_are_notebooks_and_its_exercise_passes(course: Path) -> None:
    written = run(course, "tools/notebooks.py", "sync", NAME)
    assert written.stdout.splitlines() == [f"wrote {room}/{NAME}.ipynb" for room in ("book", "solutions", "exercises")]
    tested = run(course, "-m", "pytest", "-q", "tests/exercises", "-k", f"{NAME} or one_step-in_place or whole_seconds")
    assert tested.returncode == 0, tested.stdout
    assert " passed" in tested.stdout


def test_what_it_writes_keeps_the_house_style(course: Path) -> None:
    new = [
        str(course / "wmcourse" / "chapters" / TOPIC),
        str(course / "tests" / "exercises" / "answers" / f"{TOPIC}.py"),
    ]
    for words in (("check",), ("format", "--check")):
        checked = run(course, "-m", "ruff", *words, *new)
        assert checked.returncode == 0, checked.stdout


def test_nothing_is_overwritten_and_a_wrong_name_is_refused(course: Path) -> None:
    again = run(course, "tools/scaffold.py", NAME)
    assert again.returncode == 1 and "is there already: nothing was written" in again.stderr
    for name, said in (("diffusion", "is no chapter's name"), ("99_more", "say which part"), ("16-x", "no chapter's")):
        refused = run(course, "tools/scaffold.py", name)
        assert refused.returncode == 1 and said in refused.stderr
    other = run(course, "tools/scaffold.py", "99_more", "--part", "IV Plan")
    assert other.returncode == 0 and "99 More" in (course / "README.md").read_text()


def test_a_list_that_is_not_what_the_tables_say_is_named(course: Path) -> None:
    toc = course / "_toc.yml"
    before = toc.read_text()
    toc.write_text(before.replace("book/09_dreamer", "book/9_dreamer"))
    said = run(course, "tools/contents.py", "--check")
    assert said.returncode == 1 and "_toc.yml: its list of chapters" in said.stderr and "make contents" in said.stderr
    toc.write_text(before)
