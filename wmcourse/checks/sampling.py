"""The checker of exercise 9.5: a discrete sample that lets a gradient through."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from wmcourse.checks.check import CheckFailed, checker, expect, expect_close, expect_tensor, numbers

Answer = Callable[..., Any]


@checker("9.5")
def straight_through_sample(answer: Answer) -> None:
    """Oracles: observed frequencies against the probabilities, and central differences for the gradient."""
    probabilities = torch.tensor([0.6, 0.3, 0.1])
    draws = 20_000
    logits = probabilities.log().expand(draws, 3) + 2.0  # a shift changes no probability
    sample = expect_tensor(answer(logits, torch.Generator().manual_seed(5)), (draws, 3), "the samples", _SHAPES)
    sample = sample.detach()
    _expect_one_hot(sample)
    frequency = sample.mean(0)
    five_sigma = 5 * (probabilities * (1 - probabilities) / draws).sqrt()
    if bool(((frequency - probabilities).abs() > five_sigma).any()):
        _explain_frequency(sample, frequency, probabilities)
    again = answer(logits, torch.Generator().manual_seed(5))
    other = answer(logits, torch.Generator().manual_seed(6))
    expect(
        torch.equal(again.detach(), sample) and not torch.equal(other.detach(), sample),
        "the same draws from the same generator, others from another",
        "draws that do not depend on the generator",
        "hand it on: torch.multinomial(probabilities, 1, generator=generator)",
    )
    expect_tensor(answer(logits[:2]), (2, 3), "the samples without a generator")
    _expect_gradient_of_probabilities(answer)


_SHAPES: dict[str, tuple[int, ...]] = {
    "these are indices of classes: turn them into one-hot rows": (20_000,),
    "these are indices of classes, not one-hot rows: torch.nn.functional.one_hot": (20_000, 1),
}


def _expect_one_hot(sample: Tensor) -> None:
    rounded = sample.float().round()
    single = bool(((rounded == 0) | (rounded == 1)).all()) and bool((rounded.sum(-1) == 1).all())
    close = bool(((sample - rounded).abs() < 1e-3).all())
    wanted = "rows with a single 1 and otherwise 0"
    soft = "the forward value must be the hard sample: one_hot + (probabilities - probabilities.detach())"
    expect(single and close, wanted, f"rows such as {numbers(sample[0])}", soft)
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
        likely = "the draws are uniform: the logits play no part"
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
    expected = _central_differences(lambda x: (weights.double() * torch.softmax(x, -1)).sum(), logits)
    log_gradient = _central_differences(lambda x: (weights.double() * torch.log_softmax(x, -1)).sum(), logits)
    masked = _central_differences(lambda x: (weights.double() * sample.detach() * torch.softmax(x, -1)).sum(), logits)
    mistakes = {
        "this is the gradient of the logits themselves: pass it through the probabilities, softmax(logits)": weights,
        "this is the gradient of the log-probabilities: use the probabilities": log_gradient,
        "only the drawn class has a gradient: add the probabilities, do not multiply by them": masked,
        "the sign is wrong: probabilities - probabilities.detach()": -expected,
        "the gradient counts twice: detach the sample before adding": 2 * expected,
    }
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
