"""The latents of the Dreamer family: how each is sampled, and the KL between two of them."""

import math
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor

from wmcourse.nets.noise import normal, uniform

Temperature = float | Float[Tensor, ""]
"""What the spread of a draw is multiplied by, 0 for no draw; a tensor, to make a graph that takes any temperature."""


@runtime_checkable
class Latent(Protocol):
    """A family of distributions over latent vectors, each given by one vector of parameters."""

    parameter_dim: int
    sample_dim: int

    def sample(self, parameters: Tensor, temperature: Temperature = 1.0, generator: Generator | None = None) -> Tensor:
        """A differentiable sample; temperature 0 gives the mean or mode."""
        ...

    def kl(self, left: Tensor, right: Tensor) -> Tensor:
        """KL(left || right) in nats, summed over the latent."""
        ...


class GaussianLatent:
    """Diagonal Gaussian (PlaNet, Dreamer v1). Parameters: mean and the pre-activation of the standard deviation."""

    def __init__(self, dim: int, min_std: float = 0.1) -> None:
        self.parameter_dim = 2 * dim
        self.sample_dim = dim
        self.min_std = min_std

    def mean_std(self, parameters: Float[Tensor, "*batch parameter"]) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation, the latter at least `min_std`."""
        mean, raw = parameters.chunk(2, dim=-1)
        return mean, F.softplus(raw) + self.min_std

    def sample(
        self,
        parameters: Float[Tensor, "*batch parameter"],
        temperature: Temperature = 1.0,
        generator: Generator | None = None,
    ) -> Float[Tensor, "*batch latent"]:
        """Reparameterized sample with the standard deviation multiplied by `temperature`."""
        mean, std = self.mean_std(parameters)
        if is_greedy(temperature):
            return mean
        return mean + temperature * std * normal(mean, generator)

    def kl(
        self, left: Float[Tensor, "*batch parameter"], right: Float[Tensor, "*batch parameter"]
    ) -> Float[Tensor, "*batch"]:
        """Closed form (Kingma & Welling 2014, appendix B, for two general diagonal Gaussians)."""
        (mean_l, std_l), (mean_r, std_r) = self.mean_std(left), self.mean_std(right)
        ratio = (std_l / std_r).square()
        shift = ((mean_l - mean_r) / std_r).square()
        return 0.5 * (ratio + shift - 1.0 - ratio.log()).sum(-1)


class CategoricalLatent:
    """Groups of one-hot vectors (Dreamer v2), each mixed with 1% uniform (v3). Parameters: logits."""

    def __init__(self, groups: int, classes: int, unimix: float = 0.01) -> None:
        self.groups, self.classes, self.unimix = groups, classes, unimix
        self.parameter_dim = self.sample_dim = groups * classes

    def log_probs(self, parameters: Float[Tensor, "*batch parameter"]) -> Float[Tensor, "*batch group class"]:
        """Normalized log-probabilities after mixing `unimix` of the uniform distribution in."""
        logits = parameters.unflatten(-1, (self.groups, self.classes))
        if self.unimix == 0.0:
            return logits.log_softmax(-1)
        return torch.log((1 - self.unimix) * logits.softmax(-1) + self.unimix / self.classes)

    def sample(
        self,
        parameters: Float[Tensor, "*batch parameter"],
        temperature: Temperature = 1.0,
        generator: Generator | None = None,
    ) -> Float[Tensor, "*batch latent"]:
        """Straight-through one-hot sample of the tempered distribution; temperature 0 takes the likeliest class."""
        log_probs = self.log_probs(parameters)
        if isinstance(temperature, Tensor):
            return gumbel_max(log_probs, temperature, generator).flatten(-2)
        if temperature not in (0.0, 1.0):
            log_probs = (log_probs / temperature).log_softmax(-1)
        return straight_through(log_probs, greedy=temperature == 0.0, generator=generator).flatten(-2)

    def kl(
        self, left: Float[Tensor, "*batch parameter"], right: Float[Tensor, "*batch parameter"]
    ) -> Float[Tensor, "*batch"]:
        """Sum over groups of the sum over classes of p (log p - log q)."""
        log_l, log_r = self.log_probs(left), self.log_probs(right)
        return (log_l.exp() * (log_l - log_r)).sum((-1, -2))


class DeterministicLatent:
    """No stochastic path: the latent *is* its parameters, at any temperature."""

    def __init__(self, dim: int) -> None:
        self.parameter_dim = self.sample_dim = dim

    def sample(
        self,
        parameters: Float[Tensor, "*batch parameter"],
        temperature: Temperature = 1.0,
        generator: Generator | None = None,
    ) -> Float[Tensor, "*batch latent"]:
        """The parameters as they are."""
        return parameters

    def kl(
        self, left: Float[Tensor, "*batch parameter"], right: Float[Tensor, "*batch parameter"]
    ) -> Float[Tensor, "*batch"]:
        """Half the squared distance: the KL between Gaussians of unit variance with these means."""
        return 0.5 * (left - right).square().sum(-1)


def straight_through(
    log_probs: Float[Tensor, "*batch class"], *, greedy: bool = False, generator: Generator | None = None
) -> Float[Tensor, "*batch class"]:
    """One-hot sample in the forward pass, the gradient of the probabilities in the backward pass (Bengio et al. 2013).

    Sampling is by the Gumbel-max trick. Greedy takes the mode instead, with the same gradient.
    """
    one_hot = gumbel_max(log_probs, 0.0 if greedy else 1.0, generator)
    probs = log_probs.exp()
    return one_hot + (probs - probs.detach())


def gumbel_max(
    log_probs: Float[Tensor, "*batch class"], temperature: Temperature, generator: Generator | None = None
) -> Float[Tensor, "*batch class"]:
    """One-hot sample of the tempered distribution: the largest of log p + temperature times Gumbel noise.

    That is the largest of log p / temperature + noise, and at 0 the mode. No gradient flows.
    """
    scores = log_probs
    if not is_greedy(temperature):
        chance = uniform(log_probs, generator).clamp_(1e-9, 1 - 1e-7)
        scores = log_probs - temperature * torch.log(-torch.log(chance))
    return F.one_hot(scores.argmax(-1), log_probs.shape[-1]).to(log_probs.dtype)


def is_greedy(temperature: Temperature) -> bool:
    """Is it the number 0, so that nothing need be drawn? Of a tensor nobody knows."""
    return not isinstance(temperature, Tensor) and temperature == 0.0


def normal_entropy(std: Float[Tensor, "*batch action"]) -> Float[Tensor, "*batch"]:
    """Entropy in nats of a diagonal Gaussian."""
    return (0.5 + 0.5 * math.log(2 * math.pi) + std.log()).sum(-1)
