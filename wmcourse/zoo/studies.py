"""Measurements too slow for a chapter, stored with the command that repeats them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wmcourse.errors import unknown
from wmcourse.zoo.atomic import write_atomic
from wmcourse.zoo.errors import CannotSave, CorruptWeights, UnknownStudy
from wmcourse.zoo.manifest import NAME_PATTERN, versions
from wmcourse.zoo.plain import to_plain
from wmcourse.zoo.registry import STUDIES

FOLDER = Path(__file__).parent / "studies"
ADDED = ("command", "versions")


def load_study(name: str, *, directory: Path | str | None = None) -> dict[str, Any]:
    """The stored results, with the `command` that made them and the package `versions` it ran with.

    Raises:
        UnknownStudy: there is no such study, or it was never run; the message says which.
        CorruptWeights: its file is damaged.
    """
    folder = FOLDER if directory is None else Path(directory)
    path = folder / f"{name}.json"
    stored = {file.stem for file in folder.glob("*.json")}
    if name not in stored:
        if name in STUDIES:
            raise UnknownStudy(f"{path} does not exist: make it with: wmcourse study {name}")
        raise UnknownStudy(unknown("study", name, stored | set(STUDIES)))
    try:
        results = json.loads(path.read_bytes())
    except ValueError as error:
        raise CorruptWeights(f"{path} is not valid JSON ({error}): restore it, or run the study again") from None
    if not isinstance(results, dict) or not set(ADDED) <= set(results):
        raise CorruptWeights(f"{path} is not a study: it must hold {' and '.join(ADDED)} beside the results")
    return results


def save_study(
    name: str, results: Mapping[str, Any], *, command: str, directory: Path | str | None = None
) -> dict[str, Any]:
    """Store results; intervals, tensors and arrays become plain JSON. Returns what `load_study` will return.

    Raises:
        ValueError: a number is NaN or infinite, the name is no slug, or a result is called `command` or `versions`.
        CannotSave: the disk refused; the old file is intact.
    """
    if not NAME_PATTERN.fullmatch(name):
        raise ValueError(f"a study's name is lower-case words joined by '-', such as 'dreamer-seeds'; got {name!r}")
    if taken := [key for key in ADDED if key in results]:
        raise ValueError(f"{taken[0]!r} is added by save_study: choose another name for that result")
    folder = FOLDER if directory is None else Path(directory)
    content = {**to_plain(results, name), "command": command, "versions": versions()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / f"{name}.json", (json.dumps(content, indent=2, allow_nan=False) + "\n").encode())
    except OSError as error:
        raise CannotSave(f"cannot save in {folder}: {error.strerror or error}; an older file is intact") from error
    return content
