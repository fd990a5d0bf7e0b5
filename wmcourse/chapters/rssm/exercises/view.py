"""How the exercises of chapter 08 look at what comes back."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from wmcourse.exercises import frequencies, obedience, one_hot_rows

Answer = Callable[..., Any]
DRAWS = 2500
"""Of each row, for the frequencies."""


def as_tensor(answer: Answer, *arguments: Any) -> dict[str, Any]:
    """The result, and whether it is a tensor: a plain number would do elsewhere where no gradient is asked for."""
    result = answer(*arguments)
    return {"the result": result, "whether the result is a tensor": isinstance(result, Tensor)}


def many_steps(step: Answer, parts: Any, deter: Tensor, stoch: Tensor, *rest: Any) -> Any:
    """All of one step but its draw, the gradient through the draw, and what many draws have in common.

    Logits that differ by a number are the same ones, and so they are compared as log-probabilities.
    """
    *inputs, generator = deter, stoch, *rest
    result = step(parts, *inputs, generator)
    if not isinstance(result, tuple | list) or len(result) != 4:
        return result
    new, latent, prior, posterior = result
    found = {
        "deter": new,
        "prior logits, made log-probabilities": _normalized(prior),
        "posterior logits, made log-probabilities": _normalized(posterior),
        "stoch, the part of it that has a gradient": latent - latent.detach() if isinstance(latent, Tensor) else latent,
    }
    if not isinstance(latent, Tensor) or latent.shape != stoch.shape:
        return found
    groups, classes = parts.prior(deter).shape[1:]

    def drawn(generator: Generator | None) -> Tensor:
        return torch.stack([step(parts, *inputs, generator)[1].detach() for _ in range(8)])

    many = [tensor if tensor is None else tensor.repeat(DRAWS, 1) for tensor in inputs]
    rows = step(parts, *many, Generator().manual_seed(7))[1].detach().reshape(DRAWS, len(deter), groups, classes)
    pairs = torch.einsum("nbi,nbj->nbij", rows[:, :, 0], rows[:, :, -1])
    return {
        **found,
        **one_hot_rows(rows),
        "frequencies of the classes": frequencies(rows),
        "frequencies of pairs of classes, of the first and the last group": frequencies(pairs),
        **obedience(drawn),
    }


def _normalized(logits: Any) -> Any:
    return logits.log_softmax(-1) if isinstance(logits, Tensor) and logits.is_floating_point() else logits
