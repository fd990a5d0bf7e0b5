"""Latent dynamics of pictures, at the sizes of the recipe `latent-dynamics`: the camera, the autoencoder, the step."""

from collections.abc import Callable
from copy import deepcopy
from functools import partial

import gymnasium as gym
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from wmcourse.agents.random_policy import RandomPolicy
from wmcourse.data.frames import FrameEpisodes
from wmcourse.envs.cartpole_pixels import SIDE, Camera
from wmcourse.models.autoencoder import Autoencoder, AutoencoderConfig
from wmcourse.nets.optimize import clipped_step
from wmcourse.recipes import autoencoder, latent_dynamics
from wmcourse.recipes.first_stage import encode
from wmcourse.recipes.pixel_episodes import record

PICTURES = 100
CODER = autoencoder.Config()
TRANSITION = latent_dynamics.Config()


@pytest.fixture(scope="module")
def data() -> FrameEpisodes:
    """The first of the episodes that the recipe trains on, if its seed were 0."""
    return record(RandomPolicy(2, seed=0), 100, seed=0)


def render(state: np.ndarray, env: gym.Env) -> np.ndarray:
    """What gymnasium shows: 400 x 600 pixels in color."""
    env.unwrapped.state = state
    return env.render()


def with_pillow(state: np.ndarray, env: gym.Env) -> np.ndarray:
    small = Image.fromarray(render(state, env)).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small).sum(2, dtype=np.uint16) // 3


def with_torch(state: np.ndarray, env: gym.Env) -> np.ndarray:
    picture = torch.from_numpy(render(state, env)).permute(2, 0, 1)
    return F.interpolate(picture[None].float(), (SIDE, SIDE), mode="area").mean(1)[0].byte().numpy()


PEERS = {
    "gymnasium": ("`env.render()` alone", render),
    "pillow": ("`env.render()`, Pillow's box filter, gray", with_pillow),
    "torch": ("`env.render()`, torch's area interpolation, gray", with_torch),
}


@pytest.mark.parametrize("camera", [Camera(), Camera(crop=None)], ids=["recipe", "whole"])
@pytest.mark.parametrize("peer", PEERS)
def test_camera(ratio, data, peer, camera):
    """The recipe's camera cuts out the track first; the other one shows all of the picture, as its peers do."""
    states, env = data.states[:PICTURES].numpy().astype(float), gym.make("CartPole-v1", render_mode="rgb_array")
    env.reset(seed=0)
    name, shot = PEERS[peer]
    if shot is not render:
        same = np.corrcoef(shot(states[0], env).ravel(), Camera(crop=None).shot(states[0]).ravel())
        assert same.min() > 0.99, "not the same picture"
    ratio.to(name, lambda: np.stack([shot(state, env) for state in states]), lambda: camera(states))
    if ratio.benchmark.stats is not None:  # --benchmark-disable
        ratio.benchmark.extra_info["frames_per_second"] = PICTURES / ratio.benchmark.stats.stats.min


def new_coder(data: FrameEpisodes, frames: int) -> Autoencoder:
    coder = Autoencoder(AutoencoderConfig(frames=frames))
    coder.fit_pictures(data.stacks(torch.arange(500), frames))
    return coder


def coder_learner(coder: Autoencoder, data: FrameEpisodes) -> Callable[[], None]:
    """One pass of the autoencoder's training loop: random pictures, loss, gradient, step."""
    adam = torch.optim.Adam(coder.parameters(), lr=CODER.lr)

    def update() -> None:
        pictures = data.stacks(torch.randint(len(data.frames), (CODER.batch_size,)), coder.config.frames)
        clipped_step(adam, coder.loss(pictures), coder, clip=CODER.clip)

    return update


@pytest.mark.parametrize("frames", [1, 2])
def test_autoencoder_update(ratio, data, frames):
    ratio.to_matrix_products(coder_learner(new_coder(data, frames), data))


@pytest.mark.parametrize("frames", [1, 2])
def test_autoencoder_layout(ratio, data, frames):
    coder = new_coder(data, frames)
    plain, pictures = in_default_layout(coder), data.stacks(torch.arange(CODER.batch_size), frames)
    torch.testing.assert_close(plain.loss(pictures), coder.loss(pictures))
    ratio.to("the same in the default layout", coder_learner(plain, data), coder_learner(coder, data))


def in_default_layout(coder: Autoencoder) -> Autoencoder:
    """The same network with the channels first in memory, as PyTorch has them by default."""
    plain = deepcopy(coder)
    plain.encoder = nn.Sequential(*plain.encoder.layers, *plain.encoder.head)
    plain.decoder = nn.Sequential(*plain.decoder.head, *plain.decoder.layers)
    for parameter in plain.parameters():
        parameter.data = parameter.data.clone(memory_format=torch.contiguous_format)
    return plain


@torch.no_grad()
def test_encode(ratio, data):
    """As many pictures as the recipe encodes at a time."""
    coder, pictures = new_coder(data, 1).eval(), data.stacks(torch.arange(500), 1)
    ratio.to_matrix_products(partial(coder.encode, pictures))


@pytest.mark.parametrize("name", ["latent-dynamics", "latent-dynamics-recurrent", "latent-dynamics-all"])
def test_transition_update(ratio, data, name):
    """The longest episodes: an update takes as many steps as the longest of its episodes, 40 at most."""
    config = recipe(name).config.model
    encoded = encode(new_coder(data, config.autoencoder.frames), data)
    model = config.new_transition()
    adam = torch.optim.Adam(model.parameters(), lr=TRANSITION.lr)
    lengths = encoded.lengths.clamp(max=TRANSITION.length)
    chosen, steps = lengths.topk(TRANSITION.batch_size).indices, int(lengths.max())

    def update() -> None:
        latents, actions = encoded.latents[chosen, : steps + 1], encoded.actions[chosen, :steps]
        clipped_step(adam, model.loss(latents, actions, lengths[chosen]), model, clip=TRANSITION.clip)

    ratio.to_matrix_products(update)
