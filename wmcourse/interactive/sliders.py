"""Sliders and choices: the values an explorer may take, checked when they are declared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from types import EllipsisType
from typing import Any

Value = float | int | str | bool | None

_LEAST = {"horizon": (1, "it counts steps ahead"), "peek_every": (1, "it counts steps between peeks"),
          "temperature": (0, "0 is the mode and 1 the model's own spread")}  # fmt: skip


@dataclass(frozen=True)
class Control:
    """One labelled control of an explorer, over a list of values; `Slider` and `Choice` make them.

    `values` are the points of the static page; `live_values` those a running notebook offers (the same or denser).
    """

    values: tuple[Value, ...]
    default: Value
    label: str | None = None
    unit: str = ""
    never: str = "never"
    live_values: tuple[Value, ...] = field(default=())
    choice: bool = False
    """Shown as a drop-down list rather than a slider."""

    def __post_init__(self) -> None:
        """Refuse an empty list, values given twice, and a default that is not one of the values."""
        if not self.values:
            raise ValueError("a slider needs at least two values to move between; it was given none")
        for name, values in (("values", self.values), ("live values", self.live_values)):
            if len({text(value) for value in values}) != len(values):
                raise ValueError(f"the {name} {list(values)} hold one twice; give each once")
            bad = [v for v in values if isinstance(v, float) and not math.isfinite(v)]
            if bad:
                raise ValueError(f"the {name} hold {bad[0]}; a slider needs finite numbers")
        if len(self.values) == 1:
            raise ValueError(f"a slider needs at least two values to move between; it has only {self.values[0]!r}")
        if not any(_same(value, self.default) for value in self.values):
            raise ValueError(f"the default {self.default!r} is not one of the values {list(self.values)}")

    def show(self, value: Value) -> str:
        """What a reader sees beside the slider: `20 steps`, `0.5`, `never`."""
        if value is None:
            return self.never
        if isinstance(value, bool):
            return "yes" if value else "no"
        unit = self.unit.removesuffix("s") if value == 1 and self.unit.endswith("s") else self.unit
        return f"{text(value)} {unit}".rstrip()

    @property
    def live_points(self) -> tuple[Value, ...]:
        """The values a running notebook offers."""
        return self.live_values or self.values

    @property
    def default_index(self) -> int:
        """Position of the default among `values`."""
        return next(i for i, value in enumerate(self.values) if _same(value, self.default))

    def describe(self, values: Sequence[Value]) -> dict[str, Any]:
        """What the page's script needs to show the control over `values`, the static or the live ones."""
        return {
            "label": self.label,
            "texts": [self.show(value) for value in values],
            "start": next(i for i, value in enumerate(values) if _same(value, self.default)),
            "choice": self.choice,
        }


def Slider(  # noqa: N802  (reads as the control it makes)
    start: float | int,
    stop: float | int,
    step: float | int = 1,
    *,
    default: Value | EllipsisType = ...,
    label: str | None = None,
    unit: str = "",
    or_never: bool = False,
    never: str = "never",
    live_step: float | int | None = None,
) -> Control:
    """Make a slider from `start` to `stop`, both included, in steps of `step`; `or_never` appends the value None.

    `live_step` is a finer step for running notebooks. The default is the first value.
    Raises ValueError if start >= stop, a step is not positive, or the steps do not end at `stop`.
    """
    values: tuple[Value, ...] = _ladder(start, stop, step)
    live: tuple[Value, ...] = _ladder(start, stop, live_step) if live_step is not None else values
    if or_never:
        values, live = (*values, None), (*live, None)
    missing = [value for value in values if value not in live]
    if missing:
        raise ValueError(f"live_step={live_step} skips the value {missing[0]}: divide step={step} by a whole number")
    first = values[0] if isinstance(default, EllipsisType) else default
    return Control(values, first, label=label, unit=unit, never=never, live_values=live)


def Stops(  # noqa: N802
    values: Iterable[Value], *, default: Value | EllipsisType = ..., label: str | None = None, unit: str = ""
) -> Control:
    """Make a slider that stops at the listed values; None reads "never". The default is the first one."""
    return replace(Choice(values, default=default, label=label, unit=unit), choice=False)


def Choice(  # noqa: N802
    values: Iterable[Value], *, default: Value | EllipsisType = ..., label: str | None = None, unit: str = ""
) -> Control:
    """Make a drop-down list of named values. The default is the first one."""
    listed = tuple(values)
    first = (listed[0] if listed else None) if isinstance(default, EllipsisType) else default
    return Control(listed, first, label=label, unit=unit, live_values=listed, choice=True)


def as_control(name: str, declared: Control | Sequence[Value] | range) -> Control:
    """Turn what was declared for the parameter `name` into a labelled control; plain lists become sliders.

    Raises ValueError, with the parameter's name, for an impossible slider (`horizon=0`, a temperature below 0).
    """
    if not isinstance(declared, Control):
        if isinstance(declared, str) or not isinstance(declared, Iterable):
            raise ValueError(f"{name}={declared!r} is no slider: give Slider(start, stop, step) or a list of values")
        values = tuple(declared)
        words = any(isinstance(value, str | bool) for value in values)
        try:
            declared = Control(values, values[0] if values else None, live_values=values, choice=words)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    if name in _LEAST:
        least, why = _LEAST[name]
        for value in (*declared.values, *declared.live_values):
            if value is not None and (isinstance(value, str) or value < least):
                raise ValueError(f"{name}: {value!r} is impossible; {why}, so it starts at {least}")
    if declared.label is None:
        words_of_name = name.replace("_", " ")
        return replace(declared, label=words_of_name[:1].upper() + words_of_name[1:])
    return declared


def text(value: Value) -> str:
    """A value as short text: no float noise, the sign a real minus."""
    if isinstance(value, float):
        return f"{value:.6g}".replace("-", "−")
    return str(value).replace("-", "−") if isinstance(value, int) else str(value)


def _ladder(start: float | int, stop: float | int, step: float | int) -> tuple[Value, ...]:
    for name, number in (("start", start), ("stop", stop), ("step", step)):
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise ValueError(f"{name}={number!r} is not a finite number")
    if step <= 0:
        raise ValueError(f"step={step} never arrives: a step must be positive, for example {abs(step) or 1}")
    if start >= stop:
        raise ValueError(f"a slider runs upwards, from a start below its stop: {start} to {stop} does not")
    count = (stop - start) / step
    if abs(count - round(count)) > 1e-6:
        whole = math.floor(count)
        raise ValueError(f"steps of {step} from {start} miss {stop}: the nearest stops are {start + whole * step:g} "
                         f"and {start + (whole + 1) * step:g}")  # fmt: skip
    integers = all(isinstance(number, int) for number in (start, stop, step))
    rungs = [start + i * step for i in range(round(count) + 1)]
    return tuple(rungs) if integers else tuple(round(float(rung), 10) for rung in rungs)


def _same(left: Value, right: Value) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)
