"""Masks are V-JEPA's: rectangles, hidden in every frame, of the same number of tokens for each clip of a batch."""

import math

import pytest
import torch
from torch import Generator

from wmcourse.nets.tubes import ASPECT, LONG_RANGE, SHORT_RANGE, Blocks, covered, draw_tubes, rectangle, some_of

KINDS = [SHORT_RANGE, LONG_RANGE, Blocks(1, 0.3)]


@pytest.mark.parametrize("blocks", KINDS, ids=str)
def test_the_same_places_are_hidden_in_every_frame(blocks: Blocks) -> None:
    frames, rows, columns = 3, 8, 6
    tubes = draw_tubes(7, (frames, rows, columns), blocks, Generator().manual_seed(1))
    for kind in tubes:
        by_frame = kind.unflatten(1, (frames, -1)) - rows * columns * torch.arange(frames)[:, None]
        assert ((by_frame >= 0) & (by_frame < rows * columns)).all()
        torch.testing.assert_close(by_frame, by_frame[:, :1].expand_as(by_frame))
    for seen, hidden in zip(*tubes, strict=True):
        assert len(set(seen.tolist())) == len(seen) and not set(seen.tolist()) & set(hidden.tolist())


def test_one_rectangle_for_a_clip_alone_leaves_nothing_out() -> None:
    generator = Generator().manual_seed(3)
    for _ in range(20):
        seen, hidden = draw_tubes(1, (1, 8, 8), Blocks(1, 0.3), generator)
        assert sorted([*seen[0].tolist(), *hidden[0].tolist()]) == list(range(64))
        rows, columns = hidden[0].sort().values // 8, hidden[0].sort().values % 8
        height, width = int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1
        assert height * width == hidden.shape[1]


def test_a_rectangle_has_the_area_and_an_aspect_that_were_asked_for() -> None:
    generator = Generator().manual_seed(0)
    for _ in range(50):
        height, width = rectangle(100, 100, 0.3, generator)
        assert height * width == pytest.approx(3000, rel=0.03)
        assert ASPECT[0] - 0.02 < height / width < ASPECT[1] + 0.04
    assert rectangle(4, 4, 1.0, generator)[0] <= 4


def test_rectangles_hide_what_a_loop_says() -> None:
    found = covered(5, 7, 6, 3, 2, 4, Generator().manual_seed(2))
    generator = Generator().manual_seed(2)
    top = torch.randint(7 - 3 + 1, (5, 4, 1), generator=generator)
    left = torch.randint(6 - 2 + 1, (5, 4, 1), generator=generator)
    expected = torch.zeros(5, 7, 6, dtype=torch.bool)
    for clip in range(5):
        for y, x in zip(top[clip, :, 0].tolist(), left[clip, :, 0].tolist(), strict=True):
            expected[clip, y : y + 3, x : x + 2] = True
    assert torch.equal(found, expected)


def test_every_clip_keeps_its_least_share_and_most_is_hidden() -> None:
    generator = Generator().manual_seed(0)
    share = []
    for _ in range(40):
        seen, hidden = draw_tubes(16, (2, 8, 8), LONG_RANGE, generator, least=0.125)
        assert seen.shape[1] >= math.ceil(0.125 * 64) * 2
        share.append(hidden.shape[1] / 128)
    assert 0.6 < sum(share) / len(share) < 0.9


def test_what_is_left_out_is_left_out_by_chance() -> None:
    kind = torch.tensor([[True, True, True, True], [True, False, False, True]])
    chosen = torch.zeros(4)
    for seed in range(300):
        order = torch.rand(2, 4, generator=Generator().manual_seed(seed))
        some = some_of(kind, order)
        assert some.shape == (2, 2) and set(some[1].tolist()) == {0, 3}
        chosen[some[0]] += 1
    assert (chosen / 300 - 0.5).abs().max() < 0.1
