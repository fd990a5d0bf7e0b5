"""The replay buffer, with episodes whose every entry says where it came from."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wmcourse.data import Episode, ReplayBuffer

lengths_strategy = st.lists(st.integers(1, 12), min_size=1, max_size=12)


def labeled(number: int, steps: int) -> Episode:
    """Observation t is [episode, t, steps]; action and reward t (which lead to t + 1) carry [episode, t + 1]."""
    t = torch.arange(steps + 1.0)
    who = torch.full_like(t, float(number))
    return Episode(
        observations=torch.stack([who, t, torch.full_like(t, float(steps))], -1),
        actions=torch.stack([who, t], -1)[1:] + torch.tensor([1.0, 0.0]),  # + 1: never all zeros
        rewards=100.0 * number + t[1:],
        terminated=number % 2 == 0,
    )


def filled(lengths: list[int], capacity: int) -> ReplayBuffer:
    buffer = ReplayBuffer(capacity, (3,), 2)
    for number, steps in enumerate(lengths):
        buffer.add(labeled(number, steps))
    return buffer


@given(lengths_strategy, st.integers(13, 60), st.integers(1, 12), st.integers(0, 1000))
def test_windows_hold_contiguous_experience_and_nothing_else(lengths, capacity, length, seed):
    buffer = filled(lengths, capacity)
    rows = sum(steps + 1 for steps in lengths)
    assert len(buffer) == min(rows, capacity)
    if len(buffer) < length:
        with pytest.raises(ValueError, match="needs as many"):
            buffer.sample(4, length)
        return
    batch = buffer.sample(16, length, torch.Generator().manual_seed(seed))
    order = [(number, t) for number, steps in enumerate(lengths) for t in range(steps + 1)][-capacity:]
    for b in range(16):
        seen = [(int(number), int(t)) for number, t, _ in batch.observation[b]]
        first = order.index(seen[0])
        assert seen == order[first : first + length]  # consecutive on the tape, none overwritten
        for i, (number, t) in enumerate(seen):
            assert bool(batch.is_first[b, i]) == (i == 0 or t == 0)
            carried = [0.0, 0.0] if i == 0 or t == 0 else [number + 1.0, float(t)]
            assert batch.action[b, i].tolist() == carried
            assert float(batch.reward[b, i]) == (0.0 if t == 0 else 100.0 * number + t)
            terminal = t == lengths[number] and number % 2 == 0
            assert float(batch.continues[b, i]) == (0.0 if terminal else 1.0)


def test_every_start_is_equally_likely():
    buffer = filled([9, 9], capacity=15)
    batch = buffer.sample(22_000, 5, torch.Generator().manual_seed(0))
    starts = batch.observation[:, 0, 0] * 10 + batch.observation[:, 0, 1]
    _, counts = starts.unique(return_counts=True)
    assert len(counts) == 15 - 5 + 1
    assert ((counts - 2000.0).square() / 2000).sum() < 35.6  # chi-square, 10 degrees of freedom, 99.99 %


def test_sampling_changes_nothing_in_the_buffer():
    buffer = filled([9, 9], capacity=30)
    generator = torch.Generator()
    before = buffer.sample(8, 6, generator.manual_seed(1))
    buffer.sample(50, 3)
    after = buffer.sample(8, 6, generator.manual_seed(1))
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_an_episode_larger_than_the_buffer_is_refused():
    with pytest.raises(ValueError, match="an episode of 9 rows does not fit a buffer of 8"):
        filled([8], capacity=8)


def test_every_second_window_comes_from_the_newest_steps_if_asked():
    buffer = filled([10] * 40, capacity=1000)  # 440 rows, of which the last 44 are episodes 36 to 39
    batch = buffer.sample(2000, 5, torch.Generator().manual_seed(0), newest=44)
    episode = batch.observation[:, 0, 0]
    assert episode[::2].min() == 36
    assert episode[1::2].min() == 0
    assert 0.05 < (episode[1::2] >= 36).float().mean().item() < 0.15  # uniform elsewhere: about a tenth
    short = buffer.sample(8, 20, newest=3)  # fewer than a window: the newest window itself
    assert (short.observation[::2, -1, 1] == 10).all()
