"""The RSSM of pictures: repeatable, its scales those of the pictures, and no part trained that has nothing to learn."""

from dataclasses import replace

import pytest
import torch

from wmcourse.models import RSSM
from wmcourse.training import pixel_rssm as recipe
from wmcourse.training.pixel_episodes import pixel_episodes

DEFAULT = recipe.Config()
SHORT = replace(
    DEFAULT,
    seed=3,
    episodes=6,
    updates=3,
    log_every=2,
    batch_size=2,
    length=5,
    world=replace(DEFAULT.world, deter_dim=8, stoch_dim=3, hidden_dim=8, conv_width=2),
)


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch):
    monkeypatch.setattr(recipe, "FITTED_ON", 100)


def test_the_same_seed_trains_the_same_weights_and_moves_all_that_is_trained():
    reported = []
    first = recipe.train(SHORT, progress=False, on_update=lambda update, row: reported.append(row))
    second = recipe.train(SHORT, progress=False)
    torch.manual_seed(SHORT.seed)
    before = RSSM(SHORT.world).state_dict()
    after, again = first.module.state_dict(), second.module.state_dict()
    assert all(torch.equal(again[name], value) for name, value in after.items())
    still = {name.split(".")[0] for name, value in after.items() if torch.equal(value, before[name])}
    assert still == {"reward_head", "continue_head"}
    assert [row["update"] for row in first.history] == [2, 3] and first.history == reported
    assert first.kept_update == 3 and not first.module.training
    other = recipe.train(replace(SHORT, seed=4), progress=False).module.state_dict()
    assert not torch.equal(other["gru.weight_hh"], after["gru.weight_hh"])


def test_pictures_are_seen_relative_to_their_mean_in_one_unit_for_all_pixels():
    data = pixel_episodes(6, seed=3)
    pictures = data.stacks(torch.arange(len(data.frames)), 1)
    model = RSSM(SHORT.world)
    recipe.fit_pictures(model, pictures)
    seen = model.normalizer(pictures)
    torch.testing.assert_close(seen.mean(0), torch.zeros(1, 64, 64), atol=1e-4, rtol=0)
    assert seen.square().mean().item() == pytest.approx(1.0, rel=1e-4)
    assert len(model.normalizer.std.unique()) == 1


def test_it_learns_from_the_same_episodes_as_the_latent_dynamics():
    from wmcourse.training import latent_dynamics

    theirs = latent_dynamics.Config()
    assert (DEFAULT.seed, DEFAULT.episodes) == (theirs.seed, theirs.episodes)
    trained = recipe.train(SHORT, progress=False)
    data = pixel_episodes(6, seed=1_000_000 * (SHORT.seed + 1) + 1)
    assert trained.environment_steps == int(data.lengths.sum())
