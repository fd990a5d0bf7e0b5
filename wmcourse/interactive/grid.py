"""Precompute an explorer's figures over its grid, and keep what does not change only once."""

from __future__ import annotations

import base64
import itertools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from wmcourse.interactive.sliders import Control, Value

MAX_POINTS = 300
DIGITS = 4
HEIGHT = 380
"""Pixels, where a figure names none."""

Tree = dict[str, Any]
"""A figure as JSON: `{"data": [...], "layout": {...}}`."""


def grid(controls: Mapping[str, Control]) -> list[dict[str, Value]]:
    """Every combination of the controls' values, the last control fastest.

    Raises ValueError if there are more than 300, naming the sliders' lengths.
    """
    sizes = {name: len(control.values) for name, control in controls.items()}
    points = math.prod(sizes.values())
    if points > MAX_POINTS:
        shape = " x ".join(f"{size} ({name})" for name, size in sizes.items())
        raise ValueError(f"the grid has {shape} = {points} points; the static page holds {MAX_POINTS}: "
                         "take larger steps, and give live_step= for a finer live slider")  # fmt: skip
    rows = itertools.product(*(control.values for control in controls.values()))
    return [dict(zip(sizes, row, strict=True)) for row in rows]


def plain(value: Any, digits: int = DIGITS) -> Any:
    """Figure parts as JSON values: arrays as lists, numbers to four significant digits, NaN and infinity as None."""
    if isinstance(value, go.layout.Template):
        value = value.to_plotly_json()
    if isinstance(value, Mapping):
        if "bdata" in value and "dtype" in value:
            return plain(_decode(value), digits)
        return {str(key): plain(part, digits) for key, part in value.items() if part is not None and key != "uid"}
    if isinstance(value, np.ndarray):
        return plain(value.tolist(), digits)
    if isinstance(value, list | tuple):
        return [plain(part, digits) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        short = float(f"{value:.{digits}g}")
        return int(short) if short.is_integer() and abs(short) < 1e15 else short
    return value


def pack(trees: Sequence[Any]) -> dict[str, Any]:
    """Pack a list of JSON trees into what they share and, for each path that varies, its distinct values.

    Returns `{"base": tree, "varying": [{"path", "values", "index"}]}`; `unpack` is its inverse.
    """
    varying: list[dict[str, Any]] = []
    base = _merge(list(trees), [], varying)
    return {"base": base, "varying": varying}


def unpack(packed: Mapping[str, Any], point: int) -> Any:
    """Rebuild the tree of one grid point (what the page's JavaScript does)."""
    tree = json.loads(json.dumps(packed["base"]))
    for part in packed["varying"]:
        node = tree
        for key in part["path"][:-1]:
            node = node[key]
        value = part["values"][part["index"][point]]
        if not part["path"]:
            tree = value
        elif value is None and isinstance(node, dict):
            node.pop(part["path"][-1], None)
        else:
            node[part["path"][-1]] = value
    if isinstance(tree, dict) and isinstance(tree.get("data"), list):
        tree["data"] = [trace for trace in tree["data"] if trace is not None]
    return tree


def tree_of(figure: object, digits: int = DIGITS) -> Tree:
    """The figure as a JSON tree, its numbers to so many significant digits.

    Raises TypeError for anything but a Plotly figure.
    """
    if not isinstance(figure, go.Figure):
        raise TypeError(f"draw must return a plotly Figure, not {type(figure).__name__}")
    content = figure.to_plotly_json()
    layout = plain(content["layout"], digits)
    layout.setdefault("height", HEIGHT)
    return {"data": plain(content["data"], digits), "layout": layout}


def precompute(draw: Callable[..., go.Figure], points: Sequence[Mapping[str, Value]]) -> list[Tree]:
    """Call `draw` at each grid point; returns the figures as JSON trees. Raises as `tree_of` does."""
    return [tree_of(draw(**values)) for values in points]


def _merge(trees: list[Any], path: list[str | int], varying: list[dict[str, Any]]) -> Any:
    first = trees[0]
    if all(tree is first for tree in trees) or all(tree == first and type(tree) is type(first) for tree in trees):
        return first
    if all(isinstance(tree, dict) for tree in trees):
        keys = dict.fromkeys(key for tree in trees for key in tree)
        return {key: _merge([tree.get(key) for tree in trees], [*path, key], varying) for key in keys}
    if path == ["data"] or (all(isinstance(tree, list) for tree in trees) and _holds_dicts(trees)):
        longest = max(len(tree) for tree in trees)
        if path == ["data"] or all(len(tree) == longest for tree in trees):
            padded = [[*tree, *[None] * (longest - len(tree))] for tree in trees]
            return [_merge([tree[i] for tree in padded], [*path, i], varying) for i in range(longest)]
    distinct: dict[str, int] = {}
    values: list[Any] = []
    index: list[int] = []
    for tree in trees:
        key = json.dumps(tree, sort_keys=True)
        if key not in distinct:
            distinct[key] = len(values)
            values.append(tree)
        index.append(distinct[key])
    varying.append({"path": path, "values": values, "index": index})
    return None


def _holds_dicts(trees: list[Any]) -> bool:
    return all(isinstance(part, dict) for tree in trees for part in tree)


def _decode(typed: Mapping[str, Any]) -> np.ndarray:
    array = np.frombuffer(base64.b64decode(typed["bdata"]), dtype=np.dtype(typed["dtype"]))
    shape = typed.get("shape")
    return array if shape is None else array.reshape([int(n) for n in str(shape).split(",")])
