"""Models that run in the reader's browser: what the protocol asks, as graphs that `assets/model.js` interprets."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from wmcourse.interactive.lowering import Graph, Weights, lower
from wmcourse.models.protocol import Prediction, WorldModel, features_of, first_look

Question = Callable[..., dict[str, Tensor]]
ROWS = 20
"""Futures that a page imagines at once when it plans."""
GIVEN = {"action", "observation", "temperature"}
"""Names of what a question is about, besides a belief."""


@dataclass(frozen=True)
class PageModel:
    """What a page can ask of a module, for a batch of one, when planning of `ROWS`: graphs, and their weights."""

    graphs: dict[str, Graph]
    """Of a world model `begin`, `observe`, `imagine` and `decode`; `plan` of one that is planned with: its beliefs
    are clouds, or it decodes nothing; of an agent `act`, of a probe `read`; of a code `encode` and `decode`."""
    weights: Weights
    observation_shape: tuple[int, ...]
    action_dim: int
    """0 where nobody acts."""

    def payload(self) -> dict[str, Any]:
        """All of it as JSON values.

        The weights are little-endian floats in base64: of 16 bits where those hold an array exactly, else of 32.
        """
        halves = self.weights.halves()
        stored = [each.astype("<f2") if half else each for each, half in zip(self.weights.arrays, halves, strict=True)]
        return {
            "observation": list(self.observation_shape),
            "action": self.action_dim,
            "graphs": {name: graph.plain() for name, graph in self.graphs.items()},
            "shapes": [list(array.shape) for array in self.weights.arrays],
            "bytes": [array.itemsize for array in stored],
            "weights": base64.b64encode(b"".join(array.tobytes() for array in stored)).decode("ascii"),
        }

    def sidecar(self, name: str) -> str:
        """A script that hands the model to a page under its name: a page opened from the disk may not fetch data."""
        return f"WM.models[{json.dumps(name)}] = {json.dumps(self.payload(), separators=(',', ':'))};\n"


def page_model(model: Any) -> PageModel:
    """Export a world model, an agent that has one as `.world` and an `.actor`, or an autoencoder.

    What is drawn at random becomes an input of the graphs, and so does the temperature. An autoencoder has `encode` and
    `decode`, and no `imagine`.

    Raises:
        CannotExport: the model needs an operation that the page does not have; the message names it.
    """
    world = getattr(model, "world", model)
    if not hasattr(world, "imagine"):
        return _exported(world, 0, _of_a_code(world))
    actor = getattr(model, "actor", None)
    asked = [*_of_a_world(world), *([_of_an_actor(world, actor)] if actor is not None else [])]
    asked += [_of_futures(world)] if hasattr(world, "rewards") or not _heads(world) else []
    return _exported(world, world.action_dim, asked)


def page_actor(world: WorldModel[Any], actor: Any) -> PageModel:
    """Export an actor alone, which acts on the features of a world model's beliefs: the graph `act`.

    Raises:
        CannotExport: the actor needs an operation that the page does not have, or other features than the model's.
    """
    return _exported(world, world.action_dim, [_of_an_actor(world, actor)])


def page_probe(world: WorldModel[Any], probe: Callable[[Tensor], Tensor]) -> PageModel:
    """Export what reads something off the features of a world model's beliefs: the graph `read`, `ROWS` at once.

    Raises:
        CannotExport: the probe needs an operation that the page does not have, or other features than the model's.
    """
    believe, state = _belief(world, ROWS)

    def read(**belief: Tensor) -> dict[str, Tensor]:
        return {"reading": probe(features_of(believe(**belief)))}

    return _exported(world, world.action_dim, [("read", read, state)])


def _exported(model: Any, action_dim: int, asked: Iterable[tuple[str, Question, dict[str, Tensor]]]) -> PageModel:
    weights = Weights()
    with torch.no_grad():
        graphs = {
            name: lower(question, examples, weights, where=f"{type(model).__name__}.{name}")
            for name, question, examples in asked
        }
    return PageModel(graphs, weights, tuple(model.observation_shape), action_dim)


def _of_a_code(model: Any) -> Iterator[tuple[str, Question, dict[str, Tensor]]]:
    """What an autoencoder can be asked: the question's name, the function, and an example of each named input."""
    seen = torch.zeros(1, *model.observation_shape, device=next(model.parameters()).device)

    def encode(observation: Tensor) -> dict[str, Tensor]:
        return {"latent": model.encode(observation)}

    def decode(latent: Tensor) -> dict[str, Tensor]:
        return {"observation": model.decode(latent)}

    with torch.no_grad():
        latent = model.encode(seen)
    yield "encode", encode, {"observation": seen}
    yield "decode", decode, {"latent": latent}


def field_name(name: str) -> str:
    """What the page calls a field of a belief: its own name, unless a question is about something of that name."""
    return f"believed_{name}" if name in GIVEN else name


def _told(belief: Any) -> dict[str, Tensor]:
    return {field_name(name): field for name, field in belief._asdict().items()}


def _belief(world: WorldModel[Any], rows: int = 1) -> tuple[Callable[..., Any], dict[str, Tensor]]:
    """How a state of the model is made of its named fields, and an example of each."""
    nothing = world.initial(rows)

    def believe(**named: Tensor) -> Any:
        return type(nothing)(**{name: named[field_name(name)] for name in nothing._fields})

    return believe, {name: field.detach().clone() for name, field in _told(nothing).items()}


def _of_an_actor(world: WorldModel[Any], actor: Any) -> tuple[str, Question, dict[str, Tensor]]:
    believe, state = _belief(world)

    def act(**belief: Tensor) -> dict[str, Tensor]:
        return {"action": actor(believe(**belief).features, greedy=True).action}

    return "act", act, state


def _of_futures(world: Any) -> tuple[str, Question, dict[str, Tensor]]:
    """A step of `ROWS` futures at once, by the means; with particles, what each earns by it, and what is then seen."""
    believe, state = _belief(world, ROWS)
    actions = torch.zeros(ROWS, world.action_dim, device=next(iter(state.values())).device)

    def plan(action: Tensor, **belief: Tensor) -> dict[str, Tensor]:
        after = world.imagine(believe(**belief), action, 0.0)
        if not hasattr(world, "rewards"):
            return _told(after)
        return {**_told(after), "earned": world.rewards(after), "seen": world.decode(after).observation}

    return "plan", plan, {**state, "action": actions}


def _of_a_world(world: WorldModel[Any]) -> Iterator[tuple[str, Question, dict[str, Tensor]]]:
    """What a world model can be asked."""
    believe, state = _belief(world)
    device = next(iter(state.values())).device
    seen = torch.zeros(1, *world.observation_shape, device=device)
    look = {"observation": seen, "temperature": torch.ones((), device=device)}
    step = {"action": torch.zeros(1, world.action_dim, device=device)}

    def begin(observation: Tensor, temperature: Tensor) -> dict[str, Tensor]:
        return _told(first_look(world, observation, temperature))

    def observe(action: Tensor, observation: Tensor, temperature: Tensor, **belief: Tensor) -> dict[str, Tensor]:
        return _told(world.observe(believe(**belief), action, observation, temperature))

    def imagine(action: Tensor, temperature: Tensor, **belief: Tensor) -> dict[str, Tensor]:
        return _told(world.imagine(believe(**belief), action, temperature))

    def decode(**belief: Tensor) -> dict[str, Tensor]:
        told: Prediction = world.decode(believe(**belief))
        return {name: field for name, field in told._asdict().items() if field is not None}

    yield "begin", begin, look
    yield "observe", observe, {**state, **step, **look}
    yield "imagine", imagine, {**state, **step, "temperature": look["temperature"]}
    if _heads(world):
        yield "decode", decode, state


def _heads(world: WorldModel[Any]) -> list[str]:
    """What the model predicts besides its next belief."""
    with torch.no_grad():
        told = world.decode(world.initial(1))
    return [name for name, field in told._asdict().items() if field is not None]
