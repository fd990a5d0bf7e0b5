"""Frames as bytes against naive loops, and against the replay buffer that holds the same episodes as floats."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wmcourse.data import Episode, ReplayBuffer
from wmcourse.data.frames import FrameEpisodes

LENGTHS = [4, 1, 6, 9]
ENDED = [True, False, True, False]
lengths_of_episodes = st.lists(st.integers(1, 7), min_size=1, max_size=5)


def numbered(lengths, ended=None, channels=1):
    """The frame of row r is filled with the number r, its state is [r, -r]."""
    rows = sum(lengths) + len(lengths)
    number = torch.arange(rows)
    firsts = [sum(lengths[:n]) + n for n in range(len(lengths))]
    actions = torch.nn.functional.one_hot(number % 2, 2).float()
    actions[firsts] = 0.0
    return FrameEpisodes(
        frames=number.to(torch.uint8).view(-1, 1, 1, 1).repeat(1, channels, 3, 2),
        states=torch.stack([number, -number], 1).float(),
        actions=actions,
        lengths=torch.tensor(lengths),
        terminated=torch.tensor([True] * len(lengths) if ended is None else ended),
    )


def starts(lengths):
    """The number of the first row of the episode that each row is in."""
    found = []
    for length in lengths:
        found += [len(found)] * (length + 1)
    return found


def test_firsts_are_the_rows_in_which_episodes_start():
    assert numbered(LENGTHS).firsts.tolist() == sorted(set(starts(LENGTHS))) == [0, 5, 7, 14]
    assert len(numbered(LENGTHS)) == 4


@given(lengths_of_episodes, st.integers(1, 4))
def test_a_stack_goes_back_in_time_but_never_beyond_its_episodes_start(lengths, count):
    data, start = numbered(lengths), starts(lengths)
    rows = torch.arange(len(data.frames))
    stacks = data.stacks(rows, count)
    assert stacks.shape == (len(rows), count, 3, 2)
    for row in rows.tolist():
        for i in range(count):
            wanted = max(row - (count - 1 - i), start[row])
            torch.testing.assert_close(stacks[row, i], torch.full((3, 2), wanted / 255))


def test_rows_may_be_asked_for_in_any_order_and_shape():
    data = numbered(LENGTHS)
    rows = torch.tensor([[7, 0, 6], [17, 5, 8]])
    stacks = data.stacks(rows, 2)
    assert stacks.shape == (2, 3, 2, 3, 2)
    assert (stacks[..., 0, 0] * 255).round().long().tolist() == [
        [[7, 7], [0, 0], [5, 6]],
        [[16, 17], [5, 5], [7, 8]],
    ]


def test_colors_are_no_frames():
    data = numbered(LENGTHS, channels=3)
    assert data.stacks(torch.tensor([3]), 1).shape == (1, 3, 3, 2)
    with pytest.raises(ValueError, match="frames of 3 channels are not stacked"):
        data.stacks(torch.tensor([3]), 2)


def test_255_is_1_and_0_is_0():
    data = numbered([255])
    assert data.stacks(torch.tensor([255]), 1).unique().tolist() == [1.0]
    assert data.stacks(torch.tensor([0]), 1).unique().tolist() == [0.0]


@pytest.mark.parametrize("stack", [1, 2])
def test_each_episode_is_its_own_rows_as_frames_and_as_states(stack):
    data = numbered(LENGTHS, ENDED)
    seen, known = data.episodes(stack=stack), data.state_episodes()
    row = 0
    for n, (length, ended) in enumerate(zip(LENGTHS, ENDED, strict=True)):
        rows = torch.arange(row, row + length + 1)
        torch.testing.assert_close((seen[n].observations[:, -1, 0, 0] * 255).round().long(), rows)
        if stack == 2:
            older = torch.cat([rows[:1], rows[:-1]])
            torch.testing.assert_close((seen[n].observations[:, 0, 0, 0] * 255).round().long(), older)
        assert torch.equal(known[n].observations, torch.stack([rows, -rows], 1).float())
        for episode in (seen[n], known[n]):
            assert len(episode) == length and episode.terminated is ended
            assert torch.equal(episode.actions, torch.nn.functional.one_hot(rows[1:] % 2, 2).float())
            assert torch.equal(episode.rewards, torch.ones(length))
        row += length + 1
    assert len(seen) == len(known) == len(LENGTHS)


def first_number(batch):
    return (batch.observation[:, 0, 0, 0, 0] * 255).round().long().tolist()


@pytest.mark.parametrize("length", [1, 5, 24])
def test_windows_are_those_of_a_replay_buffer_with_the_same_episodes(length):
    """Each window of the buffer is known by its first row; what starts there must be the same to the last number."""
    data = numbered(LENGTHS, ENDED)
    rows = len(data.frames)
    buffer = ReplayBuffer(rows, (1, 3, 2), 2)
    for episode in data.episodes():
        buffer.add(episode)
    theirs = buffer.sample(600, length, torch.Generator().manual_seed(0))
    ours = data.sample(600, length, torch.Generator().manual_seed(1))
    known = {start: i for i, start in enumerate(first_number(theirs))}
    assert set(known) == set(first_number(ours)) == set(range(rows - length + 1))
    same = [known[start] for start in first_number(ours)]
    for name in ("action", "observation", "continues", "is_first"):
        assert torch.equal(getattr(ours, name), getattr(theirs, name)[same]), name
    assert torch.equal(ours.reward, torch.ones(600, length))
    inside = ~ours.is_first
    assert torch.equal(ours.reward[inside], theirs.reward[same][inside])


def test_sampling_repeats_with_its_seed_and_leaves_the_data_alone():
    data = numbered(LENGTHS)
    before = data.actions.clone()
    first, second, other = (data.sample(20, 5, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert first_number(first) == first_number(second) != first_number(other)
    assert torch.equal(data.actions, before)


def test_a_window_longer_than_all_episodes_is_refused():
    with pytest.raises(ValueError, match="a window of 25 rows needs as many; these episodes have 24"):
        numbered(LENGTHS).sample(2, 25)


def parts(data):
    return [data.frames, data.states, data.actions, data.lengths, data.terminated]


def test_saved_and_loaded_is_the_same_in_bits_and_types(tmp_path):
    data = numbered(LENGTHS, ENDED)
    data.save(tmp_path / "frames.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["frames.npz"]
    for before, after in zip(parts(data), parts(FrameEpisodes.load(tmp_path / "frames.npz")), strict=True):
        assert before.dtype == after.dtype and torch.equal(before, after)


@given(lengths_of_episodes, lengths_of_episodes)
def test_joined_sets_hold_the_episodes_of_both(left, right):
    one, two = numbered(left), numbered(right)
    joined = FrameEpisodes.join([one, two])
    apart = [*one.episodes(stack=2), *two.episodes(stack=2)]
    for a, b in zip(joined.episodes(stack=2), apart, strict=True):
        assert isinstance(a, Episode)
        assert torch.equal(a.observations, b.observations) and torch.equal(a.actions, b.actions)


@pytest.mark.usefixtures("unchecked_shapes")
def test_rows_that_do_not_fit_the_lengths_are_counted():
    good = numbered([3, 2])
    with pytest.raises(ValueError, match=r"2 episodes of these lengths need 8 rows; got \(7, 7, 7\)"):
        FrameEpisodes(good.frames, good.states, good.actions, torch.tensor([3, 3]), good.terminated)
    with pytest.raises(ValueError, match=r"need 7 rows; got \(7, 6, 7\)"):
        FrameEpisodes(good.frames, good.states[1:], good.actions, good.lengths, good.terminated)
