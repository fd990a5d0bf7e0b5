"""How the checker of exercise 8.1 follows the gradient: through the draw, and back to every input and network."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from wmcourse.checks.check import expect, expect_close
from wmcourse.checks.small_rssm import Answer, Inputs, Parts, Stepped, call, parameters, stepped


def expect_gradients(answer: Answer, parts: Parts, inputs: Inputs, seen: bool) -> None:
    """Oracle: the gradient of the probabilities, through the oracle's own step."""
    leaves = Inputs(*(tensor.clone().requires_grad_() for tensor in inputs))
    expected = stepped(parts, leaves, seen)
    weight = torch.randn(expected.prior.shape, generator=Generator().manual_seed(6))
    name, logits = ("posterior", expected.posterior) if seen else ("prior", expected.prior)
    bias = parameters(parts)[f"{name}.0.bias"]

    def through(function: Callable[[Tensor], Tensor]) -> Tensor:
        return torch.autograd.grad((weight * function(logits)).sum(), bias, retain_graph=True)[0]

    def drawn(seed: int) -> tuple[Any, Tensor]:
        result = call(answer, parts, leaves, seen, Generator().manual_seed(seed))
        stoch = result[1].unflatten(-1, weight.shape[1:])
        wanted = f"a gradient of stoch for the {name}"
        none = "a draw has no gradient of its own: add (probabilities - probabilities.detach())"
        expect(stoch.requires_grad, wanted, "none", none)
        (gradient,) = torch.autograd.grad((weight * stoch).sum(), bias, allow_unused=True, retain_graph=True)
        expect(gradient is not None and bool(gradient.any()), wanted, "none, or all zeros", none)
        return result, gradient

    result, gradient = drawn(7)
    hard = result[1].detach().unflatten(-1, weight.shape[1:])
    right = through(lambda x: x.softmax(-1))
    mistakes = {
        "this is the gradient of the logits themselves: use that of the probabilities": through(lambda x: x),
        "this is the gradient of the log-probabilities: use that of the probabilities": through(
            lambda x: x.log_softmax(-1)
        ),
        "only the drawn class has a gradient: add the probabilities, do not multiply by them": through(
            lambda x: hard * x.softmax(-1)
        ),
        "the softmax runs over all groups at once: one for each group, softmax(-1) of (B, G, K)": through(
            lambda x: x.flatten(1).softmax(-1).view_as(x)
        ),
        "1% of the uniform distribution is mixed in: this exercise does without": 0.99 * right,
        "the sign is wrong: probabilities - probabilities.detach()": -right,
    }
    if not torch.allclose(drawn(8)[1], gradient, atol=1e-4):
        mistakes["this gradient changes with the draw: that of the probabilities does not"] = gradient
    expect_close(gradient, right, f"gradient of stoch for the bias of parts.{name}", mistakes, tolerance=1e-3)
    _expect_whole_graph(result, expected, leaves, parts, weight, seen)


def _expect_whole_graph(
    result: Any, expected: Stepped, leaves: Inputs, parts: Parts, weight: Tensor, seen: bool
) -> None:
    """Each result's gradient for each input and each parameter."""
    cut = "a .detach() or torch.no_grad() cuts the gradient that trains the networks through time"
    inputs = leaves._asdict() | parameters(parts)
    pairs = {
        "deter": (result[0] * weight[:, 0, 0, None], expected.deter * weight[:, 0, 0, None]),
        "stoch": (result[1].unflatten(-1, weight.shape[1:]) * weight, expected.drawn_from * weight),
        "prior": (result[2].log_softmax(-1) * weight, expected.prior.log_softmax(-1) * weight),
    }
    if seen:
        pairs["posterior"] = (result[3].log_softmax(-1) * weight, expected.posterior.log_softmax(-1) * weight)
    for what, (got, oracle) in pairs.items():
        wanted = f"a gradient of {what} for the inputs and parameters"
        expect(got.requires_grad, wanted, "none", cut)
        grads = torch.autograd.grad(got.sum(), list(inputs.values()), allow_unused=True, retain_graph=True)
        rights = torch.autograd.grad(oracle.sum(), list(inputs.values()), allow_unused=True, retain_graph=True)
        for name, gradient, right in zip(inputs, grads, rights, strict=True):
            zero = torch.zeros_like(inputs[name])
            gradient, right = zero if gradient is None else gradient, zero if right is None else right
            likely = {cut: gradient} if bool(right.any()) else {f"{what} has nothing to do with {name}": gradient}
            expect_close(gradient, right, f"gradient of {what} for {name}", likely, tolerance=1e-3)
