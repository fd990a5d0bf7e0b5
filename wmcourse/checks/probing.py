"""The checker of exercise 2.4: how much of the state a line through the latents tells."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wmcourse.checks.check import checker, expect_close, expect_tensor, expect_unchanged

Answer = Callable[..., Any]
Data = dict[str, Tensor]

_ADVICE = {
    "must match the size of tensor": "training and test set have different sizes, as have z and y: see which is which",
    "linalg_lstsq": "torch.linalg.lstsq returns several things: take its .solution",
    "shapes cannot be multiplied (25x3 and 4x3)": "append a column of ones to z_test too: torch.cat([z, ones], dim=1)",
    "Sizes of tensors must match": "one column of ones has the shape (N, 1), and N differs between training and test",
    "singular": "are the columns in z, with one column of ones, and N rows? z is (N, Z)",
}


@checker("2.4", _ADVICE)
def probe_r2(answer: Answer) -> None:
    """Oracle: slopes from the covariances of the training data, in NumPy and double precision."""
    hard_coded = "the first example was right: a size is hard-coded, or a number"
    examples = (
        (_data(40, 25, 3, 3, seed=1), "three targets", ""),
        (_data(30, 50, 2, 4, seed=2), "other sizes", hard_coded),
        (_data(20, 20, 1, 1, seed=3), "one latent and one target", hard_coded),
    )
    for before, what, hint in examples:
        given = {name: tensor.clone() for name, tensor in before.items()}
        returned = answer(*given.values())
        expect_unchanged(given, before)
        targets = before["y_test"].shape[1]
        shapes = _wrong_shapes(before)
        if hint and isinstance(returned, Tensor):
            shapes.setdefault(hint, tuple(returned.shape))
        got = expect_tensor(returned, (targets,), f"R^2 for {what}", shapes)
        mistakes = {hint: got} if hint else _wrong_scores(**before)
        expect_close(got, torch.from_numpy(_scores(**before)), f"R^2 for {what}", mistakes, tolerance=1e-3)


def _data(train: int, test: int, latent: int, targets: int, seed: int) -> Data:
    """Targets that are told well, partly, or (the last of several) worse than by their mean."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    z_train, z_test = 1.5 + normal(train, latent), 0.8 + 1.3 * normal(test, latent)
    slopes, noise = normal(latent, targets), torch.linspace(0.2, 1.2, targets)
    scale, shift = torch.linspace(1, 3, targets), torch.linspace(2, -1, targets)
    y_train = scale * (z_train @ slopes + noise * normal(train, targets)) + shift
    y_test = scale * (z_test @ slopes + noise * normal(test, targets)) + shift
    if targets > 1:
        y_test[:, -1] = 2.0 + normal(test)  # the world has changed: a negative R^2
    return {"z_train": z_train, "y_train": y_train, "z_test": z_test, "y_test": y_test}


def _fitted(z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes (Z, D) from covariances, and the intercept (D,) with which the line meets both means."""
    latent = z.shape[1]
    covariance = np.cov(np.concatenate([z, y], axis=1).T)
    slopes = np.linalg.solve(covariance[:latent, :latent], covariance[:latent, latent:])
    return slopes, y.mean(0) - z.mean(0) @ slopes


def _scores(z_train: Any, y_train: Any, z_test: Any, y_test: Any) -> np.ndarray:
    z_train, y_train, z_test, y_test = (np.asarray(x, dtype=np.float64) for x in (z_train, y_train, z_test, y_test))
    slopes, intercept = _fitted(z_train, y_train)
    missed = ((y_test - z_test @ slopes - intercept) ** 2).sum(0)
    return 1 - missed / ((y_test - y_test.mean(0)) ** 2).sum(0)


def _wrong_shapes(data: Data) -> dict[str, tuple[int, ...]]:
    (test, targets), train = data["y_test"].shape, len(data["y_train"])
    each = "one R^2 for each dimension of y"
    one_number = (
        f"{each}: a tensor of shape (D,), also when D is 1" if targets == 1 else f"{each}: no mean or sum over them"
    )
    return {
        one_number: (),
        f"{each}: take the sums over the samples, dim=0": (test,),
        f"{each}: sum over the samples, dim=0, without keepdim": (1, targets),
        f"{each}: these are the predictions, compare them with y_test": (test, targets),
        f"{each}, and on the test set: these look like values for each training sample": (train,),
    }


def _wrong_scores(z_train: Tensor, y_train: Tensor, z_test: Tensor, y_test: Tensor) -> dict[str, Tensor]:
    """What the usual mistakes lead to."""
    z, y, z_new, y_new = (x.double() for x in (z_train, y_train, z_test, y_test))
    slopes, intercept = (torch.from_numpy(part) for part in _fitted(z.numpy(), y.numpy()))
    told = z_new @ slopes + intercept
    residual, around = y_new - told, y_new - y_new.mean(0)
    missed, spread = residual.square().sum(0), around.square().sum(0)
    right = 1 - missed / spread

    def r2(told: Tensor, true: Tensor = y_new) -> Tensor:
        return 1 - (true - told).square().sum(0) / (true - true.mean(0)).square().sum(0)

    def fit_r2(z: Tensor, y: Tensor, z_new: Tensor = z_new, y_new: Tensor = y_new) -> Tensor:
        slopes, intercept = (torch.from_numpy(part) for part in _fitted(z.numpy(), y.numpy()))
        return r2(z_new @ slopes + intercept, y_new)

    def correlation(left: Tensor, right: Tensor) -> Tensor:
        left, right = left - left.mean(0), right - right.mean(0)
        return (left * right).sum(0) / (left.square().sum(0) * right.square().sum(0)).sqrt()

    def without(z: Tensor, y: Tensor) -> Tensor:
        return torch.linalg.lstsq(z, y).solution

    ones = "append a column of ones to z_train and z_test"
    n, latent = z_new.shape
    r = correlation(told, y_new)
    everything = torch.cat([z, z_new]), torch.cat([y, y_new])
    alone = fit_r2(z, y, z, y)
    through = without(z, y)
    pooled = "is pooled over the dimensions: each has its own sum"
    scale_train = (z - z.mean(0)) / z.std(0), (z_new - z_new.mean(0)) / z_new.std(0)
    ridge = {}
    for weight in (1.0, 0.1):
        centered = z - z.mean(0)
        gram = centered.T @ centered + weight * torch.eye(latent, dtype=z.dtype)
        shrunk = torch.linalg.solve(gram, centered.T @ (y - y.mean(0)))
        ridge[f"the slopes are shrunk (a ridge of {weight}): plain least squares is wanted"] = r2(
            (z_new - z.mean(0)) @ shrunk + y.mean(0)
        )
        column = torch.cat([z, torch.ones(len(z), 1, dtype=z.dtype)], 1)
        gram = column.T @ column + weight * torch.eye(latent + 1, dtype=z.dtype)
        shrunk = torch.linalg.solve(gram, column.T @ y)
        ridge[f"the slopes and the intercept are shrunk (a ridge of {weight}): plain least squares is wanted"] = r2(
            z_new @ shrunk[:-1] + shrunk[-1]
        )
    return {
        f"the intercept is missing: {ones}": r2(z_new @ through),
        f"the intercept is fitted and then left out on the test set: {ones}": r2(z_new @ slopes),
        "the slopes are fitted without the intercept, which comes after: fit both together": r2(
            z_new @ through + (y - z @ through).mean(0)
        ),
        "the intercept is missing, and this is the training set: it has seen these": r2(z @ through, y),
        "this is R^2 on the training set: the probe has seen these, measure on the test set": alone,
        "the probe is fitted on the test set: fit on the training set": fit_r2(z_new, y_new),
        "the probe is fitted on the test set and measured on the training set: the other way round": fit_r2(
            z_new, y_new, z, y
        ),
        "the probe is fitted on training and test set together: it must not see the test": fit_r2(*everything),
        "this is the squared correlation: it forgives a wrong scale and a wrong shift, 1 - SSE / SST does not": r**2,
        "this is the correlation: 1 - SSE / SST is wanted": r,
        "SST is taken around the training mean: take the test set's own mean": 1
        - missed / (y_new - y.mean(0)).square().sum(0),
        "SST is taken around 0: subtract the test set's mean": 1 - missed / y_new.square().sum(0),
        "SST is that of the training set: take the test set's": 1 - missed / (y - y.mean(0)).square().sum(0),
        "the spread is that of the training set: take the test set's": 1
        - missed / n / (y - y.mean(0)).square().mean(0),
        "the mean of all dimensions together is subtracted: each has its own": 1
        - missed / (y_new - y_new.mean()).square().sum(0),
        f"SST {pooled}": 1 - missed / spread.sum(),
        f"SST {pooled} (the mean of them)": 1 - missed / spread.mean(),
        f"SSE {pooled}": 1 - missed.sum() / spread,
        f"everything {pooled}": (1 - missed.sum() / spread.sum()).expand_as(right),
        "this is the mean over the dimensions, repeated: each has its own": right.mean().expand_as(right),
        "the error is a mean over N, the variance one over N - 1: use .var(correction=0), or sums for both": 1
        - missed / n / y_new.var(0),
        "this is SSE / SST, what is not told: take it from 1": 1 - right,
        "the sign is wrong: 1 - SSE / SST": -right,
        "SSE and SST have changed places": 1 - spread / missed,
        "the errors are not squared: 1 - SSE / SST takes squares": 1 - residual.abs().sum(0) / around.abs().sum(0),
        "a root is taken: 1 - SSE / SST takes the squares as they are": 1 - (missed / spread).sqrt(),
        "this is the sum of squared errors: R^2 is 1 - SSE / SST": missed,
        "this is the mean squared error: R^2 is 1 - SSE / SST": missed / n,
        "this is the root of the mean squared error: R^2 is 1 - SSE / SST": (missed / n).sqrt(),
        "a wrong shift is forgiven, by the errors' variance or the test set's mean: sum the squares as they are": 1
        - residual.var(0) / y_new.var(0),
        "this is the variance of the predictions over that of y: 1 - SSE / SST is wanted": told.var(0) / y_new.var(0),
        "this is the predictions' spread around the mean of y over SST: 1 - SSE / SST is wanted": (
            (told - y_new.mean(0)).square().sum(0) / spread
        ),
        "SST is that of the predictions: take that of y_test": 1 - missed / (told - told.mean(0)).square().sum(0),
        "this is the adjusted R^2: leave out the factor (N - 1) / (N - Z - 1)": 1
        - (1 - right) * (n - 1) / (n - latent - 1),
        "R^2 may be negative, where the mean would have told more: do not cut it off at 0": right.clamp_min(0.0),
        "R^2 may be negative, where the mean would have told more: do not cut it off at -1": right.clamp_min(-1.0),
        "this is in percent: 1 is perfect": 100 * right,
        "the test set is centered by its own mean: take the training set's, as the fit did": r2(
            (z_new - z_new.mean(0)) @ slopes + y.mean(0)
        ),
        "y_test is standardized by its own mean and spread: leave both y as they are": fit_r2(
            z, (y - y.mean(0)) / y.std(0), z_new, around / y_new.std(0)
        ),
        "the test set is standardized by its own mean and spread: take the training set's, as the fit did": (
            fit_r2(scale_train[0], y, scale_train[1])
        ),
        **ridge,
        **({"z and y have changed places": fit_r2(y, z, y_new, z_new)} if latent == y.shape[1] else {}),
    }
