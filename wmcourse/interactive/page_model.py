"""Models that run in the reader's browser: what the protocol asks, as graphs that `assets/model.js` interprets."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from wmcourse.interactive.lowering import Graph, Weights, lower
from wmcourse.models.protocol import Prediction, WorldModel, first_look

Question = Callable[..., dict[str, Tensor]]


@dataclass(frozen=True)
class PageModel:
    """A world model, and the actor if there is one, for a batch of one: graphs, and the weights that they share."""

    graphs: dict[str, Graph]
    """`begin`, `observe`, `imagine` and `decode`, and `act` for an agent."""
    weights: Weights
    observation_shape: tuple[int, ...]
    action_dim: int

    def payload(self) -> dict[str, Any]:
        """All of it as JSON values; the weights are little-endian 32-bit floats in base64."""
        return {
            "observation": list(self.observation_shape),
            "action": self.action_dim,
            "graphs": {name: graph.plain() for name, graph in self.graphs.items()},
            "shapes": [list(array.shape) for array in self.weights.arrays],
            "weights": base64.b64encode(b"".join(array.tobytes() for array in self.weights.arrays)).decode("ascii"),
        }

    def sidecar(self, name: str) -> str:
        """A script that hands the model to a page under its name: a page opened from the disk may not fetch data."""
        return f"WM.models[{json.dumps(name)}] = {json.dumps(self.payload(), separators=(',', ':'))};\n"


def page_model(model: Any) -> PageModel:
    """Export a world model, or an agent that has one as `.world` and an `.actor`.

    What is drawn at random becomes an input of the graphs, and so does the temperature.

    Raises:
        CannotExport: the model needs an operation that the page does not have; the message names it.
    """
    world: WorldModel[Any] = getattr(model, "world", model)
    weights = Weights()
    with torch.no_grad():
        graphs = {
            name: lower(question, examples, weights, where=f"{type(world).__name__}.{name}")
            for name, question, examples in _questions(world, getattr(model, "actor", None))
        }
    return PageModel(graphs, weights, tuple(world.observation_shape), world.action_dim)


def _questions(world: WorldModel[Any], actor: Any) -> Iterator[tuple[str, Question, dict[str, Tensor]]]:
    """What can be asked in a page: its name, the function, and an example of each named input."""
    nothing = world.initial(1)
    kind, device = type(nothing), nothing[0].device
    state = {name: field.detach().clone() for name, field in nothing._asdict().items()}
    seen = torch.zeros(1, *world.observation_shape, device=device)
    look = {"observation": seen, "temperature": torch.ones((), device=device)}
    step = {"action": torch.zeros(1, world.action_dim, device=device)}

    def begin(observation: Tensor, temperature: Tensor) -> dict[str, Tensor]:
        return first_look(world, observation, temperature)._asdict()

    def observe(action: Tensor, observation: Tensor, temperature: Tensor, **belief: Tensor) -> dict[str, Tensor]:
        return world.observe(kind(**belief), action, observation, temperature)._asdict()

    def imagine(action: Tensor, temperature: Tensor, **belief: Tensor) -> dict[str, Tensor]:
        return world.imagine(kind(**belief), action, temperature)._asdict()

    def decode(**belief: Tensor) -> dict[str, Tensor]:
        told: Prediction = world.decode(kind(**belief))
        return {name: field for name, field in told._asdict().items() if field is not None}

    def act(**belief: Tensor) -> dict[str, Tensor]:
        return {"action": actor(kind(**belief).features, greedy=True).action}

    yield "begin", begin, look
    yield "observe", observe, {**state, **step, **look}
    yield "imagine", imagine, {**state, **step, "temperature": look["temperature"]}
    yield "decode", decode, state
    if actor is not None:
        yield "act", act, state
