"""Exercise 8.1: wrong steps around a right draw are named."""

import pytest
import torch
import torch.nn.functional as F

from wmcourse.checks import rssm as check
from wmcourse.checks.check import CheckFailed


def draw(probabilities, generator):
    """One-hot groups (B, G, K)."""
    index = torch.multinomial(probabilities.detach().flatten(0, 1), 1, generator=generator)
    return F.one_hot(index.view(probabilities.shape[:-1]), probabilities.shape[-1]).float()


def attach(one_hot, probabilities):
    return (one_hot + (probabilities - probabilities.detach())).flatten(1)


def latent_of(believed, generator):
    return attach(draw(believed.softmax(-1), generator), believed.softmax(-1))


def logits(parts, deter, stoch, action, embedding):
    deter = parts.cell(torch.cat([stoch, action], -1), deter)
    prior = parts.prior(deter)
    return deter, prior, None if embedding is None else parts.posterior(torch.cat([deter, embedding], -1))


def step(latent):
    """A right step but for the latent, `latent(believed, generator)`."""

    def answer(parts, deter, stoch, action, embedding=None, generator=None):
        deter, prior, posterior = logits(parts, deter, stoch, action, embedding)
        return deter, latent(prior if posterior is None else posterior, generator), prior, posterior

    return answer


def action_first(parts, deter, stoch, action, embedding=None, generator=None):
    return step(latent_of)(
        parts._replace(cell=lambda inputs, h: parts.cell(torch.cat([action, stoch], -1), h)),
        deter,
        stoch,
        action,
        embedding,
        generator,
    )


def through_another_cell(change):
    def answer(parts, deter, stoch, action, embedding=None, generator=None):
        def cell(inputs, h):
            return change(parts.cell, h, stoch, action, embedding)

        return step(latent_of)(parts._replace(cell=cell), deter, stoch, action, embedding, generator)

    return answer


def leaks(cell, h, stoch, action, embedding):
    return cell(torch.cat([stoch, action if embedding is None else embedding], -1), h)


def through_another_head(name, change):
    def answer(parts, deter, stoch, action, embedding=None, generator=None):
        def head(inputs):
            return change(getattr(parts, name), inputs, deter, action, embedding)

        return step(latent_of)(parts._replace(**{name: head}), deter, stoch, action, embedding, generator)

    return answer


def always_draws_from_the_prior(parts, deter, stoch, action, embedding=None, generator=None):
    deter, prior, posterior = logits(parts, deter, stoch, action, embedding)
    return deter, latent_of(prior, generator), prior, posterior


def imagines_with_a_blank_embedding(parts, deter, stoch, action, embedding=None, generator=None):
    blank = torch.zeros(len(deter), parts.posterior[0].in_features - deter.shape[1])
    deter, prior, posterior = logits(parts, deter, stoch, action, blank if embedding is None else embedding)
    return deter, latent_of(posterior, generator), prior, None if embedding is None else posterior


def invents_a_posterior(parts, deter, stoch, action, embedding=None, generator=None):
    deter, stoch, prior, posterior = step(latent_of)(parts, deter, stoch, action, embedding, generator)
    return deter, stoch, prior, prior if posterior is None else posterior


def forgets_the_posterior(parts, deter, stoch, action, embedding=None, generator=None):
    return *step(latent_of)(parts, deter, stoch, action, embedding, generator)[:3], None


def needs_an_embedding(parts, deter, stoch, action, embedding=None, generator=None):
    deter = parts.cell(torch.cat([stoch, action], -1), deter)
    return parts.posterior(torch.cat([deter, embedding], -1))


def asks_the_embedding(parts, deter, stoch, action, embedding=None, generator=None):
    return parts.prior(deter) if embedding else parts.posterior(torch.cat([deter, embedding], -1))


def returns_three(parts, deter, stoch, action, embedding=None, generator=None):
    return step(latent_of)(parts, deter, stoch, action, embedding, generator)[:3]


def returns_the_old_memory(parts, deter, stoch, action, embedding=None, generator=None):
    return deter, *step(latent_of)(parts, deter, stoch, action, embedding, generator)[1:]


def returns_probabilities(parts, deter, stoch, action, embedding=None, generator=None):
    deter, stoch, prior, posterior = step(latent_of)(parts, deter, stoch, action, embedding, generator)
    return deter, stoch, prior.softmax(-1), posterior


def posterior_first(parts, deter, stoch, action, embedding=None, generator=None):
    deter, stoch, prior, posterior = step(latent_of)(parts, deter, stoch, action, embedding, generator)
    return (deter, stoch, prior, None) if posterior is None else (deter, stoch, posterior, prior)


def flattens_the_logits(parts, deter, stoch, action, embedding=None, generator=None):
    deter, stoch, prior, posterior = step(latent_of)(parts, deter, stoch, action, embedding, generator)
    return deter, stoch, prior.flatten(1), posterior


def memory_first(parts, deter, stoch, action, embedding=None, generator=None):
    return parts.cell(deter, torch.cat([stoch, action], -1))


def without_the_action(parts, deter, stoch, action, embedding=None, generator=None):
    return parts.cell(stoch, deter)


def prior_reads_everything(parts, deter, stoch, action, embedding=None, generator=None):
    return parts.prior(torch.cat([deter, stoch], -1))


def writes_into_the_memory(parts, deter, stoch, action, embedding=None, generator=None):
    new, *rest = step(latent_of)(parts, deter, stoch, action, embedding, generator)
    return deter.copy_(new.detach()), *rest


def writes_into_the_networks(parts, deter, stoch, action, embedding=None, generator=None):
    result = step(latent_of)(parts, deter, stoch, action, embedding, generator)
    with torch.no_grad():
        parts.prior[0].bias.zero_()
    return result


def freezes_the_networks(parts, deter, stoch, action, embedding=None, generator=None):
    parts.cell.requires_grad_(False)
    return step(latent_of)(parts, deter, stoch, action, embedding, generator)


def returns_a_detached_memory(parts, deter, stoch, action, embedding=None, generator=None):
    deter, *rest = step(latent_of)(parts, deter, stoch, action, embedding, generator)
    return deter.detach(), *rest


def detaches_the_old_memory(parts, deter, stoch, action, embedding=None, generator=None):
    return step(latent_of)(parts, deter.detach(), stoch, action, embedding, generator)


def detaches_the_old_latent(parts, deter, stoch, action, embedding=None, generator=None):
    return step(latent_of)(parts, deter, stoch.detach(), action, embedding, generator)


def without_grad(parts, deter, stoch, action, embedding=None, generator=None):
    with torch.no_grad():
        return step(latent_of)(parts, deter, stoch, action, embedding, generator)


def hard_coded_sizes(parts, deter, stoch, action, embedding=None, generator=None):
    if len(deter) == 1:
        stoch = torch.zeros(1, parts.cell.input_size - action.shape[1])
    return step(latent_of)(parts, deter, stoch, action, embedding, generator)


WRONG_STEPS = {
    "action first": (action_first, "the latent first, then the action"),
    "no memory": (
        through_another_cell(lambda cell, h, z, a, e: cell(torch.cat([z, a], -1))),
        "the old memory is missing",
    ),
    "twice": (
        through_another_cell(lambda cell, h, z, a, e: cell(torch.cat([z, a], -1), cell(torch.cat([z, a], -1), h))),
        "one step, one call",
    ),
    "no action": (
        through_another_cell(lambda cell, h, z, a, e: cell(torch.cat([z, 0 * a], -1), h)),
        "the action has no effect",
    ),
    "no latent": (
        through_another_cell(lambda cell, h, z, a, e: cell(torch.cat([0 * z, a], -1), h)),
        "the latent has no effect",
    ),
    "leak": (through_another_cell(leaks), "the embedding leaked into h'"),
    "prior of the old memory": (
        through_another_head("prior", lambda head, x, h, a, e: head(h)),
        "the prior reads the old memory",
    ),
    "posterior of the old memory": (
        through_another_head("posterior", lambda head, x, h, a, e: head(torch.cat([h, e], -1))),
        "the posterior reads the old memory",
    ),
    "embedding first": (
        through_another_head("posterior", lambda head, x, h, a, e: head(torch.cat([e, x[:, : h.shape[1]]], -1))),
        "the memory first, then the embedding",
    ),
    "posterior of the action": (
        through_another_head("posterior", lambda head, x, h, a, e: head(torch.cat([x[:, : h.shape[1]], a], -1))),
        "reads the action in place of the embedding",
    ),
    "always the prior": (always_draws_from_the_prior, "an observation came in: draw from the posterior"),
    "blank embedding": (imagines_with_a_blank_embedding, "an embedding of zeros is not nothing"),
    "invented posterior": (invents_a_posterior, "there is no posterior: return None"),
    "no posterior": (forgets_the_posterior, r"the posterior reads \[h', e\]"),
    "needs an embedding": (needs_an_embedding, "four things"),
    "asks the embedding": (asks_the_embedding, "ask `embedding is None`"),
    "three": (returns_three, "a tuple of 3"),
    "old memory": (returns_the_old_memory, "this is the old memory"),
    "probabilities": (returns_probabilities, "these are probabilities"),
    "posterior first": (posterior_first, "the order is deter, stoch, prior, posterior"),
    "flat logits": (flattens_the_logits, "keep the groups apart"),
    "memory first": (memory_first, r"the cell reads \[z, a\] first"),
    "without the action": (without_the_action, r"the cell reads \[z, a\] first"),
    "prior reads everything": (prior_reads_everything, "the prior reads h' alone"),
    "in place": (writes_into_the_memory, "a changed `deter`"),
    "parameters in place": (writes_into_the_networks, "a changed `prior.0.bias`"),
    "frozen": (freezes_the_networks, "a changed `cell.weight_ih`"),
    "detached result": (returns_a_detached_memory, "trains the networks through time"),
    "detached memory": (detaches_the_old_memory, "trains the networks through time"),
    "detached latent": (detaches_the_old_latent, "trains the networks through time"),
    "no grad": (without_grad, "a draw has no gradient of its own"),
    "hard-coded": (hard_coded_sizes, "hard-coded|the latent has no effect"),
}


def without(place):
    def answer(*arguments):
        result = list(step(latent_of)(*arguments))
        result[place] = None
        return tuple(result)

    return answer


WRONG_STEPS |= {
    "deter is None": (without(0), "`deter` is None"),
    "stoch is None": (without(1), "`stoch` is None"),
    "prior is None": (without(2), "`prior` is None"),
}


@pytest.mark.parametrize("name", WRONG_STEPS)
def test_a_wrong_step_is_named(name: str) -> None:
    wrong, message = WRONG_STEPS[name]
    with pytest.raises(CheckFailed, match=message):
        check.rssm_step(wrong)


def test_an_embedding_that_is_never_none_is_named() -> None:
    def answer(parts, deter, stoch, action, embedding=None, generator=None):
        deter = parts.cell(torch.cat([stoch, action], -1), deter)
        prior, posterior = parts.prior(deter), parts.posterior(torch.cat([deter, embedding], -1))
        return deter, latent_of(posterior, generator), prior, posterior

    with pytest.raises(CheckFailed, match="`embedding` may be None"):
        check.rssm_step(answer)


def test_normalized_logits_are_logits() -> None:
    def answer(parts, deter, stoch, action, embedding=None, generator=None):
        deter, stoch, prior, posterior = step(latent_of)(parts, deter, stoch, action, embedding, generator)
        return deter, stoch, prior.log_softmax(-1), None if posterior is None else posterior.log_softmax(-1)

    check.rssm_step(answer)
