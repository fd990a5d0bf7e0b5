"""Exercise 2.2: plausible mistakes are named, and right answers written differently pass."""

from typing import Any

import einops
import pytest
import torch
from torch.nn import functional as F

from wmcourse.checks import latent_dynamics as check
from wmcourse.checks.check import CheckFailed


def cut(picture, crop):
    top, bottom, left, right = crop
    return picture[top:bottom, left:right]


def shrink(gray, size):
    return F.adaptive_avg_pool2d(gray[None], size)


def right(picture, crop, size):
    return shrink(cut(picture, crop).float().mean(-1) / 255, size)


def cropped(crop_of):
    """`crop_of(picture, crop)` instead of the crop."""
    return lambda picture, crop, size: shrink(crop_of(picture, crop).float().mean(-1) / 255, size)


def grayed(gray_of):
    """`gray_of(colors)` instead of the mean; colors from 0 to 1."""
    return lambda picture, crop, size: shrink(gray_of(cut(picture, crop).float() / 255), size)


def shrunk(small_of):
    """`small_of(gray, size)` instead of the means of blocks."""
    return lambda picture, crop, size: small_of(cut(picture, crop).float().mean(-1) / 255, size)


def then(change):
    return lambda picture, crop, size: change(right(picture, crop, size))


def sides(gray, size):
    return gray.shape[0] // size[0], gray.shape[1] // size[1]


def every_kth(gray, size):
    tall, wide = sides(gray, size)
    return gray[::tall, ::wide][None]


def max_pool(gray, size):
    return F.max_pool2d(gray[None], sides(gray, size))


def interpolated(**how):
    return shrunk(lambda gray, size: F.interpolate(gray[None, None], size, **how)[0])


def plain_reshape(gray, size):
    return gray.reshape(*size, -1).mean(-1)[None]


def wrong_axes(gray, size):
    tall, wide = sides(gray, size)
    return gray.reshape(tall, size[0], wide, size[1]).mean((0, 2))[None]


def mean_over_places(gray, size):
    tall, wide = sides(gray, size)
    return gray.reshape(size[0], tall, size[1], wide).mean((0, 2))[None]


def block_sum(gray, size):
    tall, wide = sides(gray, size)
    return gray.reshape(size[0], tall, size[1], wide).sum((1, 3))[None]


def block_median(gray, size):
    tall, wide = sides(gray, size)
    blocks = gray.reshape(size[0], tall, size[1], wide).transpose(1, 2).flatten(2)
    return blocks.median(-1).values[None]


def one_line(gray, size):
    tall, wide = sides(gray, size)
    return gray.reshape(size[0], tall, size[1], wide)[:, 0].mean(-1)[None]


def overflows(picture, crop, size):
    red, green, blue = cut(picture, crop).unbind(-1)
    return shrink((red + green + blue).float() / 3 / 255, size)


def reshapes_the_colors(picture, crop, size):
    colors = cut(picture, crop)
    return shrink(colors.reshape(3, *colors.shape[:2]).float().mean(0) / 255, size)


def rounds_gray(picture, crop, size):
    return shrink(cut(picture, crop).float().mean(-1).to(torch.uint8).float() / 255, size)


def rounds_small(picture, crop, size):
    small = F.interpolate(cut(picture, crop).permute(2, 0, 1)[None].float(), size, mode="area")
    return small.round().to(torch.uint8)[0].float().mean(0, keepdim=True) / 255


def in_place(picture, crop, size):
    result = right(picture, crop, size)
    picture //= 2
    return result


def bytes_again(picture, crop, size):
    return (255 * right(picture, crop, size)).to(torch.uint8)


def own_blocks(picture, crop, size):
    return F.avg_pool2d(cut(picture, crop).float().mean(-1)[None] / 255, (2, 3))


def squeezed(picture, crop, size):
    return right(picture, crop, size).squeeze()[None]


def views(picture, crop, size):
    pixels = cut(picture, crop).view(-1, 3).float().mean(-1) / 255
    return shrink(pixels.view(crop[1] - crop[0], -1), size)


def wrong_blocks(picture, crop, size):
    gray = cut(picture, crop).float().mean(-1) / 255
    return gray.reshape(1, size[0], 8, size[1], 8).mean((2, 4))


WRONG_PICTURES = {
    "not divided": (then(lambda x: 255 * x), "the numbers go up to 255"),
    "256": (then(lambda x: x * 255 / 256), "not by 256"),
    "twice": (then(lambda x: x / 255), "divided by 255 twice"),
    "centered": (then(lambda x: 2 * x - 1), "from -1 to 1"),
    "inverted": (then(lambda x: 1 - x), "black and white are swapped"),
    "own maximum": (then(lambda x: x / x.max()), "own maximum"),
    "picture's maximum": (
        lambda picture, crop, size: shrink(cut(picture, crop).float().mean(-1) / picture.max(), size),
        "the picture's own maximum|whatever the picture holds",
    ),
    "contrast": (then(lambda x: (x - x.min()) / (x.max() - x.min())), "do not stretch the contrast"),
    "standardized": (then(lambda x: (x - x.mean()) / x.std()), "standardized"),
    "luma": (grayed(lambda c: c @ torch.tensor([0.299, 0.587, 0.114])), "the colors have weights"),
    "luminance": (grayed(lambda c: c @ torch.tensor([0.2126, 0.7152, 0.0722])), "the colors have weights"),
    "red": (grayed(lambda c: c[..., 0]), "this is red alone"),
    "blue": (grayed(lambda c: c[..., -1]), "this is blue alone"),
    "brightest": (grayed(lambda c: c.amax(-1)), "the brightest color"),
    "middle": (grayed(lambda c: c.median(-1).values), "the middle color"),
    "sum": (grayed(lambda c: c.sum(-1)), "the sum of the colors"),
    "overflow": (overflows, "bytes overflow"),
    "every k-th": (shrunk(every_kth), "takes one pixel of each block"),
    "nearest": (interpolated(mode="nearest"), "takes one pixel of each block"),
    "max pool": (shrunk(max_pool), "the brightest pixel of each block"),
    "median": (shrunk(block_median), "the median of each block"),
    "block sum": (shrunk(block_sum), "the sum over each block"),
    "bilinear": (interpolated(mode="bilinear"), "bilinear interpolation|one pixel|expected"),
    "bicubic": (interpolated(mode="bicubic"), "bicubic interpolation"),
    "antialias": (interpolated(mode="bilinear", antialias=True), "no antialias"),
    "reshape": (shrunk(plain_reshape), "reshape cuts rows"),
    "wrong axes": (shrunk(wrong_axes), "reshape cuts rows"),
    "mean over places": (shrunk(mean_over_places), "their places averaged away"),
    "reshaped colors": (reshapes_the_colors, "reshape does not move an axis"),
    "rounds gray": (rounds_gray, "the gray picture is rounded"),
    "rounds small": (rounds_small, "the small colors are rounded"),
    "rounds at the end": (then(lambda x: (255 * x).round() / 255), "the small picture is rounded"),
    "no crop": (cropped(lambda picture, crop: picture), "the whole picture made smaller"),
    "top, left, bottom, right": (
        cropped(lambda picture, crop: picture[crop[0] : crop[2], crop[1] : crop[3]]),
        "crop has another order",
    ),
    "columns first": (
        cropped(lambda picture, crop: picture[crop[2] : crop[3], crop[0] : crop[1]]),
        "crop has another order",
    ),
    "inclusive": (
        cropped(lambda picture, crop: picture[crop[0] : crop[1] + 1, crop[2] : crop[3] + 1]),
        "the first row and column that are left out",
    ),
    "sizes": (
        cropped(lambda picture, crop: picture[crop[0] : crop[0] + crop[1], crop[2] : crop[2] + crop[3]]),
        "places, not sizes",
    ),
    "margins": (
        cropped(lambda picture, crop: picture[crop[0] : -crop[1] or None, crop[2] : -crop[3] or None]),
        "count from the top and the left",
    ),
    "upside down": (then(lambda x: x.flip(-2)), "upside down"),
    "mirrored": (then(lambda x: x.flip(-1)), "mirrored"),
    "transposed": (then(lambda x: x.mT), "changed places"),
    "no channel": (then(lambda x: x[0]), "one channel comes first"),
    "batch": (then(lambda x: x[None]), "one picture is no batch"),
    "channel last": (then(lambda x: x.permute(1, 2, 0)), "not last"),
    "colors": (then(lambda x: x.expand(3, -1, -1)), "the colors are still there"),
    "colors last": (then(lambda x: x[0, :, :, None].expand(-1, -1, 3)), "the colors are still there"),
    "large": (shrunk(lambda gray, size: gray[None]), "the crop is not made smaller"),
    "whole": (
        lambda picture, crop, size: picture.float().mean(-1)[None] / 255,
        "the whole picture is still there",
    ),
    "double": (then(lambda x: x.double()), "networks compute in float32"),
    "bytes": (bytes_again, "a byte, uint8, has no fractions"),
    "numpy": (then(lambda x: x.numpy()), "return one torch.Tensor"),
    "in place": (in_place, "a changed `picture`"),
    "own blocks": (own_blocks, "is hard-coded"),
    "squeezed": (squeezed, "expected: the picture, for blocks of 4x2"),
    "no float": (lambda picture, crop, size: cut(picture, crop).mean(-1), "a mean needs real numbers"),
    "views": (views, "before .view"),
    "whole numbers": (
        lambda picture, crop, size: shrink((cut(picture, crop) // 3).sum(-1) / 255, size),
        "// leaves whole numbers",
    ),
    "one line": (shrunk(one_line), "the mean of one line of each block"),
    "blocks of 8": (wrong_blocks, "then a block is"),
}


@pytest.mark.parametrize("name", WRONG_PICTURES)
def test_preprocess_names_the_mistake(name: str) -> None:
    wrong, message = WRONG_PICTURES[name]
    with pytest.raises(CheckFailed, match=message):
        check.preprocess(wrong)


def by_area(picture, crop, size):
    image = cut(picture, crop).permute(2, 0, 1).unsqueeze(0).to(torch.float32).div(255)
    return F.interpolate(image, size=size, mode="area").mean(dim=1)


def by_pooling(picture, crop, size):
    gray = (cut(picture, crop) / 255.0).mean(dim=2)
    return F.avg_pool2d(gray.unsqueeze(0), kernel_size=sides(gray, size))


def by_einops(picture, crop, size):
    colors = cut(picture, crop).float() / 255
    return einops.reduce(colors, "(h a) (w b) c -> 1 h w", "mean", h=size[0], w=size[1])


def by_loop(picture, crop, size):
    top, bottom, left, right = crop
    tall, wide = (bottom - top) // size[0], (right - left) // size[1]
    result = torch.zeros(1, *size)
    for i in range(size[0]):
        for j in range(size[1]):
            y, x = top + i * tall, left + j * wide
            result[0, i, j] = picture[y : y + tall, x : x + wide].float().mean() / 255
    return result


def by_convolution(picture, crop, size):
    image = cut(picture, crop).float().permute(2, 0, 1)[None]
    tall, wide = sides(image[0, 0], size)
    kernel = torch.full((1, 3, tall, wide), 1 / (3 * 255 * tall * wide))
    return F.conv2d(image, kernel, stride=(tall, wide))[0]


def by_numpy(picture, crop, size):
    top, bottom, left, right = crop
    gray = picture.numpy()[top:bottom, left:right].mean(axis=2) / 255
    blocks = gray.reshape(size[0], -1, size[1], gray.shape[1] // size[1])
    return torch.from_numpy(blocks.mean(axis=(1, 3))).float().unsqueeze(0)


def in_integers(picture, crop, size):
    gray = cut(picture, crop).long().sum(-1)
    tall, wide = sides(gray, size)
    return gray.unfold(0, tall, tall).unfold(1, wide, wide).sum((-1, -2))[None] / (3 * 255 * tall * wide)


@pytest.mark.parametrize(
    "answer", [right, by_area, by_pooling, by_einops, by_loop, by_convolution, by_numpy, in_integers]
)
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.preprocess(answer)
