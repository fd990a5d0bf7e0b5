"""The first stage: repeatable, better than the mean picture within seconds, and never trained twice."""

from dataclasses import replace

import pytest
import torch

from wmcourse.models.autoencoder import AutoencoderConfig
from wmcourse.recipes import autoencoder as recipe
from wmcourse.recipes.pixel_episodes import pixel_episodes

SHORT = recipe.Config(seed=3, updates=3, batch_size=8, model=AutoencoderConfig(width=2, latent_dim=4))


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch):
    monkeypatch.setattr(recipe, "FITTED_ON", 400)


@pytest.fixture(scope="module")
def data():
    return pixel_episodes(12, seed=3)


def weights(trained):
    return trained.module.state_dict()


def test_the_same_seed_trains_the_same_weights_and_another_seed_others(data):
    first, second, other = (
        weights(recipe.train(replace(SHORT, seed=seed), data, progress=False)) for seed in (3, 3, 4)
    )
    assert all(torch.equal(second[name], value) for name, value in first.items())
    assert not torch.equal(first["encoder.head.1.weight"], other["encoder.head.1.weight"])


@pytest.mark.parametrize("frames", [1, 2])
def test_a_little_training_beats_the_mean_picture_on_other_episodes(data, frames):
    """The mean of the pictures, and no change, are what an untrained decoder's best guess would be."""
    config = replace(
        SHORT, updates=40, batch_size=16, lr=5e-3, model=AutoencoderConfig(width=2, latent_dim=8, frames=frames)
    )
    module = recipe.train(config, data, progress=False).module
    other = pixel_episodes(4, seed=9)
    pictures = other.stacks(torch.arange(len(other.frames)), frames)
    with torch.no_grad():
        mean = module.normalize(pictures).square().mean().item()
        assert module.loss(pictures).item() < 0.8 * mean
        z = module.encode(data.stacks(torch.arange(len(data.frames)), frames))
    assert not module.training
    torch.testing.assert_close(z.mean(0), torch.zeros(8), atol=0.2, rtol=0)
    torch.testing.assert_close(z.std(0), torch.ones(8), atol=0.2, rtol=0)


def test_the_cache_gives_back_the_same_model_and_what_it_took(data, monkeypatch):
    made = recipe.cached_autoencoder(SHORT, data, progress=False)
    plain = recipe.train(SHORT, data, progress=False)

    def again(*_, **__):
        raise AssertionError("it was trained twice")

    monkeypatch.setattr(recipe, "train", again)
    found = recipe.cached_autoencoder(SHORT, data, progress=False)
    assert found.wall_s == made.wall_s and not found.module.training
    for name, value in weights(found).items():
        assert torch.equal(value, weights(made)[name]) and torch.equal(value, weights(plain)[name]), name
    frames = data.frames.clone()
    frames[-1, 0, -1, -1] ^= 1  # a camera that draws one pixel otherwise
    for config, pictures in (
        (SHORT, replace(data, frames=frames)),
        (replace(SHORT, seed=4), data),
        (replace(SHORT, updates=4), data),
    ):
        with pytest.raises(AssertionError, match="trained twice"):
            recipe.cached_autoencoder(config, pictures, progress=False)
