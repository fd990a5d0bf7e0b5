"""The learning rate's way down, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmcourse.nets.optimize import hold_then_fall


def test_it_holds_and_then_falls_in_a_line_to_the_last_share():
    shares = [hold_then_fall(update, 10, hold=0.5, final=0.1) for update in range(11)]
    assert shares == pytest.approx([1, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0.1])


@given(st.integers(1, 500), st.floats(0.0, 0.95), st.floats(0.0, 1.0))
def test_it_never_rises_and_stays_between_the_last_share_and_one(updates, hold, final):
    shares = [hold_then_fall(update, updates, hold=hold, final=final) for update in range(1, updates + 1)]
    assert all(before >= after for before, after in zip(shares, shares[1:], strict=False))
    assert all(final <= share <= 1 for share in shares)
    assert all(share == 1 for update, share in enumerate(shares, 1) if update <= hold * updates - 1e-9)
    assert shares[-1] == final
