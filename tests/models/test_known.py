"""The truth behind the interface: rolled out, it is the world."""

import gymnasium as gym
import numpy as np
import torch

from wmcourse.models import first_look
from wmcourse.models.known import KnownWorld, known_pendulum


def test_an_imagined_episode_is_the_real_one_with_its_rewards():
    env, random, model = gym.make("Pendulum-v1"), np.random.default_rng(1), known_pendulum()
    observation, _ = env.reset(seed=1)
    state = first_look(model, torch.from_numpy(observation)[None])
    assert model.decode(state).reward.tolist() == [0.0]
    for _ in range(30):
        torque = random.uniform(-2, 2, size=1).astype(np.float32)
        observation, reward, *_ = env.step(torque)
        state = model.imagine(state, torch.from_numpy(torque)[None])
        told = model.decode(state)
        np.testing.assert_allclose(told.observation[0].numpy(), observation, atol=2e-4)
        np.testing.assert_allclose(told.reward.item(), reward, atol=2e-3)
        assert told.continues is None


def test_a_look_replaces_what_was_imagined_and_keeps_what_the_step_has_earned():
    model = known_pendulum()
    before, seen, torque = torch.tensor([[1.0, 0.0, 2.0]]), torch.tensor([[0.0, 1.0, -3.0]]), torch.tensor([[1.5]])
    looked = model.observe(first_look(model, before), torque, seen)
    assert torch.equal(looked.observation, seen)
    torch.testing.assert_close(looked.reward, torch.tensor([-(0.1 * 4 + 0.001 * 1.5**2)]))


def test_it_moves_to_a_device_and_saves_nothing():
    model = KnownWorld(lambda x, a: x + a, lambda x, a: a.sum(-1), observation_shape=(2,), action_dim=2)
    assert model.to("meta").initial(3).observation.device.type == "meta"
    assert model.state_dict() == {}
