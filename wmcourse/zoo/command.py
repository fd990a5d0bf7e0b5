"""Commands to type: the one that trained a model, with all that is not its recipe's own, and the one that makes it."""

import shlex
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any


def training_command(name: str, config: Any, usual: Any) -> str:
    """What to type to train `name` with `config`, where its recipe's own is `usual`; the seed is always shown."""
    words = ["wmcourse", "train", name, *_options(config, usual, "")]
    return shlex.join(words)


def making_command(name: str, directory: Path | str | None) -> str:
    """What to type to have `name` made in a folder, or for None among the models that ship."""
    where = ["--replace-shipped"] if directory is None else ["--output-dir", str(directory)]
    return shlex.join(["wmcourse", "train", name, *where])


def _options(config: Any, default: Any, prefix: str) -> list[str]:
    words: list[str] = []
    for field in fields(config):
        value, usual = getattr(config, field.name), getattr(default, field.name)
        inner = field.name.strip("_")  # tyro turns inner underscores into hyphens and keeps the outer ones
        option = prefix + field.name.replace(inner, inner.replace("_", "-"))
        if is_dataclass(value) and type(value) is type(usual):
            words += _options(value, usual, f"{option}.")
        elif value != usual or (option == "seed" and not prefix):
            words += _words(option, value)
    return words


def _words(option: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        head, _, tail = option.rpartition(".")
        negated = f"{head}.no-{tail}" if head else f"no-{tail}"
        return [f"--{option if value else negated}"]
    items = value if isinstance(value, tuple | list) else [value]
    if all(item is None or isinstance(item, str | int | float | Path) for item in items):
        return [f"--{option}", *(str(item) for item in items)]
    raise TypeError(f"the option --{option} has no form on the command line for {value!r}")
