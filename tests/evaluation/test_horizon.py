"""Open-loop horizons: naive loops, constructed curves, and models whose error is known beforehand."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wmcourse.data.episode import Episode
from wmcourse.evaluation import horizon_table, rollout, valid_prediction_time
from wmcourse.evaluation.held_out import held_out
from wmcourse.evaluation.horizon import horizon_errors, per_episode, vpt_interval


def test_the_true_dynamics_predict_perfectly_at_every_horizon(rotation, play_episodes):
    table = horizon_table(rotation, play_episodes(rotation, [60, 80]), horizons=(1, 10, 50))
    assert max(interval.high for interval in table.nmse) < 1e-8
    assert table.vpt == (50, 50, 50) and table.vpt_censored


def test_the_true_physics_predict_real_cartpole(cartpole_world, cartpole_episodes):
    table = horizon_table(cartpole_world, cartpole_episodes, horizons=(1, 5, 10))
    assert max(interval.high for interval in table.nmse) < 1e-7
    assert table.absolute[-1][2].value < 1e-5  # rad


def test_errors_equal_a_naive_loop_over_rollouts(rotation, drifting_rotation, play_episodes):
    """Each start by itself: `rollout` with a context up to the start, then open loop; no batching, no padding."""
    episodes = play_episodes(rotation, [7, 23, 12])
    horizon, stride, context = 6, 3, 2
    errors = horizon_errors(
        drifting_rotation, held_out(drifting_rotation, episodes), horizon=horizon, stride=stride, context=context
    )
    variance = torch.cat([episode.observations for episode in episodes]).var(0, correction=0)
    row = 0
    for number, episode in enumerate(episodes):
        for start in range(context - 1, len(episode), stride):
            assert int(errors.episode[row]) == number
            steps = min(horizon, len(episode) - start)
            alone = rollout(
                drifting_rotation,
                episode.actions[None, : start + steps],
                episode.observations[None, : start + steps + 1],
                context=start + 1,
            ).expected.observation[0, start + 1 :]
            off = alone - episode.observations[start + 1 : start + 1 + steps]
            torch.testing.assert_close(errors.absolute[row, :steps], off.abs())
            torch.testing.assert_close(errors.normalized[row, :steps], (off**2 / variance).mean(-1))
            assert errors.normalized[row, steps:].isnan().all() and errors.absolute[row, steps:].isnan().all()
            row += 1
    assert row == len(errors.episode)


def test_a_longer_neighbor_changes_nothing(rotation, drifting_rotation, play_episodes):
    short, long = play_episodes(rotation, [15, 40])
    alone = horizon_errors(drifting_rotation, held_out(drifting_rotation, [short]), horizon=5)
    together = horizon_errors(drifting_rotation, held_out(drifting_rotation, [short, long]), horizon=5)
    torch.testing.assert_close(together.absolute[together.episode == 0], alone.absolute, equal_nan=True)


def test_the_constant_mean_scores_one_in_vectors(constant_world):
    """Observations of zero mean in very different units; saying the mean costs exactly the variance, on average."""
    generator = torch.Generator().manual_seed(0)
    scale = torch.tensor([0.01, 1.0, 500.0])
    episodes = [
        Episode(torch.randn(201, 3, generator=generator) * scale, torch.zeros(200, 1), torch.zeros(200), False)
        for _ in range(20)
    ]
    mean = torch.cat([episode.observations for episode in episodes]).mean(0)
    table = horizon_table(constant_world(mean), episodes, horizons=(1, 10), stride=1)
    for interval in table.nmse:
        assert interval.value == pytest.approx(1.0, abs=0.03)
        assert interval.low < 1.0 < interval.high
    assert table.vpt.value == 0 and not table.vpt_censored
    # mean absolute deviation of a Gaussian: sigma * sqrt(2 / pi), in the unit of each dimension
    for dimension, sigma in enumerate(scale.tolist()):
        assert table.absolute[0][dimension].value == pytest.approx(sigma * math.sqrt(2 / math.pi), rel=0.03)


def test_the_constant_mean_scores_one_in_images_with_a_dead_background(constant_world):
    generator = torch.Generator().manual_seed(0)
    frames = torch.zeros(6, 101, 1, 4, 4)
    frames[..., 1:3, 1:3] = torch.rand(6, 101, 1, 2, 2, generator=generator)
    episodes = [Episode(frame, torch.zeros(100, 1), torch.zeros(100), False) for frame in frames]
    model = constant_world(frames.flatten(0, 1).mean(0))
    table = horizon_table(model, episodes, horizons=(1, 5), stride=1)
    assert table.nmse[0].value == pytest.approx(1.0, abs=0.03)
    assert len(table.absolute[0]) == 1


def test_nmse_has_no_units(rotation, drifting_rotation, play_episodes, linear_world):
    """Measured in millimeters instead of meters, a model is exactly as good."""
    episodes = play_episodes(rotation, [40, 40])
    rescale = torch.tensor([1000.0, 0.01])
    scaled = [Episode(e.observations * rescale, e.actions, e.rewards, False) for e in episodes]
    model = linear_world(
        rescale.diag() @ drifting_rotation.transition @ (1 / rescale).diag(), rescale.diag() @ drifting_rotation.control
    )
    plain = horizon_table(drifting_rotation, episodes, horizons=(1, 10))
    other = horizon_table(model, scaled, horizons=(1, 10))
    for before, after in zip(plain.nmse, other.nmse, strict=True):
        assert after == pytest.approx(before, rel=1e-3)


def test_episodes_count_alike_however_long(rotation, drifting_rotation, play_episodes):
    episodes = play_episodes(rotation, [12, 90])
    table = horizon_table(drifting_rotation, episodes, horizons=(5,), stride=1)
    errors = table.errors.normalized[:, 4]
    means = [errors[table.errors.episode == number].nanmean() for number in (0, 1)]
    assert table.nmse[0].value == pytest.approx(float(sum(means)) / 2, rel=1e-5)
    assert table.episodes == (2,)


def test_an_episode_too_short_for_a_horizon_is_left_out_and_counted(rotation, drifting_rotation, play_episodes):
    table = horizon_table(drifting_rotation, play_episodes(rotation, [6, 30]), horizons=(5, 20), stride=1)
    assert table.episodes == (2, 1)


def test_sampled_horizons_repeat_with_their_seed(linear_world, rotation, play_episodes):
    noisy = linear_world(rotation.transition, rotation.control, noise=0.1)
    episodes = play_episodes(rotation, [30])
    values = [
        horizon_table(noisy, episodes, horizons=(5,), temperature=1.0, seed=seed).nmse[0].value for seed in (0, 0, 1)
    ]
    assert values[0] == values[1] != values[2]


def curve(*breaks: float, horizon: int = 10) -> torch.Tensor:
    """Rollouts valid up to `breaks[r]` and not at the step after it."""
    steps = torch.arange(1, horizon + 1)
    return torch.stack([torch.where(steps <= last, 0.1, 0.9) for last in breaks])


def test_vpt_on_constructed_curves():
    assert valid_prediction_time(curve(7, 7, 7, 7, 7)) == 7
    assert valid_prediction_time(curve(3, 7, 7, 7, 7)) == 7  # exactly 80 % are valid at 7
    assert valid_prediction_time(curve(3, 4, 7, 7, 7)) == 4
    assert valid_prediction_time(curve(0, 0, 7, 7, 7)) == 0
    assert valid_prediction_time(curve(10, 10)) == 10


def test_vpt_needs_every_step_on_the_way():
    lucky = torch.tensor([[0.1, 0.9, 0.1, 0.1]])  # crosses zero error again: not a valid prediction
    assert valid_prediction_time(lucky) == 1
    in_turn = torch.where(torch.eye(5).bool(), 0.9, 0.1)  # at each step 80 % are close, but never the same ones
    assert valid_prediction_time(in_turn) == 1


def test_vpt_ignores_steps_beyond_an_episodes_end():
    nan = math.nan
    short = torch.tensor([[0.1, nan, nan, nan], [0.1, 0.1, 0.1, 0.9]])
    assert valid_prediction_time(short) == 3
    failed_then_ended = torch.tensor([[0.9, nan, nan], [0.1, 0.1, 0.1], [0.1, 0.1, 0.1]])
    assert valid_prediction_time(failed_then_ended) == 0  # only 2 of 3 at step 1, though 2 of 2 at steps 2 and 3


@given(st.lists(st.integers(0, 10), min_size=1, max_size=30))
def test_vpt_is_an_order_statistic_of_the_rollouts_own_times(breaks):
    """With whole rollouts, VPT80 is the 20 % quantile of the times at which each fails, sorted by hand."""
    may_fail = len(breaks) // 5  # at most a fifth may have failed
    assert valid_prediction_time(curve(*breaks)) == sorted(breaks)[may_fail]


@given(st.lists(st.integers(0, 10), min_size=2, max_size=20), st.integers(0, 5))
def test_vpt_interval_brackets_possible_times(breaks, seed):
    interval = vpt_interval(curve(*breaks), torch.arange(len(breaks)), seed=seed, resamples=200)
    assert interval.value == valid_prediction_time(curve(*breaks))
    assert min(breaks) <= interval.low <= interval.high <= max(breaks)


def test_vpt_interval_of_one_episode_has_no_width():
    assert vpt_interval(curve(3, 4, 5, 6, 7), torch.zeros(5, dtype=torch.long), resamples=50) == (4, 4, 4)


def test_per_episode_matches_a_loop():
    values = torch.tensor([[1.0, math.nan], [3.0, 5.0], [7.0, math.nan]])
    means = per_episode(values, torch.tensor([0, 0, 1]))
    torch.testing.assert_close(means, torch.tensor([[2.0, 5.0], [7.0, math.nan]], dtype=torch.float64), equal_nan=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"horizons": (1, 90)}, "after 1 looks the longest episode has 20 steps"),
        ({"horizons": (0, 5)}, "horizons must be steps >= 1"),
        ({"horizons": ()}, "horizons must be steps >= 1"),
        ({"horizons": (1,), "context": 0}, "context and stride must be at least 1"),
        ({"horizons": (1,), "stride": 0}, "context and stride must be at least 1"),
        ({"horizons": (1,), "temperature": -0.5}, "temperature"),
    ],
)
def test_impossible_options_are_named(rotation, play_episodes, options, words):
    with pytest.raises(ValueError, match=words):
        horizon_table(rotation, play_episodes(rotation, [20, 10]), **options)


@pytest.mark.usefixtures("unchecked_shapes")
def test_unfit_episodes_are_named(rotation, play_episodes):
    good, _ = play_episodes(rotation, [20, 20])
    with pytest.raises(ValueError, match="no episodes"):
        horizon_table(rotation, [])
    wide = Episode(torch.zeros(5, 3), torch.zeros(4, 1), torch.zeros(4), False)
    with pytest.raises(ValueError, match=r"episode 1: observation has shape \(5, 3\)"):
        horizon_table(rotation, [good, wide])
    still = Episode(torch.ones(30, 2), torch.zeros(29, 1), torch.zeros(29), False)
    with pytest.raises(ValueError, match=r"dimensions \[0, 1\] never change"):
        horizon_table(rotation, [still], horizons=(1,))
