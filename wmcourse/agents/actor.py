"""Actors: from the features of a belief to a distribution over actions."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor, nn

from wmcourse.nets.latents import normal_entropy, straight_through
from wmcourse.nets.mlp import mlp
from wmcourse.nets.noise import normal


class ActorStep(NamedTuple):
    """A chosen action, and what the actor's loss needs to know of it."""

    action: Float[Tensor, "batch action"]
    entropy: Float[Tensor, " batch"]
    """In nats."""
    log_prob: Float[Tensor, " batch"]
    """Of the action taken as given: no gradient flows into the action."""


class DiscreteActor(nn.Module):
    """One-hot actions; gradients pass straight through the sample to the probabilities."""

    def __init__(
        self, feature_dim: int, hidden_dim: int, action_dim: int, *, layers: int = 2, unimix: float = 0.0
    ) -> None:
        super().__init__()
        self.net = mlp(feature_dim, hidden_dim, action_dim, layers=layers, out_scale=0.1)
        self.unimix = unimix

    def forward(
        self, features: Float[Tensor, "batch feature"], *, greedy: bool = False, generator: Generator | None = None
    ) -> ActorStep:
        """A sample, or the likeliest action if `greedy`."""
        log_probs = self.net(features).log_softmax(-1)
        if self.unimix > 0.0:
            log_probs = torch.log((1 - self.unimix) * log_probs.exp() + self.unimix / log_probs.shape[-1])
        action = straight_through(log_probs, greedy=greedy, generator=generator)
        entropy = -(log_probs.exp() * log_probs).sum(-1)
        return ActorStep(action, entropy, (action.detach() * log_probs).sum(-1))


class ContinuousActor(nn.Module):
    """Actions in (-1, 1): a reparameterized Gaussian squashed by tanh."""

    def __init__(
        self, feature_dim: int, hidden_dim: int, action_dim: int, *, layers: int = 2, min_std: float = 0.1
    ) -> None:
        super().__init__()
        self.net = mlp(feature_dim, hidden_dim, 2 * action_dim, layers=layers, out_scale=0.1)
        self.min_std = min_std

    def forward(
        self, features: Float[Tensor, "batch feature"], *, greedy: bool = False, generator: Generator | None = None
    ) -> ActorStep:
        """A sample, or the squashed mean if `greedy`. The entropy is that of the Gaussian before squashing."""
        mean, raw = self.net(features).chunk(2, dim=-1)
        std = F.softplus(raw) + self.min_std
        before = mean if greedy else mean + std * normal(mean, generator)
        given = before.detach()
        gaussian = -0.5 * ((given - mean) / std).square() - std.log() - 0.5 * math.log(2 * math.pi)
        squash = 2 * (math.log(2) - given - F.softplus(-2 * given))  # log(1 - tanh²), stably
        return ActorStep(before.tanh(), normal_entropy(std), (gaussian - squash).sum(-1))
