"""The variational autoencoder against torch.distributions: its KL, its draws and their gradients, its bound."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Independent, Normal, kl_divergence

from wmcourse.models.vae import VAE, VAEConfig, kl_to_standard_normal, reparameterized

SIZES = {"latent_dim": 5, "width": 2}


@pytest.fixture
def pictures():
    return torch.rand(3, 3, 64, 64)


@given(st.integers(0, 2**16), st.floats(-4, 2))
def test_kl_equals_torch_distributions_and_is_zero_only_at_the_prior(seed, log_scale):
    generator = torch.Generator().manual_seed(seed)
    mean, log_variance = 10**log_scale * torch.randn(2, 4, 7, generator=generator, dtype=torch.float64)
    prior = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
    kl = kl_to_standard_normal(mean, log_variance)
    torch.testing.assert_close(kl, kl_divergence(Independent(Normal(mean, (0.5 * log_variance).exp()), 1), prior))
    assert (kl > 0).all()
    assert kl_to_standard_normal(torch.zeros(2, 7), torch.zeros(2, 7)).tolist() == [0.0, 0.0]


def test_draws_have_the_moments_of_the_code_and_carry_gradients_to_them():
    """The gradients of E[z^2] = mean^2 + variance, in closed form: 2 mean, and the variance to its log."""
    mean = torch.tensor([1.0, -2.0, 0.0], requires_grad=True)
    log_variance = torch.tensor([0.0, 1.0, -3.0], requires_grad=True)
    draws = reparameterized(mean.expand(100_000, 3), log_variance.expand(100_000, 3))
    torch.testing.assert_close(draws.mean(0), mean, atol=0.03, rtol=0)
    torch.testing.assert_close(draws.var(0), log_variance.exp(), rtol=0.03, atol=0)
    to_mean, to_log_variance = torch.autograd.grad(draws.square().mean(0).sum(), (mean, log_variance))
    torch.testing.assert_close(to_mean, 2 * mean, atol=0.05, rtol=0)
    torch.testing.assert_close(to_log_variance, log_variance.exp(), atol=0.02, rtol=0.03)


@pytest.mark.parametrize(("beta", "warmth"), [(1.0, 1.0), (4.0, 0.25), (0.3, 0.5)])
def test_the_loss_is_the_negative_elbo_up_to_a_constant(pictures, beta, warmth):
    """With the KL weighed by beta and by warmth, and the same draw from q(z|x)."""
    vae = VAE(VAEConfig(**SIZES, beta=beta, pixel_std=0.2))
    torch.manual_seed(1)
    loss = vae.loss(pictures, warmth)
    torch.manual_seed(1)
    mean, log_variance = vae.posterior(pictures)
    posterior = Independent(Normal(mean, (0.5 * log_variance).exp()), 1)
    drawn = Independent(Normal(vae.decode(posterior.rsample()), 0.2), 3)
    kl = kl_divergence(posterior, Independent(Normal(torch.zeros(5), torch.ones(5)), 1))
    constant = 3 * 64 * 64 * math.log(0.2 * math.sqrt(2 * math.pi))
    torch.testing.assert_close(loss + constant, (beta * warmth * kl - drawn.log_prob(pictures)).mean())


def test_without_a_price_on_the_code_it_is_an_autoencoder_that_draws_nothing(pictures):
    vae = VAE(VAEConfig(**SIZES, beta=0.0))
    before = torch.get_rng_state()
    loss = vae.loss(pictures)
    assert torch.equal(torch.get_rng_state(), before)
    error = (vae.decode(vae.encode(pictures)) - pictures).square().sum() / len(pictures)
    torch.testing.assert_close(loss, error / (2 * vae.config.pixel_std**2))


def test_the_background_is_what_most_pixels_show():
    """It is seen as nothing, and drawn of nothing: with silent networks, pictures become the background."""
    vae, color = VAE(VAEConfig(**SIZES)), torch.tensor([0.1, 0.2, 0.4]).view(3, 1, 1)
    pictures = color.repeat(5, 1, 64, 64)
    pictures[:, :, 20:40, 10:40] = torch.rand(5, 3, 20, 30)
    vae.fit_background(pictures)
    torch.testing.assert_close(vae.background, color)
    mean, log_variance = vae.encoder(pictures - color).chunk(2, dim=-1)
    torch.testing.assert_close(vae.posterior(pictures), (mean, log_variance))
    for parameter in vae.decoder.parameters():
        parameter.data.zero_()
    torch.testing.assert_close(vae.decode(torch.randn(2, 5)), color.expand(2, 3, 64, 64))
