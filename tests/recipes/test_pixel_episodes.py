"""The pictures' data set: true to CartPole wherever it was moved to, and made once, shard by shard."""

from dataclasses import fields

import pytest
import torch

from wmcourse.agents import RandomPolicy
from wmcourse.agents.experts import Expert, angle_and_velocity
from wmcourse.data import collect
from wmcourse.envs import cartpole_dynamics, cartpole_fallen
from wmcourse.envs.cartpole_pixels import RAW, Camera
from wmcourse.recipes import pixel_episodes as recipe
from wmcourse.recipes.pixel_episodes import SHIFT, pixel_episodes, record


@pytest.fixture(scope="module")
def data():
    return record(RandomPolicy(2, seed=3), 8, 3)


@pytest.fixture
def shards(tmp_path, monkeypatch):
    """An empty cache, shards of three episodes, and a list of the (seed, count) of all that are made."""
    monkeypatch.setenv("WMCOURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(recipe, "SHARD", 3)
    made = []

    def spy(policy, count, seed, *rest):
        made.append((seed, count))
        return record(policy, count, seed, *rest)

    monkeypatch.setattr(recipe, "record", spy)
    return made


def assert_same(ours, theirs):
    for field in fields(ours):
        assert torch.equal(getattr(ours, field.name), getattr(theirs, field.name)), field.name


def test_every_episode_obeys_the_physics_wherever_it_was_moved_to(data):
    for episode in data.state_episodes():
        states = episode.observations.double()
        moved = cartpole_dynamics(states[:-1], episode.actions.double())
        torch.testing.assert_close(moved, states[1:], atol=1e-5, rtol=0)
        assert torch.equal(episode.actions.sum(-1), torch.ones(len(episode)))


def test_it_is_what_the_policy_played_but_for_one_push_of_the_origin(data):
    """All rows of an episode are moved by one number, at most `SHIFT`, each episode by its own; no speed changes."""
    played = collect("CartPole-v1", RandomPolicy(2, seed=3), episodes=8, seed=3)
    by = []
    for ours, theirs in zip(data.state_episodes(), played, strict=True):
        assert torch.equal(ours.observations[:, 1:], theirs.observations[:, 1:])
        assert torch.equal(ours.actions, theirs.actions) and ours.terminated == theirs.terminated
        moved = ours.observations[:, 0] - theirs.observations[:, 0]
        torch.testing.assert_close(moved, moved[:1].expand_as(moved))
        assert not cartpole_fallen(theirs.observations[:-1]).any() and cartpole_fallen(theirs.observations[-1])
        by.append(moved[0].item())
    assert max(map(abs, by)) <= SHIFT and len(set(by)) == 8
    assert max(by) - min(by) > SHIFT / 2
    unmoved = record(RandomPolicy(2, seed=3), 8, 3, shift=0.0)
    for ours, theirs in zip(unmoved.state_episodes(), played, strict=True):
        assert torch.equal(ours.observations, theirs.observations)


def test_frames_are_pictures_of_the_states(data):
    assert torch.equal(data.frames, Camera()(data.states))
    colorful = record(RandomPolicy(2, seed=3), 2, 3, RAW)
    assert torch.equal(colorful.frames, RAW(colorful.states)) and colorful.frames.shape[1] == 3


def test_the_first_row_of_an_episode_has_no_action_and_every_other_one_has(data):
    first = torch.zeros(len(data.frames), dtype=torch.bool)
    first[data.firsts] = True
    assert torch.equal(data.actions.sum(-1) == 0, first)


def test_an_episode_that_is_cut_has_not_ended():
    whole, short = (record(Expert(angle_and_velocity), 2, 5, longest=longest) for longest in (None, 30))
    assert whole.lengths.tolist() == [500, 500] and short.lengths.tolist() == [30, 30]
    assert not short.terminated.any()
    for ours, theirs in zip(short.state_episodes(), whole.state_episodes(), strict=True):
        assert torch.equal(ours.observations, theirs.observations[:31])
        assert torch.equal(ours.actions, theirs.actions[:30])
    fallen = record(RandomPolicy(2, seed=3), 3, 3, longest=1000)
    assert fallen.terminated.all()  # they end before they would be cut


def test_shards_are_made_once_and_the_cache_is_read_after_that(shards):
    first = pixel_episodes(7, seed=40)
    assert shards == [(40, 3), (41, 3), (42, 1)]
    assert_same(pixel_episodes(7, seed=40), first)
    assert len(shards) == 3
    assert len(first) == 7


def test_an_interrupted_run_goes_on_where_it_stopped(shards, monkeypatch, tmp_path):
    spy = recipe.record

    def interrupted(policy, count, seed, *rest):
        if seed == 41:
            raise KeyboardInterrupt
        return spy(policy, count, seed, *rest)

    monkeypatch.setattr(recipe, "record", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pixel_episodes(7, seed=40)
    assert len(list(tmp_path.rglob("*.npz"))) == 1
    monkeypatch.setattr(recipe, "record", spy)
    resumed = pixel_episodes(7, seed=40)
    assert shards == [(40, 3), (41, 3), (42, 1)]
    for path in tmp_path.rglob("*.npz"):
        path.unlink()
    assert_same(pixel_episodes(7, seed=40), resumed)


def test_more_episodes_begin_with_the_same_ones(shards):
    few, many = pixel_episodes(6, seed=40), pixel_episodes(9, seed=40)
    rows = len(few.frames)
    assert torch.equal(many.states[:rows], few.states)
    assert len(shards) == 3
    starts = many.states[many.firsts, 1:]
    assert len({tuple(start.tolist()) for start in starts}) == 9  # no shard repeats another


def test_another_camera_or_shift_or_seed_is_another_data_set(shards):
    sets = [{}, {"camera": Camera(crop=None)}, {"shift": 0.1}]
    made = [pixel_episodes(2, seed=40, **options) for options in sets] + [pixel_episodes(2, seed=50)]
    assert len(shards) == 4
    for other in made[1:]:
        assert len(other.frames) != len(made[0].frames) or not torch.equal(other.frames, made[0].frames)
