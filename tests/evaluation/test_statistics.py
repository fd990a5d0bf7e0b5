"""Intervals: known values, honest coverage, and refusals."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wmcourse.evaluation import Interval, bootstrap_mean, bootstrap_ratio, wilson_interval

values_strategy = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20)


@given(values_strategy)
def test_bootstrap_interval_holds_the_mean_and_stays_within_the_data(values):
    value, low, high = bootstrap_mean(values, resamples=200)
    assert value == pytest.approx(math.fsum(values) / len(values), abs=1e-9)
    slack = 1e-9 + 1e-12 * max(map(abs, values))
    assert min(values) - slack <= low <= high <= max(values) + slack


@given(values_strategy, st.floats(-100, 100), st.floats(0.1, 10))
def test_bootstrap_moves_and_stretches_with_its_data(values, shift, scale):
    plain = bootstrap_mean(values, resamples=100)
    moved = bootstrap_mean([scale * value + shift for value in values], resamples=100)
    for before, after in zip(plain, moved, strict=True):
        assert after == pytest.approx(scale * before + shift, rel=1e-6, abs=1e-6)


def test_bootstrap_covers_the_true_mean_about_as_often_as_it_says():
    generator = np.random.default_rng(0)
    trials = 400
    covered = 0
    for trial in range(trials):
        sample = generator.exponential(size=50)  # skewed, as returns and errors are; true mean 1
        _, low, high = bootstrap_mean(sample, seed=trial, resamples=400)
        covered += low <= 1.0 <= high
    assert 0.89 <= covered / trials <= 0.97


def test_bootstrap_width_matches_the_normal_approximation_for_many_values():
    sample = np.random.default_rng(1).normal(size=2000)
    _, low, high = bootstrap_mean(sample, resamples=2000)
    assert high - low == pytest.approx(2 * 1.96 * sample.std() / math.sqrt(2000), rel=0.08)


def test_bootstrap_repeats_with_its_seed_and_differs_without():
    sample = torch.rand(12)
    assert bootstrap_mean(sample, seed=3) == bootstrap_mean(sample, seed=3)
    assert bootstrap_mean(sample, seed=3) != bootstrap_mean(sample, seed=4)


def test_bootstrap_accepts_tensors_arrays_and_lists_alike():
    sample = [1.0, 2.0, 4.0]
    assert bootstrap_mean(sample) == bootstrap_mean(np.array(sample)) == bootstrap_mean(torch.tensor(sample))


@pytest.mark.parametrize(
    ("values", "words"),
    [([], "non-empty"), ([[1.0, 2.0]], r"shape \(1, 2\)"), ([1.0, math.nan], "1 of 2 values are NaN")],
)
def test_bootstrap_refuses_what_has_no_mean(values, words):
    with pytest.raises(ValueError, match=words):
        bootstrap_mean(np.array(values))


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),  # Newcombe 1998 and R's prop.test(correct = FALSE)
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_matches_published_values(successes, trials, low, high):
    interval = wilson_interval(successes, trials)
    assert interval == pytest.approx((successes / trials, low, high), abs=6e-5)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_mirrored_and_bounded(case):
    successes, trials = case
    value, low, high = wilson_interval(successes, trials)
    mirrored = wilson_interval(trials - successes, trials)
    assert 0 <= low <= value <= high <= 1
    assert (low, high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low))


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_bounds_solve_the_score_equation(case):
    """At both bounds p, |share - p| is exactly z standard errors *of p*: the definition, not the solution."""
    successes, trials = case
    value, low, high = wilson_interval(successes, trials)
    for bound in (low, high):
        if 0 < bound < 1:
            assert abs(value - bound) == pytest.approx(1.959964 * math.sqrt(bound * (1 - bound) / trials), abs=1e-6)


def test_wilson_refuses_impossible_counts():
    for successes, trials in [(1, 0), (-1, 3), (4, 3)]:
        with pytest.raises(ValueError, match="successes"):
            wilson_interval(successes, trials)
    with pytest.raises(ValueError, match="confidence"):
        wilson_interval(1, 2, confidence=95.0)


def test_a_ratio_of_proportional_values_is_certain_whatever_the_episodes():
    values = np.random.default_rng(0).exponential(size=30)
    assert bootstrap_ratio(3 * values, values) == pytest.approx((3.0, 3.0, 3.0))
    assert bootstrap_ratio(values, np.ones(30)) == pytest.approx(bootstrap_mean(values))


def test_a_ratio_is_that_of_the_means_and_covers_the_truth_about_as_often_as_it_says():
    assert bootstrap_ratio([1.0, 5.0], [2.0, 1.0]).value == pytest.approx(2.0)  # the mean of ratios would be 2.75
    generator = np.random.default_rng(0)
    covered = 0
    for trial in range(400):
        base = generator.exponential(size=60) + 0.5
        _, low, high = bootstrap_ratio(0.8 * base + generator.normal(0, 0.3, 60), base, seed=trial, resamples=300)
        covered += low <= 0.8 <= high
    assert 0.89 <= covered / 400 <= 0.97


def test_a_ratio_needs_pairs_and_something_to_divide_by():
    with pytest.raises(ValueError, match="two values per episode"):
        bootstrap_ratio([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="NaN"):
        bootstrap_ratio([1.0, math.nan], [1.0, 2.0])
    with pytest.raises(ValueError, match="undefined"):
        bootstrap_ratio([1.0, 2.0], [0.0, 0.0])


def test_interval_prints_for_people():
    assert str(Interval(0.12345, 0.1, 0.2)) == f"{Interval(0.12345, 0.1, 0.2)}" == "0.123 [0.1, 0.2]"
    assert f"{Interval(0.12345, 0.1, 0.2):.1%}" == "12.3% [10.0%, 20.0%]"
