"""A graph that a page can run: named inputs, operations in order, named outputs, and constants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor

from wmcourse.errors import CourseError


class CannotExport(CourseError, ValueError):
    """The page's interpreter lacks what the model needs."""


@dataclass
class Weights:
    """The constants of all graphs of a model, each kept once."""

    arrays: list[np.ndarray] = field(default_factory=list)
    """Little-endian 32-bit floats."""
    _places: dict[tuple[tuple[int, ...], bytes], int] = field(default_factory=dict)

    def halves(self) -> list[bool]:
        """Of each array: is every number of it one that 16 bits hold exactly?"""
        with np.errstate(over="ignore"):
            return [np.array_equal(array.astype("<f2").astype("<f4"), array, equal_nan=True) for array in self.arrays]

    def add(self, tensor: Tensor) -> int:
        """The place of a constant among the arrays."""
        array = np.ascontiguousarray(tensor.detach().cpu().float().numpy(), dtype="<f4").reshape(tuple(tensor.shape))
        key = (array.shape, array.tobytes())
        if key not in self._places:
            self._places[key] = len(self.arrays)
            self.arrays.append(array)
        return self._places[key]


@dataclass(frozen=True)
class Value:
    """What an operation takes or makes."""

    place: int
    """Of an input or a result, its number, inputs first; of a constant, -1 minus its place among the weights."""
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Operation:
    """One step of a graph."""

    name: str
    takes: tuple[Value | float, ...]
    makes: Value
    options: dict[str, Any]


@dataclass(frozen=True)
class Graph:
    """A function of named inputs."""

    inputs: dict[str, tuple[int, ...]]
    """Shapes; what the function draws comes last, `normal0` ... and `uniform0` ..., in the order of drawing."""
    operations: list[Operation]
    outputs: dict[str, Value]

    def plain(self) -> dict[str, Any]:
        """As JSON values: an operation is [name, takes, shape, options], where `{"n": 1.5}` is a plain number."""
        return {
            "inputs": [[name, list(shape)] for name, shape in self.inputs.items()],
            "operations": [
                [each.name, [_plain(part) for part in each.takes], list(each.makes.shape), each.options]
                for each in self.operations
            ],
            "outputs": {name: [_plain(value), list(value.shape)] for name, value in self.outputs.items()},
        }


def _plain(part: Value | float) -> Any:
    return part.place if isinstance(part, Value) else {"n": part}
