"""How far the learner is: runs exercise notebooks in a kernel of their own and reads off each exercise's state."""

import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from wmcourse.errors import CourseError, unknown

FUNCTION_TAG = re.compile(r"exercise-(\d+\.\d+)")
CHECK_TAG = re.compile(r"check-(\d+\.\d+)")


class UnknownTopic(CourseError, LookupError):
    """No exercise notebook of that name."""


class UnreadableNotebook(CourseError, ValueError):
    """A file that is no notebook, or one without exercises."""


@dataclass(frozen=True)
class Progress:
    """Where the learner stands in one exercise."""

    topic: str
    exercise: str
    title: str
    status: Literal["done", "wrong", "not started"]
    message: str = ""


@dataclass(frozen=True)
class _Outcome:
    """What running one cell led to: the error's name and text, or what the cell printed."""

    error: str = ""
    text: str = ""
    printed: str = ""

    def __str__(self) -> str:
        return self.text if self.error == "CheckFailed" else f"{self.error}: {self.text}".rstrip(": ")


def exercise_notebooks(folder: Path, topic: str | None = None) -> list[Path]:
    """The notebook of one topic (`09_dreamer`, `dreamer` or `9`), or all of them.

    Raises:
        UnknownTopic: no such notebook, or no notebook at all; the message names the nearest topics.
    """
    notebooks = {path.stem: path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    if not notebooks:
        raise UnknownTopic(
            f"no exercise notebooks in {folder}: run this in the course's folder, or use --exercises DIR"
        )
    if topic is None:
        return list(notebooks.values())
    wanted = Path(topic).name.removesuffix(".ipynb").lower().replace("-", "_")
    for stem, path in notebooks.items():
        number, name = stem.split("_", 1)
        if wanted in (stem.lower(), name.lower()) or (wanted.isdecimal() and int(wanted) == int(number)):
            return [path]
    raise UnknownTopic(unknown("topic", topic, {*notebooks, *(stem.split("_", 1)[1] for stem in notebooks)}))


def read_notebook(path: Path) -> Any:
    """A notebook with at least one exercise, its outputs dropped; the file itself is only read.

    Raises:
        UnreadableNotebook: not valid JSON, not a notebook, or no cell is tagged as an exercise.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
            cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
            numbers = [_number(cell, FUNCTION_TAG) or _number(cell, CHECK_TAG) for cell in cells]
        except Exception as error:
            reason = str(error).strip().splitlines()
            raise UnreadableNotebook(
                f"{path} is not a notebook ({reason[0][:100] if reason else type(error).__name__}): "
                "restore it from your last backup or from a fresh copy of the course"
            ) from None
    if not any(numbers):
        raise UnreadableNotebook(f"{path} has no exercises: its cells have lost their tags, such as 'exercise-9.1'")
    for cell in cells:
        cell.outputs = []
    return notebook


def progress(path: Path, *, timeout: int = 60) -> list[Progress]:
    """The state of each exercise in a notebook; no cell may run longer than `timeout` seconds.

    An error stops nothing: later exercises are examined in any case, if need be in a fresh kernel.
    """
    notebook = read_notebook(path)
    functions: dict[str, _Outcome] = {}
    checks: dict[str, _Outcome] = {}
    first_error = ""
    for cell, outcome in _run(notebook, path.parent, timeout):
        if number := _number(cell, CHECK_TAG):
            checks[number] = outcome
        elif number := _number(cell, FUNCTION_TAG):
            functions[number] = outcome
        elif outcome.error and not first_error and not functions and not checks:
            first_error = str(outcome)
    titles = _titles(notebook)
    found = []
    for number in sorted({*functions, *checks}, key=lambda number: [int(part) for part in number.split(".")]):
        status, message = _judge(number, functions.get(number, _Outcome()), checks.get(number))
        if status == "wrong" and first_error:
            message += f"\n(a cell above the exercises failed first: {first_error})"
        found.append(Progress(path.stem, number, titles.get(number, ""), status, message))
    return found


def _judge(
    number: str, function: _Outcome, check: _Outcome | None
) -> tuple[Literal["done", "wrong", "not started"], str]:
    if function.error:
        return "wrong", str(function)
    if check is None:
        return "wrong", "its check cell is missing: copy it from a fresh notebook"
    if check.error == "NotImplementedError" and check.text == f"Exercise {number}":
        return "not started", ""
    if check.error:
        return "wrong", str(check)
    if f"Exercise {number} is right" not in check.printed:
        return "wrong", "its check cell no longer calls the checker: copy it from a fresh notebook"
    return "done", ""


def _run(notebook: Any, folder: Path, timeout: int) -> Iterator[tuple[Any, _Outcome]]:
    """Each code cell with its outcome; a kernel that hangs or dies is replaced, and the setup cells run again in it."""
    cells = [(index, cell) for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    done = 0
    harmless: list[tuple[int, Any]] = []
    while done < len(cells):
        client = NotebookClient(
            notebook,
            timeout=timeout,
            kernel_name="python3",
            extra_arguments=["--log-level=ERROR"],
            shutdown_kernel="immediate",
            force_raise_errors=True,
        )
        client.log.setLevel("CRITICAL")
        try:
            with client.setup_kernel(cwd=str(folder), env={**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}):
                for index, cell in harmless:
                    _execute(client, cell, index)
                for index, cell in cells[done:]:
                    done += 1
                    outcome = _execute(client, cell, index)
                    yield cell, outcome
                    if outcome.error in ("Timeout", "KernelDied"):
                        break
                    if not _number(cell, FUNCTION_TAG) and not _number(cell, CHECK_TAG):
                        harmless.append((index, cell))
        except NoSuchKernel:
            raise CourseError("no Jupyter kernel for this Python: run `pip install ipykernel`") from None
        except RuntimeError as error:
            raise CourseError(f"the Jupyter kernel does not start: {error}") from None


def _execute(client: NotebookClient, cell: Any, index: int) -> _Outcome:
    try:
        client.execute_cell(cell, index)
    except CellExecutionError as error:
        return _Outcome(error.ename, error.evalue)
    except CellTimeoutError:
        return _Outcome("Timeout", f"the cell ran for more than {client.timeout} s and was stopped")
    except DeadKernelError:
        return _Outcome("KernelDied", "the cell ended its Python process")
    return _Outcome(printed="".join(output.text for output in cell.outputs if output.get("name") == "stdout"))


def _titles(notebook: Any) -> dict[str, str]:
    """Exercise number to the title in its heading, `## Exercise 9.2: Title`."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return dict(re.findall(r"^#+ Exercise (\d+\.\d+): *(.+?) *$", text, re.MULTILINE))


def _number(cell: Any, tag: re.Pattern[str]) -> str:
    matches = (tag.fullmatch(name) for name in cell.metadata.get("tags", []))
    return next((match[1] for match in matches if match), "")
