"""Keep the notebooks what their sources say: `notebooks.py sync | execute | verify` (`make notebooks`, `make test`).

sources/book/NN_topic.md       -> book/NN_topic.ipynb        run, outputs committed
sources/solutions/NN_topic.md  -> solutions/NN_topic.ipynb   run, outputs committed
                               -> exercises/NN_topic.ipynb   solutions taken out, never run
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode

from execution import execute, normalize, write
from products import Product, SourceError, products
from verification import problems

ROOT = Path(__file__).resolve().parent.parent
ANSI_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 0 when all is well, 1 when not."""
    parser = argparse.ArgumentParser(prog="notebooks.py", description="Keep the notebooks what their sources say.")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in {
        "sync": "write the notebooks; outputs stay where no code cell changed",
        "execute": "sync, then run the chapters and the solutions",
        "verify": "fail where a notebook is not what its source and the house rules say",
    }.items():
        command = commands.add_parser(name, help=what)
        if name != "verify":
            command.add_argument("names", nargs="*", metavar="NAME", help="such as 09_dreamer; all, when none is given")
        if name == "execute":
            command.add_argument("--timeout", type=int, default=300, metavar="SECONDS", help="for one cell")
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    try:
        made = products(root)
        if options.command == "verify":
            return verify(made, root)
        if unknown := set(options.names) - {product.path.stem for product in made}:
            known = ", ".join(sorted({product.path.stem for product in made})) or "none"
            raise SourceError(f"no source for {', '.join(sorted(unknown))}; there is: {known}")
        chosen = [product for product in made if not options.names or product.path.stem in options.names]
        sync(chosen, root)
        if options.command == "execute":
            run(chosen, root, timeout_s=options.timeout)
    except (SourceError, CellExecutionError, CellTimeoutError) as error:
        print(ANSI_COLOR.sub("", str(error)), file=sys.stderr)
        return 1
    return 0


def sync(made: list[Product], root: Path) -> None:
    """Write each product; one whose code cells are what they were keeps its outputs."""
    for product in made:
        notebook = product.notebook
        if product.executed and product.path.exists():
            _keep_outputs(nbformat.read(product.path, as_version=4), notebook)
        write(notebook, product.path)
        print(f"wrote {product.path.relative_to(root)}")


def run(made: list[Product], root: Path, *, timeout_s: int) -> None:
    """Run each product that is shipped with outputs, in its own folder, and write it."""
    for product in made:
        if product.executed:
            print(f"running {product.path.relative_to(root)}", flush=True)
            write(execute(product.notebook, product.path.parent, timeout_s=timeout_s), product.path)


def verify(made: list[Product], root: Path) -> int:
    """Print every problem; 1 when there is one, else 0."""
    found = list(problems(root, made))
    for problem in found:
        print(problem, file=sys.stderr)
    print(f"{len(made)} notebooks, {len(found)} problems")
    return 1 if found else 0


def _keep_outputs(old: NotebookNode, new: NotebookNode) -> None:
    before = [cell for cell in old.cells if cell.cell_type == "code"]
    after = [cell for cell in new.cells if cell.cell_type == "code"]
    if [cell.source for cell in before] != [cell.source for cell in after]:
        return
    for cell, ran in zip(after, before, strict=True):
        cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
    normalize(new)


if __name__ == "__main__":
    sys.exit(main())
