"""The checker of exercise 8.5: the Kalman filter in one dimension."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from wmcourse.checks.check import CheckFailed, checker, describe, expect, expect_close, expect_tensor, expect_unchanged

Answer = Callable[..., Any]

_BATCH_OF_ONE = "a batch of one is still a batch: .squeeze() drops every axis of size 1, leave it out"


class Walk(NamedTuple):
    """One step of random walks that are pushed and seen through noise; the noises are variances."""

    mean: Tensor
    variance: Tensor
    push: Tensor
    observation: Tensor
    process_noise: float
    observation_noise: float


_TORCH = "the arguments hold a batch: compute with torch, not with Python's floats"
_ADVICE = {
    "math domain error": "the noises are variances already, and the tensors hold a batch: use torch",
    "only one element tensors": _TORCH,
    "elements cannot be converted to Scalar": _TORCH,
    "Boolean value of Tensor": "the arguments hold a batch: no `if` is needed",
}


@checker("8.5", _ADVICE)
def kalman_step(answer: Answer) -> None:
    """Oracles: precisions add up (Bayes' rule for Gaussians), and least squares over four steps at once."""
    hard_coded = "the first example was right: a number is hard-coded"
    for process, noise, hint in ((0.3, 0.8, ""), (1.5, 0.2, hard_coded)):
        walk = _walk(3, process, noise, seed=int(10 * process))
        got = _stepped(answer, walk)
        right, wrong = _posterior(walk), _wrong_steps(walk)
        for name in ("gain", "variance", "mean"):  # in the order in which they are worked out
            mistakes = {hint: got[name]} if hint else wrong[name]
            expect_close(got[name], right[name], f"{name} for noises {process} and {noise}", mistakes)
    single = _walk(1, 0.0, 0.5, seed=6)  # a world that is never shaken
    for name, value in _stepped(answer, single).items():
        expect_close(value, _posterior(single)[name], f"{name} for a batch of one")
    _expect_chain(answer)


def _walk(batch: int, process_noise: float, observation_noise: float, seed: int) -> Walk:
    generator = torch.Generator().manual_seed(seed)
    mean, push, observation = (torch.randn(batch, generator=generator) for _ in range(3))
    variance = 0.2 + torch.rand(batch, generator=generator)
    return Walk(mean, variance, push, 3 * observation, process_noise, observation_noise)


def _stepped(answer: Answer, before: Walk) -> dict[str, Tensor]:
    given = before._replace(**{name: getattr(before, name).clone() for name in Walk._fields[:4]})
    result = answer(*given)
    wanted = "three things: mean, variance, gain"
    expect_unchanged(
        {name: getattr(given, name) for name in Walk._fields[:4]},
        {name: getattr(before, name) for name in Walk._fields[:4]},
    )
    expect(result is not None, wanted, "None", "the function has no return statement")
    if not isinstance(result, tuple) or len(result) != 3:
        got = f"a tuple of {len(result)}" if isinstance(result, tuple) else describe(result)
        raise CheckFailed(wanted, got, "end with `return mean, variance, gain`")
    batch = len(before.mean)
    shapes = {
        "each row has its own variance: one number for each row, no mean or sum over the batch": (),
        "each row has met every other: no new axes are needed": (batch, batch),
    }
    shapes = {_BATCH_OF_ONE: ()} if batch == 1 else shapes
    names = ("mean", "variance", "gain")
    for name, value in zip(names, result, strict=True):
        expect(value is not None, wanted, f"None for {name}", f"`{name}` is None: work it out, and return it")
    return {name: expect_tensor(value, (batch,), name, shapes) for name, value in zip(names, result, strict=True)}


def _posterior(walk: Walk) -> dict[str, Tensor]:
    """Bayes' rule: the precisions of two opinions add up, and each opinion counts by its precision."""
    predicted, look = 1 / (walk.variance + walk.process_noise), 1 / walk.observation_noise
    variance = 1 / (predicted + look)
    mean = variance * (predicted * (walk.mean + walk.push) + look * walk.observation)
    return {"mean": mean, "variance": variance, "gain": variance * look}


def _wrong_steps(walk: Walk) -> dict[str, dict[str, Tensor]]:
    """What the usual mistakes lead to."""
    mean, variance, push, observation, process, noise = walk
    right = _posterior(walk)
    predicted, expected, gain = variance + process, mean + push, right["gain"]

    def share(predicted: Tensor, noise: float) -> Tensor:
        return predicted / (predicted + noise)

    order = "the order is mean, variance, gain"
    squared = "the noises are variances already: do not square them"
    rooted = "the noises are variances, and so they add up: take no roots of them"
    r_variance = "the observation noise R is a variance already"
    q_variance = "the process noise Q is a variance already"
    p_variance = "the belief's P is a variance already"
    return {
        "gain": {
            "the process noise is missing: the step makes the belief less sure before the look": share(variance, noise),
            "the process noise counts below the fraction line only": variance / (predicted + noise),
            "the process noise counts above the fraction line only": predicted / (variance + noise),
            "this is 1 - gain: the gain is the share of the innovation that is believed": 1 - gain,
            "the noises are swapped: the process noise adds to the variance": share(variance + noise, process),
            "this is a ratio: the gain is the predicted variance's share of the sum": predicted / noise,
            "this is a ratio, upside down: the gain is the predicted variance's share of the sum": noise / predicted,
            squared: share(variance + process**2, noise**2),
            rooted: share(variance + process**0.5, noise**0.5),
            f"{r_variance}: take no root of it": share(predicted, noise**0.5),
            f"{r_variance}: do not square it": share(predicted, noise**2),
            f"{q_variance}: take no root of it": share(variance + process**0.5, noise),
            f"{q_variance}: do not square it": share(variance + process**2, noise),
            f"{p_variance}: take no root of it": share(variance.sqrt() + process, noise),
            f"{p_variance}: do not square it": share(variance.square() + process, noise),
            "all three are variances already: square none of them": share(variance.square() + process**2, noise**2),
            "all three are variances already: take roots of none of them": share(
                variance.sqrt() + process**0.5, noise**0.5
            ),
            "the predicted variance is a variance already: square neither it nor R": share(
                predicted.square(), noise**2
            ),
            "standard deviations instead of variances: no roots are needed": predicted.sqrt()
            / (predicted.sqrt() + noise**0.5),
            "this is the root of the gain": gain.sqrt(),
            "this gain was made with the variance after the look": share(right["variance"], noise),
            f"this is the mean: {order}": right["mean"],
            f"this is the variance: {order}": right["variance"],
        },
        "variance": {
            "this is the predicted variance: a look makes the belief surer, times (1 - gain)": predicted,
            "the process noise is missing: (1 - gain) times the predicted variance": (1 - gain) * variance,
            "this is gain times the predicted variance: 1 - gain is what is left": gain * predicted,
            "(1 - gain) counts twice: it multiplies the predicted variance once": (1 - gain).square() * predicted,
            "the process noise comes after the look: it belongs to the step, before the look": (1 - gain) * variance
            + process,
            "gain times the observation noise is added: (1 - gain) times the predicted variance is all": (
                (1 - gain) * predicted + gain * noise
            ),
            "a look makes the belief surer, not less sure": (1 + gain) * predicted,
            "this is a standard deviation: return the variance": right["variance"].sqrt(),
            "the gain is taken off, it is a share: multiply by (1 - gain)": predicted - gain,
            "this is the variance that was given": variance,
            f"this is the mean: {order}": right["mean"],
        },
        "mean": {
            "the push is missing: the expectation is mean + push": mean + gain * (observation - mean),
            "the push is not in the innovation: it is observation - (mean + push)": expected
            + gain * (observation - mean),
            "the push is in the innovation only: the correction is added to mean + push": mean
            + gain * (observation - expected),
            "the push comes after the look: the step is first": mean + gain * (observation - mean) + push,
            "the push has the wrong sign: mean + push": mean - push + gain * (observation - mean + push),
            "the correction has the wrong sign: gain * (observation - expectation)": expected
            - gain * (observation - expected),
            "this is the expectation before the look: add gain * (observation - expectation)": expected,
            "this is the correction alone: add it to the expectation": gain * (observation - expected),
            "the expectation keeps its full weight: add gain * (observation - expectation)": expected
            + gain * observation,
            "the shares are swapped: the observation's is the gain": gain * expected + (1 - gain) * observation,
            "the gain is missing: believe a share of the innovation": observation,
            "expectation and observation count alike: the gain says how much": (expected + observation) / 2,
        },
    }


def _expect_chain(answer: Answer) -> None:
    """Four steps, one after the other, against the least squares over the whole path at once."""
    generator = torch.Generator().manual_seed(9)
    mean, variance = torch.tensor([0.5, -1.0]), torch.tensor([2.0, 0.1])
    pushes, looks = torch.randn(4, 2, generator=generator), torch.randn(4, 2, generator=generator)
    process, noise = 0.6, 1.4
    expected = [
        _last_of_path(float(m), float(v), p, o, process, noise)
        for m, v, p, o in zip(mean, variance, pushes.T, looks.T, strict=True)
    ]
    for push, look in zip(pushes, looks, strict=True):
        mean, variance = list(_stepped(answer, Walk(mean, variance, push, look, process, noise)).values())[:2]
    memory = "each step alone was right: a step may remember nothing but its arguments"
    got = torch.stack([mean, variance], -1)
    expect_close(got, torch.tensor(expected), "(mean, variance) after four steps", {memory: got})


def _last_of_path(
    mean: float, variance: float, pushes: Tensor, looks: Tensor, process: float, noise: float
) -> tuple[float, float]:
    """Mean and variance of the last of x_0 ... x_4, given everything: the normal equations of the whole path."""
    steps = len(pushes)
    precision, weighted = torch.zeros(steps + 1, steps + 1), torch.zeros(steps + 1)
    precision[0, 0], weighted[0] = 1 / variance, mean / variance
    for t in range(steps):
        move = torch.zeros(steps + 1)
        move[t], move[t + 1] = -1.0, 1.0
        precision += torch.outer(move, move) / process
        weighted += move * pushes[t] / process
        precision[t + 1, t + 1] += 1 / noise
        weighted[t + 1] += looks[t] / noise
    covariance = torch.linalg.inv(precision.double())
    return float((covariance @ weighted.double())[-1]), float(covariance[-1, -1])
