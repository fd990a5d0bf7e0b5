"""What all recipes of pictures begin with: the right episodes, each of them encoded by itself."""

import pytest
import torch

from wmcourse.chapters.compounding_error import coded_rssm
from wmcourse.models.autoencoder import Autoencoder, AutoencoderConfig
from wmcourse.recipes import autoencoder, latent_dynamics
from wmcourse.recipes.first_stage import FirstStage, encode, first_stage
from wmcourse.recipes.pixel_episodes import pixel_episodes


@pytest.mark.parametrize("frames", [1, 2])
def test_encoding_keeps_episodes_apart(frames):
    torch.manual_seed(0)
    coder = Autoencoder(AutoencoderConfig(width=2, latent_dim=4, frames=frames)).eval()
    data = pixel_episodes(6, seed=3)
    encoded = encode(coder, data)
    for n, episode in enumerate(data.episodes(stack=frames)):
        steps = len(episode)
        assert encoded.lengths[n] == steps
        with torch.no_grad():
            alone = coder.encode(episode.observations)
        torch.testing.assert_close(encoded.latents[n, : steps + 1], alone, atol=1e-5, rtol=1e-4)
        assert torch.equal(encoded.actions[n, :steps], episode.actions)
        assert not encoded.latents[n, steps + 1 :].any() and not encoded.actions[n, steps:].any()
    assert not encoded.latents.requires_grad


def test_training_pictures_are_those_of_the_training_seeds(monkeypatch):
    """Numbers from a million on are for training; another seed has other episodes and another autoencoder."""
    monkeypatch.setattr(autoencoder, "FITTED_ON", 100)
    small, model = FirstStage(seed=3, episodes=6, autoencoder_updates=2), AutoencoderConfig(width=2, latent_dim=4)
    coder, encoded = first_stage(small, model, progress=False)
    data = pixel_episodes(6, seed=4_000_001)
    assert torch.equal(encoded.lengths, data.lengths)
    torch.testing.assert_close(encoded.latents, encode(coder.module, data).latents)
    other, _ = first_stage(FirstStage(seed=4, episodes=6, autoencoder_updates=2), model, progress=False)
    assert not torch.equal(other.module.mean, coder.module.mean)


def test_all_recipes_begin_with_the_same_one():
    """So that a comparison of them compares what they do with it."""
    starts = [
        (config.seed, config.episodes, config.autoencoder_updates, config.model.autoencoder)
        for config in (latent_dynamics.Config(), coded_rssm.Config())
    ]
    assert starts[0] == starts[1]
