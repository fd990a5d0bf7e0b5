"""sync and execute, on a small repository with real kernels."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from execution import normalize
from notebooks import main

WIDGET = "application/vnd.jupyter.widget-view+json"


def read(root: Path, room: str) -> nbformat.NotebookNode:
    return nbformat.read(root / room / "09_motion.ipynb", as_version=4)


def edit(root: Path, room: str, old: str, new: str) -> None:
    source = root / "sources" / room / "09_motion.md"
    assert old in source.read_text()
    source.write_text(source.read_text().replace(old, new))


def test_a_chapter_runs_in_its_own_folder_and_keeps_its_outputs(executed: Path):
    chapter = read(executed, "book")
    assert chapter.cells[2].outputs == [{"name": "stdout", "output_type": "stream", "text": "2\n4\n6\n"}]
    assert chapter.cells[3].outputs[0].text == "book\n"
    assert [cell.execution_count for cell in chapter.cells[1:]] == [1, 2, 3]


def test_the_solutions_are_solved_and_the_exercises_are_not(executed: Path):
    solutions, exercises = read(executed, "solutions"), read(executed, "exercises")
    assert "moved = x + v" in solutions.cells[1].source
    assert solutions.cells[2].outputs[0].text == "3\n"
    assert "moved" not in nbformat.writes(exercises)
    assert 'raise NotImplementedError("Exercise 9.2")' in exercises.cells[1].source
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in exercises.cells)


def test_exercises_lose_solution_only_cells_and_tags_that_compare_outputs(executed: Path):
    exercises = read(executed, "exercises")
    assert [cell.id for cell in exercises.cells] == [f"09_motion-0{number}" for number in (1, 2, 3, 4)]
    assert "Why" not in nbformat.writes(exercises)
    assert exercises.cells[2].metadata == {}
    assert exercises.cells[1].metadata == {"tags": ["exercise-9.2"]}


def test_running_twice_writes_the_same_bytes(repository: Path):
    files = sorted(repository.rglob("*.ipynb"))
    before = [path.read_bytes() for path in files]
    assert main(["--root", str(repository), "execute"]) == 0
    assert [path.read_bytes() for path in files] == before


def test_an_edit_of_the_prose_keeps_the_outputs(repository: Path):
    edit(repository, "book", "The ball moves", "The ball rolls")
    assert main(["--root", str(repository), "sync"]) == 0
    assert "rolls" in read(repository, "book").cells[0].source
    assert read(repository, "book").cells[2].outputs[0].text == "2\n4\n6\n"
    assert main(["--root", str(repository), "verify"]) == 0


def test_an_edit_of_the_code_drops_the_outputs_and_verify_says_so(repository: Path, capsys: pytest.CaptureFixture[str]):
    edit(repository, "book", "x, v = 0, 2", "x, v = 0, 5")
    assert main(["--root", str(repository), "sync"]) == 0
    assert all(not cell.get("outputs") for cell in read(repository, "book").cells)
    assert main(["--root", str(repository), "verify"]) == 1
    assert "did not run" in capsys.readouterr().err


def test_a_failing_cell_fails_execute_and_leaves_no_error_on_disk(repository: Path, capsys: pytest.CaptureFixture[str]):
    edit(repository, "book", "x, v = 0, 2", "raise ValueError('no speed')")
    assert main(["--root", str(repository), "execute", "09_motion"]) == 1
    assert "ValueError: no speed" in capsys.readouterr().err
    assert "no speed" not in str([cell.get("outputs") for cell in read(repository, "book").cells])


def test_a_cell_over_its_time_fails_execute(repository: Path):
    edit(repository, "book", "x, v = 0, 2", "import time; time.sleep(60)")
    assert main(["--root", str(repository), "execute", "--timeout", "1"]) == 1


def test_an_unknown_name_names_the_known_ones(repository: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--root", str(repository), "execute", "09_emotion"]) == 1
    assert "no source for 09_emotion; there is: 09_motion" in capsys.readouterr().err


def test_normalize_removes_what_differs_from_run_to_run():
    def run(model_id: str, stamp: str, pieces: list[str]) -> nbformat.NotebookNode:
        cell = new_code_cell("show()", id="a-01", metadata={"tags": ["t"], "execution": {"iopub.status.busy": stamp}})
        cell.outputs = [new_output("stream", name="stdout", text=text) for text in pieces]
        view = {"model_id": model_id, "version_major": 2, "version_minor": 0}
        cell.outputs.append(new_output("display_data", data={WIDGET: view, "text/html": "<p>"}, metadata={"t": stamp}))
        cell.outputs.append(new_output("stream", name="stdout", text="after"))
        notebook = new_notebook(cells=[cell])
        notebook.metadata = {
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "language_info": {"name": "python", "version": stamp},
            "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {model_id: {}}}},
        }
        normalize(notebook)
        return notebook

    first, second = run("f00d", "3.11.7", ["1\n", "2\n"]), run("beef", "3.12.1", ["1\n2\n"])
    assert nbformat.writes(first) == nbformat.writes(second)
    nbformat.validate(first)
    assert [output.get("text") for output in first.cells[0].outputs] == ["1\n2\n", None, "after"]
    assert first.cells[0].metadata == {"tags": ["t"]}
    assert set(first.metadata) == {"kernelspec", "language_info"}
