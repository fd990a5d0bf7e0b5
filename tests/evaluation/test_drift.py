"""Whole-episode drift under different rates of looking."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wmcourse.evaluation import bootstrap_mean, drift


@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.one_of(st.none(), st.integers(1, 20)))
def test_free_rollout_of_the_true_dynamics_has_zero_drift(rotation, play_episodes, lengths, peek_every):
    measured = drift(rotation, play_episodes(rotation, lengths), peek_every=peek_every)
    for curves in (measured.expected, measured.believed):
        assert curves.max(0).high < 1e-4 and curves.max(1).high < 1e-4


def test_true_physics_never_drift_from_real_cartpole(cartpole_world, cartpole_episodes):
    measured = drift(cartpole_world, cartpole_episodes, peek_every=None)
    assert all(measured.expected.max(dimension).high < 1e-4 for dimension in range(4))


def test_closed_loop_expected_error_is_the_one_step_error(rotation, drifting_rotation, play_episodes):
    episodes = play_episodes(rotation, [25, 40, 10])
    measured = drift(drifting_rotation, episodes, peek_every=1)
    worlds = (drifting_rotation.transition, drifting_rotation.control)
    for number, episode in enumerate(episodes):
        one_step = episode.observations[:-1] @ worlds[0].T + episode.actions @ worlds[1].T  # gain 1: starts from truth
        error = (one_step - episode.observations[1:]).abs()
        torch.testing.assert_close(measured.expected.error[number, 1 : len(episode) + 1], error)
        assert measured.expected.error[number, len(episode) + 1 :].isnan().all()
    means = [measured.expected.error[i, 1 : len(e) + 1, 1].mean() for i, e in enumerate(episodes)]
    assert measured.expected.mean(1) == bootstrap_mean(torch.stack(means))
    worst = [measured.expected.error[i, 1 : len(e) + 1, 0].max() for i, e in enumerate(episodes)]
    assert measured.expected.max(0) == bootstrap_mean(torch.stack(worst))
    assert measured.believed.max(0).high < 1e-6  # it believes what it was just shown: not a measure of knowledge


def test_both_errors_agree_where_it_does_not_look(rotation, drifting_rotation, play_episodes):
    measured = drift(drifting_rotation, play_episodes(rotation, [30, 30]), peek_every=7, context=3)
    blind = ~measured.peeked
    assert measured.peeked.nonzero().flatten().tolist() == [0, 1, 2, 9, 16, 23, 30]
    torch.testing.assert_close(measured.expected.error[:, blind], measured.believed.error[:, blind])
    assert (measured.expected.error[:, 9] > measured.believed.error[:, 9]).all()


def test_looking_more_often_helps(rotation, drifting_rotation, play_episodes):
    episodes = play_episodes(rotation, [80] * 8)
    errors = [drift(drifting_rotation, episodes, peek_every=k).expected.mean(0).value for k in (1, 5, 20, None)]
    assert errors == sorted(errors)


def test_the_context_is_not_scored(rotation, drifting_rotation, play_episodes):
    episodes = play_episodes(rotation, [20])
    measured = drift(drifting_rotation, episodes, peek_every=None, context=5)
    expected = measured.expected.error[0, 5:, 0]
    assert measured.expected.mean(0).value == pytest.approx(float(expected.mean()))


def test_impossible_options_are_named(rotation, play_episodes):
    episodes = play_episodes(rotation, [20, 4])
    with pytest.raises(ValueError, match="shortest episode has 4 steps"):
        drift(rotation, episodes, peek_every=None, context=6)
    with pytest.raises(ValueError, match="dimension must be 0..1"):
        drift(rotation, episodes, peek_every=None).expected.mean(4)
    with pytest.raises(ValueError, match="peek_every"):
        drift(rotation, episodes, peek_every=0)
