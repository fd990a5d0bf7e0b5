"""Exercise 9.5: a discrete choice that lets a gradient through."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from wmcourse.chapters.dreamer.exercises.choices import choices, look
from wmcourse.exercises import Exercise


def inverse_cdf(logits: Tensor, generator: Generator | None = None) -> Tensor:
    """Where a uniform number falls among the summed probabilities; the gradient by the Jacobian, diag(p) - p pᵀ."""
    p = torch.softmax(logits.detach(), -1)
    index = (p.cumsum(-1) < torch.rand(len(p), 1, generator=generator)).sum(-1).clamp(max=p.shape[-1] - 1)
    hard = (index[:, None] == torch.arange(p.shape[-1])).float()
    jacobian = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    return hard + torch.einsum("bij,bj->bi", jacobian, logits - logits.detach())


ADVICE = {
    "probability tensor contains": "logits are no probabilities, exp() of them overflows: softmax(logits, dim=-1)",
    "Class values must be smaller": "each row has K = logits.shape[-1] entries: one_hot(index, K)",
    "'NoneType' object": "`generator` may be None: hand it on as it is, torch takes None too",
}
straight_through_sample = Exercise("9.5", inverse_cdf, choices, view=look, advice=ADVICE)


def drawn(weights: Tensor, generator: Generator | None) -> Tensor:
    """One-hot draws as most answers have them."""
    return F.one_hot(torch.multinomial(weights.detach(), 1, generator=generator)[:, 0], weights.shape[-1]).float()


def straight(hard: Tensor, soft: Tensor) -> Tensor:
    """The one forward, the other backward."""
    return hard + (soft - soft.detach())


@straight_through_sample.mistake("argmax is not sampling: it takes the likeliest class each time, nothing is explored")
def _mode(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return straight(F.one_hot(logits.argmax(-1), logits.shape[-1]).float(), logits.softmax(-1))


@straight_through_sample.mistake("the draws are uniform: draw from softmax(logits)")
def _uniform(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return straight(drawn(torch.ones_like(logits), generator), logits.softmax(-1))


@straight_through_sample.mistake("softmax was applied twice: what you draw from are probabilities already")
def _twice(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return straight(drawn(logits.softmax(-1).softmax(-1), generator), logits.softmax(-1))


@straight_through_sample.mistake("a single draw is shared by the whole batch: draw one for each row")
def _shared(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return straight(drawn(logits[:1].softmax(-1), generator), logits.softmax(-1))


@straight_through_sample.mistake("these are the probabilities: the result is hard, one_hot + (p - p.detach())")
def _soft(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return logits.softmax(-1)


@straight_through_sample.mistake("rounding: bracket as one_hot + (p - p.detach()), for the difference is exactly 0")
def _rounded(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return drawn(logits.softmax(-1), generator) + logits.softmax(-1) - logits.softmax(-1).detach()


@straight_through_sample.mistake("this is the gradient of the logits themselves: pass it through softmax(logits)")
def _logits(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return straight(drawn(logits.softmax(-1), generator), logits)


@straight_through_sample.mistake("torch.multinomial gives indices (B, 1), so each row met every other: .squeeze(-1)")
def _every_other(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return straight(drawn(logits.softmax(-1), generator)[:, None], logits.softmax(-1))


@straight_through_sample.mistake("the softmax runs over the batch: softmax(logits, dim=-1)")
def _over_the_batch(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return straight(drawn(logits.softmax(0), generator), logits.softmax(0))


@straight_through_sample.mistake("the generator is not used: torch.multinomial(p, 1, generator=generator)")
def _global_state(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return straight(drawn(logits.softmax(-1), None), logits.softmax(-1))


@straight_through_sample.mistake("a new torch.Generator() has the same seed each time: hand on None, torch takes it")
def _own_generator(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return straight(drawn(logits.softmax(-1), generator or Generator()), logits.softmax(-1))


@straight_through_sample.mistake("F.gumbel_softmax knows no generator; its gradient is that of noisy probabilities")
def _gumbel(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return F.gumbel_softmax(logits, hard=True)
