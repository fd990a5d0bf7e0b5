"""Tubelets are blocks of a clip, in order, and go back where they were."""

import pytest
import torch

from wmcourse.nets.patches import clips, places, tubelets


def test_tubelets_are_the_blocks_that_a_loop_cuts() -> None:
    clip, size = torch.randn(2, 4, 6, 10), (2, 3, 5)
    found = tubelets(clip, size)
    number = 0
    for frame in range(0, 4, 2):
        for row in range(0, 6, 3):
            for column in range(0, 10, 5):
                block = clip[:, frame : frame + 2, row : row + 3, column : column + 5]
                torch.testing.assert_close(found[:, number], block.flatten(1))
                number += 1
    assert found.shape[1] == number
    torch.testing.assert_close(clips(found, (2, 2, 2), size), clip)


def test_places_are_distinct_and_each_axis_has_its_share() -> None:
    where = places((2, 3, 4), 32).view(2, 3, 4, 32)
    apart = torch.cdist(where.flatten(0, 2), where.flatten(0, 2)) + torch.eye(24)
    assert apart.min() > 0.5
    change = torch.stack([(where.diff(dim=axis).abs().sum((0, 1, 2)) > 0).float() for axis in range(3)])
    torch.testing.assert_close(change.sum(dim=0), torch.ones(32))
    assert change.sum(dim=1).tolist() == [8, 12, 12]


def test_places_are_sines_and_cosines() -> None:
    column = places((1, 1, 5), 16)[:, 4:10]  # width 6: three frequencies
    angle = torch.arange(5)[:, None] * torch.tensor([1.0, 10_000 ** (-1 / 3), 10_000 ** (-2 / 3)])
    torch.testing.assert_close(places((1, 1, 5), 16)[:, 10:], torch.cat([angle.sin(), angle.cos()], dim=1))
    assert (column.std(dim=0) == 0).all()


def test_a_width_that_cannot_be_shared_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 16, got 24"):
        places((2, 2, 2), 24)
