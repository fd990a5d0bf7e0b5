"""Proper scores, against closed forms, torch.distributions, integrals and plain double loops."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal

from wmcourse.evaluation.scores import (
    ensemble_crps,
    gaussian_crps,
    gaussian_nll,
    inside_central_interval,
    inside_gaussian_interval,
    mixture_nll,
)


@given(st.integers(2, 9), st.integers(0, 10_000))
def test_ensemble_crps_equals_the_double_loop_over_different_pairs(count, seed):
    samples = torch.randn(count, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    truth = torch.randn(4, generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64)
    for b in range(4):
        x = samples[:, b].tolist()
        spread = [abs(x[i] - x[j]) for i in range(count) for j in range(count) if i != j]
        oracle = sum(abs(value - truth[b].item()) for value in x) / count - sum(spread) / len(spread) / 2
        assert ensemble_crps(samples, truth)[b].item() == pytest.approx(oracle, abs=1e-12)


@pytest.mark.parametrize("count", [2, 3, 20])
def test_the_fair_score_has_the_expectation_of_the_distribution_however_few_its_samples(count):
    """The unfair form, with K^2 pairs, would be off by spread / (2 K): 0.28 for two samples."""
    generator = torch.Generator().manual_seed(0)
    samples = 1.0 + 0.5 * torch.randn(count, 400_000, generator=generator)
    truth = torch.full((400_000,), 1.3)
    closed = gaussian_crps(torch.tensor(1.0), torch.tensor(0.5), torch.tensor(1.3))
    scores = ensemble_crps(samples, truth)
    error = scores.std().item() / math.sqrt(len(scores))
    assert scores.mean().item() == pytest.approx(closed.item(), abs=4 * error)


@given(st.floats(-2, 2), st.floats(0.2, 3), st.floats(-4, 4))
def test_gaussian_crps_equals_its_defining_integral(mean, std, truth):
    """The integral over y of (P(x <= y) - 1[truth <= y])^2 (Gneiting & Raftery 2007, eq. 20)."""
    grid = torch.linspace(-40, 40, 400_001, dtype=torch.float64)
    step = (grid >= truth).double()
    oracle = torch.trapezoid((Normal(mean, std).cdf(grid) - step).square(), grid).item()
    values = (torch.tensor(value, dtype=torch.float64) for value in (mean, std, truth))
    assert gaussian_crps(*values).item() == pytest.approx(oracle, abs=2e-4)


def test_a_shift_moves_and_a_scale_stretches_the_score():
    samples, truth = torch.randn(7, 5, dtype=torch.float64), torch.randn(5, dtype=torch.float64)
    torch.testing.assert_close(ensemble_crps(3 * samples + 2, 3 * truth + 2), 3 * ensemble_crps(samples, truth))


def test_the_best_expected_score_is_that_of_the_true_distribution():
    truth = Normal(0.0, 1.0).sample((200_000,))
    zero = torch.zeros_like(truth)
    crps = {s: gaussian_crps(zero, zero + s, truth).mean().item() for s in (0.7, 1.0, 1.4)}
    nll = {s: mixture_nll(zero[None, :, None], s, truth[:, None]).mean().item() for s in (0.7, 1.0, 1.4)}
    for scores in (crps, nll):
        assert min(scores, key=scores.__getitem__) == 1.0
    biased = gaussian_crps(zero + 0.3, zero + 1.0, truth).mean().item()
    assert biased > crps[1.0]


@pytest.mark.parametrize("std", [0.3, torch.tensor([0.3, 2.0])])
def test_mixture_nll_matches_torch_distributions(std):
    means, truth = torch.randn(6, 5, 4, 2), torch.randn(5, 4, 2)
    parts = Independent(Normal(means.movedim(0, -2), std), 1)
    oracle = MixtureSameFamily(Categorical(logits=torch.zeros(5, 4, 6)), parts)
    torch.testing.assert_close(mixture_nll(means, std, truth), -oracle.log_prob(truth))


def test_mixture_nll_survives_samples_far_from_the_truth():
    score = mixture_nll(torch.tensor([[[100.0]], [[200.0]]]), 0.1, torch.zeros(1, 1))
    assert score.item() == pytest.approx(0.5 * 1000.0**2 + math.log(0.1 * math.sqrt(2 * math.pi)) + math.log(2))


def test_gaussian_nll_matches_torch_distributions():
    factor = torch.randn(5, 3, 3).tril(-1) + torch.diag_embed(torch.rand(5, 3) + 0.5)
    covariance, mean, truth = factor @ factor.mT, torch.randn(5, 3), torch.randn(5, 3)
    oracle = -MultivariateNormal(mean, covariance).log_prob(truth)
    torch.testing.assert_close(gaussian_nll(mean, covariance, truth), oracle, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("count", "share"), [(19, 0.9), (3, 0.5), (40, 0.5), (64, 0.9), (4, 0.3)])
def test_a_truth_drawn_like_the_samples_lies_inside_as_often_as_it_should(count, share):
    draws = torch.rand(count + 1, 100_000, generator=torch.Generator().manual_seed(1))  # uniform: exact for any ranks
    inside = inside_central_interval(draws[1:], draws[0], share).float().mean().item()
    assert inside == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 100_000))


def test_intervals_of_many_gaussian_samples_are_the_gaussian_ones():
    samples = 2.0 + 3.0 * torch.randn(40_000, 1)
    for share, z in ((0.5, 0.674490), (0.9, 1.644854)):
        for truth, expected in ((2 + 3 * (z - 0.05), True), (2 - 3 * (z + 0.05), False)):
            point = torch.tensor([truth])
            assert inside_central_interval(samples, point, share).item() is expected
            mean, std = torch.tensor([2.0]), torch.tensor([3.0])
            assert inside_gaussian_interval(mean, std, point, share).item() is expected


@pytest.mark.usefixtures("unchecked_shapes")
def test_bad_input_is_named():
    with pytest.raises(ValueError, match="at least 2 samples"):
        ensemble_crps(torch.zeros(1, 3), torch.zeros(3))
    with pytest.raises(ValueError, match=r"samples has shape \(3, 5\); a truth of shape \(3,\) needs"):
        ensemble_crps(torch.zeros(3, 5), torch.zeros(3))
    with pytest.raises(ValueError, match="std must be positive"):
        mixture_nll(torch.zeros(2, 3, 1), 0.0, torch.zeros(3, 1))
    with pytest.raises(ValueError, match="share must lie"):
        inside_central_interval(torch.zeros(50, 3), torch.zeros(3), 90.0)
    with pytest.raises(ValueError, match="share must lie"):
        inside_gaussian_interval(torch.zeros(3), torch.ones(3), torch.zeros(3), 90.0)
    with pytest.raises(ValueError, match="10 samples cannot show the middle 0.9: take at least 19"):
        inside_central_interval(torch.zeros(10, 3), torch.zeros(3), 0.9)
