"""A model dressed as an environment: gymnasium's own checker, and the model's own answers."""

import math

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env
from torch.nn.functional import one_hot

from wmcourse.envs import cartpole_dynamics, cartpole_fallen, render_cartpole
from wmcourse.models import DreamEnv, Probed, arrive

STARTS = torch.tensor([[0.0, 0.0, 0.01, 0.0], [0.1, 0.0, -0.02, 0.0], [0.0, 0.2, 0.03, 0.0]])


@pytest.fixture
def dream_cartpole(cartpole_world):
    """The true physics, dressed up, with a continue head that knows when the pole has fallen."""
    cartpole_world.reward = lambda x: torch.ones(len(x))
    cartpole_world.continues = lambda x: 1.0 - cartpole_fallen(x).float()

    def make(**options):
        return DreamEnv(
            cartpole_world,
            action_space=spaces.Discrete(2),
            start_observations=STARTS,
            **{"temperature": 0.0, **options},
        )

    yield make
    cartpole_world.reward = cartpole_world.continues = None


@pytest.mark.filterwarnings("ignore:.*render_fps.*", "ignore:.*Not able to test alternative render modes.*")
@pytest.mark.filterwarnings("ignore:.*Box observation space m.* value is.*infinity.*")
@pytest.mark.parametrize("render", [None, render_cartpole])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_gymnasiums_checker_accepts_it(dream_cartpole, temperature, render):
    check_env(dream_cartpole(temperature=temperature, render=render), skip_render_check=True)


def test_a_dream_of_the_true_physics_is_the_real_game(dream_cartpole):
    env, real = dream_cartpole(), gym.make("CartPole-v1")
    env.action_space.seed(0)
    real.reset(seed=0)
    for start in range(len(STARTS)):
        observation, _ = env.reset(options={"start": start})
        np.testing.assert_allclose(observation, STARTS[start])
        real.reset(seed=0)
        real.unwrapped.state = STARTS[start].double().numpy()
        over = False
        while not over:
            action = env.action_space.sample()
            dreamed, reward, ended, cut, info = env.step(action)
            observation, real_reward, over, _, _ = real.step(action)
            np.testing.assert_allclose(dreamed, observation, rtol=1e-5, atol=2e-5)
            assert (reward, ended, cut) == (real_reward, over, False)
            assert info["continues"] == 1.0 - ended


def test_starts_are_drawn_from_the_real_ones_and_from_all_of_them(dream_cartpole):
    env = dream_cartpole()
    env.reset(seed=0)
    seen = {tuple(env.reset()[0].tolist()) for _ in range(60)}
    assert seen == {tuple(start) for start in STARTS.tolist()}


def noisy_walk(linear_world, **heads):
    return linear_world(torch.eye(2), torch.tensor([[1.0], [0.0]]), noise=0.5, **heads)


def walk_env(model, **options):
    return DreamEnv(
        model,
        action_space=spaces.Box(-1, 1, (1,)),
        start_observations=torch.zeros(1, 2),
        **{"temperature": 1.0, **options},
    )


def test_dreams_repeat_with_their_seed_whatever_else_draws(linear_world):
    def dream(seed, disturb):
        env = walk_env(noisy_walk(linear_world))
        trace = [env.reset(seed=seed)[0]]
        for _ in range(5):
            if disturb:
                torch.rand(3)
            trace.append(env.step([0.5])[0])
        return np.stack(trace)

    before = torch.get_rng_state()
    first = dream(1, disturb=False)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(first, dream(1, disturb=True))
    assert not np.array_equal(first, dream(2, disturb=False))


def test_a_second_dream_differs_from_the_first(linear_world):
    env = walk_env(noisy_walk(linear_world))
    env.reset(seed=0)
    first = env.step([0.0])[0]
    env.reset()
    assert not np.array_equal(first, env.step([0.0])[0])


def test_temperature_zero_is_deterministic(linear_world):
    env = walk_env(noisy_walk(linear_world), temperature=0.0)
    env.reset(seed=0)
    np.testing.assert_allclose([env.step([0.25])[0] for _ in range(3)], [[0.25, 0], [0.5, 0], [0.75, 0]])


def test_coin_flips_end_a_dream_as_often_as_the_head_says(linear_world):
    env = walk_env(noisy_walk(linear_world, continues=lambda x: torch.full((len(x),), 0.9)))
    env.reset(seed=0)
    lengths = []
    for _ in range(400):
        env.reset()
        steps, over = 0, False
        while not over:
            steps, over = steps + 1, env.step([0.0])[2]
        lengths.append(steps)
    assert np.mean(lengths) == pytest.approx(1 / (1 - 0.9), rel=0.12)  # geometric


@pytest.mark.parametrize(("terminate_below", "ends_at"), [(0.5, 6), (0.25, 8), (0.0, None)])
def test_the_threshold_ends_a_dream_without_temperature(linear_world, terminate_below, ends_at):
    model = noisy_walk(linear_world, continues=lambda x: 1 - x[:, 0] / 10)
    env = walk_env(model, temperature=0.0, terminate_below=terminate_below)
    env.reset(seed=0)
    ends = [env.step([1.0])[2] for _ in range(9)]
    assert (ends.index(True) + 1 if any(ends) else None) == ends_at


def test_missing_heads_mean_no_reward_and_no_end_but_truncation(linear_world):
    env = walk_env(noisy_walk(linear_world), max_episode_steps=3)
    env.reset(seed=0)
    assert [env.step([0.0])[1:4] for _ in range(3)] == [(0.0, False, False)] * 2 + [(0.0, False, True)]
    env.reset()
    assert env.step([0.0])[3] is False


def test_functions_stand_in_for_heads_and_overrule_them(cartpole_world, dream_cartpole):
    """The true physics, its heads wrong or missing, under the rules of the real game."""
    for wrong in (True, False):
        cartpole_world.reward = (lambda x: torch.full((len(x),), -7.0)) if wrong else None
        cartpole_world.continues = (lambda x: 1.0 - x[:, 0].abs().clamp(max=1)) if wrong else None
        env = dream_cartpole(
            reward=lambda x, action: 10 * x[:, 2] + action[:, 1],
            terminated=cartpole_fallen,
            temperature=float(wrong),
            terminate_below=0.0,
        )
        real = gym.make("CartPole-v1")
        real.reset(seed=0)
        observation, info = env.reset(seed=0, options={"start": 0})
        real.unwrapped.state = STARTS[0].double().numpy()
        over = False
        while not over:
            action = int(observation[2] < 0.1)
            observation, reward, over, _, info = env.step(action)
            seen, _, ended, _, _ = real.step(action)
            assert (over, info["continues"]) == (ended, 1.0 - ended)
            assert reward == pytest.approx(10 * seen[2] + action, abs=1e-3)


def test_without_observations_an_agent_is_shown_the_belief(hidden_world):
    """The functions too; and what the model would show, once a probe reads it."""
    (episode,) = hidden_world.play([6])
    options = {"action_space": spaces.Box(-9, 9, (2,)), "start_observations": episode.observations[:1]}
    functions = {"reward": lambda x, action: x[:, 1] * action[:, 0], "terminated": lambda x: x[:, 0] > 1e9}
    env = DreamEnv(hidden_world, **options, **functions)
    shown = DreamEnv(Probed(hidden_world, lambda features: features @ hidden_world.emission.T), **options)
    assert (env.observation_space.shape, shown.observation_space.shape) == ((3,), (4,))
    emission = hidden_world.emission.numpy()
    first = [each.reset(seed=0)[0] for each in (env, shown)]
    np.testing.assert_allclose(emission @ first[0], episode.observations[0], atol=1e-4)
    np.testing.assert_allclose(first[1], episode.observations[0], atol=1e-4)
    for action, seen in zip(episode.actions.numpy(), episode.observations[1:], strict=True):
        belief, reward, ended, _, _ = env.step(action)
        observation, head, _, _, _ = shown.step(action)
        np.testing.assert_allclose(emission @ belief, seen, atol=1e-3)
        np.testing.assert_allclose(observation, seen, atol=1e-3)
        assert reward == pytest.approx(belief[1] * action[0], abs=1e-4) and not ended
        assert head == pytest.approx(float(belief.sum()), abs=1e-4)


def test_a_function_answers_once_a_row_whatever_the_batch(hidden_world):
    state, action = hidden_world.initial(5)._replace(x=torch.randn(5, 3)), torch.randn(5, 2)
    told = arrive(hidden_world, state, action, reward=lambda x, a: x[:, 0] + a[:, 1], terminated=lambda x: x[:, 1] > 0)
    assert torch.equal(told.observation, state.x)
    assert torch.equal(told.reward, state.x[:, 0] + action[:, 1])
    assert torch.equal(told.continues, (state.x[:, 1] <= 0).float())
    begun = arrive(hidden_world, state, None, reward=lambda x, a: a[:, 1])
    assert begun.reward is None and begun.continues is None
    with pytest.raises(ValueError, match=r"reward\(observation, action\) must .* shape \(5,\), .* got 1.0"):
        arrive(hidden_world, state, action, reward=lambda x, a: 1.0)
    with pytest.raises(ValueError, match=r"terminated\(observation\) must .* got one of shape \(5, 3\)"):
        arrive(hidden_world, state, action, terminated=lambda x: x > 0)
    with pytest.raises(ValueError, match="must return booleans"):
        arrive(hidden_world, state, action, terminated=lambda x: x[:, 0])


def test_the_belief_is_shown_and_render_draws_the_observation(dream_cartpole):
    env = dream_cartpole(render=render_cartpole)
    env.reset(seed=0, options={"start": 1})
    assert env.render_mode == "rgb_array"
    _, _, _, _, info = env.step(1)
    expected = cartpole_dynamics(STARTS[1:2], one_hot(torch.tensor([1]), 2).float())
    torch.testing.assert_close(env.belief.x, expected)
    np.testing.assert_array_equal(info["belief"].x, expected[0].numpy())
    np.testing.assert_array_equal(env.render(), render_cartpole(expected[0]))


def test_impossible_use_is_named(dream_cartpole, cartpole_world):
    env = dream_cartpole()
    with pytest.raises(RuntimeError, match="reset"):
        env.step(0)
    env.reset(seed=0)
    with pytest.raises(ValueError, match="2 is not an action"):
        env.step(2)
    with pytest.raises(ValueError, match="must be 0..2"):
        env.reset(options={"start": 3})
    for options, words in [
        ({"start_observations": torch.zeros(2, 3)}, r"needs \(starts, 4\)"),
        ({"start_observations": torch.zeros(0, 4)}, "at least one"),
        ({"start_observations": torch.full((1, 4), math.nan)}, "NaN"),
        ({"action_space": spaces.Discrete(3)}, "vectors of 3 numbers; the model takes 2"),
        ({"action_space": spaces.MultiBinary(2)}, "Discrete or Box"),
        ({"temperature": -1.0}, "temperature >= 0"),
        ({"max_episode_steps": 0}, "max_episode_steps >= 1"),
        ({"terminate_below": 1.5}, "terminate_below in 0..1"),
    ]:
        with pytest.raises(ValueError, match=words):
            DreamEnv(cartpole_world, **{"action_space": spaces.Discrete(2), "start_observations": STARTS, **options})
