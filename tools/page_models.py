"""Write the models that the book's pages run, as scripts that a page opened from the disk can load.

`page_models.py book/_static/models` (`make book`): one NAME.js for each model that an element of a notebook names.
A file that was made from the weights and the exporter of today is left alone.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

import wmcourse
from wmcourse.interactive.page import models_of
from wmcourse.interactive.page_model import page_model
from wmcourse.recipes.cache import fingerprint

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str]) -> int:
    """Write what is missing or stale into the folder named on the command line, and delete what nothing plays."""
    (folder,) = arguments
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    names = {name for path in sorted((ROOT / "book").glob("*.ipynb")) for name in played(path)}
    for path in target.glob("*.js"):
        if path.stem not in names:
            path.unlink()
    for name in sorted(names):
        model = wmcourse.load(name)
        path, line = target / f"{name}.js", f"/* {stamp(model)} */\n"
        if not path.exists() or not path.read_text(encoding="utf-8").startswith(line):
            path.write_text(line + page_model(model).sidecar(name), encoding="utf-8")
            print(f"wrote {path}")
    return 0


def played(notebook: Path) -> set[str]:
    """The names of the models that the elements of an executed notebook run."""
    cells = nbformat.read(notebook, as_version=4).cells
    pages = [output.get("data", {}).get("text/html", "") for cell in cells for output in cell.get("outputs", [])]
    return {name for page in pages for name in models_of(page)}


def stamp(model: Any) -> str:
    """Changes with the weights, with the exporter, and with the code of the model."""
    return fingerprint(page_model.__module__, model.manifest.sha256, fingerprint(type(model).__module__))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
