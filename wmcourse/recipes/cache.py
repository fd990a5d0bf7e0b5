"""What can be made again, kept on disk so that it need not be: data sets, stages of a training, runs of a study."""

import ast
import hashlib
import os
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import TypeVar

from wmcourse.versions import versions
from wmcourse.zoo.atomic import temporary_name

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
    temporary = temporary_name(path)
    try:
        save(made, temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return made


def fingerprint(module: str, *parts: object) -> str:
    """A short name for a stage: changes with each of `parts`, with every source file that `module` rests on, and with
    the versions of the packages that decide a training's numbers.
    """
    texts = [path.read_text() for path in sources(module)]
    return hashlib.sha256("\0".join([*texts, *map(repr, parts), repr(versions())]).encode()).hexdigest()[:12]


@cache
def sources(module: str) -> tuple[Path, ...]:
    """The file of a module of this package, and of each that it imports from the package, directly or not.

    Of the packages that these are in, `__init__.py` counts, but not what it merely passes on to others.
    """
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        spec = find_spec(name)
        if name in found or spec is None or spec.origin is None:
            continue
        found[name] = Path(spec.origin)
        waiting += _imported(found[name], name if spec.submodule_search_locations else name.rpartition(".")[0])
    packages = {".".join(parts[:end]) for name in found if (parts := name.split(".")) for end in range(1, len(parts))}
    for name in packages - set(found):
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            found[name] = Path(spec.origin)
    return tuple(found[name] for name in sorted(found))


def _imported(path: Path, package: str) -> Iterator[str]:
    """The modules of this course that a file of `package` names in its imports, at its top or in a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            names = [source, *(f"{source}.{each.name}" for each in node.names)]
        for name in names:
            if name.split(".")[0] == __package__.split(".")[0] and _is_module(name):
                yield name


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # a name in a module, not a module
        return False
