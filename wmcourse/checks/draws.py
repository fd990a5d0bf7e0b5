"""How the checker of exercise 8.1 tells draws from a categorical latent from what only looks like them."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from wmcourse.checks.check import CheckFailed, expect, numbers
from wmcourse.checks.generator import expect_obedience

ROWS = 8000
"""Draws for each of two inputs."""

Draw = Callable[[Any, Any], Tensor]
"""From inputs (batch, ...) and a generator to latents (batch, group, class)."""


def expect_one_hot(stoch: Tensor, groups: int, classes: int) -> None:
    """Fail unless each group of each row is exactly one-hot."""
    latent = stoch.unflatten(-1, (groups, classes))
    rounded = latent.round()
    wanted = "in each group a single 1 and otherwise 0"
    hard = ((rounded == 0) | (rounded == 1)).all(-1) & ((latent - rounded).abs() < 1e-3).all(-1)
    soft = "the forward value must be the hard draw: one_hot + (probabilities - probabilities.detach())"
    expect(bool(hard.all()), wanted, f"groups such as {numbers(latent[~hard][:1])}", soft)
    several = (rounded.sum(-1) != 1).any(-1)
    if bool(several.any()):
        swapped = stoch.round().unflatten(-1, (classes, groups)).sum(1)
        likely = (
            "flatten group by group: (batch, group, class).flatten(1), with no transpose"
            if bool((swapped == 1).all())
            else "one class in each group: a softmax and a draw for each group, not one for all, nor one for each class"
        )
        raise CheckFailed(wanted, f"a row such as {numbers(latent[several][0])}", likely)
    worst = latent[(latent != rounded).any(-1)]
    rounding = "rounding: bracket as one_hot + (probabilities - probabilities.detach()), the difference is exactly 0"
    expect(len(worst) == 0, f"{wanted}, exactly", "" if len(worst) == 0 else f"{worst[0].tolist()}", rounding)


def expect_draws(draw: Draw, inputs: Any, probabilities: Tensor, others: dict[str, Tensor]) -> None:
    """Oracle: observed frequencies, in each group and of pairs of groups.

    `inputs` holds two rows and `probabilities` (2, group, class) what belongs to them; the rows take turns. `others`
    maps explanations to the probabilities that mistakes draw from.
    """
    many = type(inputs)(*(field.repeat(ROWS, *[1] * (field.dim() - 1)) for field in inputs))
    latent = draw(many, Generator().manual_seed(5)).unflatten(0, (ROWS, 2))  # (ROWS, 2, G, K)
    expect_one_hot(latent.flatten(0, 1).flatten(1), *latent.shape[2:])
    frequency = latent.mean(0)
    if _far(frequency, probabilities):
        likely = _explanation(latent, frequency, probabilities, others)
        raise CheckFailed(f"class frequencies near {numbers(probabilities[0])}", numbers(frequency[0]), likely)
    first, second = latent[:, :, 0], latent[:, :, 1]
    together = torch.einsum("nri,nrj->rij", first, second) / ROWS
    apart = torch.einsum("ri,rj->rij", probabilities[:, 0], probabilities[:, 1])
    if _far(together, apart):
        likely = "the groups share one random number: each group draws its own, so that they are independent"
        raise CheckFailed(f"pairs of classes with frequencies near {numbers(apart[0])}", numbers(together[0]), likely)


def expect_generator(draw: Draw, inputs: Any) -> None:
    """See `expect_obedience`; a thousand draws of `inputs`."""
    many = type(inputs)(*(field.repeat(500, *[1] * (field.dim() - 1)) for field in inputs))
    expect_obedience(lambda generator: draw(many, generator))


def _far(frequency: Tensor, probabilities: Tensor) -> bool:
    five_sigma = 5 * (probabilities * (1 - probabilities) / ROWS).sqrt()
    return bool(((frequency - probabilities).abs() > five_sigma).any())


def _explanation(latent: Tensor, frequency: Tensor, probabilities: Tensor, others: dict[str, Tensor]) -> str:
    sources = {**others, "draw from": probabilities}
    if bool((latent == latent[:1]).all()):
        modes = [source.argmax(-1) for source in sources.values()]
        if any(torch.equal(latent[0].argmax(-1), mode) for mode in modes):
            return "argmax is not sampling: it takes the likeliest class each time, so every future is the same"
        return "a single draw is shared by the whole batch: each row draws its own"
    shape, groups = probabilities.shape, probabilities.shape[1]
    uniform = torch.full_like(probabilities, 1 / shape[-1])
    named = {
        **others,
        "the draws are uniform: the logits play no part": uniform,
        "softmax was applied twice: what you draw from are probabilities already": probabilities.softmax(-1),
        "each row has its own probabilities: do not draw all rows from those of one": probabilities[:1].expand(shape),
        "each row has its own probabilities: do not draw from the mean of the batch": probabilities.mean(
            0, keepdim=True
        ).expand(probabilities.shape),
        "each group has its own probabilities: do not draw all groups from the first": probabilities[:, :1].expand(
            shape
        ),
        "the groups have changed places": probabilities.flip(1),
    }
    if groups == 2:  # where the draws of rows and groups end up when their table is turned on its side
        mixed = "the rows and the groups are mixed up: give the indices the shape (batch, group), with no transpose"
        turned = [probabilities.mean(0)[:, None].expand(2, 2, -1), probabilities.mean(1)[None].expand(2, 2, -1)]
        named |= {mixed: turned[0], f"{mixed} of them": turned[1]}
    return next((text for text, wrong in named.items() if not _far(frequency, wrong)), "draw from logits.softmax(-1)")
