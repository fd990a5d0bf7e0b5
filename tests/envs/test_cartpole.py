"""CartPole's physics and pictures, against gymnasium itself."""

import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import one_hot

from wmcourse.envs import cartpole_dynamics, cartpole_fallen, render_cartpole

states = st.tuples(*(st.floats(-high, high) for high in (3.0, 4.0, 3.2, 6.0)))


@pytest.fixture(scope="module")
def real():
    env = gym.make("CartPole-v1", render_mode="rgb_array").unwrapped
    env.reset(seed=0)
    return env


@given(states, st.integers(0, 1))
def test_dynamics_and_fall_equal_the_real_environment(real, state, action):
    real.state, real.steps_beyond_terminated = np.array(state), None
    _, _, fallen, _, _ = real.step(action)
    imagined = cartpole_dynamics(torch.tensor(state, dtype=torch.float64), one_hot(torch.tensor(action), 2).double())
    np.testing.assert_allclose(imagined.numpy(), real.state, rtol=1e-12, atol=1e-12)
    assert bool(cartpole_fallen(imagined)) == fallen


def test_dynamics_are_vectorized_over_any_axes():
    state, action = torch.randn(3, 5, 4), one_hot(torch.randint(2, (3, 5)), 2).float()
    together = cartpole_dynamics(state, action)
    alone = torch.stack(
        [cartpole_dynamics(s, a) for s, a in zip(state.flatten(0, 1), action.flatten(0, 1), strict=True)]
    )
    torch.testing.assert_close(together.flatten(0, 1), alone)


def test_gradients_equal_finite_differences():
    state = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    action = torch.rand(2, 2, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(cartpole_dynamics, (state, action))


@pytest.mark.parametrize("state", [(0.0, 0.0, 0.0, 0.0), (-1.2, 0.3, 0.15, -1.0), (2.0, 0.0, -1.3, 0.0)])
def test_picture_equals_gymnasiums_own(real, state):
    real.state = np.array(state)
    expected = np.array(real.render())
    for given_ in (state, np.array(state), torch.tensor(state)):
        frame = render_cartpole(given_)
        assert frame.shape == (400, 600, 3) and frame.dtype == np.uint8
    np.testing.assert_array_equal(render_cartpole(state), expected)


def test_pictures_do_not_overwrite_each_other():
    first = render_cartpole([0.0, 0.0, 0.0, 0.0])
    kept = first.copy()
    render_cartpole([1.0, 0.0, 1.0, 0.0])
    np.testing.assert_array_equal(first, kept)


def test_a_dream_far_outside_the_picture_is_an_empty_track():
    far = render_cartpole([1e6, 0.0, 0.0, 0.0])
    assert far.shape == (400, 600, 3)
    np.testing.assert_array_equal(far, render_cartpole([-1e6, 0.0, 0.0, 0.0]))
    assert (far == 255).mean() > 0.99


def test_crop_then_resize():
    state = [0.3, 0.0, 0.1, 0.0]
    whole, cut = render_cartpole(state), render_cartpole(state, crop=(160, 320, 100, 500))
    np.testing.assert_array_equal(cut, whole[160:320, 100:500])
    small = render_cartpole(state, crop=(160, 320, 100, 500), size=(80, 100))
    blocks = cut.reshape(80, 2, 100, 4, 3).astype(float).mean(axis=(1, 3))  # averaging, by hand
    assert small.shape == (80, 100, 3) and np.abs(small - blocks).max() <= 0.5


@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize(
    ("state", "options", "words"),
    [
        ([0.0, 0.0, 0.0], {}, "4 finite numbers"),
        ([0.0, 0.0, float("nan"), 0.0], {}, "4 finite numbers"),
        ([[0.0, 0.0, 0.0, 0.0]], {}, "4 finite numbers"),
        ([0.0] * 4, {"crop": (0, 401, 0, 600)}, "crop must be"),
        ([0.0] * 4, {"crop": (50, 50, 0, 600)}, "crop must be"),
        ([0.0] * 4, {"size": (0, 10)}, "size must be"),
    ],
)
def test_impossible_pictures_are_named(state, options, words):
    with pytest.raises(ValueError, match=words):
        render_cartpole(state, **options)


def test_rendering_needs_no_screen_and_no_setup():
    code = "from wmcourse.envs import render_cartpole as r; print(r([0.0] * 4).shape)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}
    )
    assert done.stdout.strip().endswith("(400, 600, 3)"), done.stderr
