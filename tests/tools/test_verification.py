"""Every way to spoil a committed notebook is found, once, and named."""

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_output

from execution import write
from notebooks import main
from products import products
from verification import problems

CHAPTER, SOLUTIONS, EXERCISES = (Path(room) / "09_motion.ipynb" for room in ("book", "solutions", "exercises"))


def spoil(repository: Path, path: Path, change: Callable[[NotebookNode], object]) -> list[str]:
    """The problems after `change` to one notebook."""
    notebook = nbformat.read(repository / path, as_version=4)
    change(notebook)
    write(notebook, repository / path)
    return list(problems(repository, products(repository)))


def html(text: str) -> NotebookNode:
    return new_output("display_data", data={"text/html": text, "text/plain": "<figure>"})


def test_what_execute_wrote_has_no_problems(repository: Path, capsys: pytest.CaptureFixture[str]):
    assert list(problems(repository, products(repository))) == []
    assert main(["--root", str(repository), "verify"]) == 0
    assert "3 notebooks, 0 problems" in capsys.readouterr().out


def test_verify_fails_and_prints_the_problem(repository: Path, capsys: pytest.CaptureFixture[str]):
    (repository / EXERCISES).unlink()
    assert main(["--root", str(repository), "verify"]) == 1
    assert "exercises/09_motion.ipynb: is missing" in capsys.readouterr().err


@pytest.mark.parametrize("path", [CHAPTER, SOLUTIONS, EXERCISES])
def test_a_cell_edited_in_the_notebook(repository: Path, path: Path):
    found = spoil(repository, path, lambda notebook: notebook.cells[1].update(source="x, v = 0, 3"))
    assert found == [f"{path}: cell 09_motion-02: differs from its source; edit the source, then run `make notebooks`"]


def test_tags_edited_in_the_notebook(repository: Path):
    found = spoil(repository, CHAPTER, lambda notebook: notebook.cells[1].metadata.update(tags=["remove-input"]))
    assert len(found) == 1 and "tags ['remove-input'], its source has ['hide-input']" in found[0]


def test_a_cell_removed_from_the_end(repository: Path):
    found = spoil(repository, SOLUTIONS, lambda notebook: notebook.cells.pop())
    assert len(found) == 1 and "4 cells, its source has 5" in found[0]


def test_a_cell_renamed(repository: Path):
    found = spoil(repository, CHAPTER, lambda notebook: notebook.cells[0].update(id="a1b2c3"))
    assert len(found) == 1 and "cell a1b2c3: its source calls it 09_motion-01" in found[0]


def test_a_source_edited_and_not_synced(repository: Path):
    source = repository / "sources" / "book" / "09_motion.md"
    source.write_text(source.read_text().replace("The ball moves", "The ball rolls"))
    found = list(problems(repository, products(repository)))
    assert len(found) == 1 and "cell 09_motion-01: differs from its source" in found[0]


def test_a_notebook_without_a_source(repository: Path):
    (repository / EXERCISES).rename(repository / "exercises" / "10_orphan.ipynb")
    found = list(problems(repository, products(repository)))
    assert found == [
        "exercises/10_orphan.ipynb: has no source; write one under sources/ or delete the notebook",
        "exercises/09_motion.ipynb: is missing; run `make notebooks`",
    ]


def test_a_cell_that_did_not_run(repository: Path):
    found = spoil(repository, CHAPTER, lambda notebook: notebook.cells[3].update(execution_count=None))
    assert len(found) == 1 and "cell 09_motion-04: did not run" in found[0]


def test_cells_that_ran_out_of_order(repository: Path):
    found = spoil(repository, CHAPTER, lambda notebook: notebook.cells[3].update(execution_count=7))
    assert len(found) == 1 and "cell 09_motion-04: ran as number 7, not 3" in found[0]


def test_an_error(repository: Path):
    error = new_output("error", ename="ValueError", evalue="no speed", traceback=["..."])
    found = spoil(repository, CHAPTER, lambda notebook: notebook.cells[1].outputs.append(error))
    assert len(found) == 1 and "cell 09_motion-02: shows the error ValueError: no speed" in found[0]


def test_no_outputs_at_all(repository: Path):
    def clear(notebook: NotebookNode) -> None:
        for cell in notebook.cells[1:]:
            cell.outputs = []

    found = spoil(repository, CHAPTER, clear)
    assert len(found) == 1 and "no cell has an output" in found[0]


def test_a_warning_on_stderr(repository: Path):
    stderr = new_output("stream", name="stderr", text="UserWarning: slow")
    found = spoil(repository, CHAPTER, lambda notebook: notebook.cells[1].outputs.append(stderr))
    assert len(found) == 1 and "writes to stderr ('UserWarning: slow')" in found[0]


@pytest.mark.parametrize(
    "text",
    [
        "/work/project/x.py",
        "File '/home/ann/x.py'",
        "in /tmp/ipykernel_1/2.py",
        "(/Users/ann/x)",
        r"C:\Users\ann",
        "{root}/x",
    ],
)
def test_a_path_of_the_machine(repository: Path, text: str):
    # {root} stands for the checkout itself, wherever it lies: here moved to a place no pattern knows.
    if text == "{root}/x":
        output = new_output("stream", name="stdout", text=f"see {repository}/x")
    else:
        output = html(f"<p>{text}</p>" if text[0] != "/" else f'<a title="{text}">')
    found = spoil(repository, CHAPTER, lambda notebook: notebook.cells[1].outputs.append(output))
    assert len(found) == 1 and "cell 09_motion-02: its output names a path of this machine" in found[0]


@pytest.mark.parametrize("text", ["https://host.org/home/page", "a/tmp/b", "km/work/h", "rad/tmp", "./work/x"])
def test_what_only_looks_like_a_path_passes(repository: Path, text: str):
    assert spoil(repository, CHAPTER, lambda notebook: notebook.cells[1].outputs.append(html(text))) == []


def test_an_address_of_an_object(repository: Path):
    output = new_output("execute_result", data={"text/plain": "<Line2D at 0x7f21c0ffee10>"}, execution_count=1)
    found = spoil(repository, CHAPTER, lambda notebook: notebook.cells[1].outputs.append(output))
    assert len(found) == 1 and "shows an object's address" in found[0]


def test_a_page_over_its_budget(repository: Path):
    found = spoil(repository, CHAPTER, lambda notebook: notebook.cells[1].outputs.append(html("x" * 2_100_000)))
    assert len(found) == 1 and "2.1 MB of HTML outputs" in found[0]


def test_code_that_should_be_folded(repository: Path):
    found = spoil(repository, CHAPTER, lambda notebook: notebook.cells[1].metadata.pop("jupyter"))
    assert len(found) == 1 and "its code should be folded in JupyterLab" in found[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda notebook: notebook.metadata.update(widgets={"application/vnd.jupyter.widget-state+json": {}}),
        lambda notebook: notebook.cells[1].metadata.update(execution={"iopub.execute_input": "2025-01-01"}),
    ],
)
def test_metadata_of_the_run(repository: Path, change: Callable[[NotebookNode], object]):
    found = spoil(repository, CHAPTER, change)
    assert len(found) == 1 and "should have been removed" in found[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda cell: cell.outputs.append(new_output("stream", name="stdout", text="3")),
        lambda cell: cell.update(execution_count=1),
    ],
)
def test_an_exercise_that_looks_solved(repository: Path, change: Callable[[NotebookNode], object]):
    found = spoil(repository, EXERCISES, lambda notebook: change(notebook.cells[2]))
    assert len(found) == 1 and "cell 09_motion-03: an exercise is shipped without outputs" in found[0]


@pytest.mark.parametrize(
    ("prose", "named"),
    [
        ("```{note}\nRead on.\n```", "the directive {note}"),
        (":::{warning}\nHot.\n:::", "the directive {warning}"),
        ("See {ref}`the-idea`.", "the role {ref}"),
        ("See {math:numref}`the-idea`.", "the role {math:numref}"),
        ("(the-idea)=\n## The idea", "the target (the-idea)="),
    ],
)
def test_myst_in_prose(repository: Path, prose: str, named: str):
    source = repository / "sources" / "book" / "09_motion.md"
    source.write_text(source.read_text().replace("The ball moves", f"{prose}\n\nThe ball moves"))
    notebooks = products(repository)
    write_with_outputs(repository, notebooks[0].notebook)
    found = list(problems(repository, notebooks))
    assert len(found) == 1 and f"cell 09_motion-01: {named} is MyST" in found[0]


@pytest.mark.parametrize(
    "prose", ["```python\nf'{x}'\n```", "`{x}` and `{y}`", r"$\hat{a}$ then `b`", "```\n{note}\n```", "(a)=(b)"]
)
def test_commonmark_that_only_looks_like_myst_passes(repository: Path, prose: str):
    source = repository / "sources" / "book" / "09_motion.md"
    source.write_text(source.read_text().replace("The ball moves", f"{prose}\n\nThe ball moves"))
    notebooks = products(repository)
    write_with_outputs(repository, notebooks[0].notebook)
    assert list(problems(repository, notebooks)) == []


def write_with_outputs(repository: Path, synced: NotebookNode) -> None:
    """Put the prose of `synced` into the executed chapter."""
    notebook = nbformat.read(repository / CHAPTER, as_version=4)
    notebook.cells[0].source = synced.cells[0].source
    write(notebook, repository / CHAPTER)
