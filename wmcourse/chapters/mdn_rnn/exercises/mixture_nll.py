"""Exercise 5.2: how surprised a mixture is."""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, Normal

from wmcourse.exercises import Draw, Exercise
from wmcourse.exercises.draw import Case


def mixtures(draw: Draw) -> Iterator[Case]:
    """One Gaussian and many; targets in the middle and up to a million σ away; logits and σ of all sizes."""
    for (batch, latent, mix), weight, shift, wide, far in (
        ((2, 3, 4), 1.0, 0.0, 0.5, 1.0),
        ((3, 2, 5), 2.0, 3.0, 1.0, 1.0),
        ((1, 4, 2), 1.0, -2.0, 0.5, 3.0),
        ((4, 1, 3), 0.5, 0.0, 0.3, 2.0),
        ((1, 1, 1), 1.0, 1.0, 0.5, 1.0),
        ((5, 3, 1), 3.0, 0.0, 1.0, 1.0),
        ((2, 5, 3), 1.0, 0.0, 0.5, 1e3),
        ((3, 4, 6), 100.0, 2000.0, 5.0, 1.0),
        ((4, 6, 2), 1.0, -3000.0, 1.0, 30.0),
    ):
        yield {
            "logits": draw.normal(batch, latent, mix, scale=weight, mean=shift),
            "mu": draw.normal(batch, latent, mix, scale=2.0),
            "log_sigma": draw.normal(batch, latent, mix, scale=wide, mean=-0.7),
            "target": draw.normal(batch, latent, scale=2.0 * far),
        }


def by_distributions(logits: Tensor, mu: Tensor, log_sigma: Tensor, target: Tensor) -> Tensor:
    """As PyTorch has it, in float64."""
    each = Normal(mu.double(), log_sigma.double().exp())
    mixture = MixtureSameFamily(Categorical(logits=logits.double()), each)
    return -mixture.log_prob(target.double()).sum(-1).to(target.dtype)


mixture_nll = Exercise(
    "5.2",
    by_distributions,
    mixtures,
    advice={
        "must match the size of tensor": "each target meets K Gaussians: target[..., None] or target.unsqueeze(-1)",
        "satisfy the constraint": "log_sigma is the log of σ: σ = exp(log_sigma)",
    },
)


def of_logs(wrong: Callable[[Tensor, Tensor], Tensor], **other: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """`wrong` makes the NLL of the log-weights and the log-densities (B, Z, K); `other` changes arguments before."""

    def nll(logits: Tensor, mu: Tensor, log_sigma: Tensor, target: Tensor) -> Tensor:
        sigma = other.get("sigma", torch.exp)(log_sigma)
        density = Normal(mu, sigma, validate_args=False).log_prob(target[..., None])
        return wrong(other.get("weights", partial(torch.log_softmax, dim=-1))(logits), density)

    return nll


def mixed(weights: Tensor, density: Tensor) -> Tensor:
    """Surprise of each dimension, (B, Z)."""
    return -torch.logsumexp(weights + density, -1)


mistake = mixture_nll.mistake
for words, wrong in {
    "far away every exp() is 0, and its logarithm infinite: stay with logarithms, torch.logsumexp": of_logs(
        lambda w, d: -torch.log((w.exp() * d.exp()).sum(-1)).sum(-1)
    ),
    "each dimension has a mixture of its own: logsumexp over K first, then the sum over Z": of_logs(
        lambda w, d: -torch.logsumexp((w + d).sum(1), -1)
    ),
    "the surprises are averaged: the *densities* are, in the logarithm": of_logs(
        lambda w, d: -(w.exp() * d).sum(-1).sum(-1)
    ),
    "only the likeliest Gaussian counts: the densities of all are added": of_logs(
        lambda w, d: -(w + d).amax(-1).sum(-1)
    ),
    "the sign: a surprise is *minus* the logarithm": of_logs(lambda w, d: -mixed(w, d).sum(-1)),
    "½ log 2π is missing in each Gaussian": of_logs(
        lambda w, d: mixed(w, d + 0.5 * torch.tensor(6.2831853).log()).sum(-1)
    ),
    "this is the mean over the latent: nats add up, .sum(-1)": of_logs(lambda w, d: mixed(w, d).mean(-1)),
    "one number for each dimension: sum over Z": of_logs(mixed),
    "this is the mean over the batch: one number for each row": of_logs(lambda w, d: mixed(w, d).sum(-1).mean()),
    "the weights do not add up to 1: log_softmax(logits, dim=-1)": of_logs(
        lambda w, d: mixed(w, d).sum(-1), weights=lambda logits: logits
    ),
    "the weights are added to logarithms: take theirs too, log_softmax": of_logs(
        lambda w, d: mixed(w.exp(), d).sum(-1)
    ),
    "log_sigma is the log of σ, not of σ²: no ½ in its exponent": of_logs(
        lambda w, d: mixed(w, d).sum(-1), sigma=lambda log_sigma: torch.exp(0.5 * log_sigma)
    ),
}.items():
    mistake(words)(wrong)
