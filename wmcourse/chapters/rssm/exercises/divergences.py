"""The KLs of exercise 8.3, and the beliefs that they tell apart."""

from collections.abc import Iterator

from torch import Tensor

from wmcourse.exercises import Draw
from wmcourse.exercises.draw import Case


def categorical_kl(left: Tensor, right: Tensor) -> Tensor:
    """Of distributions given by logits (B, T, P)."""
    return (left.softmax(-1) * (left.log_softmax(-1) - right.log_softmax(-1))).sum(-1)


def gaussian_kl(left: Tensor, right: Tensor) -> Tensor:
    """Of Gaussians given by their means and log σ, side by side."""
    (mean_l, log_l), (mean_r, log_r) = left.chunk(2, -1), right.chunk(2, -1)
    squares = (2 * log_l).exp() + (mean_l - mean_r).square()
    return (log_r - log_l + 0.5 * squares * (-2 * log_r).exp() - 0.5).sum(-1)


def beliefs(draw: Draw) -> Iterator[Case]:
    """KLs from 0.002 to more than 20, above the free nats and below them; a single step; shares of 0 and 1."""
    for kl, shape, apart, balance, share in (
        (categorical_kl, (2, 3, 2), 1.5, 0.8, 0.0),
        (categorical_kl, (2, 3, 4), 1.5, 0.8, 0.6),
        (categorical_kl, (3, 2, 5), 1.5, 0.8, 1.7),
        (gaussian_kl, (4, 3, 6), 1.0, 0.3, 0.9),
        (gaussian_kl, (1, 5, 2), 0.1, 0.6, 0.0),
        (categorical_kl, (5, 1, 3), 200.0, 0.7, 0.1),
        (categorical_kl, (1, 1, 4), 1.5, 0.0, 0.0),
        (gaussian_kl, (3, 4, 2), 1.0, 1.0, 0.7),
        (gaussian_kl, (2, 6, 4), 1.0, 0.9, 3.0),
        (gaussian_kl, (2, 3, 4), 1.0, 0.6, 30.0),
    ):
        prior = draw.normal(*shape, scale=max(apart, 1.0))
        posterior = prior + apart * draw.uniform(*shape[:2], 1, high=2.0) * draw.normal(*shape)
        free_nats = share * float(kl(posterior, prior).mean())
        yield {"kl": kl, "posterior": posterior, "prior": prior, "balance": balance, "free_nats": free_nats}
