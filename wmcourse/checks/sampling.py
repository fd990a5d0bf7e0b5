"""The checker of exercise 9.5: a discrete sample that lets a gradient through."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from wmcourse.checks.check import CheckFailed, checker, expect, expect_close, expect_tensor, expect_unchanged, numbers
from wmcourse.checks.generator import expect_obedience

Answer = Callable[..., Any]


_ADVICE = {
    "probability tensor contains": (
        "logits are not probabilities, and their exp() may overflow: apply torch.softmax(logits, dim=-1)"
    ),
    "leaf Variable that requires grad": "do not write into `logits`: build a new tensor",
    "must match the size of tensor": "a row has K = logits.shape[-1] entries, drawn or not: one_hot(index, K)",
    "'NoneType' object": "`generator` may be None: hand it on as it is, torch takes None too",
    "only Tensors of floating point": "integers have no gradient: .to(logits.dtype)",
}
_MARGINAL = torch.tensor([0.6, 0.3, 0.1])


@checker("9.5", _ADVICE)
def straight_through_sample(answer: Answer) -> None:
    """Oracles: observed frequencies against the probabilities, and central differences for the gradient."""
    _expect_shape(answer)
    draws = 20_000
    logits = _MARGINAL.log().expand(draws, 3) + 2.0  # a shift changes no probability
    sample = answer(logits, torch.Generator().manual_seed(5)).detach()
    _expect_one_hot(sample)
    frequency = sample.mean(0)
    if _far(frequency, _MARGINAL, draws):
        _explain_frequency(sample, frequency, _MARGINAL)
    _expect_rows_of_their_own(answer)
    expect_obedience(lambda generator: answer(logits[:2000], generator).detach())
    lost_axis = {"a batch of one is still a batch: .squeeze() drops every axis of size 1, .squeeze(-1) the last": (3,)}
    expect_tensor(answer(logits[:1]), (1, 3), "a sample for one row, without a generator", lost_axis)
    _expect_gradient_of_probabilities(answer)
    generator = torch.Generator().manual_seed(9)
    large = 100 + 3 * torch.randn(2000, 3, generator=generator)
    _expect_one_hot(expect_tensor(answer(large, generator), (2000, 3), "the samples for large logits").detach())


def _expect_shape(answer: Answer) -> None:
    """A few rows first: a forgotten squeeze makes B x B rows out of B, too many for the memory if B is large."""
    logits = torch.tensor([[0.5, -0.2, 0.9], [0.0, 1.0, -1.0]]).repeat(4, 1)
    given = {"logits": logits.clone()}
    shapes = {
        "these are indices of classes: turn them into one-hot rows": (8,),
        "these are indices of classes, not one-hot rows: torch.nn.functional.one_hot": (8, 1),
        "torch.multinomial gives indices (B, 1), and so each row met every other: .squeeze(-1) them": (8, 8, 3),
        "an axis too many: torch.multinomial gives indices (B, 1), .squeeze(-1) them": (8, 1, 3),
        "the other way round: batch first, then class": (3, 8),
    }
    sample = expect_tensor(answer(given["logits"], torch.Generator().manual_seed(4)), (8, 3), "the samples", shapes)
    expect_unchanged(given, {"logits": logits})
    floats = "a gradient needs floats: .to(logits.dtype)"
    expect(sample.is_floating_point(), "samples of dtype float32", f"dtype {sample.dtype}", floats)


def _expect_rows_of_their_own(answer: Answer) -> None:
    """Rows whose probabilities take turns, (0.6, 0.3, 0.1) and (0.1, 0.3, 0.6)."""
    rows = 4000
    turns = torch.stack([_MARGINAL, _MARGINAL.flip(0)]).repeat(rows, 1)
    sample = answer(turns.log(), torch.Generator().manual_seed(6)).detach()
    for first in (0, 1):
        frequency = sample[first::2].mean(0)
        if _far(frequency, turns[first], rows):
            wanted = f"class frequencies near {numbers(turns[first])} in every second row"
            likely = "each row has its own probabilities: do not draw all rows from those of one, or from their mean"
            raise CheckFailed(wanted, numbers(frequency), likely)


def _far(frequency: Tensor, probabilities: Tensor, draws: int) -> bool:
    five_sigma = 5 * (probabilities * (1 - probabilities) / draws).sqrt()
    return bool(((frequency - probabilities).abs() > five_sigma).any())


def _expect_one_hot(sample: Tensor) -> None:
    rounded = sample.float().round()
    hard = ((rounded == 0) | (rounded == 1)).all(-1) & ((sample - rounded).abs() < 1e-3).all(-1)
    wanted = "rows with a single 1 and otherwise 0"
    soft = "the forward value must be the hard sample: one_hot + (probabilities - probabilities.detach())"
    expect(bool(hard.all()), wanted, f"rows such as {numbers(sample[~hard][:1])}", soft)
    several = sample[rounded.sum(-1) != 1]
    apart = "each class was drawn by itself: draw one index for each row, torch.multinomial(probabilities, 1)"
    expect(len(several) == 0, wanted, f"rows such as {numbers(several[:1])}", apart)
    rounding = "rounding: bracket as one_hot + (probabilities - probabilities.detach()), the difference is exactly 0"
    worst = sample[(sample != rounded).any(-1)]
    value = "" if len(worst) == 0 else f"{worst[0].tolist()}"
    expect(len(worst) == 0, f"{wanted}, exactly", value, rounding)


def _explain_frequency(sample: Tensor, frequency: Tensor, probabilities: Tensor) -> None:
    wanted = f"class frequencies near {numbers(probabilities)} in 20000 draws"
    if bool((sample == sample[0]).all()):
        is_mode = int(sample[0].argmax()) == int(probabilities.argmax())
        likely = (
            "argmax is not sampling: it takes the likeliest class each time, so nothing is ever explored"
            if is_mode
            else "a single draw is shared by the whole batch: draw one for each row"
        )
    elif bool(((frequency - 1 / 3).abs() < 0.02).all()):
        likely = "the draws are uniform: the logits play no part, or the softmax runs over the batch"
    elif bool(((frequency - torch.softmax(probabilities, 0)).abs() < 0.02).all()):
        likely = "softmax was applied twice: what you draw from are probabilities already"
    else:
        likely = "draw from softmax(logits, dim=-1)"
    raise CheckFailed(wanted, numbers(frequency), likely)


def _expect_gradient_of_probabilities(answer: Answer) -> None:
    logits = torch.tensor([[0.5, -0.2, 0.9], [0.0, 1.0, -1.0]], requires_grad=True)
    weights = torch.tensor([[1.0, -2.0, 0.5], [0.3, 2.0, -1.0]])
    sample = answer(logits, torch.Generator().manual_seed(7))
    wanted = "a gradient for the logits"
    none = "a sample has no gradient of its own: add (probabilities - probabilities.detach())"
    expect(sample.requires_grad, wanted, "none", none)
    (gradient,) = torch.autograd.grad((weights * sample).sum(), logits, allow_unused=True)
    expect(gradient is not None and bool(gradient.any()), wanted, "none, or all zeros", none)

    def through(function: Callable[[Tensor], Tensor], weights: Tensor = weights) -> Tensor:
        return _central_differences(lambda x: (weights.double() * function(x)).sum(), logits)

    expected = through(lambda x: torch.softmax(x, -1))
    mistakes = {
        "this is the gradient of the logits themselves: pass it through the probabilities, softmax(logits)": weights,
        "this is the gradient of the log-probabilities: use the probabilities": through(
            lambda x: torch.log_softmax(x, -1)
        ),
        "only the drawn class has a gradient: add the probabilities, do not multiply by them": through(
            lambda x: torch.softmax(x, -1), weights * sample.detach()
        ),
        "the softmax runs over the batch: softmax(logits, dim=-1)": through(lambda x: torch.softmax(x, 0)),
        "this is the gradient of a sigmoid: use softmax(logits, dim=-1)": through(torch.sigmoid),
        "the sign is wrong: probabilities - probabilities.detach()": -expected,
        "the gradient counts twice: detach the sample before adding": 2 * expected,
    }
    other = answer(logits, torch.Generator().manual_seed(8))
    (changed,) = torch.autograd.grad((weights * other).sum(), logits)
    if not torch.allclose(changed, gradient, atol=1e-4):
        likely = "this gradient changes with the draw: that of softmax(logits) does not, add no noise to it"
        mistakes[likely] = gradient
    expect_close(gradient, expected, "gradient of the probabilities", mistakes, tolerance=1e-3)


def _central_differences(function: Callable[[Tensor], Tensor], at: Tensor, step: float = 1e-5) -> Tensor:
    point = at.detach().double()
    gradient = torch.zeros_like(point)
    for index in range(point.numel()):
        offset = torch.zeros(point.numel(), dtype=torch.double)
        offset[index] = step
        offset = offset.view_as(point)
        gradient.view(-1)[index] = (function(point + offset) - function(point - offset)) / (2 * step)
    return gradient
