"""V, M and C in NumPy against the PyTorch modules whose weights they have."""

import numpy as np
import pytest
import torch

from wmcourse.agents.controller import Controller
from wmcourse.models.mdn_rnn import MDNRNNConfig
from wmcourse.models.numpy_vmc import Control, Memory, Vision, part, weights_of
from wmcourse.models.vae import VAEConfig

SIZES = {
    "small": MDNRNNConfig(VAEConfig(latent_dim=4, width=2), action_dim=2, hidden_dim=6, components=3),
    "full": MDNRNNConfig(),
}


def close(ours, theirs):
    torch.testing.assert_close(torch.from_numpy(ours), theirs, rtol=1e-4, atol=1e-5)


@pytest.fixture(params=SIZES.values(), ids=SIZES.keys())
def controller(request):
    made = Controller(request.param)
    made.world.vae.background.copy_(torch.tensor([0.1, 0.2, 0.3]).view(3, 1, 1))
    return made


@pytest.fixture
def weights(controller):
    return weights_of(controller)


@torch.no_grad()
def test_vision(controller, weights):
    vae, vision = controller.world.vae, Vision(part(weights, "world.vae."))
    pictures = torch.rand(2, 3, 64, 64)
    for ours, theirs in zip(vision.encode(pictures.numpy()), vae.posterior(pictures), strict=True):
        close(ours, theirs)
    z = torch.randn(2, controller.world.config.vae.latent_dim)
    close(vision.decode(z.numpy()), vae.decode(z))


@torch.no_grad()
@pytest.mark.parametrize("temperature", [0.1, 1.0, 1.3])
def test_memory_dreams_the_same_dream_given_the_same_noise(controller, weights, temperature, monkeypatch):
    """Five steps; the noise that PyTorch draws is written down for NumPy."""
    world, memory, drawn = controller.world, Memory(part(weights, "world.")), []
    for parameter in world.mixture.parameters():
        parameter.mul_(20)

    def written_down(draw):
        def drawing(like, generator=None):
            drawn.append(draw(like.shape))
            return drawn[-1]

        return drawing

    monkeypatch.setattr("wmcourse.nets.mixture.uniform", written_down(torch.rand))
    monkeypatch.setattr("wmcourse.nets.mixture.normal", written_down(torch.randn))
    state = world.initial(3)._replace(latent=torch.randn(3, world.config.vae.latent_dim))
    z, h, c = (field.numpy() for field in state)
    for step in range(5):
        action = torch.eye(world.action_dim)[torch.arange(3) % 2]
        state = world.imagine(state, action, temperature)
        h, c = memory.step(z, action.numpy(), h, c)
        uniform, normal = (noise.numpy() for noise in drawn[2 * step :])
        z = memory.expected(h, world.config.components).sample(temperature, uniform[..., 0], normal)
        for ours, theirs in zip((z, h, c), state, strict=True):
            close(ours, theirs)
        close(memory.goes_on(h), world.outlook(state).continues)


@torch.no_grad()
def test_control(controller, weights):
    z = torch.randn(50, controller.world.config.vae.latent_dim)
    h = torch.randn(50, controller.world.config.hidden_dim)
    actions = Control(part(weights, "actor.")).act(z.numpy(), h.numpy())
    np.testing.assert_array_equal(actions, controller.actor(torch.cat([z, h], 1)).action.argmax(-1))
    assert len(set(actions)) == controller.world.action_dim
