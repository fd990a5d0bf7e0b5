"""Configs and results survive JSON, and what cannot is refused by name."""

import json
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wmcourse.zoo.plain import from_plain, to_plain


class Color(Enum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    sizes: tuple[int, ...] = ()
    pair: tuple[float, str] = (0.0, "")


@dataclass(frozen=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    several: tuple[Inner, ...] = ()
    either: int | float | None = None
    mode: Literal["a", 3] = "a"
    path: Path = Path(".")
    color: Color = Color.RED
    table: dict[str, float] = field(default_factory=dict)
    flags: list[bool] = field(default_factory=list)
    anything: Any = None


finite = st.floats(allow_nan=False, allow_infinity=False)
inners = st.builds(Inner, sizes=st.lists(st.integers(-9, 9)).map(tuple), pair=st.tuples(finite, st.text(max_size=4)))
outers = st.builds(
    Outer,
    inner=inners,
    several=st.lists(inners, max_size=3).map(tuple),
    either=st.none() | st.integers(-9, 9) | finite,
    mode=st.sampled_from(["a", 3]),
    path=st.sampled_from([Path("a/b"), Path("/c")]),
    table=st.dictionaries(st.text(max_size=3), finite, max_size=3),
    flags=st.lists(st.booleans(), max_size=3),
)


@given(outers)
def test_nested_configs_round_trip_through_json_with_their_types(config: Outer) -> None:
    again = from_plain(Outer, json.loads(json.dumps(to_plain(config), allow_nan=False)))
    assert again == config
    assert repr(again) == repr(config)  # 3 is not 3.0, a tuple is not a list


class Pair(NamedTuple):
    low: float
    high: float


class Later(NamedTuple):
    low: float
    high: float
    share: float = 0.95


@dataclass(frozen=True)
class Needs:
    size: int
    pairs: tuple[Later, ...] = ()


def test_tensors_arrays_and_named_tuples_become_plain() -> None:
    results = {"a": torch.tensor([1.0, 2.0]), "b": np.float64(3.0), "c": Pair(0.0, 1.0), "d": [np.arange(2)]}
    assert to_plain(results) == {"a": [1.0, 2.0], "b": 3.0, "c": {"low": 0.0, "high": 1.0}, "d": [[0, 1]]}


def test_what_was_stored_before_a_field_existed_takes_its_default() -> None:
    stored = {"size": 3, "pairs": [{"low": 0.0, "high": 1.0}]}
    assert from_plain(Needs, stored) == Needs(3, (Later(0.0, 1.0, 0.95),))
    with pytest.raises(ValueError, match="config lacks size"):
        from_plain(Needs, {})
    for pair in ({"low": 0.0}, {"low": 0.0, "high": 1.0, "color": 3.0}):
        with pytest.raises(ValueError, match=r"config.pairs\[0\] is .*, must hold low, high and share"):
            from_plain(Needs, {"size": 3, "pairs": [pair]})


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ({"a": [1.0, float("nan")]}, ValueError, r"value.a\[1\] is nan"),
        (torch.tensor([float("inf")]), ValueError, r"value\[0\] is inf"),
        ({"a": {1: 2}}, TypeError, "value.a has the key 1"),
        (Inner(sizes=(len,)), TypeError, r"value.sizes\[0\] is a builtin_function"),
        ({"a": {1, 2}}, TypeError, "value.a is a set"),
    ],
)
def test_what_json_cannot_hold_is_refused_by_name(value, error, message: str) -> None:
    with pytest.raises(error, match=message):
        to_plain(value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"inner": {"sizes": [1, "2"]}}, r"config.inner.sizes\[1\] is '2', must be int"),
        ({"inner": {"sizes": [True]}}, r"config.inner.sizes\[0\] is True, must be int"),
        ({"inner": {"pair": [1.0]}}, "has 1 entries, must have 2"),
        ({"either": "x"}, "config.either is 'x'"),
        ({"several": 3}, "config.several is 3"),
        ({"color": "green"}, "green"),
        ({"outer": 3}, "has the field 'outer', which Outer does not have"),
        (3, "must hold the fields of Outer"),
    ],
)
def test_what_does_not_fit_is_named(data, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_plain(Outer, data)
