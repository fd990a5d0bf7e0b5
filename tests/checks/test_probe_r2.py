"""Exercise 2.4: plausible mistakes are named, and right answers written differently pass."""

from typing import Any

import numpy as np
import pytest
import torch

from wmcourse.checks import latent_dynamics as check
from wmcourse.checks.check import CheckFailed


def with_ones(z):
    return torch.cat([z, torch.ones(len(z), 1)], 1)


def predicted(z_train, y_train, z_test):
    return with_ones(z_test) @ torch.linalg.lstsq(with_ones(z_train), y_train).solution


def r2(said, y):
    return 1 - (y - said).square().sum(0) / (y - y.mean(0)).square().sum(0)


def right(z_train, y_train, z_test, y_test):
    return r2(predicted(z_train, y_train, z_test), y_test)


def scored(score):
    """`score(prediction, y)` on the test set instead of R^2."""
    return lambda z, y, z_new, y_new: score(predicted(z, y, z_new), y_new)


def told(prediction):
    """R^2 of another `prediction(z, y, z_new)`."""
    return lambda z, y, z_new, y_new: r2(prediction(z, y, z_new), y_new)


def no_intercept(z, y, z_new):
    return z_new @ torch.linalg.lstsq(z, y).solution


def intercept_forgotten(z, y, z_new):
    return z_new @ torch.linalg.lstsq(with_ones(z), y).solution[:-1]


def intercept_after(z, y, z_new):
    slopes = torch.linalg.lstsq(z, y).solution
    return z_new @ slopes + (y - z @ slopes).mean(0)


def standardized_targets(z, y, z_new, y_new):
    return right(z, (y - y.mean(0)) / y.std(0), z_new, (y_new - y_new.mean(0)) / y_new.std(0))


def centered_each(z, y, z_new):
    slopes = torch.linalg.lstsq(z - z.mean(0), y - y.mean(0)).solution
    return (z_new - z_new.mean(0)) @ slopes + y.mean(0)


def standardized_each(z, y, z_new):
    return predicted((z - z.mean(0)) / z.std(0), y, (z_new - z_new.mean(0)) / z_new.std(0))


def test_mean(z, y, z_new, y_new):
    slopes = torch.linalg.lstsq(z - z.mean(0), y - y.mean(0)).solution
    return r2((z_new - z_new.mean(0)) @ slopes + y_new.mean(0), y_new)


test_mean.__test__ = False  # type: ignore[attr-defined]


def ridge(weight):
    def prediction(z, y, z_new):
        slopes = torch.linalg.solve(
            with_ones(z).T @ with_ones(z) + weight * torch.eye(z.shape[1] + 1), with_ones(z).T @ y
        )
        return with_ones(z_new) @ slopes

    return prediction


def correlation(said, y):
    said, y = said - said.mean(0), y - y.mean(0)
    return (said * y).sum(0) / (said.norm(dim=0) * y.norm(dim=0))


def around_the_training_mean(z, y, z_new, y_new):
    return 1 - (y_new - predicted(z, y, z_new)).square().sum(0) / (y_new - y.mean(0)).square().sum(0)


def training_variance(z, y, z_new, y_new):
    return 1 - (y_new - predicted(z, y, z_new)).square().mean(0) / y.var(0, correction=0)


def sst_of_the_training_set(z, y, z_new, y_new):
    return 1 - (y_new - predicted(z, y, z_new)).square().sum(0) / (y - y.mean(0)).square().sum(0)


def all_together(z, y, z_new, y_new):
    return r2(predicted(torch.cat([z, z_new]), torch.cat([y, y_new]), z_new), y_new)


def adjusted(z, y, z_new, y_new):
    n, latent = z_new.shape
    return 1 - (1 - right(z, y, z_new, y_new)) * (n - 1) / (n - latent - 1)


def in_place(z, y, z_new, y_new):
    z -= z.mean(0)
    return right(z, y, z_new, y_new)


def targets_in_place(z, y, z_new, y_new):
    result = right(z, y, z_new, y_new)
    y_new -= y_new.mean(0)
    return result


def ones_of_the_training_set(z, y, z_new, y_new):
    ones = torch.ones(len(z), 1)
    solution = torch.linalg.lstsq(torch.cat([z, ones], 1), y).solution
    return r2(torch.cat([z_new, ones], 1) @ solution, y_new)


def ones_forgotten(z, y, z_new, y_new):
    return r2(z_new @ torch.linalg.lstsq(with_ones(z), y).solution, y_new)


def mixed_sets(z, y, z_new, y_new):
    return 1 - (y - predicted(z, y, z_new)).square().sum(0) / (y - y.mean(0)).square().sum(0)


def three_targets(z, y, z_new, y_new):
    return right(z, y[:, :3], z_new, y_new[:, :3])


def squeezed(*data):
    return right(*data).squeeze()


WRONG_SCORES = {
    "no intercept": (told(no_intercept), "the intercept is missing"),
    "intercept forgotten": (told(intercept_forgotten), "left out on the test set"),
    "no intercept, training": (
        lambda z, y, *_: r2(no_intercept(z, y, z), y),
        "the intercept is missing, and this is the training set",
    ),
    "training set": (lambda z, y, *_: r2(predicted(z, y, z), y), "R\\^2 on the training set"),
    "fit on the test set": (lambda z, y, z_new, y_new: r2(predicted(z_new, y_new, z_new), y_new), "fitted on the test"),
    "the other way round": (lambda z, y, z_new, y_new: right(z_new, y_new, z, y), "the other way round"),
    "all together": (all_together, "training and test set together"),
    "squared correlation": (scored(lambda p, y: correlation(p, y) ** 2), "the squared correlation"),
    "correlation": (scored(correlation), "this is the correlation"),
    "training mean": (around_the_training_mean, "around the training mean"),
    "around 0": (scored(lambda p, y: 1 - (y - p).square().sum(0) / y.square().sum(0)), "around 0"),
    "training SST": (sst_of_the_training_set, "SST is that of the training set"),
    "training variance": (training_variance, "the spread is that of the training set"),
    "one mean": (scored(lambda p, y: 1 - (y - p).square().sum(0) / (y - y.mean()).square().sum(0)), "together is sub"),
    "SST pooled": (
        scored(lambda p, y: 1 - (y - p).square().sum(0) / (y - y.mean(0)).square().sum()),
        "SST is pooled over the dimensions",
    ),
    "pooled": (
        scored(lambda p, y: (1 - (y - p).square().sum() / (y - y.mean(0)).square().sum()).expand(y.shape[1])),
        "everything is pooled",
    ),
    "pooled to one": (
        scored(lambda p, y: 1 - (y - p).square().sum() / (y - y.mean(0)).square().sum()),
        "no mean or sum over them",
    ),
    "averaged": (scored(lambda p, y: r2(p, y).mean()), "no mean or sum over them"),
    "per sample": (
        scored(lambda p, y: 1 - (y - p).square().sum(1) / (y - y.mean(0)).square().sum(1)),
        "the sums over the samples",
    ),
    "keepdim": (scored(lambda p, y: r2(p, y)[None]), "without keepdim"),
    "predictions": (scored(lambda p, y: p), "these are the predictions"),
    "unbiased": (scored(lambda p, y: 1 - (y - p).square().mean(0) / y.var(0)), r"one over N - 1"),
    "what is left": (scored(lambda p, y: 1 - r2(p, y)), "what is not told"),
    "sign": (scored(lambda p, y: -r2(p, y)), "the sign is wrong"),
    "upside down": (scored(lambda p, y: 1 - 1 / (1 - r2(p, y))), "have changed places"),
    "predictions and targets swapped": (scored(lambda p, y: r2(y, p)), "SST is that of the predictions"),
    "absolute": (
        scored(lambda p, y: 1 - (y - p).abs().sum(0) / (y - y.mean(0)).abs().sum(0)),
        "the errors are not squared",
    ),
    "root": (scored(lambda p, y: 1 - (1 - r2(p, y)).sqrt()), "a root is taken"),
    "std": (
        scored(lambda p, y: 1 - (y - p).square().mean(0).sqrt() / y.std(0, correction=0)),
        "a root is taken",
    ),
    "mse": (scored(lambda p, y: (y - p).square().mean(0)), "this is the mean squared error"),
    "sse": (scored(lambda p, y: (y - p).square().sum(0)), "this is the sum of squared errors"),
    "rmse": (scored(lambda p, y: (y - p).square().mean(0).sqrt()), "the root of the mean squared error"),
    "explained variance": (scored(lambda p, y: 1 - (y - p).var(0) / y.var(0)), "a wrong shift is forgiven"),
    "variance ratio": (scored(lambda p, y: p.var(0) / y.var(0)), "the variance of the predictions over"),
    "adjusted": (adjusted, "the adjusted R"),
    "cut off": (scored(lambda p, y: r2(p, y).clamp(0, 1)), "do not cut it off at 0"),
    "percent": (scored(lambda p, y: 100 * r2(p, y)), "in percent"),
    "centered each": (told(centered_each), "the test set is centered by its own mean"),
    "standardized each": (told(standardized_each), "standardized by its own|centered by its own"),
    "test mean": (test_mean, "the test set's mean: sum"),
    "ridge": (told(ridge(1.0)), "are shrunk"),
    "small ridge": (told(ridge(0.1)), "are shrunk"),
    "ones of the training set": (ones_of_the_training_set, "one column of ones"),
    "ones forgotten": (ones_forgotten, "a column of ones to z_test too"),
    "mixed sets": (mixed_sets, "different sizes"),
    "intercept after": (told(intercept_after), "fit both together"),
    "standardized targets": (standardized_targets, "leave both y as they are"),
    "latent and state swapped": (lambda z, y, z_new, y_new: right(y, z, y_new, z_new), "z and y have changed places"),
    "no solution": (lambda z, y, z_new, y_new: z_new @ torch.linalg.lstsq(z, y), "take its .solution"),
    "in place": (in_place, "a changed `z_train`"),
    "targets in place": (targets_in_place, "a changed `y_test`"),
    "three targets": (three_targets, "is hard-coded"),
    "squeezed": (squeezed, "also when D is 1"),
    "numpy": (lambda *data: right(*data).numpy(), "return one torch.Tensor"),
    "list": (lambda *data: right(*data).tolist(), "return one torch.Tensor"),
}


@pytest.mark.parametrize("name", WRONG_SCORES)
def test_probe_r2_names_the_mistake(name: str) -> None:
    wrong, message = WRONG_SCORES[name]
    with pytest.raises(CheckFailed, match=message):
        check.probe_r2(wrong)


def by_centering(z, y, z_new, y_new):
    slopes = torch.linalg.pinv(z - z.mean(0)) @ (y - y.mean(0))
    said = (z_new - z.mean(0)) @ slopes + y.mean(0)
    return 1 - torch.mean((said - y_new) ** 2, dim=0) / torch.var(y_new, dim=0, unbiased=False)


def by_normal_equations(z, y, z_new, y_new):
    design = torch.column_stack([torch.ones(len(z)), z])
    weights = torch.inverse(design.T @ design) @ design.T @ y
    return r2(weights[0] + z_new @ weights[1:], y_new)


def by_numpy(z, y, z_new, y_new):
    design = np.c_[z.numpy(), np.ones(len(z))]
    weights = np.linalg.lstsq(design, y.numpy(), rcond=None)[0]
    said = np.c_[z_new.numpy(), np.ones(len(z_new))] @ weights
    sse, y_new = ((said - y_new.numpy()) ** 2).sum(0), y_new.numpy()
    return torch.tensor(1 - sse / ((y_new - y_new.mean(0)) ** 2).sum(0))


def target_by_target(z, y, z_new, y_new):
    scores = []
    for d in range(y.shape[1]):
        said = predicted(z, y[:, d : d + 1], z_new)[:, 0]
        scores.append(1 - ((y_new[:, d] - said) ** 2).sum() / ((y_new[:, d] - y_new[:, d].mean()) ** 2).sum())
    return torch.stack(scores)


def by_qr(z, y, z_new, y_new):
    q, r = torch.linalg.qr(with_ones(z).double())
    weights = torch.linalg.solve_triangular(r, q.T @ y.double(), upper=True)
    return r2(with_ones(z_new).double() @ weights, y_new.double())


def by_standardizing(z, y, z_new, y_new):
    mean, std = z.mean(0), z.std(0)
    return right((z - mean) / std, y, (z_new - mean) / std, y_new)


def by_descent(z, y, z_new, y_new):
    probe = torch.nn.Linear(z.shape[1], y.shape[1])
    optimizer = torch.optim.LBFGS(probe.parameters(), max_iter=200, line_search_fn="strong_wolfe", tolerance_grad=1e-9)

    def closure():
        optimizer.zero_grad()
        loss = (probe(z) - y).square().mean()
        loss.backward()
        return loss

    for _ in range(5):
        optimizer.step(closure)
    return r2(probe(z_new), y_new)


def of_unbiased_variances(z, y, z_new, y_new):
    error, n = (y_new - predicted(z, y, z_new)).square().sum(0), len(y_new)
    return (y_new.var(0) - error / (n - 1)) / y_new.var(0)


@pytest.mark.parametrize(
    "answer",
    [
        right,
        by_centering,
        by_normal_equations,
        by_numpy,
        target_by_target,
        by_qr,
        by_standardizing,
        by_descent,
        of_unbiased_variances,
    ],
)
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.probe_r2(answer)
