"""What can be made again, kept on disk so that it need not be: data sets, and stages of a training."""

import hashlib
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")


def cache_folder() -> Path:
    """`$WMCOURSE_CACHE`, or `wmcourse` in the user's folder for caches. Deleting it loses time and nothing else."""
    if chosen := os.environ.get("WMCOURSE_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wmcourse"


def cached(
    name: str, make: Callable[[], Made], save: Callable[[Made, Path], None], load: Callable[[Path], Made]
) -> Made:
    """What file `name` of the cache holds, made and saved first if it is not there, or cannot be read.

    The file appears whole or not at all, so an interrupted run can go on where it stopped.
    """
    path = cache_folder() / name
    if path.is_file():
        try:
            return load(path)
        except Exception:  # whatever is wrong with it: it can be made again
            path.unlink()
    made = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        save(made, temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return made


def fingerprint(*parts: object) -> str:
    """A short name for a stage: changes with each value, and the source of each module or function, among `parts`."""
    texts = [
        inspect.getsource(part) if inspect.ismodule(part) or inspect.isfunction(part) else repr(part) for part in parts
    ]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]
