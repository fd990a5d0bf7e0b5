"""Exercise 8.1: wrong ways to draw the latent are named, and right ones written differently pass."""

from typing import Any

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


def takes_the_mode(believed, generator):
    return attach(F.one_hot(believed.argmax(-1), believed.shape[-1]).float(), believed.softmax(-1))


def draws_uniformly(believed, generator):
    return attach(draw(torch.ones_like(believed), generator), believed.softmax(-1))


def softmax_twice(believed, generator):
    return attach(draw(believed.softmax(-1).softmax(-1), generator), believed.softmax(-1))


def one_draw_for_the_batch(believed, generator):
    probabilities = believed.softmax(-1)
    return attach(draw(probabilities[:1], generator).expand_as(probabilities), probabilities)


def probabilities_of_the_first_row(believed, generator):
    probabilities = believed.softmax(-1)
    return attach(draw(probabilities[:1].expand_as(probabilities), generator), probabilities)


def probabilities_of_the_mean_row(believed, generator):
    probabilities = believed.softmax(-1)
    return attach(draw(probabilities.mean(0, keepdim=True).expand_as(probabilities), generator), probabilities)


def probabilities_of_the_first_group(believed, generator):
    probabilities = believed.softmax(-1)
    return attach(draw(probabilities[:, :1].expand_as(probabilities), generator), probabilities)


def one_random_number_for_all_groups(believed, generator):
    probabilities = believed.softmax(-1)
    uniform = torch.rand(len(believed), 1, 1, generator=generator)
    index = (probabilities.cumsum(-1) < uniform).sum(-1).clamp(max=believed.shape[-1] - 1)
    return attach(F.one_hot(index, believed.shape[-1]).float(), probabilities)


def one_draw_among_all_classes(believed, generator):
    probabilities = believed.flatten(1).softmax(-1)
    index = torch.multinomial(probabilities.detach(), 1, generator=generator).squeeze(-1)
    return F.one_hot(index, probabilities.shape[-1]) + (probabilities - probabilities.detach())


def each_class_by_itself(believed, generator):
    probabilities = believed.softmax(-1)
    return attach((torch.rand(believed.shape, generator=generator) < probabilities).float(), probabilities)


def indices_turned_on_their_side(believed, generator):
    probabilities = believed.softmax(-1)
    index = torch.multinomial(probabilities.detach().flatten(0, 1), 1, generator=generator)
    index = index.view(believed.shape[1], believed.shape[0]).T
    return attach(F.one_hot(index, believed.shape[-1]).float(), probabilities)


def table_turned_on_its_side(believed, generator):
    probabilities = believed.softmax(-1)
    index = torch.multinomial(probabilities.detach().transpose(0, 1).flatten(0, 1), 1, generator=generator)
    return attach(F.one_hot(index.view(believed.shape[:2]), believed.shape[-1]).float(), probabilities)


def groups_swapped(believed, generator):
    return attach(draw(believed.softmax(-1), generator).flip(1), believed.softmax(-1))


def flattens_by_class(believed, generator):
    probabilities = believed.softmax(-1)
    return attach(draw(probabilities, generator).transpose(1, 2), probabilities.transpose(1, 2))


def soft(believed, generator):
    return believed.softmax(-1).flatten(1)


def gumbel_softmax(believed, generator):
    noise = -torch.log(-torch.log(torch.rand(believed.shape, generator=generator)))
    return ((believed + noise) / 0.1).softmax(-1).flatten(1)


def rounds(believed, generator):
    probabilities = believed.softmax(-1)
    return (draw(probabilities, generator) + probabilities - probabilities.detach()).flatten(1)


def without_a_gradient(believed, generator):
    return draw(believed.softmax(-1), generator).flatten(1)


def through_the_logits(believed, generator):
    return attach(draw(believed.softmax(-1), generator), believed)


def through_the_log_probabilities(believed, generator):
    return attach(draw(believed.softmax(-1), generator), believed.log_softmax(-1))


def through_the_drawn_class(believed, generator):
    probabilities = believed.softmax(-1)
    one_hot = draw(probabilities, generator)
    return (one_hot + one_hot * (probabilities - probabilities.detach())).flatten(1)


def through_one_softmax_for_all(believed, generator):
    probabilities = believed.flatten(1).softmax(-1).view_as(believed)
    return attach(draw(believed.softmax(-1), generator), probabilities)


def mixes_in_the_uniform(believed, generator):
    probabilities = 0.99 * believed.softmax(-1) + 0.01 / believed.shape[-1]
    return attach(draw(probabilities, generator), probabilities)


def wrong_sign(believed, generator):
    probabilities = believed.softmax(-1)
    return (draw(probabilities, generator) + (probabilities.detach() - probabilities)).flatten(1)


def through_the_noise(believed, generator):
    noisy = (believed - torch.log(-torch.log(torch.rand(believed.shape, generator=generator)))).softmax(-1)
    return attach(F.one_hot(noisy.argmax(-1), believed.shape[-1]).float(), noisy)


def ignores_the_generator(believed, generator):
    return latent_of(believed, None)


def copies_the_generator(believed, generator):
    return latent_of(believed, None if generator is None else generator.clone_state())


def own_generator(believed, generator):
    return latent_of(believed, generator or torch.Generator())


def seeds(believed, generator):
    torch.manual_seed(0)
    return latent_of(believed, generator)


def mode_without_a_generator(believed, generator):
    return takes_the_mode(believed, None) if generator is None else latent_of(believed, generator)


def keeps_the_groups(believed, generator):
    return latent_of(believed, generator).view_as(believed)


def indices(believed, generator):
    return torch.multinomial(believed.softmax(-1).flatten(0, 1), 1, generator=generator).view(believed.shape[:2])


def rows_of_groups(believed, generator):
    return latent_of(believed, generator).view(-1, believed.shape[-1])


def integers(believed, generator):
    return latent_of(believed, generator).long()


def squeezes(believed, generator):
    return latent_of(believed, generator).squeeze()


def two_groups_of_three(believed, generator):
    return (
        latent_of(believed, generator).view(-1, 6) if believed.shape[0] > 1 else takes_the_mode(believed, None)[:, :4]
    )


def a_table_with_three_axes(believed, generator):
    return torch.multinomial(believed.softmax(-1), 1, generator=generator)


def exponentials(believed, generator):
    probabilities = believed.exp() / believed.exp().sum(-1, keepdim=True)
    return attach(draw(probabilities, generator), probabilities)


WRONG_LATENTS = {
    takes_the_mode: "argmax is not sampling",
    draws_uniformly: "draws are uniform",
    softmax_twice: "softmax was applied twice",
    one_draw_for_the_batch: "shared by the whole batch",
    probabilities_of_the_first_row: "all rows from those of one",
    probabilities_of_the_mean_row: "the mean of the batch",
    probabilities_of_the_first_group: "all groups from the first",
    one_random_number_for_all_groups: "groups share one random number",
    one_draw_among_all_classes: "one class in each group",
    each_class_by_itself: "one class in each group",
    indices_turned_on_their_side: "rows and the groups are mixed up",
    table_turned_on_its_side: "rows and the groups are mixed up",
    groups_swapped: "groups have changed places",
    flattens_by_class: "flatten group by group",
    soft: "forward value must be the hard draw",
    gumbel_softmax: "forward value must be the hard draw",
    rounds: "rounding",
    without_a_gradient: "a draw has no gradient of its own",
    through_the_logits: "gradient of the logits themselves",
    through_the_log_probabilities: "gradient of the log-probabilities",
    through_the_drawn_class: "only the drawn class has a gradient",
    through_one_softmax_for_all: "softmax runs over all groups at once",
    mixes_in_the_uniform: "1% of the uniform distribution",
    wrong_sign: "sign is wrong",
    through_the_noise: "changes with the draw",
    ignores_the_generator: "do not depend on the generator",
    copies_the_generator: "not from a copy",
    own_generator: "no generator of your own and no seed",
    seeds: "no generator of your own and no seed",
    mode_without_a_generator: "new draws at each call without a generator",
    keeps_the_groups: "flatten the groups into one vector",
    indices: "indices of classes",
    rows_of_groups: "give them back their batch axis",
    integers: "a gradient needs floats",
    squeezes: "a batch of one is still a batch",
    two_groups_of_three: r"stoch with an embedding: a tensor of shape \(1, 6\)",
    a_table_with_three_axes: "a table of rows",
    exponentials: "may overflow",
}


@pytest.mark.parametrize("wrong", WRONG_LATENTS, ids=lambda wrong: wrong.__name__)
def test_a_wrong_latent_is_named(wrong: Any) -> None:
    with pytest.raises(CheckFailed, match=WRONG_LATENTS[wrong]):
        check.rssm_step(step(wrong))


def gumbel_max(believed, generator):
    uniform = torch.rand(believed.shape, generator=generator).clamp(1e-9, 1 - 1e-7)
    index = (believed - torch.log(-torch.log(uniform))).argmax(-1)
    return attach(F.one_hot(index, believed.shape[-1]).float(), believed.softmax(-1))


def inverse_cdf(believed, generator):
    probabilities = believed.log_softmax(-1).exp()
    uniform = torch.rand(*believed.shape[:-1], 1, generator=generator)
    index = torch.searchsorted(probabilities.detach().cumsum(-1), uniform).clamp(max=believed.shape[-1] - 1)
    return attach(torch.zeros_like(believed).scatter(-1, index, 1.0), probabilities)


def group_by_group(believed, generator):
    parts = []
    for group in believed.unbind(1):
        probabilities = group.softmax(-1)
        index = torch.multinomial(probabilities.detach(), 1, generator=generator).squeeze(-1)
        parts.append(F.one_hot(index, group.shape[-1]) + (probabilities - probabilities.detach()))
    return torch.cat(parts, -1)


class StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, probabilities, one_hot):
        return one_hot.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


def by_a_function_of_its_own(believed, generator):
    probabilities = believed.softmax(-1)
    return StraightThrough.apply(probabilities, draw(probabilities, generator)).flatten(1)


@pytest.mark.parametrize("latent", [latent_of, gumbel_max, inverse_cdf, group_by_group, by_a_function_of_its_own])
def test_a_latent_drawn_differently_is_right_too(latent: Any) -> None:
    check.rssm_step(step(latent))


def test_prior_and_posterior_of_the_example_are_far_enough_apart() -> None:
    from wmcourse.checks.recurrence import SIZES
    from wmcourse.checks.small_rssm import build, inputs_of, stepped

    right = stepped(build(SIZES, seed=0), inputs_of(SIZES, rows=2, seed=1), seen=True)
    prior, posterior = right.prior.softmax(-1), right.posterior.softmax(-1)
    for a, b in ((prior, posterior), (posterior[0], posterior[1]), (posterior[:, 0], posterior[:, 1])):
        assert ((a - b).abs().amax(-1) > 0.1).all()
    assert prior.min() > 1e-3 and posterior.min() > 1e-3
