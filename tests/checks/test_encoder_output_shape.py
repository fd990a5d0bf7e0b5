"""Exercise 2.1: plausible mistakes are named, and right answers written differently pass."""

import math
from functools import reduce
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from wmcourse.checks import latent_dynamics as check
from wmcourse.checks.check import CheckFailed


def by(size):
    """Each side goes through `size(n, kernel, stride, padding)`."""

    def answer(height, width, layers):
        for _, kernel, stride, padding in layers:
            height, width = size(height, kernel, stride, padding), size(width, kernel, stride, padding)
        return layers[-1][0], height, width

    return answer


right = by(lambda n, k, s, p: (n + 2 * p - k) // s + 1)


def then(change):
    """The right shape, spoiled by `change(C, H, W, layers)`."""
    return lambda height, width, layers: change(*right(height, width, layers), layers)


# Rounding down once is enough: floor((floor(x) + m) / n) = floor((x + m) / n) for whole numbers m and n.
def floor_at_the_end(height, width, layers):
    channels, height, width = by(lambda n, k, s, p: (n + 2 * p - k) / s + 1)(height, width, layers)
    return channels, math.floor(height), math.floor(width)


def reordered(order):
    return lambda height, width, layers: right(height, width, [tuple(layer[i] for i in order) for layer in layers])


def last_alone(height, width, layers):
    return right(height, width, layers[-1:])


def first_alone(height, width, layers):
    return (layers[-1][0], *right(height, width, layers[:1])[1:])


def reverse(height, width, layers):
    return (layers[-1][0], *right(height, width, layers[::-1])[1:])


def forgets_the_width(height, width, layers):
    channels, height, _ = right(height, width, layers)
    return channels, height, height


def forgets_to_shrink_the_width(height, width, layers):
    channels, height, _ = right(height, width, layers)
    return channels, height, width


def each_layer(height, width, layers):
    return [right(height, width, layers[: i + 1]) for i in range(len(layers))]


def halves_four_times(height, width, layers):
    return 128, height // 16, width // 16


def takes_three_layers(height, width, layers):
    return right(height, width, layers[:3])


def pops(height, width, layers):
    while layers:
        channels, kernel, stride, padding = layers.pop(0)
        height, width = ((n + 2 * padding - kernel) // stride + 1 for n in (height, width))
    return channels, height, width


def builds(height, width, layers):
    picture, before = torch.zeros(1, 1, height, width), 1
    for channels, kernel, stride, padding in layers:
        picture = nn.Conv2d(before, channels, kernel, stride, padding)(picture)
        before = channels
    return tuple(picture.shape[1:])


def pools(height, width, layers):
    picture = torch.zeros(1, 1, height, width)
    for _, kernel, stride, padding in layers:
        picture = nn.functional.avg_pool2d(picture, kernel, stride, padding)
    return layers[-1][0], *picture.shape[2:]


WRONG_SHAPES = {
    "no padding": (by(lambda n, k, s, p: (n - k) // s + 1), "the padding is missing"),
    "padding once": (by(lambda n, k, s, p: (n + p - k) // s + 1), "the padding counts once"),
    "padding subtracted": (by(lambda n, k, s, p: (n - 2 * p - k) // s + 1), "the padding is taken off"),
    "no one": (by(lambda n, k, s, p: (n + 2 * p - k) // s), r"the \+ 1 is missing"),
    "one before the division": (by(lambda n, k, s, p: (n + 2 * p - k + 1) // s), "comes after the division"),
    "ceil": (by(lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1), "not up nor to the nearest"),
    "ceil, backward": (by(lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1), "not up nor to the nearest"),
    "round": (by(lambda n, k, s, p: round((n + 2 * p - k) / s) + 1), "nor to the nearest|half to even"),
    "nearest": (by(lambda n, k, s, p: int((n + 2 * p - k) / s + 0.5) + 1), "not up nor to the nearest"),
    "fractions": (by(lambda n, k, s, p: (n + 2 * p - k) / s + 1), "leaves a fraction"),
    "no stride": (by(lambda n, k, s, p: n + 2 * p - k + 1), "the stride is missing"),
    "no kernel": (by(lambda n, k, s, p: (n + 2 * p) // s + 1), "the kernel is missing"),
    "size by stride": (by(lambda n, k, s, p: n // s), "divided by the stride is right for some layers only"),
    "size by stride, up": (by(lambda n, k, s, p: -(-n // s)), "rounded up, is right for some layers only"),
    "padding only": (by(lambda n, k, s, p: (n + 2 * p) // s), r"the kernel is missing, and the \+ 1"),
    "transposed": (by(lambda n, k, s, p: (n - 1) * s - 2 * p + k), "transposed convolution"),
    "kernel first": (reordered((1, 0, 2, 3)), "a layer is"),
    "stride before kernel": (reordered((0, 2, 1, 3)), "a layer is"),
    "padding before stride": (reordered((0, 1, 3, 2)), "a layer is"),
    "channels last in the layer": (reordered((3, 0, 1, 2)), "a layer is"),
    "W before H": (then(lambda C, H, W, layers: (C, W, H)), "height before width"),
    "C last": (then(lambda C, H, W, layers: (H, W, C)), "the channels come first"),
    "W, H, C": (then(lambda C, H, W, layers: (W, H, C)), "the channels come first"),
    "no C": (then(lambda C, H, W, layers: (H, W)), "the channels are missing"),
    "batch": (then(lambda C, H, W, layers: (1, C, H, W)), "no batch axis"),
    "flat": (then(lambda C, H, W, layers: C * H * W), "three whole numbers"),
    "tensor": (then(lambda C, H, W, layers: torch.tensor([C, H, W])), "three whole numbers"),
    "first channels": (then(lambda C, H, W, layers: (layers[0][0], H, W)), "not of the first"),
    "sum of channels": (then(lambda C, H, W, layers: (sum(c for c, *_ in layers), H, W)), "not all added"),
    "channels multiplied": (then(lambda C, H, W, layers: (math.prod(c for c, *_ in layers), H, W)), "not multiplied"),
    "number of layers": (then(lambda C, H, W, layers: (len(layers), H, W)), "nor the number of layers"),
    "one channel": (then(lambda C, H, W, layers: (1, H, W)), "not the picture's"),
    "three channels": (then(lambda C, H, W, layers: (3, H, W)), "not the picture's"),
    "height twice": (forgets_the_width, "the height is used for both sides"),
    "brackets": (by(lambda n, k, s, p: n + 2 * p - k // s + 1), "the brackets are missing"),
    "width left": (forgets_to_shrink_the_width, "the width goes through the layers too"),
    "last alone": (last_alone, "only the last layer counts"),
    "first alone": (first_alone, "only the first layer counts"),
    "no last": (lambda h, w, layers: right(h, w, layers[:-1] or layers), "the last layer is left out"),
    "no first": (lambda h, w, layers: right(h, w, layers[1:] or layers), "the first layer is left out"),
    "reverse": (reverse, "in reverse"),
    "each layer": (each_layer, "return the last layer's shape alone|three whole numbers"),
    "nothing in it": (lambda *_: (None, None, None), "three whole numbers"),
    "chapter only": (halves_four_times, "expected"),
    "three layers": (takes_three_layers, "the last layer is left out"),
    "pops": (pops, "do not take layers out"),
    "builds": (builds, "without building a layer"),
    "pools": (pools, "without building a layer"),
    "divides by the padding": (by(lambda n, k, p, s: (n + 2 * p - k) // s + 1), "a layer is"),
    "unpacks three": (lambda h, w, layers: [1 for c, k, s in layers], "each layer is four numbers"),
}


@pytest.mark.parametrize("name", WRONG_SHAPES)
def test_encoder_output_shape_names_the_mistake(name: str) -> None:
    wrong, message = WRONG_SHAPES[name]
    with pytest.raises(CheckFailed, match=message):
        check.encoder_output_shape(wrong)


def test_what_is_hard_coded_is_found() -> None:
    shapes = {}

    def remembers(height, width, layers):
        return shapes.setdefault(layers[0], right(height, width, layers[:4]))

    with pytest.raises(CheckFailed, match="is hard-coded"):
        check.encoder_output_shape(remembers)


def by_counting(height, width, layers):
    def positions(n, kernel, stride, padding):
        return len(range(-padding, n + padding - kernel + 1, stride))

    return by(positions)(height, width, layers)


def by_recursion(height, width, layers):
    (channels, kernel, stride, padding), *rest = layers
    height, width = (math.floor((n + 2 * padding - kernel) / stride + 1) for n in (height, width))
    return by_recursion(height, width, rest) if rest else (channels, height, width)


def by_reduction(height, width, layers):
    return reduce(
        lambda shape, layer: (layer[0], *(1 + (n - layer[1] + 2 * layer[3]) // layer[2] for n in shape[1:])),
        layers,
        (1, height, width),
    )


def with_numpy(height, width, layers):
    size = np.array([height, width])
    for layer in layers:
        _, kernel, stride, padding = layer
        size = np.floor((size + 2 * padding - kernel) / stride).astype(int) + 1
    return layers[-1][0], size[0], size[1]


def with_tensors(height, width, layers):
    size = torch.tensor([height, width])
    for _, kernel, stride, padding in layers:
        size = torch.div(size + 2 * padding - kernel, stride, rounding_mode="floor") + 1
    return [layers[-1][0], *size]


def as_size(height, width, layers):
    return torch.Size(right(height, width, layers))


def stride_into_the_sum(height, width, layers):
    return by(lambda n, k, s, p: int((n + 2 * p - k + s) / s))(height, width, layers)


@pytest.mark.parametrize(
    "answer",
    [
        right,
        floor_at_the_end,
        by_counting,
        by_recursion,
        by_reduction,
        with_numpy,
        with_tensors,
        as_size,
        stride_into_the_sum,
    ],
)
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.encoder_output_shape(answer)
