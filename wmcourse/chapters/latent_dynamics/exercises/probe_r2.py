"""Exercise 2.4: how much of the state a line through the latents tells."""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from wmcourse.exercises import Draw, Exercise
from wmcourse.exercises.draw import Case


def latents_and_states(draw: Draw) -> Iterator[Case]:
    """Numbers of a latent far apart in size, that all matter; states told well, hardly, or worse than by their mean."""
    for train, test, latent, states, spread, unit in (
        (7, 6, 1, 3, 1.0, 1.0),
        (30, 50, 5, 2, 20.0, 1.0),
        (11, 9, 6, 3, 3.0, 3.0),
        (20, 4, 2, 1, 1.0, 3e-3),
        (35, 60, 4, 7, 5.0, 3.0),
    ):
        slopes, noise = draw.normal(latent, states), torch.linspace(1.5, 0.1, states)
        z_train, z_test = draw.normal(train, latent, mean=0.3), draw.normal(test, latent, mean=0.8, scale=1.3)
        y_train = z_train @ slopes + noise * draw.normal(train, states) + 2
        y_test = z_test @ slopes + noise * draw.normal(test, states) + 2
        y_test[:, -1] += 2 * y_test[:, -1].std()  # the world has changed: a negative R^2
        sizes, units = spread ** torch.linspace(1, -1, latent), unit ** torch.linspace(1, -1, states)
        yield {
            "z_train": sizes * z_train,
            "y_train": units * y_train,
            "z_test": sizes * z_test,
            "y_test": units * y_test,
        }


def fitted(z: Tensor, y: Tensor) -> Callable[[Tensor], Tensor]:
    """The line of least squares, by covariances in double precision: it meets both means."""
    z, y = z.double(), y.double()
    around = z - z.mean(0)
    slopes = torch.linalg.solve(around.T @ around, around.T @ y)
    return lambda new: y.mean(0) + (new.double() - z.mean(0)) @ slopes


def sse(z: Tensor, y: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """The sum of squared errors on a test set u, v."""
    return (v - fitted(z, y)(u)).square().sum(0)


def sst(v: Tensor, mean: Tensor) -> Tensor:
    """The sum of squares around something."""
    return (v.double() - mean).square().sum(0)


def r2(z_train: Tensor, y_train: Tensor, z_test: Tensor, y_test: Tensor) -> Tensor:
    """1 - SSE / SST on the test set."""
    return (1 - sse(z_train, y_train, z_test, y_test) / sst(y_test, y_test.double().mean(0))).float()


ADVICE = {  # on the errors of the first case
    "linalg_lstsq": "torch.linalg.lstsq returns several things: take its .solution",
    "(6x1 and 2x3)": "append a column of ones to z_test too: torch.cat([z, ones], dim=1)",
    "Expected size 6 but got size 7": "the column of ones has the shape (N, 1): N is another one in the test set",
    "(7) must match the size of tensor b (6)": "training and test set are mixed: they have different sizes",
}

probe_r2 = Exercise("2.4", r2, latents_and_states, learns=(), unseen=False, tolerance=2e-3, advice=ADVICE)
Score = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def through_the_origin(z: Tensor, y: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """R^2 without an intercept."""
    return 1 - sst(v, u.double() @ torch.linalg.lstsq(z.double(), y.double()).solution) / sst(v, v.mean(0))


def correlation(z: Tensor, y: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """The squared correlation."""
    said = fitted(z, y)(u)
    return ((said - said.mean(0)) * (v - v.mean(0))).sum(0) ** 2 / sst(said, said.mean(0)) / sst(v, v.mean(0))


def by_position(wrong: Score, **data: Tensor) -> Tensor:
    """A mistake with arguments of shorter names: z, y to train and u, v to test."""
    return wrong(*data.values()).float()


SCORES: dict[str, Score] = {
    "the intercept is missing: append a column of ones to z_train and z_test": through_the_origin,
    "this is R^2 on the training set, which the probe has seen": lambda z, y, u, v: r2(z, y, z, y),
    "the probe is fitted on the test set: fit it on the training set": lambda z, y, u, v: r2(u, v, u, v),
    "z_test is centered by its own mean, not z_train's": lambda z, y, u, v: r2(z, y, u - u.mean(0) + z.mean(0), v),
    "SST is around the training mean, not the test set's": lambda z, y, u, v: 1 - sse(z, y, u, v) / sst(v, y.mean(0)),
    "SST is around 0, not the test set's mean": lambda z, y, u, v: 1 - sse(z, y, u, v) / sst(v, 0 * v[0]),
    "the variance divides by N - 1: .var(correction=0)": lambda z, y, u, v: 1 - sse(z, y, u, v) / len(v) / v.var(0),
    "this is SSE / SST, what is not told: take it from 1": lambda z, y, u, v: 1 - r2(z, y, u, v),
    "this is the mean squared error: R^2 is 1 - SSE / SST": lambda z, y, u, v: sse(z, y, u, v) / len(v),
    "R^2 may be negative: do not cut it off at 0": lambda z, y, u, v: r2(z, y, u, v).clamp_min(0.0),
    "this is the squared correlation, which forgives a wrong scale and a wrong shift": correlation,
}
for words, score in SCORES.items():
    probe_r2.mistake(words)(partial(by_position, score))
