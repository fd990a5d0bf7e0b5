"""Exercise 2.1: the shape that comes out of a stack of convolutions."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from torch.overrides import TorchFunctionMode

from wmcourse.exercises import CheckFailed, Draw, Exercise
from wmcourse.exercises.draw import Case

ORDER = "a layer is (channels, kernel, stride, padding), in this order"
FITS = "a position that does not fit is left out: round down"


class ByHand(TorchFunctionMode):
    """Within it, no layer is built or run."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        if any(part in name for part in ("conv", "pool", "unfold", "uniform_")):  # new weights are uniform
            raise CheckFailed("a shape worked out by hand", f"layers of torch: {name}", "use the formula instead")
        return func(*args, **(kwargs or {}))


def by_hand(answer: Callable[..., Any], *arguments: Any) -> Any:
    """What an answer returns that may not use layers."""
    with ByHand():
        return answer(*arguments)


def stacks(draw: Draw) -> Iterator[Case]:
    """One layer, the chapter's encoder, a kernel as tall as the picture, one pixel; then stacks of any depth."""
    yield {"height": 20, "width": 31, "layers": [(6, 5, 3, 2)]}
    yield {"height": 46, "width": 161, "layers": [(9, 2, 2, 1), (8, 4, 2, 2), (4, 6, 2, 1)]}
    yield {"height": 64, "width": 96, "layers": [(16, 4, 2, 1), (32, 4, 2, 1), (64, 4, 2, 1), (128, 4, 2, 1)]}
    yield {"height": 5, "width": 8, "layers": [(3, 5, 4, 0)]}
    yield {"height": 1, "width": 2, "layers": [(7, 1, 1, 0), (1, 2, 5, 1)]}
    for depth in range(1, 7):
        bounds = (1, 9), (1, 6), (1, 3 if depth < 4 else 2), (0, 2)
        layers = [tuple(draw.integer(*each) for each in bounds) for _ in range(depth)]
        yield {"height": draw.integer(500, 1000), "width": draw.integer(500, 1000), "layers": layers}


def positions(n: int, k: int, s: int, p: int) -> int:
    """The places where a kernel can begin, counted."""
    return len(range(-p, n + p - k + 1, s))


def through(height: int, width: int, layers: list[Any], size: Callable[..., Any] = positions) -> tuple[Any, ...]:
    """(C, H, W) after all layers, a side by `size(n, kernel, stride, padding)`."""
    for _, *window in layers:
        height, width = size(height, *window), size(width, *window)
    return layers[-1][0], height, width


def then(change: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    """The right shape spoiled by `change(C, H, W, layers)`."""
    return lambda **stack: change(*through(**stack), stack["layers"])


encoder_output_shape = Exercise(
    "2.1",
    through,
    stacks,
    view=by_hand,
    returns=("the channels C", "the height H", "the width W"),
    advice={
        "division by zero": f"{ORDER}: divide by the stride, which is never 0",
        "modulo by zero": f"{ORDER}: divide by the stride, which is never 0",
        "values to unpack": f"each layer is four numbers: {ORDER}",
    },
)

SIZES: dict[str, Callable[..., Any]] = {
    "the padding is missing: it is added on both sides, n + 2p": lambda n, k, s, p: (n - k) // s + 1,
    "the padding counts once: it is added on both sides, n + 2p": lambda n, k, s, p: (n + p - k) // s + 1,
    "the + 1 is missing: the first position of the kernel counts too": lambda n, k, s, p: (n + 2 * p - k) // s,
    "the + 1 comes after the division, not before": lambda n, k, s, p: (n + 2 * p - k + 1) // s,
    f"{FITS}, not up": lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1,
    f"{FITS}, not to the nearest": lambda n, k, s, p: round((n + 2 * p - k) / s) + 1,
    "sizes are whole numbers: // rounds down, / leaves a fraction": lambda n, k, s, p: (n + 2 * p - k) / s + 1,
    f"{ORDER}: kernel and stride have changed places": lambda n, k, s, p: (n + 2 * p - s) // k + 1,
}
SHAPES: dict[str, Callable[..., tuple[Any, ...]]] = {
    "the order is (C, H, W): height before width": lambda c, h, w, layers: (c, w, h),
    "the order is (C, H, W): the channels come first, as in PyTorch": lambda c, h, w, layers: (h, w, c),
    "the channels are those of the last layer, not of the first": lambda c, h, w, layers: (layers[0][0], h, w),
    "the height is used for both sides: the width has a size of its own": lambda c, h, w, layers: (c, h, h),
}
for words, wrong in SIZES.items():
    encoder_output_shape.mistake(words)(partial(through, size=wrong))
for words, wrong in SHAPES.items():
    encoder_output_shape.mistake(words)(then(wrong))
