"""Mixtures of Gaussians, against torch.distributions."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Categorical, MixtureSameFamily, Normal

from wmcourse.nets.mixture import LOG_SIGMA, Mixture, inverse_cdf

seeds = st.integers(0, 2**16)


def drawn(seed, *batch, latent=3, components=4, scale=2.0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    outputs = scale * torch.randn(*batch, 3 * latent * components, generator=generator, dtype=dtype)
    return Mixture.of(outputs, components), outputs


def oracle(mixture):
    """One distribution for each dimension."""
    return MixtureSameFamily(Categorical(logits=mixture.log_pi), Normal(mixture.mu, mixture.log_sigma.exp()))


def frequencies(log_probs, temperature, draws=20_000):
    """(..., class): how often each class is drawn."""
    return inverse_cdf(log_probs.expand(draws, *log_probs.shape), temperature).mean(0)


@given(seeds)
def test_density_distribution_and_mean_equal_those_of_torch_distributions(seed):
    mixture, _ = drawn(seed, 2, 5)
    target = 3 * torch.randn(2, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(mixture.nll(target), -oracle(mixture).log_prob(target).sum(-1))
    torch.testing.assert_close(mixture.cdf(target), oracle(mixture).cdf(target))
    torch.testing.assert_close(mixture.mean(), oracle(mixture).mean)


def test_a_networks_outputs_are_logits_then_means_then_log_deviations_within_bounds():
    mixture, outputs = drawn(0, 7, scale=5.0)
    logits, mu, raw = outputs.view(7, 3, 3, 4).unbind(1)  # (batch, kind, latent, component)
    torch.testing.assert_close(mixture.log_pi, logits.log_softmax(-1))
    assert torch.equal(mixture.mu, mu)
    assert (raw < LOG_SIGMA[0]).any() and (raw > LOG_SIGMA[1]).any()
    assert torch.equal(mixture.log_sigma, raw.clip(*LOG_SIGMA))


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 1.5, torch.tensor(0.5)])
def test_samples_come_from_the_tempered_components_with_the_tempered_spread(temperature):
    """The components are far apart, so that each sample tells which one it comes from."""
    draws, tau = 40_000, float(temperature)
    log_pi = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]]).log()
    mu = torch.tensor([-300.0, 0.0, 300.0]).expand(2, 3)
    sigma = torch.tensor([[1.0, 4.0, 0.2], [2.0, 0.5, 7.0]])
    parts = (part.expand(draws, 2, 3) for part in (log_pi, mu, sigma.log()))
    samples = Mixture(*parts).sample(temperature)
    nearest = (samples.unsqueeze(-1) - mu).abs().argmin(-1)
    share = log_pi.exp() ** (1 / tau) / (log_pi.exp() ** (1 / tau)).sum(-1, keepdim=True)
    for dimension in range(2):
        for component in range(3):
            own = samples[nearest[:, dimension] == component, dimension]
            expected = draws * float(share[dimension, component])
            assert abs(len(own) - expected) < 4 * math.sqrt(expected) + 1
            if expected > 1000:
                spread = float(sigma[dimension, component]) * tau**0.5
                off = float(mu[0, component]), spread * 4 / math.sqrt(len(own))
                assert float(own.mean()) == pytest.approx(off[0], abs=off[1])
                assert float(own.std()) == pytest.approx(spread, rel=0.05)


def test_temperature_zero_is_the_mean_of_the_likeliest_component_and_draws_nothing():
    mixture, _ = drawn(0, 6)
    before = torch.get_rng_state()
    greedy = mixture.sample(0.0)
    assert torch.equal(torch.get_rng_state(), before)
    for row, pi, mu in zip(greedy.flatten(), mixture.log_pi.flatten(0, -2), mixture.mu.flatten(0, -2), strict=True):
        assert row == mu[max(range(4), key=lambda k: pi[k])]
    torch.testing.assert_close(mixture.sample(torch.tensor(0.0, dtype=torch.float64)), greedy)


@given(seeds, st.floats(0.05, 3.0), st.floats(1.1, 5.0))
def test_a_lower_temperature_never_raises_the_entropy_of_the_components(seed, temperature, factor):
    log_probs = drawn(seed, 1, latent=1)[0].log_pi[0, 0]
    torch.manual_seed(seed)
    colder, warmer = (
        Categorical(frequencies(log_probs, each)).entropy() for each in (temperature, factor * temperature)
    )
    assert colder <= warmer + 0.05  # nats: the entropies of 20 000 draws


def test_one_class_is_drawn_whatever_the_odds_and_the_temperature():
    odds = [[0.0, 0.0, 0.0], [1e4, 0.0, -1e4], [-1e4, -1e4, -1e4 + 1], [-80.0, -90.0, -100.0], [0.0, -math.inf, 0.0]]
    log_probs = torch.tensor(odds).log_softmax(-1).expand(2000, 5, 3)
    for temperature in (1e-4, 0.3, 1.0, 100.0, torch.tensor(0.0)):
        chosen = inverse_cdf(log_probs, temperature)
        assert ((chosen == 0) | (chosen == 1)).all() and (chosen.sum(-1) == 1).all()
        assert (chosen[:, 4, 1] == 0).all()


def test_extreme_outputs_and_targets_give_finite_numbers_and_gradients():
    outputs = torch.tensor([0.0, 1e4, -1e4, 3e4, -80.0, 80.0]).repeat(5, 12)
    outputs = outputs[:, torch.randperm(72)][:, :60].clone().requires_grad_()
    mixture = Mixture.of(outputs, 5)
    for target in (torch.zeros(5, 4), torch.full((5, 4), 1e6), mixture.mu[..., 0].detach()):
        nll = mixture.nll(target)
        double = Mixture(*(part.detach().double() for part in mixture))
        torch.testing.assert_close(
            nll.double(), -oracle(double).log_prob(target.double()).sum(-1), rtol=1e-4, atol=1e-3
        )
        (gradient,) = torch.autograd.grad(nll.sum(), outputs, retain_graph=True)
        assert gradient.isfinite().all()
        assert ((mixture.cdf(target) >= 0) & (mixture.cdf(target) <= 1 + 1e-6)).all()
    for temperature in (0.0, 1e-4, 1.0, 100.0):
        assert mixture.sample(temperature).isfinite().all()


def test_samples_repeat_with_their_generator():
    mixture, _ = drawn(0, 9)
    first, second, other = (mixture.sample(1.0, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, second) and not torch.equal(first, other)
