"""The smallest thing that can act on a world model: one matrix on [z, h] (Ha & Schmidhuber 2018, section 2.3)."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from wmcourse.models.mdn_rnn import MDNRNN, MDNRNNConfig, MDNState


class Step(NamedTuple):
    """A chosen action."""

    action: Float[Tensor, "batch action"]


class Memory(NamedTuple):
    """What the controller carries while acting: its belief and the action it took last, `None` before the first."""

    state: MDNState
    action: Float[Tensor, "batch action"] | None


class LinearActor(nn.Module):
    """The action whose row of W [z, h] + b is largest: 3 x (32 + 256 + 1) = 867 parameters.

    One with fewer inputs sees only the first features: z alone, if they are 32.
    """

    def __init__(self, inputs: int, action_dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, action_dim).requires_grad_(False)

    def forward(self, features: Float[Tensor, "batch feature"], *, greedy: bool = True) -> Step:
        """One-hot; there is nothing to draw."""
        scores = self.linear(features[:, : self.linear.in_features])
        return Step(F.one_hot(scores.argmax(-1), self.linear.out_features).float())

    def put(self, vector: Float[Tensor, " parameter"]) -> None:
        """Take over the weights and biases of one member of a population."""
        weight, bias = split(vector[None], self.linear.out_features)
        self.linear.weight.copy_(weight[0])
        self.linear.bias.copy_(bias[0])


def split(
    population: Float[Tensor, "member parameter"], action_dim: int
) -> tuple[Float[Tensor, "member action feature"], Float[Tensor, "member action"]]:
    """Vectors as an evolution strategy knows them, as weights and biases."""
    table = population.unflatten(-1, (action_dim, -1))
    return table[..., :-1], table[..., -1]


def act_each(
    population: Float[Tensor, "member parameter"], features: Float[Tensor, "member rollout feature"], action_dim: int
) -> Int[Tensor, "member rollout"]:
    """What each member does in each of its rollouts, as `LinearActor` would."""
    weight, bias = split(population, action_dim)
    scores = torch.einsum("mrf,maf->mra", features[..., : weight.shape[-1]], weight) + bias[:, None]
    return scores.argmax(-1)


class Controller(nn.Module):
    """World model and linear actor. It is a `Policy`, so it can be collected with and evaluated."""

    def __init__(self, config: MDNRNNConfig, *, sees_memory: bool = True) -> None:
        """Without `sees_memory` the actor is given z alone."""
        super().__init__()
        self.world = MDNRNN(config).requires_grad_(False)
        inputs = config.vae.latent_dim + (config.hidden_dim if sees_memory else 0)
        self.actor = LinearActor(inputs, config.action_dim)

    def initial(self, batch_size: int) -> Memory:
        """Nothing seen, nothing done."""
        return Memory(self.world.initial(batch_size), None)

    @torch.no_grad()
    def act(
        self, memory: Memory, observation: Float[Tensor, "batch *observation"], *, greedy: bool = True
    ) -> tuple[Float[Tensor, "batch action"], Memory]:
        """Look, then act on [z, h]."""
        state: Any = self.world.observe(memory.state, memory.action, observation.to(memory.state.latent.device))
        action = self.actor(state.features).action
        return action, Memory(state, action)
