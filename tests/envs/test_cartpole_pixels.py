"""CartPole's pictures against gymnasium's own: averaged over areas by hand, in the right order, of the right state."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from wmcourse.agents.experts import angle_and_velocity
from wmcourse.envs.cartpole import cartpole_dynamics, render_cartpole, shared_renderer
from wmcourse.envs.cartpole_pixels import ENV_ID, RAW, SIDE, STACKED_ENV_ID, TRACK, Camera, PixelCartPole

STATES = np.array([[0.0, 0, 0, 0], [0.3, 1, 0.1, -1], [-1.0, 0, -0.19, 0], [1.137, 0, 0.2, 0], [-0.733, 0, 0.05, 0]])
CAMERAS = {"default": Camera(), "raw": RAW, "gray": Camera(crop=None), "cropped": Camera(gray=False)}
DARKER = 2
"""Gray levels: pygame's shrinking rounds down, along each axis; white becomes 253 or 254."""


@pytest.fixture(scope="module")
def gymnasium_pictures():
    """The 400 x 600 pictures that a user of gymnasium sees of `STATES`."""
    env, pictures = gym.make("CartPole-v1", render_mode="rgb_array"), []
    env.reset(seed=0)
    for state in STATES:
        env.unwrapped.state = state
        pictures.append(env.render())
    env.close()
    return pictures


def shares(pixels):
    """(SIDE, pixels): how much of each large pixel lies in each of SIDE equal parts; rows add up to 1."""
    edges = np.linspace(0, pixels, SIDE + 1)[:, None]
    large = np.arange(pixels)
    return np.clip(np.minimum(edges[1:], large + 1) - np.maximum(edges[:-1], large), 0, None) * SIDE / pixels


def shrunk(picture, camera):
    """The area average, in exact arithmetic."""
    top, bottom, left, right = camera.crop or (0, *picture.shape[:1], 0, *picture.shape[1:2])
    part = picture[top:bottom, left:right].astype(float).transpose(2, 0, 1)
    small = shares(part.shape[1]) @ part @ shares(part.shape[2]).T
    return small.mean(0, keepdims=True) if camera.gray else small


def play(env, actions, seed):
    """Observations, and the states in `info`, of one episode."""
    observation, info = env.reset(seed=seed)
    seen, states = [observation], [info["state"]]
    for action in actions:
        observation, reward, terminated, truncated, info = env.step(action)
        assert reward == 1.0
        seen.append(observation)
        states.append(info["state"])
        if terminated or truncated:
            break
    return np.stack(seen), np.stack(states)


@pytest.mark.parametrize("camera", CAMERAS.values(), ids=CAMERAS.keys())
def test_a_picture_is_the_area_average_of_gymnasiums_own(camera, gymnasium_pictures):
    for state, picture in zip(STATES, gymnasium_pictures, strict=True):
        off = shrunk(picture, camera) - DARKER - camera.shot(state).astype(float)
        assert np.abs(off).max() <= DARKER
        assert np.abs(off.mean()) < 0.1


def test_gray_is_the_mean_of_the_colors():
    for crop in (TRACK, None):
        gray, color = (Camera(crop=crop, gray=flag)(STATES).float() for flag in (True, False))
        off = color.mean(1, keepdim=True) - gray
        assert off.min() >= 0 and off.max() < 1


def test_raw_is_the_whole_picture_in_color_and_the_default_one_a_gray_part_of_it():
    assert RAW.shot(STATES[0]).shape == (3, 64, 64) and RAW.channels == 3
    assert Camera().shot(STATES[0]).shape == (1, 64, 64) and Camera().channels == 1
    colorful = RAW.shot(STATES[0]).astype(int)
    assert (colorful.max(0) - colorful.min(0)).max() > 50


def test_the_crop_holds_the_pole_at_every_angle_before_the_fall_and_in_the_middle_of_the_track_the_cart():
    """What is cut off is white, but for the line of the track: no dark pixel of pole or cart is lost."""
    top, bottom, left, right = TRACK
    for position in (-0.8, 0.0, 0.8):
        for angle in (-0.21, 0.0, 0.21):
            picture = render_cartpole([position, 0.0, angle, 0.0]).mean(-1)
            assert (picture[:top] == 255).all()
            sides = np.concatenate([picture[top : bottom - 25, :left], picture[top : bottom - 25, right:]], axis=1)
            assert (sides == 255).all()


def test_many_states_are_taken_one_by_one_whatever_their_axes():
    batch = torch.from_numpy(STATES[:4]).float().view(2, 2, 4)
    pictures = Camera()(batch)
    assert pictures.shape == (2, 2, 1, 64, 64) and pictures.dtype == torch.uint8
    for i in range(2):
        for j in range(2):
            np.testing.assert_array_equal(pictures[i, j], Camera().shot(batch[i, j].numpy()))


def test_velocities_are_hidden_and_positions_and_angles_are_not():
    still, moving, right, leaning = Camera()(np.array([[0, 0, 0, 0], [0, 3, 0, -3], [0.1, 0, 0, 0], [0, 0, 0.05, 0]]))
    assert torch.equal(still, moving)
    assert not torch.equal(still, right) and not torch.equal(still, leaning)


def test_a_cart_far_away_is_out_of_sight():
    near, far, further = Camera().shot(np.zeros(4)), *Camera()(np.array([[10.0, 0, 0, 0], [1e9, 0, 0, 0]]))
    np.testing.assert_array_equal(far, further)
    assert int((near.astype(int) - far.numpy()[0]).min()) < -100  # the pole and the cart are darker than nothing


def test_the_shared_renderer_still_makes_whole_pictures():
    before = render_cartpole(STATES[1])
    Camera().shot(STATES[2])
    np.testing.assert_array_equal(render_cartpole(STATES[1]), before)
    with pytest.raises(ValueError, match="NaN"):
        Camera().shot(np.array([0.0, 0, np.nan, 0]))
    assert shared_renderer().render_mode == "rgb_array"
    np.testing.assert_array_equal(render_cartpole(STATES[1]), before)


@pytest.mark.parametrize("env_id", [ENV_ID, STACKED_ENV_ID])
def test_it_is_a_gymnasium_environment(env_id):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gym.make(env_id, disable_env_checker=True).unwrapped)
        env = gym.make(env_id)
        play(env, [1, 0, 1], seed=0)  # the passive checker looks on


def test_the_camera_of_an_environment_decides_its_space():
    env = PixelCartPole(RAW)
    observation, _ = env.reset(seed=0)
    assert observation.shape == env.observation_space.shape == (3, 64, 64)
    assert observation in env.observation_space


def test_an_observation_is_the_picture_of_the_hidden_state_which_obeys_the_physics_of_cartpole():
    actions = [1, 0, 0, 1, 1, 1]
    seen, states = play(gym.make(ENV_ID), actions, seed=5)
    pictures = Camera()(states).numpy()
    np.testing.assert_allclose(seen, pictures / np.float32(255))
    moved = cartpole_dynamics(
        torch.from_numpy(states[:-1]).double(), torch.nn.functional.one_hot(torch.tensor(actions), 2).double()
    )
    np.testing.assert_allclose(moved.numpy(), states[1:], atol=1e-6)
    start, _ = gym.make("CartPole-v1").reset(seed=5)
    np.testing.assert_array_equal(states[0], start)


def test_a_stack_is_the_older_frame_then_the_newer_and_at_first_the_same_twice():
    actions = [0, 1, 1, 0, 1]
    env = gym.make(STACKED_ENV_ID)
    single, _ = play(gym.make(ENV_ID), actions, seed=7)
    for _ in range(2):  # nothing of an episode is left in the next one
        stacks, states = play(env, actions, seed=7)
        assert stacks.shape == (6, 2, 64, 64)
        np.testing.assert_array_equal(stacks[:, 1], single[:, 0])
        np.testing.assert_array_equal(stacks[1:, 0], single[:-1, 0])
        np.testing.assert_array_equal(stacks[0, 0], stacks[0, 1])
        np.testing.assert_allclose(stacks[:, 1:], Camera()(states).numpy() / np.float32(255))


@pytest.mark.parametrize("env_id", [ENV_ID, STACKED_ENV_ID])
def test_the_same_seed_plays_the_same_episode(env_id):
    env = gym.make(env_id)
    (first, hidden), (again, _), (_, other) = (play(env, [1, 0, 1, 1], seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(hidden, other)


@pytest.mark.parametrize("env_id", [ENV_ID, STACKED_ENV_ID])
def test_an_episode_is_cut_off_after_500_steps(env_id, monkeypatch):
    nothing = np.zeros((1, 64, 64), dtype=np.uint8)
    monkeypatch.setattr(Camera, "shot", lambda self, state: nothing)  # pictures take long and do not matter here
    env = gym.make(env_id)
    _, info = env.reset(seed=0)
    for step in range(1, 501):
        action = angle_and_velocity(torch.from_numpy(info["state"])).argmax().item()
        _, _, terminated, truncated, info = env.step(action)
        assert not terminated
        assert truncated == (step == 500)
