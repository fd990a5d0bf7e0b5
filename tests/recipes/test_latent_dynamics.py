"""The second stage, on codes whose law is known and on a few pictures: repeatable, and it learns what there is."""

from dataclasses import replace

import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from wmcourse.models import LatentDynamicsConfig
from wmcourse.models.autoencoder import AutoencoderConfig
from wmcourse.models.transition import TransitionConfig
from wmcourse.recipes import autoencoder
from wmcourse.recipes import latent_dynamics as recipe
from wmcourse.recipes.first_stage import Encoded, first_stage

MODEL = LatentDynamicsConfig(AutoencoderConfig(width=2, latent_dim=2), TransitionConfig(hidden_dim=16), action_dim=1)
SHORT = recipe.Config(seed=3, updates=4, log_every=2, batch_size=4, model=MODEL)
PICTURES = recipe.EnsembleConfig(
    seed=3,
    episodes=6,
    autoencoder_updates=2,
    updates=3,
    batch_size=3,
    members=3,
    model=LatentDynamicsConfig(AutoencoderConfig(width=2, latent_dim=4), TransitionConfig(hidden_dim=8, memory_dim=5)),
)


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch):
    monkeypatch.setattr(autoencoder, "FITTED_ON", 100)


@pytest.fixture
def turning(rotation, play_episodes):
    """Episodes of a turning plane with a push, as if they were codes of pictures."""
    episodes = play_episodes(rotation, [25, 40, 33, 60] * 10)
    return Encoded(
        pad_sequence([episode.observations for episode in episodes], batch_first=True),
        pad_sequence([episode.actions for episode in episodes], batch_first=True),
        torch.tensor([len(episode) for episode in episodes]),
    )


def train(data, config=SHORT, **options):
    return recipe.train_transition(config, data, progress=False, **options)


def assert_same(ours, theirs):
    for name, value in ours.state_dict().items():
        assert torch.equal(value, theirs.state_dict()[name]), name


def test_the_same_seed_trains_the_same_weights_and_another_seed_others(turning):
    noisy = replace(SHORT, model=replace(MODEL, transition=TransitionConfig(noise=0.1, memory_dim=3, hidden_dim=8)))
    for config in (SHORT, noisy):
        first, second, other = (train(turning, replace(config, seed=seed)).module for seed in (3, 3, 4))
        assert_same(first, second)
        assert not torch.equal(first.change[0].weight, other.change[0].weight)


@pytest.mark.parametrize("options", [{}, {"loss_steps": 3}, {"memory_dim": 8}, {"noise": 0.02}], ids=str)
def test_a_little_training_predicts_better_than_no_change(turning, options):
    config = replace(
        SHORT,
        updates=100,
        batch_size=8,
        length=8,
        lr=5e-3,
        model=replace(MODEL, transition=TransitionConfig(hidden_dim=16, **options)),
    )
    trained = train(turning, config)
    real = torch.arange(60) < turning.lengths[:, None]
    unchanged = (turning.latents[:, 1:] - turning.latents[:, :-1])[real].square().mean()
    assert trained.module.residual.square().mean() < 0.1 * unchanged
    assert trained.history[-1]["loss"] < trained.history[0]["loss"]


def test_the_residual_is_measured_on_whole_episodes_and_only_where_they_are_real(turning):
    padded = turning._replace(latents=turning.latents.clone())
    padded.latents[torch.arange(61) > turning.lengths[:, None]] = 100.0
    assert_same(train(turning).module, train(padded).module)
    short = replace(SHORT, length=10)
    changed = turning._replace(latents=turning.latents.clone())
    changed.latents[:, 15:20] += 5.0  # training does not see these steps, the residual does
    first, second = train(turning, short).module, train(changed, short).module
    assert torch.equal(first.change[0].weight, second.change[0].weight)
    assert (second.residual > first.residual).all()


def test_it_reports_what_it_did(turning):
    reported = []
    trained = train(turning, replace(SHORT, updates=5), on_update=lambda update, row: reported.append((update, row)))
    assert [update for update, _ in reported] == [2, 4, 5] == [row["update"] for row in trained.history]
    assert [row for _, row in reported] == trained.history
    assert trained.kept_update == 5 and trained.environment_steps == int(turning.lengths.sum())
    assert not trained.module.training and trained.solved is None


def test_both_stages_together_are_the_first_and_then_the_second():
    coder, data = first_stage(PICTURES, PICTURES.model.autoencoder, progress=False)
    trained = recipe.train(PICTURES, progress=False)
    assert_same(trained.module.autoencoder, coder.module)
    assert_same(trained.module.transition, train(data, PICTURES).module)
    assert trained.wall_s >= coder.wall_s and not trained.module.training
    assert trained.environment_steps == int(data.lengths.sum())


def test_members_share_the_code_and_differ_in_everything_else():
    coder, data = first_stage(PICTURES, PICTURES.model.autoencoder, progress=False)
    trained = recipe.train_ensemble(PICTURES, progress=False)
    assert_same(trained.module.autoencoder, coder.module)
    assert len(trained.module.members) == 3
    for i, member in enumerate(trained.module.members):
        assert_same(member, train(data, replace(PICTURES, seed=PICTURES.seed + i)).module)
    assert len({member.change[0].weight[0, 0].item() for member in trained.module.members}) == 3
    assert [row["update"] for row in trained.history] == [3, 3, 3]
