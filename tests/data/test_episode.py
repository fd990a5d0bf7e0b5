"""One episode's bookkeeping."""

import pytest
import torch

from wmcourse.data import Episode


def episode(steps, terminated):
    return Episode(torch.zeros(steps + 1, 4), torch.zeros(steps, 2), torch.ones(steps), terminated)


def test_length_counts_steps():
    assert len(episode(7, terminated=True)) == 7


def test_only_a_terminal_end_stops_the_world():
    assert episode(3, terminated=True).continues.tolist() == [1, 1, 1, 0]
    assert episode(3, terminated=False).continues.tolist() == [1, 1, 1, 1]


@pytest.mark.usefixtures("unchecked_shapes")
def test_lengths_must_agree():
    with pytest.raises(ValueError, match="needs 3 actions and 4 observations, not 3 and 3"):
        Episode(torch.zeros(3, 4), torch.zeros(3, 2), torch.zeros(3), True)
