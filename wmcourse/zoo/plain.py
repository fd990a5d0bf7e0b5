"""Between configs or results and plain JSON values, without losing their types."""

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def to_plain(value: Any, where: str = "value") -> Any:
    """Dataclasses, named tuples, tuples, tensors and arrays as dicts, lists and numbers that JSON can hold.

    Raises:
        ValueError: a number is NaN or infinite, which JSON has no word for.
        TypeError: a value of a type that cannot be stored.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name), f"{where}.{field.name}") for field in fields(value)}
    if isinstance(value, Enum):
        return to_plain(value.value, where)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return to_plain(value._asdict(), where)
    if isinstance(value, Mapping):
        if bad := [key for key in value if not isinstance(key, str)]:
            raise TypeError(f"{where} has the key {bad[0]!r}: JSON allows only strings as keys")
        return {key: to_plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if hasattr(value, "tolist"):  # torch tensors, numpy arrays and numpy scalars
        return to_plain(value.tolist(), where)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} is {value}: only finite numbers can be stored")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{where} is a {type(value).__name__}, which JSON cannot hold")


def from_plain(target: Any, data: Any, where: str = "config") -> Any:
    """Rebuild a value of the type `target` from what `to_plain` made of it.

    Fields that `data` lacks take the default of their dataclass or named tuple, at any depth: what was stored before a
    field existed can be read. A field that the type does not have is an error.

    Raises:
        ValueError: `data` does not fit the type; the message names the place.
    """
    if get_origin(target) is typing.Annotated:
        target = get_args(target)[0]
    if target is Any:
        return data
    origin, arguments = get_origin(target), get_args(target)
    if is_dataclass(target):
        return _dataclass(target, data, where)
    if isinstance(target, type) and issubclass(target, tuple) and hasattr(target, "_fields"):
        return _named_tuple(target, data, where)
    if origin in (Union, types.UnionType):
        return _first_that_fits(arguments, data, where)
    if origin is Literal:
        if data in arguments:
            return data
        raise ValueError(f"{where} is {data!r}, must be one of {list(arguments)}")
    if isinstance(target, type) and issubclass(target, Enum):
        return target(data)
    if target is types.NoneType or target is None:
        if data is None:
            return None
    elif origin is tuple and isinstance(data, list):
        variadic = len(arguments) == 2 and arguments[1] is Ellipsis
        kinds = [arguments[0]] * len(data) if variadic else list(arguments)
        if len(kinds) != len(data):
            raise ValueError(f"{where} has {len(data)} entries, must have {len(kinds)}")
        pairs = enumerate(zip(kinds, data, strict=True))
        return tuple(from_plain(kind, item, f"{where}[{index}]") for index, (kind, item) in pairs)
    elif origin is list and isinstance(data, list):
        return [from_plain(arguments[0], item, f"{where}[{index}]") for index, item in enumerate(data)]
    elif origin is dict and isinstance(data, dict):
        return {key: from_plain(arguments[1], item, f"{where}.{key}") for key, item in data.items()}
    elif target is float and isinstance(data, int | float) and not isinstance(data, bool):
        return float(data)
    elif target is Path and isinstance(data, str):
        return Path(data)
    elif isinstance(target, type) and type(data) is target:
        return data
    raise ValueError(f"{where} is {data!r}, must be {getattr(target, '__name__', target)}")


def _dataclass(target: Any, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise ValueError(f"{where} is {data!r}, must hold the fields of {target.__name__}")
    hints = get_type_hints(target)
    known = [field for field in fields(target) if field.init]
    if extra := sorted(set(data) - {field.name for field in known}):
        raise ValueError(f"{where} has the field {extra[0]!r}, which {target.__name__} does not have")
    needed = [
        field.name for field in fields(target) if field.init and field.default is field.default_factory is MISSING
    ]
    if missing := [name for name in needed if name not in data]:
        raise ValueError(f"{where} lacks {', '.join(missing)}")
    return target(**{name: from_plain(hints[name], item, f"{where}.{name}") for name, item in data.items()})


def _named_tuple(target: Any, data: Any, where: str) -> Any:
    names = target._fields
    fits = isinstance(data, dict) and set(names) - set(target._field_defaults) <= set(data) <= set(names)
    if not fits:
        raise ValueError(f"{where} is {data!r}, must hold {', '.join(names[:-1])} and {names[-1]}")
    hints = get_type_hints(target)
    return target(**{name: from_plain(hints[name], item, f"{where}.{name}") for name, item in data.items()})


def _first_that_fits(options: tuple[Any, ...], data: Any, where: str) -> Any:
    problems = []
    # An exact match first: int | float must not turn 3 into 3.0.
    for option in sorted(options, key=lambda option: type(data) is not option):
        try:
            return from_plain(option, data, where)
        except ValueError as error:
            problems.append(str(error))
    raise ValueError(problems[0])
