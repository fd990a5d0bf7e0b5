"""Exercise 5.1: one step of an LSTM, in NumPy."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from wmcourse.chapters.mdn_rnn.exercises.memories import in_numpy, memories
from wmcourse.exercises import Exercise

Array = NDArray[np.float32]
Pair = tuple[Array, Array]
TURNED = "PyTorch's weights are (4H, X) and (4H, H): x @ w_ih.T + hidden @ w_hh.T"


def by_torch(
    x: Array, hidden: Array, cell: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array
) -> tuple[Array, ...]:
    """As PyTorch has it, in float64."""
    given = [torch.from_numpy(array).double() for array in (x, hidden, cell, w_ih, w_hh, b_ih, b_hh)]
    after = torch.lstm_cell(given[0], given[1:3], *given[3:])
    return tuple(part.numpy().astype(x.dtype) for part in after)


lstm_step = Exercise(
    "5.1",
    by_torch,
    memories,
    returns=("hidden", "cell"),
    view=in_numpy,
    learns=(),
    unseen=False,
    advice={"matmul: Input operand 1 has a mismatch": TURNED, "operands could not be broadcast": TURNED},
)


def sigmoid(a: Array) -> Array:
    """From 0 to 1, without an overflow."""
    return 0.5 * (1 + np.tanh(0.5 * a))


def of_gates(wrong: Callable[..., Pair]) -> Callable[..., Pair]:
    """`wrong(c, i, f, g, o)` makes the step of the cell and the gates, before any sigmoid or tanh."""

    def step(
        x: Array, hidden: Array, cell: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array
    ) -> tuple[Array, Array]:
        return wrong(cell, *np.split(x @ w_ih.T + b_ih + hidden @ w_hh.T + b_hh, 4, axis=-1))

    return step


def gated(c: Array, i: Array, f: Array, g: Array, o: Array) -> Pair:
    """The step itself."""
    cell = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(cell), cell


STEPS: dict[str, Callable[..., Pair]] = {
    "the order of the gates is i, f, g, o: you have i, f, o, g": lambda c, i, f, g, o: gated(c, i, f, o, g),
    "the order of the gates is i, f, g, o: you have f, i, g, o": lambda c, i, f, g, o: gated(c, f, i, g, o),
    "the order of the gates is i, f, g, o: you have i, g, f, o": lambda c, i, f, g, o: gated(c, i, g, f, o),
    "the order is hidden, cell": lambda c, i, f, g, o: gated(c, i, f, g, o)[::-1],
    "g is no gate but what may be written: tanh, not sigmoid": lambda c, i, f, g, o: (
        sigmoid(o) * np.tanh(new := sigmoid(f) * c + sigmoid(i) * sigmoid(g)),
        new,
    ),
    "the cell passes through tanh on its way out: o * tanh(cell)": lambda c, i, f, g, o: (
        sigmoid(o) * gated(c, i, f, g, o)[1],
        gated(c, i, f, g, o)[1],
    ),
    "what comes out is read from the new cell, not from the one before": lambda c, i, f, g, o: (
        sigmoid(o) * np.tanh(c),
        gated(c, i, f, g, o)[1],
    ),
    "the cell keeps its tanh: only what comes out is squashed": lambda c, i, f, g, o: (
        gated(c, i, f, g, o)[0],
        np.tanh(gated(c, i, f, g, o)[1]),
    ),
    "1 is added to the forget gate: other programs do, PyTorch does not": lambda c, i, f, g, o: gated(
        c, i, f + 1, g, o
    ),
    "the forget gate is missing: f * cell": lambda c, i, f, g, o: gated(c, i, f + np.inf, g, o),
}
for words, wrong in STEPS.items():
    lstm_step.mistake(words)(of_gates(wrong))


@lstm_step.mistake("`b_hh` is missing: PyTorch's LSTM has two biases, and both are added")
def _one_bias(b_hh: Array, **rest: Array) -> tuple[Array, ...]:
    return by_torch(**rest, b_hh=0 * b_hh)


@lstm_step.mistake("the hidden state is missing: hidden @ w_hh.T is added to the gates")
def _forgetful(hidden: Array, **rest: Array) -> tuple[Array, ...]:
    return by_torch(**rest, hidden=0 * hidden)
