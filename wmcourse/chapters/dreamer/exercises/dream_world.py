"""A world to dream in, and policies for it, for exercise 9.3."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from wmcourse.exercises import CheckFailed, Draw
from wmcourse.exercises.draw import Case
from wmcourse.exercises.failure import describe
from wmcourse.models.protocol import Prediction


class Belief(NamedTuple):
    """A state whose fields have two axes (B, place), three (B, memory, 6) and one (B,), of whole numbers."""

    place: Tensor
    memory: Tensor
    age: Tensor


def features(state: Belief) -> Tensor:
    """All of a state, (B, feature)."""
    return torch.cat([state.place, state.memory.flatten(1), state.age[:, None].float()], -1)


def seen(state: Any) -> Tensor:
    """What a policy looks at: the features of one state, and of nothing else."""
    if not isinstance(state, Belief):
        likely = "the policy acts on the whole state: not on a field of it, nor on what model.decode makes of it"
        raise CheckFailed("policy(state) with a state of the model", describe(state), likely)
    if state.age.dim() != 1:
        likely = "ask the policy step by step: each state comes of the action before"
        raise CheckFailed("policy(state) with one state", f"its age has the shape {tuple(state.age.shape)}", likely)
    return features(state)


class World(nn.Module):
    """Noisy dynamics that refuse to be shown reality."""

    fading: Tensor

    def __init__(self, draw: Draw, place: int, memory: int, action_dim: int) -> None:
        super().__init__()
        self.action_dim, self.observation_shape = action_dim, (place,)
        self.into_place = nn.Parameter(draw.normal(place + 6 * memory + 1 + action_dim, place, scale=0.2))
        self.into_memory = nn.Parameter(draw.normal(place, 6 * memory, scale=0.5))
        self.register_buffer("fading", draw.uniform(memory, 6))
        self.dropout = nn.Dropout(0.2)

    def imagine(self, state: Any, action: Any, temperature: Any = 1.0) -> Belief:
        if not isinstance(state, Belief):
            raise CheckFailed("model.imagine(state, action) with a state", describe(state), "the state comes first")
        if temperature != 1.0:
            raise CheckFailed("futures sampled at temperature 1", f"temperature={temperature}", "leave it out")
        wanted = (len(state.age), self.action_dim)
        if not isinstance(action, Tensor) or action.shape != wanted:
            raise CheckFailed(f"model.imagine(state, action) with an action of shape {wanted}", describe(action))
        place = self.dropout(torch.cat([features(state), action], -1)) @ self.into_place
        place = place + 0.1 * torch.randn_like(place)
        memory = self.fading * state.memory + (place @ self.into_memory).view_as(state.memory)
        return Belief(place, memory, state.age + 1)

    def decode(self, state: Belief) -> Prediction:
        return Prediction(state.place)

    def observe(self, *_: Any, **__: Any) -> Belief:
        raise CheckFailed("no call of model.observe", "one", "no real observation comes in: advance with model.imagine")

    def initial(self, *_: Any, **__: Any) -> Belief:
        raise CheckFailed("a dream from the given state", "a call of model.initial", "the start is an argument")


class Policy(nn.Module):
    """Gaussian actions: never the same twice."""

    def __init__(self, draw: Draw, place: int, memory: int, action_dim: int, scale: float) -> None:
        super().__init__()
        self.gain = nn.Parameter(draw.normal(place + 6 * memory + 1, action_dim, scale=scale))

    def forward(self, state: Any) -> Tensor:
        mean = seen(state) @ self.gain
        return mean + 0.3 * torch.randn_like(mean)


def reflex(action_dim: int) -> Callable[[Any], Tensor]:
    """A policy that is a plain function."""
    return lambda state: seen(state)[:, :action_dim].tanh()


def starts(draw: Draw) -> Iterator[Case]:
    """A few steps first; then a batch, a horizon and an action of one, a plain function, an evaluated model."""
    for batch, horizon, place, memory, action_dim, scale in (
        (2, 3, 4, 1, 5, 0.3),
        (1, 4, 3, 2, 5, 0.1),
        (3, 1, 2, 4, 5, 0.5),
        (4, 3, 2, 5, 1, 3.0),
        (1, 1, 2, 3, 1, 0.3),
        (5, 2, 1, 3, 4, 0.0),
        (2, 7, 3, 4, 5, 0.1),
    ):
        model = World(draw, place, memory, action_dim).train(horizon != 7)
        age = torch.arange(batch) + 3
        state = Belief(draw.normal(batch, place), draw.normal(batch, memory, 6, scale=10.0), age)
        policy = Policy(draw, place, memory, action_dim, scale) if scale else reflex(action_dim)
        yield {"model": model, "state": state, "policy": policy, "horizon": horizon}
