"""Returns, against gymnasium played one episode at a time."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from wmcourse.evaluation import episode_returns


class LeansIntoTheFall:
    """Push towards the side the pole falls to: a policy without memory, so that episodes can be replayed alone."""

    def initial(self, batch_size):
        return None

    def act(self, memory, observation, *, greedy=True):
        right = observation[:, 2] + observation[:, 3] > 0
        return torch.nn.functional.one_hot(right.long(), 2).float(), None


class NeverTires:
    """Swing an Acrobot with its own motion."""

    def initial(self, batch_size):
        return None

    def act(self, memory, observation, *, greedy=True):
        return torch.nn.functional.one_hot((observation[:, 4] > 0).long() * 2, 3).float(), None


def test_returns_equal_single_environments_with_the_same_start():
    """CartPole's vector form draws its own starts; replay each of them in the plain environment."""
    returns = episode_returns("CartPole-v1", LeansIntoTheFall(), episodes=12, seed=7)
    envs = gym.make_vec("CartPole-v1", num_envs=12, vectorization_mode="vector_entry_point")
    envs.reset(seed=7)
    starts = envs.state.T.copy()
    assert returns.shape == (12,)
    for start, measured in zip(starts, returns.tolist(), strict=True):
        env = gym.make("CartPole-v1")
        env.reset(seed=0)
        env.unwrapped.state = start.copy()
        observation, total, over = start.astype(np.float32), 0.0, False
        while not over:
            observation, reward, ended, cut, _ = env.step(int(observation[2] + observation[3] > 0))
            total, over = total + float(reward), ended or cut
        assert measured == total


def test_returns_equal_single_environments_where_there_is_no_vector_form():
    returns = episode_returns("Acrobot-v1", NeverTires(), episodes=2, seed=3)
    for number, measured in enumerate(returns.tolist()):
        env = gym.make("Acrobot-v1")
        observation, _ = env.reset(seed=3 + number)
        total, over = 0.0, False
        while not over:
            observation, reward, ended, cut, _ = env.step(2 if observation[4] > 0 else 0)
            total, over = total + float(reward), ended or cut
        assert measured == pytest.approx(total)


def test_returns_repeat_with_their_seed():
    first, again, other = (
        episode_returns("CartPole-v1", LeansIntoTheFall(), episodes=8, seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_no_episodes_is_refused():
    with pytest.raises(ValueError, match="episodes must be at least 1"):
        episode_returns("CartPole-v1", LeansIntoTheFall(), episodes=0, seed=0)
