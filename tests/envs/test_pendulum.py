"""The pendulum's physics and reward, against gymnasium itself."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from wmcourse.envs.pendulum import ENV_ID, MAX_SPEED, MAX_TORQUE, STEPS, pendulum_dynamics, pendulum_reward


def seen(angle, speed):
    """The observation of that state, as the environment makes it but in double precision."""
    return torch.tensor([np.cos(angle), np.sin(angle), speed])


@pytest.mark.parametrize("torques", ["random", "full"])
def test_whole_episodes_equal_the_real_environments(torques):
    """From states all around, with torques beyond what the motor can do; turned full on, it reaches its top speed."""
    env, random = gym.make(ENV_ID), np.random.default_rng(0)
    for seed in range(3):
        env.reset(seed=seed)
        env.unwrapped.state = random.uniform([-9, -8], [9, 8])
        imagined, steps, cut, fastest = seen(*env.unwrapped.state), 0, False, 0.0
        while not cut:
            push = random.uniform(-3, 3) if torques == "random" else 3.0 * np.sign(env.unwrapped.state[1])
            torque = torch.tensor([push], dtype=torch.float64)
            earned = pendulum_reward(imagined, torque)
            imagined = pendulum_dynamics(imagined, torque)
            observation, reward, terminated, cut, _ = env.step([push])
            steps, fastest = steps + 1, max(fastest, abs(env.unwrapped.state[1]))
            np.testing.assert_allclose(earned.item(), reward, rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(imagined.numpy(), seen(*env.unwrapped.state).numpy(), atol=1e-9)
            np.testing.assert_allclose(imagined.float().numpy(), observation, atol=1e-6)
            assert not terminated
            imagined = seen(*env.unwrapped.state)  # rounding grows in a chaotic world
        assert steps == STEPS
        if torques == "full":
            assert fastest == MAX_SPEED
    assert env.action_space.high.item() == MAX_TORQUE and env.observation_space.high[2] == MAX_SPEED


def test_both_are_vectorized_over_any_axes():
    angle, speed, torque = torch.randn(3, 5), torch.randn(3, 5), torch.randn(3, 5, 1)
    observation = torch.stack([angle.cos(), angle.sin(), speed], -1)
    for function in (pendulum_dynamics, pendulum_reward):
        together = function(observation, torque)
        alone = [function(o, u) for o, u in zip(observation.flatten(0, 1), torque.flatten(0, 1), strict=True)]
        torch.testing.assert_close(together.flatten(0, 1), torch.stack(alone))


def test_gradients_equal_finite_differences():
    angle, speed = torch.rand(4, dtype=torch.float64), torch.rand(4, dtype=torch.float64)
    observation = torch.stack([angle.cos(), angle.sin(), speed], -1).requires_grad_()
    torque = torch.rand(4, 1, dtype=torch.float64, requires_grad=True)
    for function in (pendulum_dynamics, pendulum_reward):
        assert torch.autograd.gradcheck(function, (observation, torque))
