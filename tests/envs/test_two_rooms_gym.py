"""Two rooms as gymnasium's: its checker, one dot beside a batch of them, backgrounds, ends, and what is refused."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from wmcourse.envs.two_rooms import BACKGROUNDS, DOOR_Y, ENV_ID, LIMIT, REACHED, WALL_X, draw_rooms, is_free, move
from wmcourse.envs.two_rooms_gym import TwoRooms, TwoRoomsVector

STARTS = np.array([[10.0, 20.0], [50.0, 50.0], [20.0, 40.0]], np.float32)
GOALS = np.array([[24.0, 20.0], [50.0, 44.0], [55.0, 10.0]], np.float32)
EAST = np.array([3.0, 0.0], np.float32)
each_background = pytest.mark.parametrize("background", BACKGROUNDS)


def shown(position):
    """Bytes of the picture of a dot on a bare floor."""
    (picture,) = draw_rooms(torch.as_tensor(position)[None])
    return (255 * picture).round().byte().permute(1, 2, 0).numpy()


def everything(env, seed, steps=8):
    """All that is told in some steps under the same actions."""
    random = np.random.default_rng(0)
    observation, info = env.reset(seed=seed)
    told = [observation, *info.values()]
    for _ in range(steps):
        observation, *rest, info = env.step(random.uniform(-5, 5, env.action_space.shape))
        told += [observation, *rest, *info.values()]
    return [np.asarray(each) for each in told]


@pytest.mark.filterwarnings("ignore:.*recommend using a symmetric.*")
@each_background
def test_gymnasiums_checker_accepts_it(background):
    check_env(gym.make(ENV_ID, background=background, render_mode="rgb_array").unwrapped)


@each_background
@pytest.mark.parametrize("make", [TwoRooms, lambda **options: TwoRoomsVector(3, 5, **options)], ids=["one", "batch"])
def test_a_seed_repeats_everything_and_another_changes_it(make, background):
    """In the batch, whose episodes last 5 steps, new beginnings too."""
    one, two, other = (everything(make(background=background), seed) for seed in (4, 4, 5))
    assert all(np.array_equal(left, right) for left, right in zip(one, two, strict=True))
    assert not np.array_equal(one[0], other[0]) and not np.array_equal(one[1], other[1])


def test_a_batch_is_its_dots_one_by_one():
    singles, batch = [TwoRooms() for _ in STARTS], TwoRoomsVector(3)
    seen, info = batch.reset(seed=1, options={"start": STARTS, "goal": GOALS})
    random, over = np.random.default_rng(2), np.zeros(3, bool)
    for row, env in enumerate(singles):
        alone, about = env.reset(seed=9 + row, options={"start": STARTS[row], "goal": GOALS[row]})
        np.testing.assert_array_equal(alone, seen[row])
        for name, value in about.items():
            np.testing.assert_array_equal(value, info[name][row])
    for _ in range(6):
        actions = random.uniform(-1, 1, (3, 2)) + EAST
        seen, reward, arrived, late, info = batch.step(actions)
        for row in np.flatnonzero(~over):
            alone, *told, about = singles[row].step(actions[row])
            np.testing.assert_array_equal(alone, seen[row])
            np.testing.assert_array_equal(about["position"], info["position"][row])
            assert told == [reward[row], arrived[row], late[row]]
        over |= arrived
    assert over.any() and not over.all()


@each_background
def test_the_dot_moves_as_the_world_says(background):
    env = TwoRoomsVector(20, background=background)
    _, info = env.reset(seed=0)
    random = np.random.default_rng(0)
    for _ in range(5):
        actions = random.uniform(-6, 6, (20, 2)).astype(np.float32)
        before, (_, _, arrived, _, info) = info["position"], env.step(actions)
        assert not arrived.any()
        np.testing.assert_array_equal(info["position"], move(torch.tensor(before), torch.from_numpy(actions)))


def test_what_is_seen_is_the_picture_of_what_is_hidden():
    env = TwoRooms(render_mode="rgb_array")
    assert env.render() is None  # there is nothing to see yet
    seen, info = env.reset(seed=3)
    for _ in range(3):
        np.testing.assert_array_equal(seen, shown(info["position"]))
        np.testing.assert_array_equal(info["goal"], shown(info["goal_position"]))
        np.testing.assert_array_equal(seen, env.render())
        seen, *_, info = env.step(EAST)


def noises(background):
    """Of four steps after a reset, and of one after the next reset: what the floor shows where no dot is, (5, B, ...);
    and the same of the goals."""
    env, places = TwoRoomsVector(2, background=background), {"start": STARTS[:2], "goal": GOALS[[2, 0]]}
    told = [env.reset(seed=0, options=places)]
    told += [env.step(np.zeros((2, 2)))[::4] for _ in range(3)]
    told.append(env.reset(options=places))
    strip = (slice(None), slice(2, 7), slice(2, 62))  # of both rooms, where nobody is
    return [
        np.stack([picture[strip] for picture in some]) for some in zip(*((s, i["goal"]) for s, i in told), strict=True)
    ]


def same(pictures):
    return [np.array_equal(one, next_) for one, next_ in zip(pictures, pictures[1:], strict=False)]


def test_noise_that_moves_is_new_at_each_step_and_noise_that_stays_at_each_reset():
    (floor, goal), (moving, moving_goal), (still, still_goal) = (noises(each) for each in BACKGROUNDS)
    assert same(floor) == same(goal) == [True] * 4
    assert same(moving) == [False] * 4 and same(still) == [True, True, True, False]
    assert same(moving_goal) == same(still_goal) == [True, True, True, False]  # the goal's picture is taken once
    for noisy in (moving, still):
        assert not np.array_equal(noisy[0, 0], noisy[0, 1])  # each dot has a floor of its own
    assert np.array_equal(still, still_goal)
    assert not np.array_equal(moving[:, 0], moving_goal[:, 0])


def test_arriving_earns_1_and_ends_the_episode():
    env = TwoRooms()
    env.reset(seed=0, options={"start": [10.0, 20.0], "goal": [20.0, 20.0]})
    told = [env.step(EAST)[1:4] for _ in range(2)]  # 10 pixels away, then 7, then 4
    assert told == [(0.0, False, False), (1.0, True, False)]


def test_who_does_not_arrive_is_cut_off_after_60_steps():
    env, nowhere = gym.make(ENV_ID), np.zeros(2, np.float32)
    env.reset(seed=0)
    told = [env.step(nowhere)[1:4] for _ in range(LIMIT)]
    assert told == [(0.0, False, False)] * (LIMIT - 1) + [(0.0, False, True)]
    batch = gym.make_vec(ENV_ID, num_envs=2)
    batch.reset(seed=0)
    for step in range(1, LIMIT + 1):
        _, reward, arrived, late, _ = batch.step(np.zeros((2, 2), np.float32))
        assert not reward.any() and not arrived.any() and (late == (step == 60)).all()


@each_background
def test_a_dot_of_a_batch_that_is_done_begins_anew_with_the_next_step(background):
    """Its episodes are as long as its own ends say; that step earns nothing, and what was done is not."""
    env, age, ends = TwoRoomsVector(6, max_episode_steps=12, background=background), np.zeros(6, int), np.zeros(2, int)
    _, info = env.reset(seed=0)
    over = np.zeros(6, bool)
    for _ in range(40):
        position, goal = info["position"], info["goal_position"]
        behind = (position[:, :1] < WALL_X) != (goal[:, :1] < WALL_X)
        straight = np.where(behind, [WALL_X, DOOR_Y], goal) - position
        before, (_, reward, arrived, late, info) = info, env.step(straight * np.array([[1], [0]] * 3))
        age = np.where(over, 0, age + 1)
        moved = np.abs(info["position"] - before["position"]).max(1)
        kept = (info["goal_position"] == before["goal_position"]).all(1)
        assert (moved[~over] <= 4.001).all() and kept[~over].all() and not kept[over].any()
        assert is_free(torch.tensor(info["position"])).all()
        distance = np.linalg.norm(info["position"] - info["goal_position"], axis=1)
        np.testing.assert_array_equal(arrived, (distance < REACHED) & ~over)
        assert (distance[over] > REACHED).all()
        np.testing.assert_array_equal(reward, arrived)
        np.testing.assert_array_equal(late, (age == 12) & ~arrived)
        over = arrived | late
        ends += arrived.sum(), late.sum()
    assert (ends > 2).all()


def test_what_was_told_does_not_change_later():
    env = TwoRoomsVector(1)
    seen, info = env.reset(seed=0)
    kept = [seen.copy(), *(value.copy() for value in info.values())]
    env.step(EAST[None])
    for now, before in zip([seen, *info.values()], kept, strict=True):
        np.testing.assert_array_equal(now, before)


def test_impossible_use_is_named(unchecked_shapes):
    for env, action in ((TwoRooms(), EAST), (TwoRoomsVector(2), np.zeros((2, 2)))):
        with pytest.raises(RuntimeError, match="reset"):
            env.step(action)
        env.reset(seed=0)
        for wrong in (np.zeros((3, 2)), action * np.nan):
            with pytest.raises(ValueError, match=r"actions must be finite numbers \(\d, 2\), not"):
                env.step(wrong)
    for name, place in (("start", [[32.0, 40.0]]), ("goal", [[1.0, 20.0]]), ("goal", [10.0, 20.0])):
        with pytest.raises(ValueError, match=rf"{name} must be places on the floor, \(1, 2\) in pixels"):
            TwoRoomsVector().reset(options={name: place})
    with pytest.raises(ValueError, match="render_mode must be None or rgb_array, not 'human'"):
        TwoRooms(render_mode="human")
    for options in ({"num_envs": 0}, {"max_episode_steps": 0}, {"render_mode": "human"}, {"background": "loud"}):
        with pytest.raises(ValueError, match="need num_envs >= 1, .* a background among plain, moving, still and no"):
            TwoRoomsVector(**options)
