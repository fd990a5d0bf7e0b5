"""What may not be in a committed notebook, and the check that it is not there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from markdown_it import MarkdownIt
from nbformat import NotebookNode

from products import KEPT, Product, tags

PAGE_BYTES = 2_000_000
"""What one page of the book may weigh: its HTML outputs together."""
MACHINE_PATH = re.compile(
    r"(?<![\w.:/+=~-])/(?:home|mnt|opt|private|root|srv|tmp|Users|usr|var|work)/[\w.]|\b[A-Z]:\\\w"
)
ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")
ROLE = re.compile(r"\{[A-Za-z][\w:.+-]*\}$")
COLON_FENCE = re.compile(r"\s*:{3,}\s*(\{[\w:.+-]+\})")
TARGET = re.compile(r"\([\w:.-]+\)=")
ROOMS = ("book", "solutions", "exercises")


def problems(root: Path, made: list[Product]) -> Iterator[str]:
    """Everything wrong with the notebooks under `root`, given the products of all sources; empty when all is well."""
    expected = {product.path for product in made}
    for room in ROOMS:
        for path in sorted((root / room).glob("*.ipynb")):
            if path not in expected:
                yield f"{path.relative_to(root)}: has no source; write one under sources/ or delete the notebook"
    for product in made:
        name = product.path.relative_to(root)
        if not product.path.exists():
            yield f"{name}: is missing; run `make notebooks`"
            continue
        notebook = nbformat.read(product.path, as_version=4)
        checks = [_against_source(notebook, product.notebook), _metadata(notebook), _markdown(notebook)]
        if product.executed:
            checks += [_order(notebook), _outputs(notebook, root), _page(notebook)]
        else:
            checks += [_unsolved(notebook)]
        for check in checks:
            yield from (f"{name}: {problem}" for problem in check)


def _against_source(notebook: NotebookNode, source: NotebookNode) -> Iterator[str]:
    """Cells, and all that is not an output, are those of the source."""
    if len(notebook.cells) != len(source.cells):
        yield f"{len(notebook.cells)} cells, its source has {len(source.cells)}; run `make notebooks`"
    for cell, original in zip(notebook.cells, source.cells, strict=False):
        if cell.id != original.id:
            yield f"cell {cell.id}: its source calls it {original.id}; run `make notebooks`"
        elif (cell.cell_type, cell.source) != (original.cell_type, original.source):
            yield f"cell {cell.id}: differs from its source; edit the source, then run `make notebooks`"
        elif tags(cell) != tags(original):
            yield f"cell {cell.id}: tags {tags(cell)}, its source has {tags(original)}; run `make notebooks`"
        elif cell.metadata.get("jupyter") != original.metadata.get("jupyter"):
            yield f"cell {cell.id}: its code should be {_folded(original)} in JupyterLab; run `make notebooks`"


def _folded(cell: NotebookNode) -> str:
    return "folded" if "jupyter" in cell.metadata else "open"


def _metadata(notebook: NotebookNode) -> Iterator[str]:
    """Nothing about the run or the machine in the metadata, and no widget state (it makes myst-nb load CDN scripts)."""
    extra = set(notebook.metadata) - {"kernelspec", "language_info"}
    if extra:
        yield f"metadata {sorted(extra)} should have been removed; run `make notebooks`"
    for cell in notebook.cells:
        if extra := set(cell.metadata) - set(KEPT):
            yield f"cell {cell.id}: metadata {sorted(extra)} should have been removed"


def _order(notebook: NotebookNode) -> Iterator[str]:
    """Each code cell ran once, from top to bottom, and the notebook shows something for it."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    for expected, cell in enumerate(code, start=1):
        if cell.execution_count is None:
            yield f"cell {cell.id}: did not run; run `make notebooks`"
        elif cell.execution_count != expected:
            yield f"cell {cell.id}: ran as number {cell.execution_count}, not {expected}; run `make notebooks`"
    if code and not any(cell.outputs for cell in code):
        yield "no cell has an output, so nbval has nothing to compare; let its cells show what they compute"


def _outputs(notebook: NotebookNode, root: Path) -> Iterator[str]:
    """No error, no stderr, and nothing that another machine would print differently."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                yield f"cell {cell.id}: shows the error {output.ename}: {output.evalue}"
                continue
            if output.output_type == "stream" and output.name == "stderr":
                yield f"cell {cell.id}: writes to stderr ({output.text.strip()[:80]!r}); a warning or a progress bar?"
            text = _text(output)
            for found in filter(None, (MACHINE_PATH.search(text), re.search(re.escape(str(root)), text))):
                yield f"cell {cell.id}: its output names a path of this machine: {_around(text, found)!r}"
                break
            if address := ADDRESS.search(text):
                yield f"cell {cell.id}: its output shows an object's address: {_around(text, address)!r}"


def _page(notebook: NotebookNode) -> Iterator[str]:
    """The HTML of all outputs fits the budget of a page."""
    size = sum(len(output.get("data", {}).get("text/html", "")) for cell in notebook.cells for output in _of(cell))
    if size > PAGE_BYTES:
        yield f"{size / 1e6:.1f} MB of HTML outputs, a page has {PAGE_BYTES / 1e6:.0f} MB: coarser grids, fewer digits"


def _unsolved(notebook: NotebookNode) -> Iterator[str]:
    """Nothing looks solved before it is."""
    for cell in notebook.cells:
        if _of(cell) or cell.get("execution_count") is not None:
            yield f"cell {cell.id}: an exercise is shipped without outputs; run `make notebooks`"


def _markdown(notebook: NotebookNode) -> Iterator[str]:
    """Prose is CommonMark: MyST shows as broken text in JupyterLab, VS Code and on GitHub."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for what in sorted(set(_myst(cell.source))):
                yield f"cell {cell.id}: {what} is MyST; chapters are CommonMark"


def _myst(source: str) -> Iterator[str]:
    for token in MarkdownIt("commonmark").parse(source):
        if token.type == "fence" and token.info.strip().startswith("{"):
            yield f"the directive {token.info.split()[0]}"
        if token.type != "inline":
            continue
        for line in token.content.splitlines():
            if fence := COLON_FENCE.match(line):
                yield f"the directive {fence[1]}"
            if TARGET.fullmatch(line.strip()):
                yield f"the target {line.strip()}"
        children = token.children or []
        for before, child in zip(children, children[1:], strict=False):
            if child.type == "code_inline" and before.type == "text" and (role := ROLE.search(before.content)):
                yield f"the role {role[0]}"


def _of(cell: NotebookNode) -> list[NotebookNode]:
    return list(cell.get("outputs", []))


def _text(output: NotebookNode) -> str:
    """All an output shows but its pictures."""
    if output.output_type == "stream":
        return str(output.text)
    shown = {
        mime: data for mime, data in output.data.items() if not mime.startswith("image/") or mime == "image/svg+xml"
    }
    return "\n".join(data if isinstance(data, str) else json.dumps(data) for data in shown.values())


def _around(text: str, found: re.Match[str]) -> str:
    return text[max(0, found.start() - 20) : found.end() + 40]
