"""Exercise 3.4: how far can it see?"""

import torch
from torch import Tensor

from wmcourse.chapters.compounding_error.exercises.forecasts import forecasts, normalized
from wmcourse.exercises import Exercise

Scores = tuple[Tensor, int]
FLAGS = ".mean() needs numbers, not flags: .float() first"


def by_counting(predicted: Tensor, target: Tensor, variance: Tensor, threshold: float, share: float) -> Scores:
    """In float64; rollouts are struck off one after the other, until too few are left."""
    errors = torch.zeros(predicted.shape[:2], dtype=torch.float64)
    for d, size in enumerate(variance.tolist()):
        errors += (predicted[..., d].double() - target[..., d]) ** 2 / size / len(variance)
    valid, steps = set(range(len(errors))), 0
    for at_step in errors.T.tolist():
        valid = {r for r in valid if at_step[r] < threshold}
        if len(valid) / len(errors) < share:
            break
        steps += 1
    return (errors.sum(0) / len(errors)).to(predicted.dtype), steps


nmse_and_vpt = Exercise(
    "3.4",
    by_counting,
    forecasts,
    returns=("nMSE", "VPT"),
    learns=(),
    unseen=False,
    advice={"not infer output dtype": FLAGS, "only infer dtype": FLAGS},
)
mistake = nmse_and_vpt.mistake


def scores(errors: Tensor, threshold: float, share: float) -> Scores:
    """Right, once the errors (R, H) are."""
    valid = (errors < threshold).double().cumprod(1).mean(0)
    return errors.mean(0), int((valid >= share).sum())


@mistake("the variance is missing: divide each squared error by that of its dimension")
def _not_normalized(predicted: Tensor, target: Tensor, variance: Tensor, **limits: float) -> Scores:
    return scores((predicted - target).square().mean(-1), **limits)


@mistake("the squared error is divided by the standard deviation: divide by the variance")
def _deviation(variance: Tensor, threshold: float, share: float, **told: Tensor) -> Scores:
    return scores(normalized(**told, variance=variance.sqrt()), threshold, share)


@mistake("summed over the dimensions: take the mean over D")
def _summed(threshold: float, share: float, **forecast: Tensor) -> Scores:
    return scores(normalized(**forecast) * len(forecast["variance"]), threshold, share)


@mistake("this is the root of nMSE: it stays squared")
def _root(threshold: float, share: float, **forecast: Tensor) -> Scores:
    nmse, vpt = scores(normalized(**forecast), threshold, share)
    return nmse.sqrt(), vpt


@mistake("a rollout that comes back below the threshold does not count again: it must be valid at *every* step so far")
def _comes_back(threshold: float, share: float, **forecast: Tensor) -> Scores:
    errors = normalized(**forecast)
    return errors.mean(0), int(((errors < threshold).double().mean(0) >= share).sum())


@mistake("nMSE is compared with the threshold: each rollout is valid or not by itself, count those")
def _mean_error(threshold: float, share: float, **forecast: Tensor) -> Scores:
    nmse = normalized(**forecast).mean(0)
    return nmse, int((nmse < threshold).long().cumprod(0).sum())


@mistake("an error at the threshold is not below it: <, not <=")
def _at_the_threshold(threshold: float, share: float, **forecast: Tensor) -> Scores:
    return scores(normalized(**forecast), threshold * (1 + 1e-6), share)


@mistake("at least `share` of the rollouts have to be valid: >=, not >")
def _more_than(threshold: float, share: float, **forecast: Tensor) -> Scores:
    return scores(normalized(**forecast), threshold, share + 1e-9)


@mistake("NaN counts as valid: it is not below the threshold, so ask `errors < threshold`")
def _nan_is_valid(threshold: float, share: float, **forecast: Tensor) -> Scores:
    errors = normalized(**forecast)
    return errors.mean(0), scores(errors.nan_to_num(-1.0), threshold, share)[1]


@mistake("never too few should give H, not 0: a search for the first failure finds none there")
def _argmax(threshold: float, share: float, **forecast: Tensor) -> Scores:
    nmse, vpt = scores(normalized(**forecast), threshold, share)
    return nmse, vpt % len(nmse)
