"""The checker of exercise 8.1: one step of an RSSM whose latent is drawn, group by group."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from wmcourse.checks.check import CheckFailed, checker, describe, expect, expect_close, expect_tensor, expect_unchanged
from wmcourse.checks.draws import expect_draws, expect_generator, expect_one_hot
from wmcourse.checks.gradients import expect_gradients
from wmcourse.checks.small_rssm import (
    Answer,
    Inputs,
    Parts,
    Sizes,
    build,
    call,
    gru,
    inputs_of,
    logits_of,
    parameters,
    shifted,
    stepped,
)

SIZES, OTHER_SIZES = Sizes(3, 2, 3, 2, 2), Sizes(2, 3, 2, 1, 4)

_CELL = "the cell reads [z, a] first, then the memory: parts.cell(torch.cat([stoch, action], -1), deter)"
_ADVICE = {
    "inconsistent input_size": _CELL,
    "inconsistent hidden_size": _CELL,
    "doesn't match hidden": _CELL,
    "mat1 and mat2 shapes": "the prior reads h' alone, the posterior [h', e]",
    "but got NoneType": "`embedding` may be None: then there is no posterior, and z' comes from the prior",
    "prob_dist must be 1 or 2 dim": "torch.multinomial takes a table of rows: one for each group, .flatten(0, 1)",
    "probability tensor contains": "logits are not probabilities, and exp() may overflow: logits.softmax(-1)",
    "'NoneType' object": "`embedding` and `generator` may be None; hand the generator on as it is",
    "Boolean value of Tensor": "a tensor is neither true nor false: ask `embedding is None`",
}


@checker("8.1", _ADVICE)
def rssm_step(answer: Answer) -> None:
    """Oracles: the GRU written out gate by gate, observed frequencies, and the gradient of the softmax."""
    parts = build(SIZES, seed=0)
    four = inputs_of(SIZES, rows=4, seed=10)
    for seen in (True, False):
        _expect_values(answer, parts, four, seen)
    for seen in (True, False):
        expect_draws(_draw(answer, shifted(parts), seen), *_table(parts, inputs_of(SIZES, rows=2, seed=1), seen))
        expect_generator(_draw(answer, parts, seen), inputs_of(SIZES, rows=2, seed=1))
        expect_gradients(answer, parts, four, seen)
    hard_coded = "the first example was right: a size is hard-coded"
    other, single = build(OTHER_SIZES, seed=3), inputs_of(OTHER_SIZES, rows=1, seed=4)
    for seen in (True, False):
        _expect_values(answer, other, single, seen, hint=hard_coded, seed=None)


def _draw(answer: Answer, parts: Parts, seen: bool) -> Callable[[Any, Any], Tensor]:
    def draw(inputs: Any, generator: Any) -> Tensor:
        """Latents (batch, groups, classes) of one call."""
        stoch = call(answer, parts, inputs, seen, generator)[1]
        shape = (len(inputs.deter), SIZES.groups * SIZES.classes)
        return expect_tensor(stoch, shape, "stoch").detach().unflatten(-1, (SIZES.groups, SIZES.classes))

    return draw


def _table(parts: Parts, inputs: Inputs, seen: bool) -> tuple[Inputs, Tensor, dict[str, Tensor]]:
    """Two inputs, the probabilities that belong to them, and those that usual mistakes draw from."""
    with torch.no_grad():
        right = stepped(parts, inputs, seen)
        blank = stepped(parts, inputs._replace(embedding=torch.zeros_like(inputs.embedding)), True)
        prior, posterior = right.prior.softmax(-1), right.posterior.softmax(-1)
    if seen:
        other = {"an observation came in: draw from the posterior, the prior is what was expected without it": prior}
    else:
        zeros = "nothing was seen, and an embedding of zeros is not nothing: draw from the prior"
        other = {"nothing was seen: draw from the prior": posterior, zeros: blank.posterior.softmax(-1)}
    return inputs, right.drawn_from, other


def _expect_values(
    answer: Answer,
    parts: Parts,
    before: Inputs,
    seen: bool,
    hint: str = "",
    seed: int | None = 5,
) -> None:
    given, weights = Inputs(*(tensor.clone() for tensor in before)), parameters(parts)
    old = {name: parameter.detach().clone().requires_grad_() for name, parameter in weights.items()}
    result = call(answer, parts, given, seen, None if seed is None else Generator().manual_seed(seed))
    expect_unchanged(given._asdict(), before._asdict())
    expect_unchanged(weights, old)
    rows, groups, classes = len(before.deter), *logits_of(parts.prior, before.deter).shape[1:]
    deter, stoch, prior, posterior = _unpacked(result, seen)
    with torch.no_grad():
        expected, wrong = stepped(parts, before, seen), _wrong_steps(parts, before)
    what = "with an embedding" if seen else "without an embedding"
    batch = "a batch of one is still a batch: .squeeze() drops every axis of size 1, leave it out"
    width = expected.deter.shape[1]
    deter = expect_tensor(deter, (rows, width), f"deter {what}", {batch: (width,), "h' comes first": (rows, groups)})
    expect_close(deter, expected.deter, f"deter {what}", wrong["deter"] | ({hint: deter} if hint else {}))
    for name, logits in (("prior", prior), ("posterior", posterior)):
        if logits is not None:
            shapes: dict[str, tuple[int, ...]] = {
                f"keep the groups apart, as parts.{name} gives them: flatten stoch alone": (rows, groups * classes),
                batch: (groups, classes),
            }
            logits = expect_tensor(logits, (rows, groups, classes), f"{name} logits {what}", shapes)
            right = getattr(expected, name)
            if not torch.allclose(logits.detach().log_softmax(-1), right.log_softmax(-1), atol=1e-4):
                expect_close(logits, right, f"{name} logits {what}", wrong[name])
    flat_shapes: dict[str, tuple[int, ...]] = {
        "flatten the groups into one vector: .flatten(1)": (rows, groups, classes),
        "these are indices of classes: turn them into one-hot rows": (rows, groups),
        "the groups of all rows follow one another: give them back their batch axis, then .flatten(1)": (
            rows * groups,
            classes,
        ),
        "one class for all groups: each group draws its own": (rows, classes),
        batch: (groups * classes,),
    }
    stoch = expect_tensor(stoch, (rows, groups * classes), f"stoch {what}", flat_shapes)
    floats = "a gradient needs floats: .to(logits.dtype)"
    expect(stoch.dtype == torch.float32, "stoch of dtype float32", f"dtype {stoch.dtype}", floats)
    expect_one_hot(stoch.detach(), groups, classes)


def _unpacked(result: Any, seen: bool) -> tuple[Any, Any, Any, Any]:
    wanted = "four things: deter, stoch, prior, posterior"
    expect(result is not None, wanted, "None", "the function has no return statement")
    if not isinstance(result, tuple) or len(result) != 4:
        got = f"a tuple of {len(result)}" if isinstance(result, tuple) else describe(result)
        raise CheckFailed(wanted, got, "end with `return deter, stoch, prior, posterior`")
    for name, part in zip(("deter", "stoch", "prior"), result, strict=False):
        always = f"`{name}` is None: only the posterior may be, and only without an embedding"
        expect(part is not None, wanted, f"None for {name}", always)
    if not seen:
        invented = "without an embedding there is no posterior: return None in its place"
        expect(result[3] is None, "posterior = None without an embedding", describe(result[3]), invented)
    missing = "an embedding was given: the posterior reads [h', e]"
    expect(not seen or result[3] is not None, "posterior logits with an embedding", "None", missing)
    return result


def _wrong_steps(parts: Parts, inputs: Inputs) -> dict[str, dict[str, Tensor]]:
    """What the usual mistakes lead to."""
    old, stoch, action, embedding = inputs
    read = torch.cat([stoch, action], -1)
    deter = gru(parts.cell, read, old)
    wrong_deter = {
        "the order is [z, a]: the latent first, then the action": (torch.cat([action, stoch], -1), old),
        "the old memory is missing: parts.cell(inputs, deter)": (read, torch.zeros_like(old)),
        "the action has no effect: the cell reads [z, a]": (torch.cat([stoch, 0 * action], -1), old),
        "the latent has no effect: the cell reads [z, a]": (torch.cat([0 * stoch, action], -1), old),
        "the cell moved twice: one step, one call": (read, deter),
    }
    if embedding.shape == action.shape:
        leak = "the embedding leaked into h': it enters the posterior alone, or nothing could be imagined without it"
        wrong_deter[leak] = (torch.cat([stoch, embedding], -1), old)
    prior, posterior = logits_of(parts.prior, deter), logits_of(parts.posterior, torch.cat([deter, embedding], -1))
    stale = "reads the old memory: give it h', the one the cell has just made"
    soft = "these are probabilities: return the logits, as the network gives them"
    wrong_posterior = {
        f"the posterior {stale}": logits_of(parts.posterior, torch.cat([old, embedding], -1)),
        "the order is [h', e]: the memory first, then the embedding": logits_of(
            parts.posterior, torch.cat([embedding, deter], -1)
        ),
        "this is the prior: the posterior reads [h', e]": prior,
        "prior and posterior are added: the posterior alone holds both, for it reads h' too": prior + posterior,
        soft: posterior.softmax(-1),
    }
    if embedding.shape == action.shape:
        likely = "the posterior reads the action in place of the embedding"
        wrong_posterior[likely] = logits_of(parts.posterior, torch.cat([deter, action], -1))
    return {
        "deter": {
            "this is the old memory: return the new one, h'": old,
            **{likely: gru(parts.cell, *wrong) for likely, wrong in wrong_deter.items()},
        },
        "prior": {
            f"the prior {stale}": logits_of(parts.prior, old),
            "this is the posterior: the order is deter, stoch, prior, posterior": posterior,
            soft: prior.softmax(-1),
        },
        "posterior": wrong_posterior,
    }
