"""Exercise 2.2: from a large picture in color to a small gray one."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from wmcourse.exercises import Draw, Exercise
from wmcourse.exercises.draw import Case

Crop = tuple[int, int, int, int]
Size = tuple[int, int]
FLOAT = "the picture holds bytes, and a mean needs real numbers: .float() first"


def pictures(draw: Draw) -> Iterator[Case]:
    """Blocks tall and wide, of one pixel, a single one; pictures of all colors, nearly alike, dark, white, black."""
    for sides, crop, size, low, high in (
        ((7, 11), (1, 5, 2, 11), (2, 3), 5.0, 250.0),
        ((9, 8), (0, 9, 0, 8), (9, 8), 0.0, 255.0),
        ((12, 6), (2, 10, 3, 5), (2, 1), 90.0, 95.0),
        ((6, 4), (1, 6, 0, 3), (1, 1), 0.0, 4.0),
        ((31, 26), (10, 30, 5, 26), (5, 3), 0.0, 255.0),
        ((4, 6), (0, 4, 0, 6), (2, 3), 255.0, 255.0),
        ((8, 4), (0, 8, 0, 4), (4, 1), 0.0, 0.0),
    ):
        picture = draw.uniform(*sides, 3, low=low, high=high).round().to(torch.uint8)
        yield {"picture": picture, "crop": crop, "size": size}


def by_blocks(picture: Tensor, crop: Crop, size: Size) -> Tensor:
    """Block by block, its bytes added up as whole numbers."""
    (top, bottom, left, right), (height, width), pixels = crop, size, picture.tolist()
    tall, wide = (bottom - top) // height, (right - left) // width

    def gray(i: int, j: int) -> float:
        rows = pixels[top + i * tall : top + (i + 1) * tall]
        colors = [color for row in rows for pixel in row[left + j * wide : left + (j + 1) * wide] for color in pixel]
        return sum(colors) / len(colors) / 255

    return torch.tensor([[[gray(i, j) for j in range(width)] for i in range(height)]])


ADVICE = {
    "is invalid for input of size": "the shape has another number of entries than what is reshaped: compare the two",
    "view size is not compatible": "a crop is a window into the picture: .reshape, or .contiguous() before .view",
    "could not infer output dtype": FLOAT,
    "not implemented for 'Byte'": FLOAT,
    "same number of spatial dimensions": "torch's resizing wants two axes before the pixels: [None] adds one",
}
preprocess = Exercise("2.2", by_blocks, pictures, unseen=False, advice=ADVICE)


def mean(cut: Tensor) -> Tensor:
    """The right gray (H, W) of a crop's bytes."""
    return cut.float().mean(-1) / 255


def small(gray: Tensor, size: Size) -> Tensor:
    """The right small picture."""
    return F.adaptive_avg_pool2d(gray[None], size)


def through(picture: Tensor, crop: Crop, size: Size, gray: Any = mean, shrink: Any = small) -> Tensor:
    """An answer that makes the crop's bytes gray, and that small, in its own ways."""
    return shrink(gray(picture[crop[0] : crop[1], crop[2] : crop[3]]), size)


def block(gray: Tensor, size: Size) -> Tensor:
    """All pixels of each block along a last axis."""
    tall, wide = len(gray) // size[0], gray.shape[1] // size[1]
    return gray[None].unfold(1, tall, tall).unfold(2, wide, wide).flatten(3)


EYES = torch.tensor([0.299, 0.587, 0.114])
GRAYS: dict[str, Callable[[Tensor], Tensor]] = {
    "the numbers go up to 255: divide by 255": lambda cut: 255 * mean(cut),
    "divide by 255, the largest byte, and not by 256": lambda cut: mean(cut) * 255 / 256,
    "the colors have weights, as eyes see them: here gray is their plain mean": lambda cut: cut.float() / 255 @ EYES,
    "bytes overflow when they are added, 200 + 100 is 44: .float() first": lambda cut: cut.sum(-1).byte() / 765,
    "reshape moves no axis, .permute does": lambda cut: mean(cut.reshape(3, *cut.shape[:2]).permute(1, 2, 0)),
    "gray is rounded to bytes: keep the fractions": lambda cut: mean(cut).mul(255).byte() / 255,
}
SMALLS: dict[str, Callable[[Tensor, Size], Tensor]] = {
    "the channel's axis is missing: [None] or .unsqueeze(0)": lambda gray, size: small(gray, size)[0],
    "one pixel of each block is taken: take the mean of them all": lambda gray, size: block(gray, size)[..., 0],
    "the brightest pixel of each block is taken: take their mean": lambda gray, size: block(gray, size).amax(-1),
    "reshape cuts rows into pieces: a block is two axes": lambda gray, size: gray.reshape(1, *size, -1).mean(-1),
    "the result is rounded to bytes: keep the fractions": lambda gray, size: small(gray, size).mul(255).round() / 255,
    'bilinear skips pixels: average each block, as mode="area"': (
        lambda gray, size: F.interpolate(gray[None, None], size, mode="bilinear")[0]
    ),
}
for words, gray in GRAYS.items():
    preprocess.mistake(words)(partial(through, gray=gray))
for words, shrink in SMALLS.items():
    preprocess.mistake(words)(partial(through, shrink=shrink))
