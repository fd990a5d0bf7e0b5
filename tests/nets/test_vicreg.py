"""The terms against numpy's moments, and where they are flat."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wmcourse.nets.vicreg import EPSILON, covariance_term, variance_term


@given(st.integers(2, 20), st.integers(1, 6), st.floats(0.01, 3), st.integers(0, 99))
def test_both_are_what_numpy_says(rows, dim, scale, seed):
    mixing = np.random.default_rng(seed).normal(size=(dim, dim))
    values = scale * np.random.default_rng(seed + 1).normal(size=(rows, dim)) @ mixing + 5
    short = [max(0.0, 1 - np.sqrt(np.var(column, ddof=1) + EPSILON)) for column in values.T]
    np.testing.assert_allclose(variance_term(torch.tensor(values)).item(), np.mean(short), atol=1e-9)
    covariance = np.cov(values, rowvar=False).reshape(dim, dim)
    between = [covariance[i, j] ** 2 for i in range(dim) for j in range(dim) if i != j]
    expected = np.mean(between) if between else 0.0
    np.testing.assert_allclose(covariance_term(torch.tensor(values)).item(), expected, rtol=1e-9, atol=1e-12)


def test_variance_has_a_hinge_at_its_margin():
    wide = torch.tensor([[-3.0, -1.5], [3.0, 1.5]]).requires_grad_()  # standard deviations of 4.2 and 2.1
    assert variance_term(wide) == 0
    (slope,) = torch.autograd.grad(variance_term(wide), wide)
    assert (slope == 0).all()
    (slope,) = torch.autograd.grad(variance_term(wide, margin=3.0), wide)
    assert (slope[:, 0] == 0).all() and slope[0, 1] > 0 > slope[1, 1]  # the narrow one is pulled apart
    torch.testing.assert_close(variance_term(wide, margin=3.0).item(), (3 - (4.5 + EPSILON) ** 0.5) / 2)


@pytest.mark.parametrize("distance", [0.0, 1e-6, 1e-2])
def test_the_gradient_is_finite_where_all_rows_are_nearly_equal_and_none_where_they_are(distance):
    rows = (1.0 + distance * torch.randn(8, 3)).requires_grad_()
    (slope,) = torch.autograd.grad(variance_term(rows), rows)
    assert slope.isfinite().all() and slope.norm() < 1
    assert (slope.abs().sum() > 0) == (distance > 0)  # a complete collapse is an equilibrium
    assert variance_term(rows) <= 1 - EPSILON**0.5 + 1e-6


def test_a_rotation_to_principal_axes_leaves_no_covariance():
    rows = torch.randn(50, 4, dtype=torch.float64) @ torch.randn(4, 4, dtype=torch.float64)
    axes = torch.linalg.eigh(rows.T.cov()).eigenvectors
    assert covariance_term(rows) > 0.1
    assert covariance_term(rows @ axes) < 1e-20


def test_a_dimension_said_twice_costs_the_square_of_its_variance():
    column = torch.randn(100, 1, dtype=torch.float64)
    torch.testing.assert_close(covariance_term(column.expand(-1, 3)), column.var().square())
