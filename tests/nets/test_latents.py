"""Latent distributions, against torch.distributions."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Categorical, Independent, Normal, OneHotCategorical, kl_divergence
from torch.nn.functional import softplus

from wmcourse.nets.latents import (
    CategoricalLatent,
    DeterministicLatent,
    GaussianLatent,
    Latent,
    normal_entropy,
    straight_through,
)

seeds = st.integers(0, 2**16)


def gaussian(parameters, min_std):
    mean, raw = parameters.chunk(2, -1)
    return Independent(Normal(mean, softplus(raw) + min_std), 1)


def mixed(parameters, groups, classes, unimix):
    """The categorical with its uniform share, written as probabilities."""
    probs = (1 - unimix) * torch.softmax(parameters.unflatten(-1, (groups, classes)), -1) + unimix / classes
    return Independent(OneHotCategorical(probs=probs), 1)


@given(seeds)
def test_gaussian_kl_equals_torch_distributions(seed):
    generator = torch.Generator().manual_seed(seed)
    left, right = 3 * torch.randn(2, 4, 5, 12, generator=generator, dtype=torch.float64)
    oracle = kl_divergence(gaussian(left, 0.1), gaussian(right, 0.1))
    torch.testing.assert_close(GaussianLatent(6, min_std=0.1).kl(left, right), oracle)


@given(seeds, st.sampled_from([0.0, 0.01, 0.3]))
def test_categorical_kl_equals_torch_distributions(seed, unimix):
    generator = torch.Generator().manual_seed(seed)
    left, right = 3 * torch.randn(2, 7, 12, generator=generator, dtype=torch.float64)
    oracle = kl_divergence(mixed(left, 3, 4, unimix), mixed(right, 3, 4, unimix))
    torch.testing.assert_close(CategoricalLatent(3, 4, unimix).kl(left, right), oracle)


@given(seeds)
def test_deterministic_kl_is_that_of_gaussians_of_unit_variance(seed):
    generator = torch.Generator().manual_seed(seed)
    left, right = 3 * torch.randn(2, 4, 5, 6, generator=generator, dtype=torch.float64)
    unit = torch.ones(6, dtype=torch.float64)
    oracle = kl_divergence(Independent(Normal(left, unit), 1), Independent(Normal(right, unit), 1))
    torch.testing.assert_close(DeterministicLatent(6).kl(left, right), oracle)


@given(seeds)
def test_kl_is_zero_only_between_equals(seed):
    generator = torch.Generator().manual_seed(seed)
    left, right = torch.randn(2, 8, 12, generator=generator)
    for latent in (GaussianLatent(6), CategoricalLatent(3, 4), DeterministicLatent(12)):
        torch.testing.assert_close(latent.kl(left, left), torch.zeros(8), atol=1e-6, rtol=0)
        assert (latent.kl(left, right) > 0).all()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_gaussian_samples_have_the_tempered_moments(temperature):
    parameters = torch.tensor([1.0, -2.0, 0.5, -0.5]).expand(40_000, 4)
    samples = GaussianLatent(2).sample(parameters, temperature)
    std = (softplus(torch.tensor([0.5, -0.5])) + 0.1) * temperature
    torch.testing.assert_close(samples.mean(0), torch.tensor([1.0, -2.0]), atol=0.04, rtol=0)
    torch.testing.assert_close(samples.std(0), std, rtol=0.02, atol=0)


@pytest.mark.parametrize(("unimix", "temperature"), [(0.0, 1.0), (0.01, 1.0), (0.4, 1.0), (0.01, 0.5), (0.01, 2.0)])
def test_categorical_sampling_frequencies(unimix, temperature):
    """Chi-square of 40 000 draws in each of two groups against the tempered, mixed probabilities."""
    logits = torch.tensor([2.0, 0.0, -1.0, -8.0, 0.3, 0.1, -0.2, 1.0])
    draws = CategoricalLatent(2, 4, unimix).sample(logits.expand(40_000, 8), temperature).unflatten(-1, (2, 4))
    assert ((draws == 0) | (draws == 1)).all() and (draws.sum(-1) == 1).all()
    probs = (1 - unimix) * logits.view(2, 4).softmax(-1) + unimix / 4
    probs = probs ** (1 / temperature) / (probs ** (1 / temperature)).sum(-1, keepdim=True)
    chi_square = ((draws.sum(0) - 40_000 * probs).square() / (40_000 * probs)).sum(-1)
    assert (chi_square < 21.1).all()  # the 99.99 % point with 3 degrees of freedom


def test_unimix_bounds_every_probability_from_below():
    latent = CategoricalLatent(1, 4, unimix=0.01)
    probs = latent.log_probs(torch.tensor([100.0, 0.0, 0.0, -100.0])).exp()
    torch.testing.assert_close(probs, torch.tensor([[0.99 + 0.0025, 0.0025, 0.0025, 0.0025]]))


def test_temperature_zero_is_the_mean_or_the_mode_and_draws_nothing():
    parameters = torch.randn(9, 12)
    before = torch.get_rng_state()
    torch.testing.assert_close(GaussianLatent(6).sample(parameters, 0.0), parameters[:, :6])
    mode = CategoricalLatent(3, 4).sample(parameters, 0.0).unflatten(-1, (3, 4))
    assert torch.equal(mode.argmax(-1), parameters.unflatten(-1, (3, 4)).argmax(-1))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("temperature", [0.0, 0.5, 1.0, 5.0])
def test_a_deterministic_latent_is_its_parameters_at_any_temperature_and_draws_nothing(temperature):
    latent, parameters = DeterministicLatent(6), torch.randn(9, 6, requires_grad=True)
    generator = torch.Generator().manual_seed(0)
    before, before_own = torch.get_rng_state(), generator.get_state()
    sample = latent.sample(parameters, temperature, generator)
    assert torch.equal(sample, parameters)
    assert torch.equal(torch.get_rng_state(), before) and torch.equal(generator.get_state(), before_own)
    weight = torch.randn(9, 6)
    (gradient,) = torch.autograd.grad((weight * sample).sum(), parameters)
    assert torch.equal(gradient, weight)


def test_each_family_says_how_many_parameters_it_takes_and_how_long_a_sample_is():
    for latent in (GaussianLatent(6), CategoricalLatent(3, 4), DeterministicLatent(6)):
        assert isinstance(latent, Latent)
        parameters = torch.randn(2, 7, latent.parameter_dim)
        assert latent.sample(parameters).shape == (2, 7, latent.sample_dim)
        assert latent.kl(parameters, parameters).shape == (2, 7)


def test_a_generator_repeats_samples():
    parameters = torch.randn(9, 12)
    for latent in (GaussianLatent(6), CategoricalLatent(3, 4)):
        draws = [latent.sample(parameters, generator=torch.Generator().manual_seed(s)) for s in (1, 1, 2)]
        assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])


def test_gaussian_samples_are_reparameterized():
    """d sample / d mean = 1; d sample / d std = the noise that was drawn."""
    parameters = torch.randn(5, 4, requires_grad=True)
    sample = GaussianLatent(2).sample(parameters)
    mean, std = GaussianLatent(2).mean_std(parameters)
    (gradient,) = torch.autograd.grad(sample.sum(), parameters)
    noise = ((sample - mean) / std).detach()
    torch.testing.assert_close(gradient[:, :2], torch.ones(5, 2))
    torch.testing.assert_close(gradient[:, 2:], noise * torch.sigmoid(parameters[:, 2:].detach()))


@pytest.mark.parametrize("greedy", [False, True])
def test_straight_through_passes_the_gradient_of_the_probabilities(greedy):
    logits = torch.randn(6, 5, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(6, 5, dtype=torch.float64)
    sample = straight_through(logits.log_softmax(-1), greedy=greedy)
    assert torch.equal(sample.detach().round(), torch.nn.functional.one_hot(sample.argmax(-1), 5).double())
    (got,) = torch.autograd.grad((weight * sample).sum(), logits)
    (oracle,) = torch.autograd.grad((weight * logits.softmax(-1)).sum(), logits)
    torch.testing.assert_close(got, oracle)


def test_normal_entropy_equals_torch_distributions():
    std = torch.rand(4, 3) + 0.1
    torch.testing.assert_close(normal_entropy(std), Normal(0.0, std).entropy().sum(-1))


@given(seeds, st.floats(0.2, 0.9), st.floats(1.1, 5.0))
def test_lower_temperature_never_raises_entropy(seed, cold, hot):
    """Of the distribution that is sampled: its sharpest class can only become likelier."""
    logits = torch.randn(1, 4, generator=torch.Generator().manual_seed(seed))
    plain = CategoricalLatent(1, 4).log_probs(logits)
    entropies = [Categorical(logits=plain / temperature).entropy() for temperature in (cold, 1.0, hot)]
    assert float(entropies[0]) <= float(entropies[1]) + 1e-6 <= float(entropies[2]) + 2e-6
    assert float(entropies[2]) <= math.log(4) + 1e-6
