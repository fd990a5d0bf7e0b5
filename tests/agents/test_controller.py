"""The linear controller: a population's actions are its members' own, and what it sees is what its model sees."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from wmcourse.agents.controller import Controller, LinearActor, act_each, split
from wmcourse.agents.from_pictures import FromPictures
from wmcourse.data.collect import collect
from wmcourse.envs.dodge_gym import ENV_ID
from wmcourse.models.mdn_rnn import MDNRNNConfig
from wmcourse.models.vae import VAEConfig

SMALL = MDNRNNConfig(VAEConfig(latent_dim=4, width=2), hidden_dim=6)


def test_it_has_as_many_parameters_as_the_papers_has_for_three_actions():
    controller = Controller(MDNRNNConfig())
    assert sum(parameter.numel() for parameter in controller.actor.parameters()) == 3 * (32 + 256 + 1) == 867
    assert (
        sum(parameter.numel() for parameter in Controller(MDNRNNConfig(), sees_memory=False).actor.parameters()) == 99
    )


@pytest.mark.parametrize("inputs", [10, 4])
def test_a_population_acts_as_each_of_its_members_alone(inputs):
    """One vector is three rows of weights, a bias at the end of each; who has fewer inputs sees the first features."""
    population, features = torch.randn(5, 3 * (inputs + 1)), torch.randn(5, 7, 10)
    actions = act_each(population, features, 3)
    weight, bias = split(population, 3)
    for member, vector in enumerate(population):
        actor = LinearActor(inputs, 3)
        actor.put(vector)
        rows = vector.view(3, inputs + 1)
        assert torch.equal(actor.linear.weight, rows[:, :inputs]) and torch.equal(actor.linear.bias, rows[:, inputs])
        assert torch.equal(actor.linear.weight, weight[member]) and torch.equal(actor.linear.bias, bias[member])
        chosen = actor(features[member]).action
        assert (chosen.sum(-1) == 1).all() and torch.equal(chosen.argmax(-1), actions[member])
        for seen, action in zip(features[member], actions[member], strict=True):
            scores = [float(row[:inputs] @ seen[:inputs] + row[inputs]) for row in rows]
            assert scores[action] == pytest.approx(max(scores), abs=1e-5)


def test_in_the_real_game_it_acts_on_the_codes_of_pictures_and_remembers_what_it_did():
    """Played by hand in one game of gymnasium's, with vectors that divide its beliefs among all actions."""
    controller = Controller(SMALL)
    env = gym.make(ENV_ID)
    controller.actor.put(torch.randn(33) * torch.tensor([30.0] * 10 + [0.0]).repeat(3))
    (episode,) = collect(ENV_ID, FromPictures(controller), episodes=1, seed=3)
    picture, _ = env.reset(seed=3)
    state, action, actions, rewards, over = controller.world.initial(1), None, [], [], False
    while not over:
        seen = torch.tensor(picture.transpose(2, 0, 1)[None] / 255, dtype=torch.float32)
        np.testing.assert_array_equal(episode.observations[len(actions)], picture)
        state = controller.world.observe(state, action, seen)
        scores = controller.actor.linear(torch.cat([state.latent, state.hidden], dim=1))
        action = torch.eye(3)[scores.argmax(-1)]
        actions.append(int(scores.argmax()))
        picture, reward, ended, cut, _ = env.step(actions[-1])
        rewards.append(reward)
        over = ended or cut
    assert episode.actions.argmax(-1).tolist() == actions and episode.rewards.tolist() == rewards
    assert len(set(actions)) > 1
