"""The checker of exercise 2.2: from a large color picture to a small gray one."""

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from wmcourse.checks.check import CheckFailed, checker, describe, expect_close, expect_tensor, expect_unchanged

Answer = Callable[..., Any]

_CROP = "crop = (top, bottom, left, right): picture[top:bottom, left:right]"
_BLOCKS = f"{_CROP}; then a block is (bottom - top) // height by (right - left) // width pixels"
_AXES = "torch's resizing wants two axes before the pixels: [None] adds one in front, and [0] takes one off"
_ADVICE = {
    "is invalid for input of size": _BLOCKS,
    "view size is not compatible": "a crop is a window into the picture: .reshape, or .contiguous() before .view",
    "could not infer output dtype": "a mean needs real numbers: .float() first",
    "Input dtype must be either a floating point": "a mean needs real numbers: .float() first",
    "not implemented for 'Byte'": "the picture holds bytes: .float() first",
    "required to be floating": "a mean needs real numbers: .float() first",
    "same number of spatial dimensions": _AXES,
    "4D": _AXES,
}


class _Case(NamedTuple):
    picture: Tensor
    crop: tuple[int, int, int, int]
    size: tuple[int, int]
    what: str
    hint: str = ""


@checker("2.2", _ADVICE)
def preprocess(answer: Answer) -> None:
    """Oracle: a loop over the blocks, each pixel's colors added up as whole numbers."""
    for case in _cases():
        before = {"picture": case.picture}
        given = {"picture": case.picture.clone()}
        returned = answer(given["picture"], case.crop, case.size)
        expect_unchanged(given, before)
        sizes = _wrong_sizes(case)
        if case.hint and isinstance(returned, Tensor):
            sizes[case.hint] = tuple(returned.shape)
        got = expect_tensor(returned, (1, *case.size), f"the picture, for {case.what}", sizes)
        if got.dtype != torch.float32:
            floats = "divide by 255: that gives numbers from 0 to 1 in float32; a byte, uint8, has no fractions"
            if got.is_floating_point():
                floats = "networks compute in float32: .float()"
            raise CheckFailed("a tensor of dtype float32", describe(got), floats)
        mistakes = {
            text: got for text, wrong in _wrong_pictures(case) if torch.allclose(got.double(), wrong, 1e-4, 1e-4)
        }
        mistakes = mistakes if not case.hint else {case.hint: got}
        expect_close(got, _by_loop(case), f"picture for {case.what}", mistakes)


def _cases() -> Iterator[_Case]:
    generator = torch.Generator().manual_seed(22)

    def noise(height: int, width: int) -> Tensor:
        return torch.randint(5, 250, (height, width, 3), generator=generator, dtype=torch.uint8)

    hard_coded = "the first picture was right: a size or a part of the crop is hard-coded"
    yield _Case(noise(11, 17), (1, 7, 2, 14), (3, 4), "blocks of 2x3 pixels")
    yield _Case(noise(9, 8), (0, 9, 0, 8), (9, 8), "a crop and a size that change nothing", hard_coded)
    yield _Case(noise(12, 6), (2, 10, 3, 5), (2, 1), "blocks of 4x2 pixels, one column of them", hard_coded)
    exact = "divide by 255, whatever the picture holds: not by its own maximum or range"
    yield _Case(torch.full((4, 4, 3), 255, dtype=torch.uint8), (0, 4, 0, 4), (2, 2), "a white picture", exact)
    yield _Case(torch.zeros(4, 4, 3, dtype=torch.uint8), (0, 4, 0, 4), (2, 2), "a black picture", exact)


def _by_loop(case: _Case) -> Tensor:
    (top, bottom, left, right), (height, width) = case.crop, case.size
    tall, wide = (bottom - top) // height, (right - left) // width
    pixels = case.picture.tolist()
    rows = []
    for i in range(height):
        row = []
        for j in range(width):
            corner = top + i * tall, left + j * wide
            block = [pixels[corner[0] + y][corner[1] + x] for y in range(tall) for x in range(wide)]
            row.append(sum(sum(colors) for colors in block) / (3 * tall * wide * 255))
        rows.append(row)
    return torch.tensor([rows])


def _wrong_sizes(case: _Case) -> dict[str, tuple[int, ...]]:
    (top, bottom, left, right), (height, width) = case.crop, case.size
    tall, wide = bottom - top, right - left
    axes = "an axis of one channel comes first: [None] or .unsqueeze(0)"
    colors = "the colors are still there: take their mean"
    return {
        axes: (height, width),
        "one picture is no batch: (1, height, width), an axis for the channel alone": (1, 1, height, width),
        "the channel's axis comes first in PyTorch, not last": (height, width, 1),
        colors: (3, height, width),
        f"{colors}, and put one channel first": (height, width, 3),
        "height and width have changed places": (1, width, height),
        "the crop is not made smaller: average blocks of pixels": (1, tall, wide),
        "the crop is not made smaller: average blocks of pixels, and put one channel first": (tall, wide),
        f"the whole picture is still there: {_CROP}": (1, *case.picture.shape[:2]),
        "the blocks' pixels are left, and their places averaged away: take the mean over the axes of each block": (
            1,
            tall // height,
            wide // width,
        ),
    }


def _wrong_pictures(case: _Case) -> Iterator[tuple[str, Tensor]]:
    """What the usual mistakes lead to."""
    (top, bottom, left, right), (height, width) = case.crop, case.size
    whole = case.picture.double() / 255
    cut = whole[top:bottom, left:right]
    tall, wide = (bottom - top) // height, (right - left) // width

    def shrink(gray: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(gray[None], case.size)

    right_one = shrink(cut.mean(-1))
    yield "the numbers go up to 255: divide by 255", 255 * right_one
    yield "the numbers are divided by 255 twice", right_one / 255
    yield "divide by 255, the largest byte, and not by 256", right_one * 255 / 256
    yield "the numbers run from -1 to 1: from 0 to 1 is wanted", 2 * right_one - 1
    yield "black and white are swapped: 0 is black, 1 is white", 1 - right_one
    yield "divide by 255, not by the picture's own maximum", right_one / whole.max()
    yield "divide by 255, not by the crop's own maximum", right_one / cut.max()
    yield "divide by 255, not by the result's own maximum", right_one / right_one.max()
    spread = right_one - right_one.min()
    yield "divide by 255, do not stretch the contrast", spread / spread.max()
    yield "the numbers are standardized: divide by 255 is all", (right_one - right_one.mean()) / right_one.std()
    weights = torch.tensor([0.299, 0.587, 0.114], dtype=torch.double)
    yield "the colors have weights, as eyes see them: here gray is their plain mean", shrink(cut @ weights)
    weights = torch.tensor([0.2126, 0.7152, 0.0722], dtype=torch.double)
    yield "the colors have weights, as on a screen: here gray is their plain mean", shrink(cut @ weights)
    for i, name in enumerate(("red", "green", "blue")):
        yield f"this is {name} alone: gray is the mean of the three colors", shrink(cut[..., i])
    yield "this is the brightest color: gray is the mean of the three", shrink(cut.amax(-1))
    yield "this is the darkest color: gray is the mean of the three", shrink(cut.amin(-1))
    yield "this is the middle color: gray is the mean of the three", shrink(cut.median(-1).values)
    yield "this is the sum of the colors: gray is their mean", 3 * right_one
    yield (
        "this is half the sum of brightest and darkest: gray is the mean of the three",
        shrink((cut.amax(-1) + cut.amin(-1)) / 2),
    )
    byte = case.picture[top:bottom, left:right]
    overflow = "bytes overflow when they are added: 200 + 100 is 44 in uint8; .float() first"
    yield overflow, shrink((byte[..., 0] + byte[..., 1] + byte[..., 2]).double() / 3 / 255)
    yield overflow, shrink((byte[..., 0] + byte[..., 1] + byte[..., 2]).div(3, rounding_mode="floor").double() / 255)
    gray = cut.mean(-1)
    blocks = gray.reshape(height, tall, width, wide)
    for i in range(tall):
        for j in range(wide):
            yield "this takes one pixel of each block: take the mean of them all", blocks[:, i, :, j][None]
    yield "this takes the brightest pixel of each block: take their mean", blocks.amax((1, 3))[None]
    yield "this takes the darkest pixel of each block: take their mean", blocks.amin((1, 3))[None]
    yield (
        "this takes the median of each block: take the mean",
        blocks.transpose(1, 2).flatten(2).median(-1).values[None],
    )
    for line in (*blocks.mean(1).unbind(-1), *blocks.mean(3).unbind(1)):
        yield "this is the mean of one line of each block: take that over both axes", line[None]
    yield "this is the sum over each block: take the mean", right_one * tall * wide
    for mode in ("bilinear", "bicubic"):
        for corners in (False, True):
            resized = F.interpolate(gray[None, None], case.size, mode=mode, align_corners=corners)[0]
            yield f'this is {mode} interpolation, which skips pixels: average each block (mode="area")', resized
    smooth = F.interpolate(gray[None, None], case.size, mode="bilinear", antialias=True)[0]
    yield "this looks beyond each block: average the block's own pixels, no antialias", smooth
    scrambled = (
        "reshape cuts rows into pieces: a block is two axes, (height, tall, width, wide), mean over axes 1 and 3"
    )
    yield scrambled, gray.reshape(height, width, -1).mean(-1)[None]
    yield scrambled, gray.reshape(tall, height, wide, width).mean((0, 2))[None]
    yield scrambled, gray.reshape(tall, height, width, wide).mean((0, 3))[None]
    yield scrambled, gray.reshape(height, tall, wide, width).mean((1, 2))[None]
    yield scrambled, gray.reshape(height, wide, width, tall).mean((1, 3))[None]
    colors_first = "reshape does not move an axis: .permute(2, 0, 1) puts the colors first"
    yield colors_first, shrink(cut.reshape(3, *cut.shape[:2]).mean(0))
    yield colors_first, shrink(whole.reshape(3, *whole.shape[:2])[:, top:bottom, left:right].mean(0))
    exact = byte.double()  # whole numbers, so that a half is a half
    whole_numbers = "// leaves whole numbers: .float() first, and divide with /"
    yield whole_numbers, shrink((byte // 3).double().sum(-1) / 255)
    yield whole_numbers, shrink((byte // 255).double().mean(-1))
    for rounded in (torch.floor, torch.round):
        yield (
            "the gray picture is rounded to bytes on the way: keep the fractions",
            shrink(rounded(exact.mean(-1)) / 255),
        )
        yield "the small picture is rounded to bytes: keep the fractions", rounded(shrink(exact.mean(-1))) / 255
        small = rounded(F.adaptive_avg_pool2d(exact.permute(2, 0, 1), case.size))
        yield "the small colors are rounded to bytes: keep the fractions", small.mean(0, keepdim=True) / 255
    yield "rows and columns have changed places", shrink(gray.T)
    yield "the picture is upside down", right_one.flip(-2)
    yield "the picture is mirrored", right_one.flip(-1)
    yield f"this is the whole picture made smaller: {_CROP}", shrink(whole.mean(-1))
    windows = {f"crop has another order: {_CROP}": [whole[a:b, c:d] for a, b, c, d in permutations(case.crop)]}
    windows["bottom and right are the first row and column that are left out"] = [
        whole[top : bottom + 1, left : right + 1],
    ]
    windows["top and left are the first row and column that are kept"] = [whole[top + 1 : bottom, left + 1 : right]]
    windows[f"bottom and right are places, not sizes: {_CROP}"] = [whole[top : top + bottom, left : left + right]]
    windows[f"bottom and right count from the top and the left: {_CROP}"] = [
        whole[top : len(whole) - bottom, left : whole.shape[1] - right]
    ]
    for text, cuts in windows.items():
        for window in cuts:
            if window.numel():
                yield text, shrink(window.mean(-1))
    small_first = F.adaptive_avg_pool2d(whole.mean(-1)[None], case.size)
    yield "crop first, then make it smaller", small_first
