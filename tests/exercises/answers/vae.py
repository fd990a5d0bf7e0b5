"""Answers to the exercises of chapter 4: right ones written differently, wrong ones that once escaped."""

import math

import torch
from torch.distributions import Normal, kl_divergence


def out_of_normal_(mean, log_variance, generator=None):
    noise = torch.empty_like(mean).normal_(generator=generator)
    return torch.addcmul(mean, log_variance.exp().sqrt(), noise)


def by_torch_normal(mean, log_variance, generator=None):
    return mean + torch.normal(torch.zeros_like(mean.detach()), 1.0, generator=generator) * (log_variance / 2).exp()


def by_box_muller(mean, log_variance, generator=None):
    u, v = torch.rand(2, *mean.shape, generator=generator)
    return mean + log_variance.mul(0.5).exp() * (-2 * torch.log1p(-u)).sqrt() * torch.cos(2 * math.pi * v)


def clamps_the_logarithm(mean, log_variance, generator=None):
    return out_of_normal_(mean, log_variance.clamp(-10, 2), generator)


def cuts_the_tails(mean, log_variance, generator=None):
    noise = torch.randn(mean.shape, generator=generator).clamp(-1.5, 1.5)
    return mean + (0.5 * log_variance).exp() * noise


def adds_an_epsilon(mean, log_variance, generator=None):
    return mean + (0.5 * log_variance.exp() + 1e-3).sqrt() * torch.randn(mean.shape, generator=generator)


def cuts_the_mean(mean, log_variance, generator=None):
    return out_of_normal_(mean.detach(), log_variance, generator)


def takes_softplus(mean, log_variance, generator=None):
    return mean + torch.nn.functional.softplus(log_variance) * torch.randn(mean.shape, generator=generator)


def shares_pairs(mean, log_variance, generator=None):
    noise = torch.randn(mean.shape, generator=generator)
    return mean + (0.5 * log_variance).exp() * torch.cat([noise[:, :1], noise[:, :-1]], -1)


def needs_a_generator(mean, log_variance, generator):
    return out_of_normal_(mean, log_variance, generator)


def squeezes(mean, log_variance, generator=None):
    return out_of_normal_(mean, log_variance, generator).squeeze()


def by_two_gaussians(mean, log_variance):
    prior = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    return kl_divergence(Normal(mean, (log_variance / 2).exp()), prior).sum(-1)


def the_other_way_round(mean, log_variance):
    return -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(dim=-1)


def in_two_sums(mean, log_variance):
    spread = torch.expm1(log_variance) - log_variance
    return (torch.einsum("...z,...z->...", mean, mean) + spread.sum(-1)) / 2


def clamps_the_variance(mean, log_variance):
    return the_other_way_round(mean, log_variance.clamp(-20, 10))


def sums_the_second_axis(mean, log_variance):
    return -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(dim=min(1, mean.dim() - 1))


def sums_all_but_the_first_axis(mean, log_variance):
    return -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).flatten(1).sum(1)


def pays_for_no_free_nats(mean, log_variance):
    return the_other_way_round(mean, log_variance).clamp_min(1.0)


def holds_the_variance(mean, log_variance):
    return the_other_way_round(mean, log_variance.detach())


def takes_the_size_of_the_mean(mean, log_variance):
    return -0.5 * (1 + log_variance - mean.abs() - log_variance.exp()).sum(dim=-1)


def by_log_prob(picture, drawn, kl, pixel_std):
    return Normal(drawn, pixel_std).log_prob(picture).flatten(1).sum(1) - kl


def in_flat_rows(picture, drawn, kl, pixel_std):
    score = ((picture - drawn) / pixel_std).flatten(1)
    return -0.5 * (score * score + math.log(2 * math.pi)).sum(1) - score.shape[1] * math.log(pixel_std) - kl


def picture_by_picture(picture, drawn, kl, pixel_std):
    count = picture[0].numel() * math.log(pixel_std * math.sqrt(2 * math.pi))
    rows = zip(picture, drawn, kl, strict=True)
    return torch.stack([-((x - y) ** 2).sum() / 2 / pixel_std**2 - count - k for x, y, k in rows])


def counts_one_channel(picture, drawn, kl, pixel_std):
    error = (picture - drawn).square().sum((1, 2, 3)) / (2 * pixel_std**2)
    return -error - 0.5 * picture[0, 0].numel() * math.log(2 * math.pi * pixel_std**2) - kl


def counts_the_batch(picture, drawn, kl, pixel_std):
    error = (picture - drawn).square().sum((1, 2, 3)) / (2 * pixel_std**2)
    return -error - 0.5 * picture.numel() * math.log(2 * math.pi * pixel_std**2) - kl


def clamps_what_was_drawn(picture, drawn, kl, pixel_std):
    return by_log_prob(picture, drawn.clamp(0, 1), kl, pixel_std)


def takes_no_logarithm_of_2_pi_squared(picture, drawn, kl, pixel_std):
    error = (picture - drawn).square().sum((1, 2, 3)) / (2 * pixel_std**2)
    return -error - 0.5 * picture[0].numel() * math.log(2 * math.pi * pixel_std) - kl


def averages_the_kl(picture, drawn, kl, pixel_std):
    return by_log_prob(picture, drawn, kl.mean(), pixel_std)


def cuts_the_picture(picture, drawn, kl, pixel_std):
    return by_log_prob(picture, drawn.detach(), kl, pixel_std)


def never_above_zero(picture, drawn, kl, pixel_std):
    return by_log_prob(picture, drawn, kl, pixel_std).clamp_max(0)


RIGHT = {
    "reparameterized": [out_of_normal_, by_torch_normal, by_box_muller],
    "kl_to_standard_normal": [by_two_gaussians, the_other_way_round, in_two_sums],
    "elbo": [by_log_prob, in_flat_rows, picture_by_picture],
}
WRONG = {
    "reparameterized": [
        clamps_the_logarithm,
        cuts_the_tails,
        adds_an_epsilon,
        cuts_the_mean,
        takes_softplus,
        shares_pairs,
        needs_a_generator,
        squeezes,
    ],
    "kl_to_standard_normal": [
        clamps_the_variance,
        sums_the_second_axis,
        sums_all_but_the_first_axis,
        pays_for_no_free_nats,
        holds_the_variance,
        takes_the_size_of_the_mean,
    ],
    "elbo": [
        counts_one_channel,
        counts_the_batch,
        clamps_what_was_drawn,
        takes_no_logarithm_of_2_pi_squared,
        averages_the_kl,
        cuts_the_picture,
        never_above_zero,
    ],
}
