"""The RSSM in a code: repeatable, the code left alone, and no part trained that has nothing to learn."""

from dataclasses import replace

import pytest
import torch

from wmcourse.chapters.compounding_error import coded_rssm as recipe
from wmcourse.models.autoencoder import AutoencoderConfig
from wmcourse.models.coded_rssm import CodedRSSM, CodedRSSMConfig
from wmcourse.recipes import autoencoder
from wmcourse.recipes.first_stage import Encoded, first_stage

DEFAULT = recipe.Config()
SMALL = CodedRSSMConfig(
    AutoencoderConfig(width=2, latent_dim=4),
    replace(DEFAULT.model.rssm, observation_shape=(4,), deter_dim=8, stoch_dim=3, hidden_dim=8, free_nats=0.0),
)
SHORT = replace(
    DEFAULT, seed=3, episodes=6, autoencoder_updates=2, updates=3, log_every=2, batch_size=2, length=5, model=SMALL
)


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch):
    monkeypatch.setattr(autoencoder, "FITTED_ON", 100)


def test_the_same_seed_trains_the_same_weights_and_moves_all_that_is_trained():
    reported = []
    first = recipe.train(SHORT, progress=False, on_update=lambda update, row: reported.append(row))
    second = recipe.train(SHORT, progress=False)
    torch.manual_seed(SHORT.seed)
    before = CodedRSSM(SMALL).rssm.state_dict()
    after, again = first.module.rssm.state_dict(), second.module.rssm.state_dict()
    assert all(torch.equal(again[name], value) for name, value in after.items())
    still = {name.split(".")[0] for name, value in after.items() if torch.equal(value, before[name])}
    assert still == {"normalizer", "reward_head", "continue_head"}  # latents have mean 0 and variance 1 already
    assert [row["update"] for row in first.history] == [2, 3] and first.history == reported
    assert first.kept_update == 3 and not first.module.training
    other = recipe.train(replace(SHORT, seed=4), progress=False).module.rssm.state_dict()
    assert not torch.equal(other["gru.weight_hh"], after["gru.weight_hh"])


def test_the_autoencoder_is_that_of_the_first_stage_to_the_last_bit():
    coder, data = first_stage(SHORT, SMALL.autoencoder, progress=False)
    trained = recipe.train(SHORT, progress=False)
    for name, value in coder.module.state_dict().items():
        assert torch.equal(trained.module.autoencoder.state_dict()[name], value), name
    assert trained.environment_steps == int(data.lengths.sum()) and trained.wall_s >= coder.wall_s


def test_the_tape_holds_every_encoded_step_once_and_no_padding():
    number = torch.arange(1.0, 9.0)
    latents = torch.zeros(2, 5, 3)
    latents[0, :5], latents[1, :3] = number[:5, None], number[5:, None]
    actions = torch.zeros(2, 4, 2)
    actions[0, :4, 0], actions[1, :2, 1] = number[1:5], number[6:]
    buffer = recipe.tape(Encoded(latents, actions, torch.tensor([4, 2])))
    assert len(buffer) == 8
    batch = buffer.sample(1, 8)
    assert torch.equal(batch.observation[0], number[:, None].expand(8, 3))
    assert batch.is_first[0].nonzero().flatten().tolist() == [0, 5]
    assert batch.action[0].sum(-1).tolist() == [0, 2, 3, 4, 5, 0, 7, 8]  # what led to each latent
