"""Exercise 8.5: one step of the Kalman filter in one dimension."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from wmcourse.exercises import Draw, Exercise
from wmcourse.exercises.draw import Case


def walks(draw: Draw) -> Iterator[Case]:
    """Noises near 1, tiny, huge and none; gains from 0.0005 to 0.9995."""
    for batch, process_noise, observation_noise, least, most in (
        (3, 0.3, 0.8, 0.2, 1.2),
        (2, 1.5, 0.2, 0.2, 1.2),
        (1, 0.0, 0.5, 0.2, 1.2),
        (1, 0.6, 1.4, 0.1, 2.0),
        (7, 0.0, 1.0, 5e-4, 2e3),
        (5, 3e-7, 2e-6, 1e-7, 1e-5),
        (4, 3e-10, 2e-10, 1e-10, 1e-9),
        (6, 2e4, 5e3, 1e3, 1e5),
    ):
        variance = draw.magnitudes(batch, low=least, high=most)
        if batch > 4:  # the ends themselves, and one between them
            variance[:3] = torch.tensor([least, most, observation_noise])
        spread = (variance + process_noise + observation_noise).sqrt()
        yield {
            "mean": spread * draw.normal(batch),
            "variance": variance,
            "push": spread * draw.normal(batch),
            "observation": 3 * spread * draw.normal(batch),
            "process_noise": process_noise,
            "observation_noise": observation_noise,
        }


def by_bayes(
    mean: Tensor, variance: Tensor, push: Tensor, observation: Tensor, process_noise: float, observation_noise: float
) -> tuple[Tensor, ...]:
    """The precisions of two opinions add up, and each opinion counts by its precision; in float64."""
    before, look = 1 / (variance.double() + process_noise), 1 / observation_noise
    after = 1 / (before + look)
    expected = before * (mean.double() + push) + look * observation
    return (after * expected).float(), after.float(), (after * look).float()


kalman_step = Exercise(
    "8.5",
    by_bayes,
    walks,
    returns=("mean", "variance", "gain"),
    tolerance=3e-4,  # 1 - K has few digits where K is close to 1
    advice={"can be converted to Python scalars": "the arguments hold a batch: compute with torch, not with floats"},
)


def of_gain(wrong: Callable[..., tuple[Tensor, ...]]) -> Callable[..., tuple[Tensor, ...]]:
    """`wrong(m, P, u, o, Q, R, K)` makes the step of what is given and of a gain `K` that is right."""
    return lambda **walk: wrong(*walk.values(), by_bayes(**walk)[2])


def corrected(m: Tensor, P: Tensor, o: Tensor, K: Tensor) -> tuple[Tensor, ...]:
    """The second half of a step, with any gain."""
    return m + K * (o - m), (1 - K) * P, K


STEPS: dict[str, Callable[..., tuple[Tensor, ...]]] = {
    "the process noise is missing: the step makes the belief less sure, P + Q": (
        lambda m, P, u, o, Q, R, K: corrected(m + u, P, o, P / (P + R))
    ),
    "the gain is made with the variance before the step: take the predicted one, P + Q": (
        lambda m, P, u, o, Q, R, K: corrected(m + u, P + Q, o, P / (P + R))
    ),
    "this is 1 - K: the gain is the share of the innovation that is believed": (
        lambda m, P, u, o, Q, R, K: corrected(m + u, P + Q, o, R / (P + Q + R))
    ),
    "the noises are variances already: do not square them": (
        lambda m, P, u, o, Q, R, K: corrected(m + u, P + Q**2, o, (P + Q**2) / (P + Q**2 + R**2))
    ),
    "the push is missing: the expectation is mean + push": (lambda m, P, u, o, Q, R, K: corrected(m, P + Q, o, K)),
    "the look comes before the step: first move the belief and make it less sure, then correct it": (
        lambda m, P, u, o, Q, R, K: (m + P / (P + R) * (o - m) + u, R / (P + R) * P + Q, P / (P + R))
    ),
    "the push is not in the innovation: it is observation - (mean + push)": (
        lambda m, P, u, o, Q, R, K: (m + u + K * (o - m), (1 - K) * (P + Q), K)
    ),
    "the push is in the innovation only: the correction is added to mean + push": (
        lambda m, P, u, o, Q, R, K: (m + K * (o - m - u), (1 - K) * (P + Q), K)
    ),
    "this is K times the predicted variance: 1 - K is what is left": (
        lambda m, P, u, o, Q, R, K: (m + u + K * (o - m - u), K * (P + Q), K)
    ),
    "the variance is that before the step, times (1 - K): take the predicted one, P + Q": (
        lambda m, P, u, o, Q, R, K: (m + u + K * (o - m - u), (1 - K) * P, K)
    ),
    "the order is mean, variance, gain": lambda m, P, u, o, Q, R, K: ((K, m + u + K * (o - m - u), (1 - K) * (P + Q))),
}
for words, wrong in STEPS.items():
    kalman_step.mistake(words)(of_gain(wrong))
