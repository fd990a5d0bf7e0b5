"""Exercise 4.3: what a picture is worth."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.distributions import Independent, Normal

from wmcourse.exercises import Draw, Exercise
from wmcourse.exercises.draw import Case


def pictures(draw: Draw) -> Iterator[Case]:
    """Small pictures and one pixel, one picture and many; drawn well, badly and perfectly; pixels of all precisions."""
    for shape, pixel_std, miss, nats in (
        ((2, 3, 4, 5), 0.1, 1.0, 20.0),
        ((4, 1, 3, 2), 1.0, 1.0, 2.0),
        ((1, 3, 2, 6), 0.3, 2.0, 9.0),
        ((3, 2, 1, 4), 5.0, 0.5, 3.0),
        ((1, 1, 1, 1), 0.7, 1.0, 0.5),
        ((5, 3, 6, 2), 1e-3, 1.5, 30.0),
        ((2, 4, 3, 1), 0.2, 0.0, 0.0),
        ((6, 3, 2, 5), 0.02, 40.0, 1e4),
    ):
        picture = draw.uniform(*shape)
        drawn = picture + miss * pixel_std * draw.normal(*shape)
        yield {"picture": picture, "drawn": drawn, "kl": nats * draw.uniform(shape[0]), "pixel_std": pixel_std}


def by_distributions(picture: Tensor, drawn: Tensor, kl: Tensor, pixel_std: float) -> Tensor:
    """As PyTorch has it, in float64."""
    told = Independent(Normal(drawn.double(), torch.tensor(pixel_std, dtype=torch.float64)), 3)
    return (told.log_prob(picture.double()) - kl.double()).to(picture.dtype)


elbo = Exercise(
    "4.3",
    by_distributions,
    pictures,
    tolerance=3e-4,  # a picture of many pixels that a small std tells apart: float32 has few digits for the difference
    advice={
        "log(): argument 'input'": "`pixel_std` is a number, not a tensor: math.log(pixel_std)",
        "must match the size of tensor": "one number for each picture: sum over its three axes, not over the batch",
    },
)


def of_terms(wrong: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """`wrong` makes the ELBO of the squared error E of a picture, KL, σ, and D, how many numbers a picture has."""

    def value(picture: Tensor, drawn: Tensor, kl: Tensor, pixel_std: float) -> Tensor:
        error = (picture - drawn).square().sum((1, 2, 3))
        return wrong(error, kl, pixel_std, picture[0].numel())

    return value


def constant(std: float, count: int) -> float:
    """What the Gaussian subtracts for D numbers."""
    return count * math.log(std * math.sqrt(2 * math.pi))


ELBOS: dict[str, Callable[..., Tensor]] = {
    "this is the loss, -ELBO: the ELBO grows as the model gets better": lambda E, KL, s, D: (
        E / (2 * s**2) + constant(s, D) + KL
    ),
    "the KL is a cost: subtract it": lambda E, KL, s, D: -E / (2 * s**2) - constant(s, D) + KL,
    "the KL is missing": lambda E, KL, s, D: -E / (2 * s**2) - constant(s, D),
    "the Gaussian's constant is missing: -½ log(2πσ²) for each number of a picture": lambda E, KL, s, D: (
        -E / (2 * s**2) - KL
    ),
    "the constant is counted once: each of the D numbers of a picture is a Gaussian": lambda E, KL, s, D: (
        -E / (2 * s**2) - constant(s, 1) - KL
    ),
    "the constant has the wrong sign: it is subtracted": lambda E, KL, s, D: -E / (2 * s**2) + constant(s, D) - KL,
    "log σ is missing in the constant": lambda E, KL, s, D: -E / (2 * s**2) - constant(1.0, D) - KL,
    "log 2π is missing in the constant": lambda E, KL, s, D: -E / (2 * s**2) - D * math.log(s) - KL,
    "the squared error is divided by 2σ: divide it by 2σ²": lambda E, KL, s, D: -E / (2 * s) - constant(s, D) - KL,
    "the ½ of the squared error is missing": lambda E, KL, s, D: -E / s**2 - constant(s, D) - KL,
    "the squared error is averaged over the pixels: nats add up, sum it": lambda E, KL, s, D: (
        -E / D / (2 * s**2) - constant(s, D) - KL
    ),
    "this is the mean over the batch: one number for each picture": lambda E, KL, s, D: (
        -E / (2 * s**2) - constant(s, D) - KL
    ).mean(),
}
for words, wrong in ELBOS.items():
    elbo.mistake(words)(of_terms(wrong))
