"""A small repository in a temporary folder: one chapter and one set of exercises, synced and run once a session."""

import shutil
from pathlib import Path

import pytest

from notebooks import main

HEADER = "---\nkernelspec: {name: python3, display_name: Python 3}\n---\n\n"

CHAPTER = (
    HEADER
    + """# Motion

The ball moves: $x_{t+1} = x_t + v$. Its speed is in `{name}` braces, and `{a}` then `b`.

```{code-cell} ipython3
:tags: [hide-input]

x, v = 0, 2
```

```{code-cell} ipython3
:tags: [nbval-check-output]

for _ in range(3):
    x = x + v
    print(x, flush=True)
```

```{code-cell} ipython3
import pathlib

print(pathlib.Path.cwd().name)
```
"""
)

SOLUTIONS = (
    HEADER
    + """# Exercises: motion

```{code-cell} ipython3
:tags: [exercise-9.2]

def move(x, v):
    \"\"\"Where the ball is next.\"\"\"
    if v:
        ### BEGIN SOLUTION
        moved = x + v
        return moved
        ### END SOLUTION
    return x
```

```{code-cell} ipython3
:tags: [nbval-check-output]

print(move(1, 2))
```

The answer is a sum.
+++ {"tags": ["solution-only"]}
Why: speed is a difference of places.
"""
)


def write_sources(root: Path, chapter: str = CHAPTER, solutions: str = SOLUTIONS) -> None:
    for room, text in {"book": chapter, "solutions": solutions}.items():
        folder = root / "sources" / room
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "09_motion.md").write_text(text)


@pytest.fixture(scope="session")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository after `notebooks.py execute`; do not write to it."""
    root = tmp_path_factory.mktemp("executed")
    write_sources(root)
    assert main(["--root", str(root), "execute"]) == 0
    return root


@pytest.fixture
def repository(executed: Path, tmp_path: Path) -> Path:
    """A copy of the executed repository, to spoil."""
    return Path(shutil.copytree(executed, tmp_path / "repository"))
