"""The checker of exercise 2.1: the shape that comes out of a stack of convolutions."""

import math
import operator
import random
from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from wmcourse.checks.check import CheckFailed, checker, describe, expect

Answer = Callable[..., Any]
Layer = tuple[int, int, int, int]
"""(channels, kernel, stride, padding)"""
Shape = tuple[int, ...]

_ORDER = "a layer is (channels, kernel, stride, padding), in this order"
_ADVICE = {
    "division by zero": f"{_ORDER}: divide by the stride, which is never 0",
    "modulo by zero": f"{_ORDER}: divide by the stride, which is never 0",
    "not enough values to unpack": f"each layer is four numbers: {_ORDER}",
    "too many values to unpack": f"each layer is four numbers: {_ORDER}",
    "list index out of range": "a stack may have any number of layers: loop over them",
}


class _Stack(NamedTuple):
    height: int
    width: int
    layers: list[Layer]
    hint: str = ""


@checker("2.1", _ADVICE)
def encoder_output_shape(answer: Answer) -> None:
    """Oracle: the layers themselves, built by torch on its "meta" device, which works out shapes and no numbers."""
    for stack in _stacks():
        given = list(stack.layers)
        with _ByHand():
            returned = answer(stack.height, stack.width, given)
        changed = "read the list, do not take layers out of it"
        expect(given == stack.layers, "`layers` as it was given", "a changed list", changed)
        right = _through_torch(stack)
        what = f"{right} for a picture {stack.height}x{stack.width} through {_few(stack.layers)}"
        got = _expect_shape(returned, what, stack)
        if got != right:
            likely = stack.hint or next((text for text, wrong in _wrong_shapes(stack) if wrong == got), "")
            raise CheckFailed(what, str(got), likely)


def _stacks() -> Iterator[_Stack]:
    """A few by hand, one of them the chapter's encoder; then stacks that no formula but the right one fits."""
    yield _Stack(46, 161, [(9, 2, 2, 1), (8, 4, 2, 2), (4, 6, 2, 1)])  # the usual mistakes lead to different shapes
    yield _Stack(20, 31, [(6, 5, 3, 2)])
    yield _Stack(45, 64, [(4, 3, 2, 0), (9, 4, 3, 1), (7, 5, 2, 2)])
    yield _Stack(64, 64, [(16, 4, 2, 1), (32, 4, 2, 1), (64, 4, 2, 1), (128, 4, 2, 1)])
    hard_coded = "the first stacks were right: a size, a channel or the number of layers is hard-coded"
    yield _Stack(5, 8, [(3, 5, 4, 0)], hard_coded)  # the kernel covers the height: one row is left
    draw = random.Random(2)
    for _ in range(20):
        layers = []
        for _ in range(draw.randint(1, 5)):
            layers.append((draw.randint(1, 9), draw.randint(1, 6), draw.randint(1, 3), draw.randint(0, 2)))
        yield _Stack(draw.randint(300, 600), draw.randint(300, 600), layers, hard_coded)


def _through_torch(stack: _Stack) -> Shape:
    before, modules = 1, []
    for channels, kernel, stride, padding in stack.layers:
        modules.append(nn.Conv2d(before, channels, kernel, stride, padding, device="meta"))
        before = channels
    return tuple(nn.Sequential(*modules)(torch.empty(1, 1, stack.height, stack.width, device="meta")).shape[1:])


class _ByHand(TorchFunctionMode):
    """Within it, no picture runs through a layer: the shape is to be worked out."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        by_hand = "work the shape out by the formula, without building a layer or running a picture through one"
        expect(
            not any(part in name for part in ("conv", "pool", "unfold")), "a shape by hand", f"torch's {name}", by_hand
        )
        return func(*args, **(kwargs or {}))


def _expect_shape(returned: Any, what: str, stack: _Stack) -> Shape:
    wanted = f"the tuple (C, H, W): {what}"
    expect(returned is not None, wanted, "None", "the function has no return statement")
    mistake = "return a tuple of three whole numbers, `return channels, height, width`"
    if not isinstance(returned, tuple | list):
        raise CheckFailed(wanted, describe(returned), mistake)
    if len(returned) != 3:
        lengths = {2: "the channels are missing: (C, H, W)", 4: "there is no batch axis here: (C, H, W)"}
        if len(returned) == len(stack.layers) > 1:
            lengths[len(returned)] = "this has one entry for each layer: return the last layer's shape alone"
        raise CheckFailed(wanted, describe(returned), lengths.get(len(returned), mistake))
    try:
        return tuple(operator.index(number) for number in returned)
    except TypeError:
        whole = mistake
        if any(isinstance(number, float | torch.Tensor) for number in returned):
            whole = "sizes are whole numbers: // divides and rounds down, / leaves a fraction; math.floor gives an int"
        raise CheckFailed(wanted, describe(returned), whole) from None


def _through(stack: _Stack, size: Callable[[int, int, int, int], Any]) -> Shape:
    """The shape that another formula `size(n, kernel, stride, padding)` leads to; empty where it has no value."""
    height, width = stack.height, stack.width
    try:
        for _, kernel, stride, padding in stack.layers:
            height, width = size(height, kernel, stride, padding), size(width, kernel, stride, padding)
    except ZeroDivisionError:
        return ()
    return stack.layers[-1][0] if stack.layers else 1, math.floor(height), math.floor(width)


def _right(n: int, k: int, s: int, p: int) -> int:
    return math.floor((n + 2 * p - k) / s) + 1


def _wrong_shapes(stack: _Stack) -> Iterator[tuple[str, Shape]]:
    """What the usual mistakes lead to."""
    channels, height, width = _through(stack, _right)
    layers = stack.layers
    fits = "a position that does not fit is left out: round down"
    formulas: dict[str, Callable[[int, int, int, int], Any]] = {
        "the padding is missing: it is added on both sides, n + 2p": lambda n, k, s, p: (n - k) // s + 1,
        "the padding counts once: it is added on both sides, n + 2p": lambda n, k, s, p: (n + p - k) // s + 1,
        "the padding is taken off: it makes the picture larger, n + 2p": lambda n, k, s, p: (n - 2 * p - k) // s + 1,
        "the + 1 is missing: the first position of the kernel counts too": lambda n, k, s, p: (n + 2 * p - k) // s,
        "the + 1 comes after the division, not before": lambda n, k, s, p: (n + 2 * p - k + 1) // s,
        f"{fits}, not up nor to the nearest": lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1,
        f"{fits}, not to the nearest": lambda n, k, s, p: math.floor((n + 2 * p - k) / s + 0.5) + 1,
        f"{fits}, not to the nearest, half to even": lambda n, k, s, p: round((n + 2 * p - k) / s) + 1,
        "the brackets are missing: all of n + 2p - k is divided": lambda n, k, s, p: n + 2 * p - k // s + 1,
        "the stride is missing: divide by it": lambda n, k, s, p: n + 2 * p - k + 1,
        "the kernel is missing: its first position takes k pixels": lambda n, k, s, p: (n + 2 * p) // s + 1,
        "the kernel is missing, and the + 1: (n + 2p - k) / s + 1, rounded down": lambda n, k, s, p: (n + 2 * p) // s,
        "the size divided by the stride is right for some layers only: (n + 2p - k) / s + 1, rounded down": (
            lambda n, k, s, p: n // s
        ),
        "the size divided by the stride, rounded up, is right for some layers only: (n + 2p - k) / s + 1": (
            lambda n, k, s, p: math.ceil(n / s)
        ),
        "this is the formula of a transposed convolution, which makes pictures larger": lambda n, k, s, p: (
            (n - 1) * s - 2 * p + k
        ),
    }
    for text, formula in formulas.items():
        yield text, _through(stack, formula)
    for order in permutations(range(4)):
        yield f"{_ORDER}", _through(stack._replace(layers=[tuple(layer[i] for i in order) for layer in layers]), _right)  # type: ignore[misc]
    taller = stack.height
    wider = stack.width
    for _, kernel, stride, padding in layers:
        taller = _right(taller, kernel, stride, padding)
        wider = _right(taller, kernel, stride, padding)
    yield "the width is worked out from the height: each side from its own", (channels, height, wider)
    yield "the width goes through the layers too", (channels, height, stack.width)
    yield "the height goes through the layers too", (channels, stack.height, width)
    yield "the order is (C, H, W): height before width", (channels, width, height)
    yield "the order is (C, H, W): the channels come first, as in PyTorch", (height, width, channels)
    yield "the order is (C, H, W): the channels come first, then height, then width", (width, height, channels)
    yield "the height is used for both sides: the width has a size of its own", (channels, height, height)
    yield "the width is used for both sides: the height has a size of its own", (channels, width, width)
    yield "the channels are those of the last layer, not of the first", (layers[0][0], height, width)
    yield "the channels are those of the last layer, not all added", (sum(c for c, *_ in layers), height, width)
    yield "the channels are those of the last layer, not multiplied", (math.prod(c for c, *_ in layers), height, width)
    for number in (len(layers), 1, 3):
        yield (
            "the channels are those of the last layer: not the picture's, nor the number of layers",
            (number, height, width),
        )
    for text, some in {
        "only the first layer counts here: each layer reads what the one before gives": layers[:1],
        "only the last layer counts here: each layer reads what the one before gives": layers[-1:],
        "the last layer is left out": layers[:-1],
        "the first layer is left out": layers[1:],
        "the layers are taken in reverse: the first in the list reads the picture": layers[::-1],
    }.items():
        _, *size = _through(stack._replace(layers=some), _right)
        yield text, (channels, *size)
        yield text, (some[-1][0] if some else 1, *size)


def _few(layers: list[Layer]) -> str:
    return str(layers) if len(layers) <= 4 else f"[{layers[0]}, ... {len(layers)} layers]"
