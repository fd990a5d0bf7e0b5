"""Run a notebook and keep only what every run of it, on any machine, would keep."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from products import KEPT

WIDGET = "application/vnd.jupyter.widget-view+json"
ENVIRONMENT = {
    "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel of this very interpreter, whatever kernels the user has installed
    "OMP_NUM_THREADS": "1",  # two threads beside another program are tens of times slower
    "PYTHONHASHSEED": "0",
    "WMCOURSE_STATIC": "1",  # outputs for the page and for GitHub too (`wmcourse.interactive.explorer.STATIC`)
}


def execute(notebook: NotebookNode, folder: Path, *, timeout_s: int) -> NotebookNode:
    """Run all cells in order with `folder` as the working directory and return the normalized result.

    Raises `nbclient.exceptions.CellExecutionError` on the first error, `CellTimeoutError` after `timeout_s` in a cell.
    """
    client = NotebookClient(
        notebook,
        timeout=timeout_s,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env={**os.environ, **ENVIRONMENT})
    normalize(notebook)
    return notebook


def normalize(notebook: NotebookNode) -> None:
    """Remove in place what differs from run to run: timing, widget state, chunks of a stream, random widget ids."""
    notebook.metadata = {key: notebook.metadata[key] for key in ("kernelspec", "language_info")}
    notebook.metadata["language_info"].pop("version", None)
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in KEPT}
        if cell.cell_type == "code":
            cell.outputs = list(_joined(cell.outputs))
            for number, output in enumerate(cell.outputs):
                _normalize_output(output, f"{cell.id}-{number}")


def _joined(outputs: list[NotebookNode]) -> Iterator[NotebookNode]:
    """The outputs with neighboring pieces of one stream put together: where they are cut is a matter of timing."""
    last = None
    for output in outputs:
        if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            yield output
            last = output


def _normalize_output(output: NotebookNode, name: str) -> None:
    if output.output_type not in ("display_data", "execute_result"):
        return
    output.metadata = {}
    widget = output.data.get(WIDGET)
    if widget is not None:
        widget["model_id"] = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def write(notebook: NotebookNode, path: Path) -> None:
    """Write `notebook` to `path`, whole or not at all."""
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".ipynb.tmp")
    temporary.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8")
    os.replace(temporary, path)
