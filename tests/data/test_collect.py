"""Collected episodes, replayed action by action in gymnasium."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from wmcourse.agents import RandomPolicy
from wmcourse.data import collect
from wmcourse.envs import cartpole_dynamics, cartpole_fallen


class Shaker:
    """A continuous policy whose memory counts its steps: force sin(t)."""

    def initial(self, batch_size):
        return torch.zeros(batch_size, 1)

    def act(self, memory, observation, *, greedy=True):
        return memory.sin(), memory + 1


def test_cartpole_episodes_obey_the_physics_and_end_where_it_falls(cartpole_episodes):
    assert len({len(episode) for episode in cartpole_episodes}) > 3
    for episode in cartpole_episodes:
        predicted = cartpole_dynamics(episode.observations[:-1].double(), episode.actions.double())
        torch.testing.assert_close(predicted.float(), episode.observations[1:], atol=1e-5, rtol=1e-5)
        fallen = cartpole_fallen(episode.observations)
        assert episode.terminated and fallen[-1] and not fallen[:-1].any()
        assert (episode.observations[0].abs() <= 0.05).all()
        assert episode.rewards.tolist() == [1.0] * len(episode)
        assert (episode.actions.sum(-1) == 1).all()


def test_continuous_episodes_replay_in_the_plain_environment():
    episodes = collect("Pendulum-v1", Shaker(), episodes=2, seed=5)
    for number, episode in enumerate(episodes):
        env = gym.make("Pendulum-v1")
        observation, _ = env.reset(seed=5 + number)
        np.testing.assert_allclose(episode.observations[0], observation, atol=1e-6)
        for t in range(len(episode)):
            assert float(episode.actions[t, 0]) == pytest.approx(np.sin(t), abs=1e-5)
            observation, reward, ended, cut, _ = env.step(episode.actions[t].numpy())
            np.testing.assert_allclose(episode.observations[t + 1], observation, atol=1e-4)
            assert float(episode.rewards[t]) == pytest.approx(float(reward), abs=1e-4)
            assert (ended, cut) == (False, t == len(episode) - 1)
        assert not episode.terminated and episode.continues.all()


def test_a_time_limit_is_not_a_terminal_state():
    (episode,) = collect("MountainCar-v0", RandomPolicy(3), episodes=1, seed=0)
    assert len(episode) == 200 and not episode.terminated


def test_the_same_seed_gives_the_same_episodes():
    first, again, other = (collect("CartPole-v1", RandomPolicy(2, seed=4), episodes=5, seed=s) for s in (1, 1, 2))
    assert all(torch.equal(a.observations, b.observations) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0].observations[0], other[0].observations[0])


def test_greed_is_passed_on_to_the_policy():
    class Spy(RandomPolicy):
        heard: set[bool] = set()

        def act(self, memory, observation, *, greedy=True):
            self.heard.add(greedy)
            return super().act(memory, observation)

    for greedy in (True, False):
        Spy.heard = set()
        collect("CartPole-v1", Spy(2), episodes=2, seed=0, greedy=greedy)
        assert Spy.heard == {greedy}


def test_no_episodes_is_refused():
    with pytest.raises(ValueError, match="episodes must be at least 1"):
        collect("CartPole-v1", RandomPolicy(2), episodes=0, seed=0)
