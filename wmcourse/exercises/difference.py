"""Where two outcomes differ, in words."""

import operator
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from wmcourse.exercises.failure import describe, numbers
from wmcourse.exercises.outcome import Outcome

NOTHING = "the function returned None: does it end with `return ...`?"
ONE_OF = "a batch or a horizon of one keeps its axis: .squeeze() drops every axis of size 1"


class Near(NamedTuple):
    """A measured result, such as a frequency, with the distance at which it is no longer the same."""

    value: Tensor
    distance: float


class Difference(NamedTuple):
    """What was expected, what came, and what that shows beyond doubt, if anything."""

    expected: str
    got: str
    likely: str = ""
    kind: Literal["result", "gradient", "harm"] = "result"


def difference(
    expected: Outcome, got: Outcome, *, tolerance: float, names: Sequence[str] = (), gradients: bool = True
) -> Difference | None:
    """The first difference of two outcomes, or None; errors are for the caller. `names` are those of a tuple's parts.

    Numbers agree within `tolerance` of themselves and a tenth of it of the largest of their tensor; gradients within
    ten times as much.
    """
    if got.harm != expected.harm and got.harm is not None:
        return Difference(*got.harm, kind="harm")
    found = _compare(expected.result, got.result, "the result", tolerance, names)
    for name, tensor in expected.changed.items():
        found = found or _tensors(tensor, got.changed[name], f"`{name}` afterwards", tolerance)
    if found or not gradients:
        return found
    scalar = isinstance(expected.result, Tensor) and expected.result.dim() == 0
    sizes = [float(gradient.abs().max()) for gradient in expected.gradients.values() if gradient.numel()]
    for name, gradient in expected.gradients.items():
        actual = got.gradients.get(name, torch.zeros_like(gradient))
        if not _close(actual, gradient, 10 * tolerance, floor=1e-3 * max(sizes)):
            what = "gradient of the result" + ("" if scalar else " (of a weighted sum of it)")
            number = isinstance(got.result, float | int)
            return _gradients(gradient, actual, f"{what} for `{name}`", number)
    return None


def _gradients(expected: Tensor, got: Tensor, what: str, number: bool) -> Difference:
    if not bool(got.any()):
        none = "a Python number has none" if number else "none: the graph is cut on the way"
        return Difference(f"a {what}", none, kind="gradient")
    if not bool(expected.any()):
        return Difference(f"no {what}", describe(got), "hold it still: .detach() or torch.no_grad()", kind="gradient")
    shown = _shown(expected, got)
    return Difference(f"{what} = {shown[0]}", shown[1], kind="gradient")


def _compare(expected: Any, got: Any, what: str, tolerance: float, names: Sequence[str] = ()) -> Difference | None:
    if isinstance(expected, Near):
        return _near(expected, got, what)
    if isinstance(expected, Tensor):
        return _tensors(expected, got, what, tolerance)
    if isinstance(expected, dict) and names and not isinstance(got, dict):  # what its view could not look at
        return _sequences(names, got, what, tolerance, names)
    if isinstance(expected, dict) and isinstance(got, dict):
        return _first(tuple(expected), list(expected.values()), [got.get(key) for key in expected], tolerance)
    if isinstance(expected, tuple | list):
        return _sequences(expected, got, what, tolerance, names)
    if expected is None:
        return None if got is None else Difference(f"{what}: None", describe(got))
    if got is None:
        return Difference(f"{what}: {describe(expected)}", "None", NOTHING)
    if isinstance(expected, bool) or isinstance(got, bool):
        if isinstance(got, bool) and got == expected:
            return None
        claim = what.removeprefix("whether ")
        wanted = f"{claim}: {expected}" if claim == what else claim if expected else f"not that {claim}"
        return Difference(wanted, "this is not so" if isinstance(got, bool) and claim != what else describe(got))
    if isinstance(expected, int):
        try:
            same = operator.index(got) == expected
        except TypeError:
            return Difference(f"{what}: {expected}, a whole number", describe(got))
        return None if same else Difference(f"{what}: {expected}", str(operator.index(got)))
    same = type(expected) is type(got) and expected == got
    return None if same else Difference(f"{what}: {describe(expected)}", describe(got))


def _near(expected: Near, got: Any, what: str) -> Difference | None:
    if not isinstance(got, Near) or got.value.shape != expected.value.shape:
        return Difference(f"{what}: {describe(expected.value)}", describe(got.value if isinstance(got, Near) else got))
    if bool(((got.value - expected.value).abs() <= expected.distance).all()):
        return None
    wanted, came = _shown(expected.value, got.value)
    return Difference(f"{what} near {wanted}", came)


def _sequences(
    expected: Sequence[Any], got: Any, what: str, tolerance: float, names: Sequence[str]
) -> Difference | None:
    fields = getattr(expected, "_fields", ())
    if fields and getattr(got, "_fields", ()) != fields:
        return Difference(f"{what}: a {type(expected).__name__} ({', '.join(fields)})", describe(got))
    if got is None:
        return Difference(f"{what}: {len(expected)} things", "None", NOTHING)
    if not isinstance(got, tuple | list) or len(got) != len(expected):
        wanted = f"{what}: {len(expected)} things" + (f", {', '.join(names)}" if names else "")
        return Difference(wanted, f"{len(got)} things" if isinstance(got, tuple | list) else describe(got))
    labels = [f"{what}.{field}" for field in fields] or list(names) or [f"{what}[{i}]" for i in range(len(expected))]
    return _first(labels, expected, got, tolerance)


def _first(labels: Sequence[str], expected: Sequence[Any], got: Sequence[Any], tolerance: float) -> Difference | None:
    parts = zip(labels, expected, got, strict=True)
    return next((found for what, a, b in parts if (found := _compare(a, b, what, tolerance))), None)


def _tensors(expected: Tensor, got: Any, what: str, tolerance: float) -> Difference | None:
    kind = str(expected.dtype).removeprefix("torch.")
    wanted = f"{what}: a tensor of shape {tuple(expected.shape)}"
    if got is None:
        return Difference(wanted, "None", NOTHING if what == "the result" else "")
    if isinstance(got, float | int) and not isinstance(got, bool) and expected.dim() == 0:
        got = torch.tensor(got, dtype=expected.dtype)  # a number will do, where no gradient is asked for
    if not isinstance(got, Tensor):
        return Difference(wanted, describe(got), "make it one torch.Tensor" if isinstance(got, list | tuple) else "")
    if got.shape != expected.shape:
        return Difference(wanted, describe(got), _shape_shows(tuple(expected.shape), tuple(got.shape)))
    if got.dtype != expected.dtype:
        likely = "a result has the dtype of the arguments, unless the text names another"
        return Difference(f"{wanted} and dtype {kind}", f"dtype {str(got.dtype).removeprefix('torch.')}", likely)
    if got.device != expected.device:
        return Difference(f"{wanted} on the device of the arguments, {expected.device}", f"one on {got.device}")
    if expected.is_floating_point() and not bool(got.isfinite().all()) and bool(expected.isfinite().all()):
        return Difference(f"{what} = {_shown(expected, got)[0]}, every number finite", _shown(expected, got)[1])
    if _close(got, expected, tolerance):
        return None
    shown = _shown(expected, got)
    return Difference(f"{what} = {shown[0]}", shown[1])


def _close(got: Tensor, expected: Tensor, tolerance: float, floor: float = 0.0) -> bool:
    if not expected.is_floating_point():
        return torch.equal(got, expected)
    a, b = got.double(), expected.double()
    finite = b.isfinite()
    largest = float(b[finite].abs().max()) if bool(finite.any()) else 0.0
    allowed = tolerance * b.abs().masked_fill(~finite, 0.0) + 0.1 * tolerance * (max(largest, floor) or 1.0)
    return bool((((a - b).abs() <= allowed) | (a == b) | (a.isnan() & b.isnan())).all())


def _shown(expected: Tensor, got: Tensor) -> tuple[str, str]:
    """Both in numbers; of more than 16, the first row that differs."""
    if expected.numel() <= 16 or expected.dim() < 2:
        return numbers(expected[:16] if expected.dim() else expected), numbers(got[:16] if got.dim() else got)
    far = (got.double() - expected.double()).abs() - 1e-4 * expected.double().abs()
    place = tuple(int(i) for i in torch.unravel_index(far.nan_to_num(torch.inf).amax(-1).argmax(), expected.shape[:-1]))
    return f"{numbers(expected[place])} in row {list(place)}", numbers(got[place])


def _shape_shows(expected: tuple[int, ...], got: tuple[int, ...]) -> str:
    """What a wrong shape shows beyond doubt."""
    if len(got) < len(expected) and [n for n in expected if n != 1] == [n for n in got if n != 1]:
        return ONE_OF
    if len(expected) > 1 and got == (expected[1], expected[0], *expected[2:]):
        return "the first two axes have changed places"
    return ""
