"""Exercise 8.5: plausible mistakes are named, and right answers written differently pass."""

from typing import Any

import pytest
import torch

from wmcourse.checks import rssm as check
from wmcourse.checks.check import CheckFailed


def right(mean, variance, push, observation, process_noise, observation_noise):
    expected, predicted = mean + push, variance + process_noise
    gain = predicted / (predicted + observation_noise)
    return expected + gain * (observation - expected), (1 - gain) * predicted, gain


def with_gain(wrong):
    """Everything follows from a gain `wrong(variance, predicted, Q, R)`."""

    def answer(mean, variance, push, observation, process_noise, observation_noise):
        expected, predicted = mean + push, variance + process_noise
        gain = wrong(variance, predicted, process_noise, observation_noise)
        return expected + gain * (observation - expected), (1 - gain) * predicted, gain

    return answer


def with_variance(wrong):
    """All right but the variance, `wrong(variance, predicted, gain, Q, R)`."""

    def answer(mean, variance, push, observation, process_noise, observation_noise):
        mean, _, gain = right(mean, variance, push, observation, process_noise, observation_noise)
        return mean, wrong(variance, variance + process_noise, gain, process_noise, observation_noise), gain

    return answer


def with_mean(wrong):
    """All right but the mean, `wrong(mean, push, observation, gain)`."""

    def answer(mean, variance, push, observation, process_noise, observation_noise):
        _, after, gain = right(mean, variance, push, observation, process_noise, observation_noise)
        return wrong(mean, push, observation, gain), after, gain

    return answer


def look_first(mean, variance, push, observation, process_noise, observation_noise):
    gain = variance / (variance + observation_noise)
    return mean + gain * (observation - mean) + push, (1 - gain) * variance + process_noise, gain


def gain_after_the_look(mean, variance, push, observation, process_noise, observation_noise):
    mean, after, _ = right(mean, variance, push, observation, process_noise, observation_noise)
    return mean, after, after / (after + observation_noise)


def gain_first(*walk):
    mean, variance, gain = right(*walk)
    return gain, mean, variance


def variance_first(*walk):
    mean, variance, gain = right(*walk)
    return variance, mean, gain


def without_gain(*walk):
    return right(*walk)[:2]


def as_list(*walk):
    return list(right(*walk))


def in_place(mean, variance, push, *rest):
    result = right(mean, variance, push, *rest)
    mean.add_(push)
    return result


def variance_in_place(mean, variance, push, observation, process_noise, observation_noise):
    variance += process_noise
    return right(mean, variance, push, observation, 0.0, observation_noise)


def own_noise(mean, variance, push, observation, process_noise, observation_noise):
    return right(mean, variance, push, observation, process_noise, 0.8)


def own_process_noise(mean, variance, push, observation, process_noise, observation_noise):
    return right(mean, variance, push, observation, 0.3, observation_noise)


def mean_variance(mean, variance, *rest):
    return tuple(part if place == 0 else part.mean() for place, part in enumerate(right(mean, variance, *rest)))


def every_pair(mean, variance, push, observation, *noises):
    return right(mean[:, None], variance, push, observation, *noises)


def floats(mean, variance, push, observation, process_noise, observation_noise):
    gain = (float(variance) + process_noise) / (float(variance) + process_noise + observation_noise)
    return mean, variance, torch.tensor(gain)


def squeezes(*walk):
    return tuple(part.squeeze() for part in right(*walk))


def integers(*walk):
    return tuple(part.round().long() for part in right(*walk))


def remembers():
    calls = []

    def answer(mean, variance, push, observation, process_noise, observation_noise):
        calls.append(mean)
        extra = 0.1 if process_noise == 0.6 and len(calls) > 5 else 0.0
        return right(mean + extra, variance, push, observation, process_noise, observation_noise)

    return answer


WRONG_STEPS = {
    "no process noise": (with_gain(lambda P, M, Q, R: P / (P + R)), "the process noise is missing"),
    "noise below": (with_gain(lambda P, M, Q, R: P / (M + R)), "below the fraction line only"),
    "noise above": (with_gain(lambda P, M, Q, R: M / (P + R)), "above the fraction line only"),
    "one minus": (with_gain(lambda P, M, Q, R: R / (M + R)), "this is 1 - gain"),
    "noises swapped": (with_gain(lambda P, M, Q, R: (P + R) / (P + R + Q)), "the noises are swapped"),
    "ratio": (with_gain(lambda P, M, Q, R: M / R), "share of the sum"),
    "ratio upside down": (with_gain(lambda P, M, Q, R: R / M), "upside down"),
    "squared noises": (with_gain(lambda P, M, Q, R: (P + Q**2) / (P + Q**2 + R**2)), "do not square them"),
    "root of R": (with_gain(lambda P, M, Q, R: M / (M + R**0.5)), "R is a variance already: take no root"),
    "R squared": (with_gain(lambda P, M, Q, R: M / (M + R**2)), "R is a variance already: do not square"),
    "root of Q": (
        with_gain(lambda P, M, Q, R: (P + Q**0.5) / (P + Q**0.5 + R)),
        "Q is a variance already: take no root",
    ),
    "Q squared": (with_gain(lambda P, M, Q, R: (P + Q**2) / (P + Q**2 + R)), "Q is a variance already: do not square"),
    "root of P": (
        with_gain(lambda P, M, Q, R: (P.sqrt() + Q) / (P.sqrt() + Q + R)),
        "P is a variance already: take no root",
    ),
    "P squared": (with_gain(lambda P, M, Q, R: (P**2 + Q) / (P**2 + Q + R)), "P is a variance already: do not square"),
    "roots of Q and R": (
        with_gain(lambda P, M, Q, R: (P + Q**0.5) / (P + Q**0.5 + R**0.5)),
        "take no roots of them",
    ),
    "all squared": (with_gain(lambda P, M, Q, R: (P**2 + Q**2) / (P**2 + Q**2 + R**2)), "square none of them"),
    "all roots": (
        with_gain(lambda P, M, Q, R: (P**0.5 + Q**0.5) / (P**0.5 + Q**0.5 + R**0.5)),
        "take roots of none of them",
    ),
    "M and R squared": (with_gain(lambda P, M, Q, R: M**2 / (M**2 + R**2)), "square neither it nor R"),
    "None": (lambda *walk: (*right(*walk)[:2], None), "`gain` is None"),
    "roots": (with_gain(lambda P, M, Q, R: M**0.5 / (M**0.5 + R**0.5)), "no roots are needed"),
    "root of the gain": (with_gain(lambda P, M, Q, R: (M / (M + R)) ** 0.5), "root of the gain"),
    "look first": (look_first, "the process noise is missing"),
    "gain after the look": (gain_after_the_look, "the variance after the look"),
    "predicted variance": (with_variance(lambda P, M, K, Q, R: M), "this is the predicted variance"),
    "old variance": (with_variance(lambda P, M, K, Q, R: P), "the variance that was given"),
    "variance without noise": (with_variance(lambda P, M, K, Q, R: (1 - K) * P), "the process noise is missing"),
    "gain times": (with_variance(lambda P, M, K, Q, R: K * M), "1 - gain is what is left"),
    "twice": (with_variance(lambda P, M, K, Q, R: (1 - K) ** 2 * M), "counts twice"),
    "noise after": (with_variance(lambda P, M, K, Q, R: (1 - K) * P + Q), "comes after the look"),
    "noise added": (with_variance(lambda P, M, K, Q, R: (1 - K) * M + K * R), "observation noise is added"),
    "less sure": (with_variance(lambda P, M, K, Q, R: (1 + K) * M), "not less sure"),
    "std": (with_variance(lambda P, M, K, Q, R: ((1 - K) * M) ** 0.5), "this is a standard deviation"),
    "gain taken off": (with_variance(lambda P, M, K, Q, R: M - K), "it is a share"),
    "no push": (with_mean(lambda m, u, o, K: m + K * (o - m)), "the push is missing"),
    "push not in the innovation": (with_mean(lambda m, u, o, K: m + u + K * (o - m)), "not in the innovation"),
    "push in the innovation only": (with_mean(lambda m, u, o, K: m + K * (o - m - u)), "in the innovation only"),
    "push after": (with_mean(lambda m, u, o, K: m + K * (o - m) + u), "after the look|not in the innovation"),
    "push subtracted": (with_mean(lambda m, u, o, K: m - u + K * (o - m + u)), "push has the wrong sign"),
    "wrong sign": (with_mean(lambda m, u, o, K: m + u - K * (o - m - u)), "correction has the wrong sign"),
    "expectation": (with_mean(lambda m, u, o, K: m + u), "the expectation before the look"),
    "correction": (with_mean(lambda m, u, o, K: K * (o - m - u)), "the correction alone"),
    "full weight": (with_mean(lambda m, u, o, K: m + u + K * o), "keeps its full weight"),
    "shares swapped": (with_mean(lambda m, u, o, K: K * (m + u) + (1 - K) * o), "the shares are swapped"),
    "observation": (with_mean(lambda m, u, o, K: o), "believe a share of the innovation"),
    "half": (with_mean(lambda m, u, o, K: (m + u + o) / 2), "count alike"),
    "gain first": (gain_first, "the order is mean, variance, gain"),
    "variance first": (variance_first, "the order is mean, variance, gain"),
    "two": (without_gain, "a tuple of 2"),
    "list": (as_list, "end with `return mean, variance, gain`"),
    "in place": (in_place, "a changed `mean`"),
    "variance in place": (variance_in_place, "a changed `variance`"),
    "own noise": (own_noise, "hard-coded"),
    "own process noise": (own_process_noise, "hard-coded"),
    "mean of the batch": (mean_variance, "each row has its own variance"),
    "every pair": (every_pair, "each row has met every other"),
    "floats": (floats, "compute with torch"),
    "squeezes": (squeezes, "a batch of one is still a batch"),
    "integers": (integers, "expected: gain"),
    "remembers": (remembers(), "may remember nothing"),
}


@pytest.mark.parametrize("name", WRONG_STEPS)
def test_kalman_step_names_the_mistake(name: str) -> None:
    wrong, message = WRONG_STEPS[name]
    with pytest.raises(CheckFailed, match=message):
        check.kalman_step(wrong)


def by_precisions(mean, variance, push, observation, process_noise, observation_noise):
    before, look = 1 / (variance + process_noise), 1 / observation_noise
    after = before + look
    return (before * (mean + push) + look * observation) / after, 1 / after, look / after


def by_josephs_form(mean, variance, push, observation, process_noise, observation_noise):
    predicted = torch.add(variance, process_noise)
    gain = predicted.div(predicted + observation_noise)
    return torch.lerp(mean + push, observation, gain), (1 - gain) ** 2 * predicted + gain**2 * observation_noise, gain


def by_the_noise(mean, variance, push, observation, process_noise, observation_noise):
    gain = 1 - observation_noise / (variance + process_noise + observation_noise)
    return (1 - gain) * (mean + push) + gain * observation, gain * observation_noise, gain


@pytest.mark.parametrize("answer", [right, by_precisions, by_josephs_form, by_the_noise])
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.kalman_step(answer)
