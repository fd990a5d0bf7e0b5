"""λ-returns against the definition as an average of n-step returns."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wmcourse.agents.returns import ReturnNormalizer, lambda_return, reach_weights


def n_step(reward, continues, value, t, n, discount):
    """Sum of n discounted rewards from step t, then the value: each weighted by the chance of getting there."""
    total, reach = torch.zeros_like(value[:, 0]), torch.ones_like(value[:, 0])
    for i in range(n):
        total = total + reach * reward[:, t + i]
        reach = reach * discount * continues[:, t + i]
    return total + reach * value[:, t + n]


def naive(reward, continues, value, discount, lambda_):
    """(1-λ) Σ λ^{n-1} G^(n) + λ^{N-1} G^(N): the definition, in O(horizon^2) (Sutton & Barto 2018, eq. 12.3)."""
    horizon, columns = reward.shape[1], []
    for t in range(horizon):
        last = horizon - t
        total = lambda_ ** (last - 1) * n_step(reward, continues, value, t, last, discount)
        for n in range(1, last):
            total = total + (1 - lambda_) * lambda_ ** (n - 1) * n_step(reward, continues, value, t, n, discount)
        columns.append(total)
    return torch.stack(columns, 1)


def case(horizon, seed, batch=3):
    generator = torch.Generator().manual_seed(seed)
    reward = torch.randn(batch, horizon, generator=generator, dtype=torch.float64)
    continues = torch.rand(batch, horizon, generator=generator, dtype=torch.float64)
    value = torch.randn(batch, horizon + 1, generator=generator, dtype=torch.float64)
    return reward, continues, value


@given(st.integers(1, 16), st.integers(0, 1000), st.floats(0, 1), st.floats(0, 1))
def test_lambda_return_equals_the_average_of_n_step_returns(horizon, seed, discount, lambda_):
    reward, continues, value = case(horizon, seed)
    got = lambda_return(reward, continues, value, discount=discount, lambda_=lambda_)
    torch.testing.assert_close(got, naive(reward, continues, value, discount, lambda_))


@given(st.integers(1, 16), st.integers(0, 1000))
def test_the_extremes_are_td_and_monte_carlo(horizon, seed):
    reward, continues, value = case(horizon, seed)
    td = lambda_return(reward, continues, value, discount=0.9, lambda_=0.0)
    torch.testing.assert_close(td, reward + 0.9 * continues * value[:, 1:])
    monte_carlo = lambda_return(reward, continues, value, discount=0.9, lambda_=1.0)
    torch.testing.assert_close(monte_carlo[:, 0], n_step(reward, continues, value, 0, horizon, 0.9))


def test_nothing_after_the_end_counts():
    reward, continues, value = case(6, 0)
    continues[:, 2] = 0.0
    changed = (reward.clone(), continues.clone(), value.clone())
    changed[0][:, 3:] += 9.0
    changed[2][:, 3:] -= 9.0
    targets = [
        lambda_return(*given_, discount=0.99, lambda_=0.95)[:, :3] for given_ in ((reward, continues, value), changed)
    ]
    torch.testing.assert_close(*targets)


@given(st.integers(1, 8), st.integers(0, 1000))
def test_reach_weights_equal_a_loop(horizon, seed):
    _, continues, _ = case(horizon, seed)
    start = torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64)
    weights = reach_weights(start, continues, discount=0.9)
    for b in range(3):
        reach = float(start[b])
        for t in range(horizon):
            assert float(weights[b, t]) == pytest.approx(reach)
            reach *= 0.9 * float(continues[b, t])


def test_return_normalizer_follows_the_percentiles_and_never_amplifies():
    normalizer = ReturnNormalizer(decay=0.5)
    assert float(normalizer.scale) == 1.0
    returns = torch.linspace(-100, 100, 201).view(3, 67)
    for _ in range(30):
        normalizer.update(returns)
    assert float(normalizer.scale) == pytest.approx(180.0, rel=1e-3)
    for _ in range(30):
        normalizer.update(returns * 1e-4)
    assert float(normalizer.scale) == 1.0


def test_one_update_of_the_normalizer_by_hand():
    normalizer = ReturnNormalizer(decay=0.99)
    normalizer.update(torch.tensor([[0.0, 1000.0]]))
    assert (float(normalizer.low), float(normalizer.high)) == pytest.approx((0.5, 9.5))
