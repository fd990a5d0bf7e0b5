"""Confidence against what happened, counted by hand; ranks against sorting by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wmcourse.evaluation.calibration import Bin, expected_calibration_error, rank_correlation, reliability


def test_bins_are_counted_by_hand():
    confidence = torch.tensor([0.5, 0.55, 0.6, 0.95, 0.97, 0.99, 1.0])
    right = torch.tensor([True, False, True, True, False, True, True])
    bins = reliability(confidence, right)
    expected = [(0.525, 0.5, 2), (0.6, 1.0, 1), (0.96, 0.5, 2), (0.995, 1.0, 2)]
    assert len(bins) == 4
    for found, wanted in zip(bins, expected, strict=True):
        assert isinstance(found, Bin)
        assert found == pytest.approx(wanted, abs=1e-6)


def test_the_calibration_error_weighs_bins_by_their_counts():
    bins = [Bin(0.6, 0.5, 30), Bin(0.9, 1.0, 10)]
    assert expected_calibration_error(bins) == pytest.approx((30 * 0.1 + 10 * 0.1) / 40)
    assert expected_calibration_error([Bin(0.6, 0.5, 30), Bin(0.9, 0.9, 10)]) == pytest.approx(0.075)


def test_an_honest_forecaster_has_no_calibration_error_and_a_boaster_has_one():
    generator = torch.Generator().manual_seed(0)
    honest = 0.5 + 0.5 * torch.rand(100_000, generator=generator)
    right = torch.rand(100_000, generator=generator) < honest
    assert expected_calibration_error(reliability(honest, right)) < 0.01
    boasting = torch.full_like(honest, 0.995)
    assert expected_calibration_error(reliability(boasting, right)) == pytest.approx(0.245, abs=0.01)


@given(st.lists(st.tuples(st.floats(0.5, 1.0, width=32), st.booleans()), min_size=1, max_size=60))
def test_no_forecast_from_a_half_to_one_is_lost(rows):
    confidence, right = (torch.tensor(column) for column in zip(*rows, strict=True))
    bins = reliability(confidence.float(), right)
    assert sum(each.steps for each in bins) == len(rows)
    assert sum(each.steps * each.share_right for each in bins) == pytest.approx(int(right.sum()))
    assert 0 <= expected_calibration_error(bins) <= 1


@given(st.lists(st.floats(-100, 100, width=32), min_size=2, max_size=40, unique=True))
def test_ranks_see_the_order_and_no_units(values):
    numbers = torch.tensor(values)
    stretched = numbers.double().mul(0.01).exp().float()
    if len(stretched.unique()) == len(values):
        assert rank_correlation(numbers, stretched) == pytest.approx(1.0)
        assert rank_correlation(numbers, -stretched) == pytest.approx(-1.0)


def test_a_correlation_between_is_spearmans_formula():
    """1 - 6 sum d^2 / (n (n^2 - 1)), d the differences of the ranks."""
    left, right = torch.tensor([10.0, 20.0, 30.0, 40.0, 50.0]), torch.tensor([1.0, 3.0, 2.0, 5.0, 4.0])
    assert rank_correlation(left, right) == pytest.approx(1 - 6 * 4 / (5 * 24))


def test_equal_values_share_their_rank():
    """Pearson's correlation of the ranks 1.5, 1.5, 3 and 1, 2, 3, by hand; the order of the rows decides nothing."""
    left, right = torch.tensor([7.0, 7.0, 9.0]), torch.tensor([1.0, 2.0, 3.0])
    assert rank_correlation(left, right) == pytest.approx(0.75**0.5)
    assert rank_correlation(left, right[[1, 0, 2]]) == pytest.approx(0.75**0.5)
