"""Dreams side by side: each is the dream that `DreamEnv` has alone, and ends as often as the model says."""

import numpy as np
import pytest
import torch
from gymnasium import spaces

from wmcourse.models import DreamEnv
from wmcourse.models.dream_vector import DreamVectorEnv, outlook
from wmcourse.models.protocol import Prediction

STARTS = torch.tensor([[0.0, 0.0], [0.1, 1.0], [-0.2, 2.0]])


def walk(linear_world, noise=0.0, **heads):
    """Action 1 adds 1 to the first number, action 0 nothing; the second one stays."""
    return linear_world(torch.eye(2), torch.tensor([[0.0, 1.0], [0.0, 0.0]]), noise=noise, **heads)


def test_each_dream_is_the_one_that_would_be_dreamed_alone(linear_world):
    """Without temperature, in full: features, rewards, ends; and one that has ended stays and earns nothing."""
    heads = {"reward": lambda x: x.sum(-1), "continues": lambda x: 1 - x[:, 0] / 10}
    model, count, random = walk(linear_world, **heads), 20, np.random.default_rng(0)
    dreams = DreamVectorEnv(model, count, start_observations=STARTS, temperature=0.0, max_episode_steps=9)
    features, _ = dreams.reset(seed=0)
    alone, over, lengths = [], np.zeros(count, dtype=bool), np.zeros(count, dtype=int)
    for row in features:
        env = DreamEnv(
            model,
            action_space=spaces.Discrete(2),
            start_observations=torch.tensor(row)[None],
            temperature=0.0,
            max_episode_steps=9,
        )
        env.reset(seed=0)
        alone.append(env)
    for _ in range(12):
        actions = (random.random(count) < np.linspace(0.5, 1.0, count)).astype(int)
        before = features.copy()
        features, rewards, ended, cut, info = dreams.step(actions)
        for row, env in enumerate(alone):
            if over[row]:
                assert (features[row] == before[row]).all()
                assert (rewards[row], ended[row], cut[row]) == (0.0, False, False)
                continue
            seen, reward, ends, late, _ = env.step(actions[row])
            np.testing.assert_array_equal(features[row], seen)
            assert (rewards[row], ended[row], cut[row]) == (pytest.approx(reward), ends, late and not ends)
            lengths[row] += 1
            over[row] = ends or late
        np.testing.assert_array_equal(info["running"], np.flatnonzero(~over))
        np.testing.assert_array_equal(dreams.beliefs.x, features[~over])
    assert over.all() and len(set(lengths)) > 3 and (lengths == 9).any()
    dreams.reset()
    assert len(dreams.step(np.zeros(count, dtype=int))[-1]["running"]) == count


@pytest.mark.parametrize("temperature", [0.5, 1.3])
def test_of_a_constant_hazard_come_geometric_lengths(linear_world, temperature):
    """P(a dream is longer than t) = 0.9^t, whatever the temperature; the largest gap of 4000 dreams' shares."""
    count, limit = 4000, 40
    model = walk(linear_world, noise=0.5, continues=lambda x: torch.full((len(x),), 0.9))
    env = DreamVectorEnv(model, count, start_observations=STARTS, temperature=temperature, max_episode_steps=limit)
    env.reset(seed=0)
    longer, truncated = [], 0
    for _ in range(limit + 3):
        _, _, ended, cut, info = env.step(np.ones(count, dtype=int))
        longer.append(len(info["running"]) + cut.sum())
        truncated += cut.sum()
    assert longer[limit:] == [0, 0, 0] and truncated == longer[limit - 1]
    gap = np.array(longer[:limit]) / count - 0.9 ** np.arange(1, limit + 1)
    assert np.abs(gap).max() * np.sqrt(count) < 2.0  # Kolmogorov: once in 1500 otherwise


@pytest.mark.parametrize("temperature", [0.0, 0.5, 2.0])
def test_the_temperature_is_the_models(linear_world, temperature):
    env = DreamVectorEnv(
        walk(linear_world, noise=0.5), 2000, start_observations=STARTS[:1], temperature=temperature, max_episode_steps=9
    )
    env.reset(seed=0)
    for _ in range(4):
        features = env.step(np.ones(2000, dtype=int))[0]
    np.testing.assert_allclose(features.std(0), temperature * 0.5 * 2, rtol=0.08, atol=1e-6)
    np.testing.assert_allclose(features.mean(0), [4.0, 0.0], atol=0.2)


def test_dreams_repeat_with_their_seed_whatever_else_draws(linear_world):
    model = walk(linear_world, noise=0.5, continues=lambda x: torch.full((len(x),), 0.9))

    def dream(seed, disturb=False):
        env = DreamVectorEnv(model, 6, start_observations=STARTS)
        trace = [env.reset(seed=seed)[0].copy()]
        for _ in range(5):
            if disturb:
                torch.rand(3)
            trace.append(env.step(np.ones(6, dtype=int))[0].copy())
        return np.stack([*trace, env.reset()[0], env.step(np.ones(6, dtype=int))[0]])

    before = torch.get_rng_state()
    first = dream(1)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(first, dream(1, disturb=True))
    assert not np.array_equal(first, dream(2))
    assert not np.array_equal(first[1], first[-1])


def test_starts_are_drawn_from_the_real_ones_and_from_all_of_them(linear_world):
    env = DreamVectorEnv(walk(linear_world), 60, start_observations=STARTS)
    assert {tuple(row) for row in env.reset(seed=0)[0].tolist()} == {tuple(start) for start in STARTS.tolist()}


def test_without_heads_nothing_is_earned_and_only_the_limit_ends_it(hidden_world, monkeypatch):
    """What is shown is the belief; this world shows nothing else."""
    monkeypatch.setattr(hidden_world, "decode", lambda state: Prediction())
    env = DreamVectorEnv(hidden_world, 3, start_observations=torch.randn(2, 4), max_episode_steps=2)
    assert env.reset(seed=0)[0].shape == (3, 3) == env.observation_space.shape
    told = [[part.tolist() for part in env.step(np.ones(3, dtype=int))[1:4]] for _ in range(2)]
    assert told == [[[0.0] * 3, [False] * 3, [False] * 3], [[0.0] * 3, [False] * 3, [True] * 3]]


def test_no_picture_is_drawn_that_nobody_looks_at(linear_world):
    model = walk(linear_world, reward=lambda x: x[:, 0])
    state = model.initial(2)
    assert outlook(model, state).observation is not None
    model.outlook = lambda state: Prediction(reward=state.x[:, 1] + 7)
    assert outlook(model, state).reward.tolist() == [7.0, 7.0]
    env = DreamVectorEnv(model, 2, start_observations=STARTS[1:2])
    env.reset(seed=0)
    assert env.step(np.ones(2, dtype=int))[1].tolist() == [8.0, 8.0]


def test_impossible_use_is_named(linear_world):
    model = walk(linear_world)
    env = DreamVectorEnv(model, 2, start_observations=STARTS)
    with pytest.raises(RuntimeError, match="reset"):
        env.step(np.array([0, 1]))
    env.reset(seed=0)
    for wrong in ([0, 2], [0, -1], [0], [[0], [1]]):
        with pytest.raises(ValueError, match="actions must be 2 of 0..1"):
            env.step(np.array(wrong))
    for options, words in [
        ({"start_observations": torch.zeros(2, 3)}, r"needs \(starts, 2\)"),
        ({"start_observations": torch.zeros(0, 2)}, "at least one start and one dream; got 0 and 2"),
        ({"num_envs": 0}, "at least one start and one dream; got 3 and 0"),
        ({"temperature": -1.0}, "temperature >= 0"),
        ({"temperature": float("inf")}, "temperature >= 0"),
        ({"max_episode_steps": 0}, "max_episode_steps >= 1"),
    ]:
        with pytest.raises(ValueError, match=words):
            DreamVectorEnv(model, **{"num_envs": 2, "start_observations": STARTS, **options})
