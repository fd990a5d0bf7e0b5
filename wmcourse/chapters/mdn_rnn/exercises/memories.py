"""What an LSTM is given, in NumPy, for exercise 5.1."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wmcourse.exercises import Draw
from wmcourse.exercises.draw import Case

PAIR = "whether a pair of NumPy arrays comes back"


def memories(draw: Draw) -> Iterator[Case]:
    """Inputs and memories of many sizes, one among them; gates in between, wide open and shut; empty memories."""
    for batch, inputs, size, scale, held in (
        (2, 3, 4, 0.5, 1.0),
        (3, 5, 2, 1.0, 1.0),
        (1, 4, 3, 0.3, 2.0),
        (4, 1, 5, 1.0, 0.5),
        (5, 2, 1, 1.0, 1.0),
        (1, 1, 1, 0.7, 0.6),
        (3, 4, 6, 1.0, 0.0),
        (4, 6, 3, 100.0, 30.0),
    ):
        yield {
            "x": draw.normal(batch, inputs),
            "hidden": min(held, 1.0) * draw.uniform(batch, size, low=-1.0),
            "cell": held * draw.normal(batch, size),
            "w_ih": draw.normal(4 * size, inputs, scale=scale),
            "w_hh": draw.normal(4 * size, size, scale=scale),
            "b_ih": draw.normal(4 * size, scale=scale),
            "b_hh": draw.normal(4 * size, scale=scale),
        }


def in_numpy(answer: Callable[..., Any], *given: Tensor) -> Any:
    """The answer's two arrays, as tensors; it is called with arrays, which it leaves as they are."""
    arrays = [tensor.numpy().copy() for tensor in given]
    with np.errstate(all="ignore"):
        result = answer(*arrays)
    if not isinstance(result, tuple | list) or len(result) != 2:
        return result
    pair = all(isinstance(part, np.ndarray) for part in result)
    hidden, cell = (torch.tensor(part) for part in result) if pair else result
    kept = all(np.array_equal(array, tensor.numpy()) for array, tensor in zip(arrays, given, strict=True))
    return {PAIR: pair, "hidden": hidden, "cell": cell, "whether the arguments are as they were": kept}
