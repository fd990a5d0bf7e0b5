"""Games as sequences of codes: padded, drawn, and ended where they ended."""

import numpy as np
import pytest
import torch
from torch import Generator

from wmcourse.data.games import GameLog, play, restless
from wmcourse.models.vae import VAE, VAEConfig
from wmcourse.recipes.encoded_games import EncodedGames, encode_games, sequences


@pytest.fixture(scope="module")
def log() -> GameLog:
    return play(restless(5, seed=3), games=5, seed=3, limit=30)


@pytest.fixture(scope="module")
def vae() -> VAE:
    torch.manual_seed(0)
    return VAE(VAEConfig(latent_dim=4, width=2)).eval()


@pytest.fixture(scope="module")
def encoded(log: GameLog, vae: VAE) -> EncodedGames:
    return encode_games(vae, log)


def test_each_game_is_encoded_frame_by_frame(log: GameLog, vae: VAE, encoded: EncodedGames):
    first = int(log.lengths[0]) + 1
    frames = log.observations(np.arange(first, first + int(log.lengths[1]) + 1))
    with torch.no_grad():
        mean, log_variance = vae.posterior(frames)
    torch.testing.assert_close(encoded.mean[1, : len(frames)], mean)
    torch.testing.assert_close(encoded.log_variance[1, : len(frames)], log_variance)
    actions = log.actions[log.lengths[0] : log.lengths[:2].sum()]
    np.testing.assert_array_equal(encoded.actions[1, : len(actions)].argmax(-1).numpy(), actions)


def test_only_the_last_step_of_a_game_that_was_lost_is_its_end(log: GameLog, encoded: EncodedGames):
    batch = sequences(encoded, torch.arange(5), length=300, draws=False)
    for game in range(5):
        steps, died = int(log.lengths[game]), bool(log.died[game])
        assert batch.real[game].sum() == steps and batch.real[game, :steps].all()
        assert batch.continues[game].sum() == batch.continues.shape[1] - died
        assert batch.continues[game, steps - 1] == 1 - died
    assert log.died.any() and not log.died.all()


def test_a_game_that_is_cut_short_does_not_end(encoded: EncodedGames):
    shorter = int(encoded.lengths.min()) - 1
    batch = sequences(encoded, torch.tensor([2, 4]), length=shorter, draws=False)
    assert batch.latents.shape[:2] == (2, shorter + 1) and (batch.continues == 1).all() and batch.real.all()


def test_draws_scatter_about_the_mean_as_the_posterior_says(encoded: EncodedGames):
    chosen = torch.zeros(2000, dtype=torch.long)
    batch = sequences(encoded, chosen, length=1, draws=True, generator=Generator().manual_seed(0))
    std = torch.exp(0.5 * encoded.log_variance[0, :2])
    torch.testing.assert_close(batch.latents.mean(0), encoded.mean[0, :2], atol=0.1, rtol=0)
    torch.testing.assert_close(batch.latents.std(0) / std, torch.ones_like(std), atol=0.08, rtol=0)
