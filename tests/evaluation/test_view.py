"""Comparing only a part of what is seen: the same numbers as if nothing else had ever been there."""

import pytest
import torch

from wmcourse.data.episode import Episode
from wmcourse.evaluation import drift, horizon_table
from wmcourse.evaluation.held_out import newest_frame, whole


def first(observation):
    return observation[..., :1]


def test_the_whole_is_the_default(rotation, drifting_rotation, play_episodes):
    episodes = play_episodes(rotation, [30, 40])
    plain, viewed = (horizon_table(drifting_rotation, episodes, horizons=(1, 5), **o) for o in ({}, {"view": whole}))
    assert plain.nmse == viewed.nmse and plain.absolute == viewed.absolute
    curves = [drift(drifting_rotation, episodes, peek_every=7, **o).expected.error for o in ({}, {"view": whole})]
    torch.testing.assert_close(*curves, equal_nan=True)


def test_a_viewed_dimension_is_measured_as_if_alone(rotation, drifting_rotation, play_episodes):
    episodes = play_episodes(rotation, [30, 40])
    table = horizon_table(drifting_rotation, episodes, horizons=(1, 5), view=first)
    plain = horizon_table(drifting_rotation, episodes, horizons=(1, 5))
    assert [each[0] for each in plain.absolute] == [each[0] for each in table.absolute]
    assert all(len(each) == 1 for each in table.absolute)
    variance = torch.cat([episode.observations[:, 0] for episode in episodes]).var(correction=0)
    torch.testing.assert_close(
        table.errors.normalized, plain.errors.absolute[..., 0].square() / variance, equal_nan=True
    )


@pytest.mark.parametrize("peek_every", [1, 4, None])
def test_drift_of_a_viewed_dimension_is_its_own_column(rotation, drifting_rotation, play_episodes, peek_every):
    episodes = play_episodes(rotation, [30, 40])
    viewed = drift(drifting_rotation, episodes, peek_every=peek_every, view=first)
    plain = drift(drifting_rotation, episodes, peek_every=peek_every)
    for ours, theirs in ((viewed.expected, plain.expected), (viewed.believed, plain.believed)):
        torch.testing.assert_close(ours.error, theirs.error[..., :1], equal_nan=True)


def test_the_newest_frame_is_the_last():
    frames = torch.rand(5, 7, 2, 4, 4)
    assert torch.equal(newest_frame(frames), frames[:, :, 1:])
    assert torch.equal(newest_frame(frames[:, :, :1]), frames[:, :, :1])


def test_two_frames_are_marked_as_one_frame_is(constant_world):
    """A model of two frames and a model of single frames that say the same of the newest one get the same marks."""
    torch.manual_seed(0)
    frames, answer = torch.rand(3, 21, 2, 4, 4), torch.rand(2, 4, 4)
    both = [Episode(each, torch.zeros(20, 1), torch.zeros(20), False) for each in frames]
    newest = [Episode(each[:, 1:], torch.zeros(20, 1), torch.zeros(20), False) for each in frames]
    pair = (constant_world(answer), both), (constant_world(answer[1:]), newest)
    ours, theirs = (horizon_table(*each, horizons=(1, 5), view=newest_frame) for each in pair)
    assert ours.nmse == theirs.nmse and ours.absolute == theirs.absolute and ours.vpt == theirs.vpt
    assert ours.nmse != horizon_table(*pair[0], horizons=(1, 5)).nmse
    curves = [drift(*each, peek_every=None, view=newest_frame).expected.error for each in pair]
    torch.testing.assert_close(*curves, equal_nan=True)
