"""Dodge as gymnasium's: its checker, one game beside a batch of them, ends, new beginnings, and what is refused."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from wmcourse.envs import dodge
from wmcourse.envs.dodge import LIMIT, RIGHT, STAY
from wmcourse.envs.dodge_gym import ENV_ID, Dodge, DodgeVector


@pytest.fixture
def no_balls(monkeypatch):
    monkeypatch.setattr(dodge, "LAUNCH", 0.0)


def play(env, steps=LIMIT, seed=5):
    """All that is to be seen and had, until the first end."""
    random = np.random.default_rng(0)
    observation, _ = env.reset(seed=seed)
    seen, told = [observation], []
    for _ in range(steps):
        action = random.integers(3, size=1)
        observation, *rest, _ = env.step(action if isinstance(env, DodgeVector) else action[0])
        seen.append(observation)
        told.append(rest)
        if rest[1] or rest[2]:
            break
    return np.stack(seen).reshape(-1, 64, 64, 3), np.stack(told).reshape(-1, 3)


def test_gymnasiums_checker_accepts_it():
    check_env(gym.make(ENV_ID, render_mode="rgb_array").unwrapped)


def test_one_game_and_a_batch_of_one_are_the_same_game_which_repeats_with_its_seed():
    single, batch, again, other = play(Dodge()), play(DodgeVector(1)), play(Dodge()), play(Dodge(), seed=6)
    assert single[1][-1].tolist() == [0.0, 1.0, 0.0] and (single[1][:-1] == [1.0, 0.0, 0.0]).all()  # hit in the end
    for same in (batch, again):
        np.testing.assert_array_equal(single[0], same[0])
        np.testing.assert_array_equal(single[1], same[1])
    assert not np.array_equal(single[0][:20], other[0][:20])


def test_what_is_hidden_is_in_info():
    env = Dodge()
    _, info = env.reset(seed=0)
    assert info["balls"].shape == (0, 3)
    while not len(info["balls"]):
        info = env.step(STAY)[-1]
    x, y, speed = info["balls"][0]
    info = env.step(RIGHT)[-1]
    np.testing.assert_allclose(info["balls"][0], [x - dodge.STRIDE, y + speed, speed])


def test_who_survives_to_the_limit_is_cut_off_and_earns_1_a_step(no_balls):
    env = gym.make(ENV_ID)
    env.reset(seed=0)
    told = [env.step(STAY)[1:4] for _ in range(LIMIT)]
    assert told == [(1.0, False, False)] * (LIMIT - 1) + [(1.0, False, True)]
    batch = gym.make_vec(ENV_ID, num_envs=3)
    batch.reset(seed=0)
    for step in range(1, LIMIT + 1):
        _, reward, ended, cut, _ = batch.step(np.full(3, STAY))
        assert (reward == 1.0).all() and not ended.any() and (cut == (step == LIMIT)).all()


def test_a_game_of_a_batch_that_has_ended_begins_anew_with_the_next_step():
    """Its episodes are as long as its own ends say; that step is not one of them, and shows the start."""
    env, random = DodgeVector(16, max_episode_steps=30), np.random.default_rng(1)
    start, _ = env.reset(seed=0)
    over, age, ends = np.zeros(16, bool), np.zeros(16, int), np.zeros(2, int)
    for _ in range(200):
        observation, reward, ended, cut, _ = env.step(random.integers(3, size=16))
        assert (observation[over] == start[0]).all()
        assert not (ended | cut)[over].any()
        age = np.where(over, 0, age + 1)
        np.testing.assert_array_equal(reward, ~over & ~ended)
        np.testing.assert_array_equal(cut, (age == 30) & ~ended)
        over = ended | cut
        ends += ended.sum(), cut.sum()
    assert (ends > 5).all()


def test_the_window_shows_the_picture_larger(monkeypatch):
    pygame = pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr(pygame.time, "wait", lambda _: None)
    env = Dodge(render_mode="human")
    env.reset(seed=0)
    for _ in range(8):
        picture = env.step(RIGHT)[0]
    shown = pygame.surfarray.array3d(pygame.display.get_surface()).transpose(1, 0, 2)
    np.testing.assert_array_equal(shown, picture.repeat(8, 0).repeat(8, 1))
    assert env.render() is None
    env.close()
    assert not pygame.display.get_init()


def test_render_returns_the_picture():
    env = Dodge(render_mode="rgb_array")
    assert env.render() is None  # there is nothing to see yet
    env.reset(seed=0)
    np.testing.assert_array_equal(env.step(STAY)[0], env.render())


def test_impossible_use_is_named():
    for env, action, wrong in ((Dodge(), 1, 3), (DodgeVector(2), np.array([1, 1]), np.array([0, 3]))):
        with pytest.raises(RuntimeError, match="reset"):
            env.step(action)
        env.reset(seed=0)
        with pytest.raises(ValueError, match=r"0 \(left\), 1 \(stay\).* 2 \(right\)"):
            env.step(wrong)
    with pytest.raises(ValueError, match="actions must be 2 of"):
        env.step(np.array([1, 1, 1]))
    with pytest.raises(ValueError, match="render_mode must be None, rgb_array or human, not 'ansi'"):
        Dodge(render_mode="ansi")
    for options in ({"num_envs": 0}, {"max_episode_steps": 0}, {"render_mode": "human"}):
        with pytest.raises(ValueError, match="need num_envs >= 1, max_episode_steps >= 1 and no render_mode"):
            DodgeVector(**options)
