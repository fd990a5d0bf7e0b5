"""The autoencoder: two frames and their code are the same thing twice, and its scales are those of the pictures."""

import pytest
import torch

from wmcourse.models.autoencoder import CHANGE_SCALE, Autoencoder, AutoencoderConfig
from wmcourse.nets.mlp import Normalizer

SMALL = AutoencoderConfig(width=2, latent_dim=5)
TWO = AutoencoderConfig(width=2, latent_dim=5, frames=2)
COLOR = AutoencoderConfig(width=2, latent_dim=5, color=True)
ALL = pytest.mark.parametrize("config", [SMALL, TWO, COLOR], ids=["one", "two", "color"])


def pictures(config, count=64, seed=0):
    """A background, a spot that moves over it, and two frames that hardly differ."""
    generator = torch.Generator().manual_seed(seed)
    channels = config.observation_shape[0]
    background = torch.rand(64, 64, generator=generator).expand(count, channels, 64, 64)
    noise = torch.rand(count, 1, 64, 64, generator=generator)
    change = 0.05 * torch.rand(count, channels, 64, 64, generator=generator)
    return 0.5 * background + 0.3 * noise + change


@ALL
def test_it_codes_pictures_of_its_shape_to_numbers_and_back(config):
    model = Autoencoder(config)
    x = pictures(config, 3)
    assert model.encode(x).shape == (3, 5)
    assert model.decode(model.encode(x)).shape == x.shape == (3, *config.observation_shape)


@ALL
def test_with_networks_that_change_nothing_decoding_undoes_encoding(config):
    """All that is around the networks is undone: the change of frames, the scales of pictures and of latents."""
    model = Autoencoder(config)
    x = pictures(config)
    model.fit_pictures(x)
    model.encoder, model.decoder = torch.nn.Flatten(), torch.nn.Unflatten(1, config.observation_shape)
    model.latent = Normalizer((x[0].numel(),))
    model.fit_latents(x)
    torch.testing.assert_close(model.decode(model.encode(x)), x)


def test_two_frames_are_coded_as_the_newer_and_the_change():
    model = Autoencoder(TWO)
    older, newer = torch.rand(2, 4, 64, 64)
    code = model._changes(torch.stack([older, newer], 1))
    assert torch.equal(code[:, 0], newer) and torch.equal(code[:, 1], newer - older)
    torch.testing.assert_close(model._frames(code), torch.stack([older, newer], 1))


@ALL
def test_normalized_pictures_have_mean_zero_and_every_channel_its_scale(config):
    model, x = Autoencoder(config), pictures(config)
    model.fit_pictures(x)
    normalized = model.normalize(x)
    torch.testing.assert_close(normalized.mean(0), torch.zeros(config.observation_shape), atol=1e-4, rtol=0)
    scale = normalized.square().mean((0, 2, 3)).sqrt().tolist()
    expected = {1: [1.0], 2: [1.0, 1 / CHANGE_SCALE], 3: [1.0] * 3}[config.observation_shape[0]]
    assert scale == pytest.approx(expected, rel=1e-4)


@ALL
def test_saying_the_mean_picture_costs_one_and_of_the_change_a_quarter(config):
    model, x = Autoencoder(config), pictures(config)
    model.fit_pictures(x)
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            parameter.zero_()
        loss = model.loss(x).item()
    assert loss == pytest.approx((1 + 1 / CHANGE_SCALE**2) / 2 if config.frames == 2 else 1.0, rel=1e-4)


def test_the_loss_is_the_error_of_the_pictures_in_standard_deviations():
    model, x = Autoencoder(SMALL), pictures(SMALL, 20)
    model.fit_pictures(x)
    shown = model.decode(model.encode(x))
    torch.testing.assert_close(model.loss(x), ((shown - x) / model.std).square().mean())


@ALL
def test_fitted_latents_have_mean_zero_and_variance_one_and_mean_the_same_pictures(config):
    model, x = Autoencoder(config), pictures(config)
    model.fit_pictures(x)
    before, loss = model.decode(model.encode(x)), model.loss(x)
    model.fit_latents(x)
    z = model.encode(x)
    torch.testing.assert_close(z.mean(0), torch.zeros(5), atol=1e-4, rtol=0)
    torch.testing.assert_close(z.var(0), torch.ones(5), atol=1e-3, rtol=0)
    torch.testing.assert_close(model.decode(z), before, atol=1e-4, rtol=1e-4)
    assert torch.equal(model.loss(x), loss)


def test_the_scales_are_saved_with_the_weights():
    model, other, x = Autoencoder(TWO), Autoencoder(TWO), pictures(TWO)
    model.fit_pictures(x)
    model.fit_latents(x)
    other.load_state_dict(model.state_dict())
    assert torch.equal(other.encode(x), model.encode(x))
    assert torch.equal(other.decode(other.encode(x)), model.decode(model.encode(x)))


def test_the_gradient_of_the_loss_reaches_every_weight():
    model = Autoencoder(TWO)
    x = pictures(TWO, 4)
    model.fit_pictures(x)
    model.loss(x).backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.parameters())


@pytest.mark.parametrize(
    ("options", "words"), [({"frames": 3}, "frames=3"), ({"frames": 2, "color": True}, "frames=2")]
)
def test_other_numbers_of_frames_are_refused(options, words):
    with pytest.raises(ValueError, match=f"for one frame or two gray ones, not {words}"):
        Autoencoder(AutoencoderConfig(**options))
