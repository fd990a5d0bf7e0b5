"""Monitors of collapse on embeddings whose rank is known."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wmcourse.evaluation.collapse import dimension_std, effective_rank


def test_std_is_numpys():
    rows = torch.randn(30, 4) * torch.tensor([1.0, 0.1, 0.0, 20.0])
    np.testing.assert_allclose(dimension_std(rows), np.std(rows.numpy(), axis=0, ddof=1), rtol=1e-5)


@given(st.integers(1, 8), st.integers(0, 99))
def test_even_noise_uses_all_of_its_dimensions(dim, seed):
    rows = torch.randn(2000, dim, generator=torch.Generator().manual_seed(seed))
    assert 0.99 * dim < effective_rank(rows) <= dim + 1e-9


@given(st.integers(1, 6), st.integers(0, 99))
def test_what_lies_in_k_directions_uses_at_most_k(k, seed):
    dice = torch.Generator().manual_seed(seed)
    directions = torch.randn(k, 12, generator=dice, dtype=torch.float64)
    rows = torch.randn(60, k, generator=dice, dtype=torch.float64) @ directions + 7
    assert 1 - 1e-9 <= effective_rank(rows) <= k + 1e-6


@given(st.floats(0.01, 100), st.integers(0, 99))
def test_scale_rotation_and_shift_do_not_matter(scale, seed):
    dice = torch.Generator().manual_seed(seed)
    rows = torch.randn(40, 5, generator=dice, dtype=torch.float64) * torch.tensor([3.0, 2.0, 1.0, 0.5, 0.1])
    turn = torch.linalg.qr(torch.randn(5, 5, generator=dice, dtype=torch.float64)).Q
    shift = torch.randn(5, generator=dice, dtype=torch.float64)
    assert effective_rank(scale * rows @ turn + shift) == pytest.approx(effective_rank(rows), rel=1e-6)


@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.01])
def test_two_directions_use_as_much_as_the_entropy_of_their_shares(ratio):
    rows = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, ratio], [0.0, -ratio]])
    shares = [1 / (1 + ratio), ratio / (1 + ratio)]
    assert effective_rank(rows) == pytest.approx(math.exp(-sum(share * math.log(share) for share in shares)))


def test_equal_rows_use_none():
    """With numbers whose mean is exact."""
    assert effective_rank(torch.full((16, 3), 0.5)) == 0
    assert (dimension_std(torch.full((16, 3), 0.5)) == 0).all()


@pytest.mark.xfail(strict=True, reason="the float32 mean of equal rows differs from them in its last bit")
def test_equal_rows_use_none_whatever_they_are():
    assert effective_rank(torch.full((1000, 3), 0.1)) == 0
