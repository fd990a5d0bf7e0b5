"""Exercise 8.2: plausible mistakes are named, and right answers written differently pass."""

from typing import Any

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from wmcourse.checks import rssm as check
from wmcourse.checks.check import CheckFailed


def terms(mean_q, std_q, mean_p, std_p):
    return torch.log(std_p / std_q), (std_q / std_p).square(), ((mean_q - mean_p) / std_p).square()


def right(mean_q, std_q, mean_p, std_p):
    log, spread, distance = terms(mean_q, std_q, mean_p, std_p)
    return (log + 0.5 * (spread + distance - 1)).sum(-1)


def from_terms(combine):
    """`combine(log, spread, distance)` for each dimension, summed."""
    return lambda *gaussians: combine(*terms(*gaussians)).sum(-1)


def samples(mean_q, std_q, mean_p, std_p):
    q, p = Normal(mean_q, std_q), Normal(mean_p, std_p)
    z = q.rsample((200,))
    return (q.log_prob(z) - p.log_prob(z)).sum(-1).mean(0)


def writes_into_std(mean_q, std_q, mean_p, std_p):
    return right(mean_q, std_q.clamp_(min=0.5), mean_p, std_p)


def takes_variances(mean_q, std_q, mean_p, std_p):
    return right(mean_q, std_q.sqrt(), mean_p, std_p.sqrt())


def takes_log_stds(mean_q, std_q, mean_p, std_p):
    return right(mean_q, std_q.exp(), mean_p, std_p.exp())


def without_roots(mean_q, std_q, mean_p, std_p):
    log, _, distance = terms(mean_q, std_q, mean_p, std_p)
    return (log + 0.5 * (std_q / std_p + distance - 1)).sum(-1)


def half_squared_distance(mean_q, std_q, mean_p, std_p):
    log, spread, _ = terms(mean_q, std_q, mean_p, std_p)
    return (log + 0.5 * (spread + (mean_q - mean_p).square() / std_p - 1)).sum(-1)


def distance_without_square(mean_q, std_q, mean_p, std_p):
    log, spread, _ = terms(mean_q, std_q, mean_p, std_p)
    return (log + 0.5 * (spread + (mean_q - mean_p) / std_p - 1)).sum(-1)


def distance_over_q(mean_q, std_q, mean_p, std_p):
    log, spread, _ = terms(mean_q, std_q, mean_p, std_p)
    return (log + 0.5 * (spread + ((mean_q - mean_p) / std_q).square() - 1)).sum(-1)


def in_bits(mean_q, std_q, mean_p, std_p):
    _, spread, distance = terms(mean_q, std_q, mean_p, std_p)
    return (torch.log2(std_p / std_q) + 0.5 * (spread + distance - 1)).sum(-1)


def standard_prior(mean_q, std_q, mean_p, std_p):
    return right(mean_q, std_q, torch.zeros_like(mean_p), torch.ones_like(std_p))


def first_example_only(mean_q, std_q, mean_p, std_p):
    log, spread, distance = terms(mean_q, std_q, mean_p, std_p)
    return (log + 0.5 * (spread + distance)).sum(-1) - 0.5 * 4


def three_axes(mean_q, std_q, mean_p, std_p):
    return kl_divergence(Normal(mean_q, std_q), Normal(mean_p, std_p)).sum(2)


def detaches_q(mean_q, std_q, mean_p, std_p):
    return right(mean_q.detach(), std_q.detach(), mean_p, std_p)


def detaches_a_std(mean_q, std_q, mean_p, std_p):
    return right(mean_q, std_q, mean_p, std_p.detach())


def detour(mean_q, std_q, mean_p, std_p):
    return torch.from_numpy(right(mean_q, std_q, mean_p, std_p).numpy())


WRONG_KLS = {
    "reversed": (lambda mq, sq, mp, sp: right(mp, sp, mq, sq), r"this is KL\(p \|\| q\)"),
    "no log": (from_terms(lambda log, spread, distance: 0.5 * (spread + distance - 1)), "logarithm is missing"),
    "no half": (from_terms(lambda log, spread, distance: log + spread + distance - 1), "the ½ is missing"),
    "log squared, no half": (
        from_terms(lambda log, spread, distance: 2 * log + spread + distance - 1),
        "it halves the whole bracket",
    ),
    "two halves": (
        from_terms(lambda log, spread, distance: 0.5 * (log + spread + distance - 1)),
        "the ½ halves too much",
    ),
    "log of variances": (
        from_terms(lambda log, spread, distance: 2 * log + 0.5 * (spread + distance - 1)),
        "the ½ halves too little",
    ),
    "no -1": (from_terms(lambda log, spread, distance: log + 0.5 * (spread + distance)), "the -1 is missing"),
    "-1 after the sum": (
        lambda *g: from_terms(lambda log, spread, distance: log + 0.5 * (spread + distance))(*g) - 0.5,
        "the -1 belongs to each dimension",
    ),
    "-1 after the half": (
        from_terms(lambda log, spread, distance: log + 0.5 * (spread + distance) - 1),
        "-1 is inside it",
    ),
    "log sign": (
        from_terms(lambda log, spread, distance: -log + 0.5 * (spread + distance - 1)),
        "logarithm has the wrong sign",
    ),
    "no distance": (from_terms(lambda log, spread, distance: log + 0.5 * (spread - 1)), "distance of the means is mis"),
    "no spread": (from_terms(lambda log, spread, distance: log + 0.5 * (distance - 1)), "ratio of the spreads is miss"),
    "upside down": (
        from_terms(lambda log, spread, distance: log + 0.5 * (1 / spread + distance - 1)),
        "upside down",
    ),
    "variances": (takes_variances, "σ is given, not σ²"),
    "log stds": (takes_log_stds, "σ is given, not log σ"),
    "not squared": (without_roots, "standard deviations are not squared"),
    "divided by std": (half_squared_distance, "by σ_p, not by its square"),
    "distance not squared": (distance_without_square, "distance of the means is not squared"),
    "divided by q": (distance_over_q, "divided by σ_q²"),
    "bits": (in_bits, "natural logarithm"),
    "standard prior": (standard_prior, "standard Gaussian"),
    "negative": (lambda *g: -right(*g), "never negative"),
    "mean": (lambda *g: right(*g) / g[0].shape[-1], "mean over the latent"),
    "each dimension": (
        lambda mq, sq, mp, sp: kl_divergence(Normal(mq, sq), Normal(mp, sp)),
        "sum over the last axis",
    ),
    "everything": (lambda *g: right(*g).sum(), "the batch is summed too"),
    "first axis": (
        lambda mq, sq, mp, sp: kl_divergence(Normal(mq, sq), Normal(mp, sp)).sum(0),
        "summed over the first axis",
    ),
    "keepdim": (lambda *g: right(*g).unsqueeze(-1), "no keepdim"),
    "squeeze": (lambda *g: right(*g).squeeze(), "a batch of one is still a batch"),
    "samples": (samples, "needs no samples"),
    "in place": (writes_into_std, "a changed `std_q`"),
    "hard-coded": (first_example_only, "hard-coded"),
    "three axes": (three_axes, "however many come before it"),
    "detached": (lambda *g: right(*g).detach(), "cuts the gradient"),
    "detached q": (detaches_q, "cuts the gradient"),
    "detached std": (detaches_a_std, "cuts the gradient"),
    "numpy": (detour, "stay in torch"),
    "floor": (lambda *g: right(*g).clamp_min(1.0), "a KL has no floor"),
    "low floor": (lambda *g: right(*g).clamp_min(0.01), "a KL has no floor"),
    "floor for each dimension": (
        lambda mq, sq, mp, sp: kl_divergence(Normal(mq, sq), Normal(mp, sp)).clamp_min(0.05).sum(-1),
        "a KL has no floor",
    ),
    "cap": (lambda *g: right(*g).clamp_max(20.0), "a KL has no cap"),
    "high cap": (lambda *g: right(*g).clamp_max(1000.0), "a KL has no cap"),
    "smallest std": (lambda mq, sq, mp, sp: right(mq, sq.clamp_min(0.02), mp, sp.clamp_min(0.02)), "as small as 0.01"),
    "epsilon": (lambda mq, sq, mp, sp: right(mq, sq + 1e-3, mp, sp + 1e-3), "expected: KL"),
    "integers": (lambda *g: right(*g).round().long(), "expected: KL"),
}


@pytest.mark.parametrize("name", WRONG_KLS)
def test_gaussian_kl_names_the_mistake(name: str) -> None:
    wrong, message = WRONG_KLS[name]
    with pytest.raises(CheckFailed, match=message):
        check.gaussian_kl(wrong)


def by_torch_distributions(mean_q, std_q, mean_p, std_p):
    return kl_divergence(Independent(Normal(mean_q, std_q), 1), Independent(Normal(mean_p, std_p), 1))


def by_entropies(mean_q, std_q, mean_p, std_p):
    cross = 0.5 * (torch.log(2 * torch.pi * std_p**2) + (std_q**2 + (mean_q - mean_p) ** 2) / std_p**2)
    return (cross - Normal(mean_q, std_q).entropy()).sum(dim=-1)


def by_variances(mean_q, std_q, mean_p, std_p):
    var_q, var_p = std_q.pow(2), std_p.pow(2)
    sums = ((var_q + (mean_q - mean_p).pow(2)) / var_p + var_p.log() - var_q.log()).sum(-1)
    return 0.5 * (sums - mean_q.shape[-1])


@pytest.mark.parametrize("answer", [right, by_torch_distributions, by_entropies, by_variances])
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.gaussian_kl(answer)
