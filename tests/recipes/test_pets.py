"""The loop of plan, act, learn, at a size that takes seconds."""

from dataclasses import replace

import pytest
import torch

from wmcourse.data.episode import Episode
from wmcourse.models.ensemble import EnsembleConfig, ProbabilisticEnsemble
from wmcourse.recipes.pets import PETS, first, learn, steps_of, train

TINY = PETS(random_steps=30, rounds=0, updates=20, last_updates=60, batch_size=32, model=EnsembleConfig(hidden_dim=8))


def test_a_training_repeats_and_counts_its_steps():
    one, two = (train(TINY, progress=False) for _ in range(2))
    for left, right in zip(one.module.state_dict().values(), two.module.state_dict().values(), strict=True):
        torch.testing.assert_close(left, right, rtol=0, atol=0)
    assert one.environment_steps == 30
    assert [row["environment_steps"] for row in one.history] == [30]


def test_another_seed_meets_another_world():
    other = train(replace(TINY, seed=51), progress=False)
    assert not torch.equal(other.module.inputs.mean, train(TINY, progress=False).module.inputs.mean)


def test_rows_are_what_was_done_and_what_came_of_it():
    observations, actions, rewards = torch.randn(6, 3), torch.randn(5, 1), torch.randn(5)
    rows, targets = steps_of([Episode(observations, actions, rewards, False)] * 2)
    torch.testing.assert_close(rows[7], torch.cat([observations[2], actions[2]]))
    torch.testing.assert_close(targets[7], torch.cat([observations[3] - observations[2], rewards[2:3]]))


def test_the_first_steps_of_an_episode():
    whole = Episode(torch.randn(6, 3), torch.randn(5, 1), torch.randn(5), True)
    cut = first(2, whole)
    assert len(cut) == 2 and not cut.terminated
    torch.testing.assert_close(cut.observations, whole.observations[:3])


@pytest.mark.parametrize("members", [1, 3])
def test_it_learns_a_world_that_is_linear(members):
    torch.manual_seed(0)
    config = replace(TINY, batch_size=64, model=EnsembleConfig(hidden_dim=16, members=members))
    observations, actions = torch.randn(401, 3), torch.randn(400, 1)
    for t in range(400):
        observations[t + 1] = observations[t] + 0.1 * torch.cat([actions[t], -observations[t, :2]])
    rewards = observations[:-1].sum(-1) - actions[:, 0]
    model = ProbabilisticEnsemble(config.model)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr)
    episodes = [Episode(observations, actions, rewards, False)]
    learn(model, optimizer, episodes, config, updates=600, falls=True)
    rows, targets = steps_of(episodes)
    mean, _ = model.predict(rows.expand(members, -1, -1))
    error = (model.outputs.inverse(mean) - targets).square().mean((0, 1)) / targets.var(0)
    assert error.max() < 0.05
