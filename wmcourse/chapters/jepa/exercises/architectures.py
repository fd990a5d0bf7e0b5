"""Encoders and predictors, and what can be seen of them from outside, for exercise 14.6."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Generator, Tensor, nn

from wmcourse.exercises import Draw
from wmcourse.exercises.draw import Case

EPSILON = 1e-4
ROWS = 9


class Network(nn.Sequential):
    """Layers one after the other."""

    inputs: int


def drawn(draw: Draw, inputs: int, *layers: nn.Module, scale: float = 1.0) -> Network:
    """The layers with weights of their own."""
    network = Network(*layers)
    network.inputs = inputs
    for parameter in network.parameters():
        parameter.data = scale * draw.normal(*parameter.shape) / parameter[0].numel() ** 0.5 + 0.1
    return network


def encoder(kind: str, draw: Draw, size: int, dim: int) -> Network:
    """A "linear" one, a "deep" one whose units are not 0 at 0, or a "conv" one with layers within layers."""
    if kind == "linear":
        return drawn(draw, size, nn.Linear(size, dim))
    if kind == "deep":
        hidden = nn.Linear(size, 7), nn.Sigmoid(), nn.Linear(7, 6, bias=False), nn.ELU()
        return drawn(draw, size, *hidden, nn.Linear(6, dim))
    conv = nn.Sequential(nn.Unflatten(1, (1, size)), nn.Conv1d(1, 4, 2), nn.Softplus(), nn.Flatten())
    return drawn(draw, size, conv, nn.LayerNorm(4 * (size - 1)), nn.Linear(4 * (size - 1), dim))


def predictor(kind: str, draw: Draw, dim: int, action: int) -> Network:
    """The same, of embedding and action side by side."""
    size = dim + action
    if kind == "linear":
        return drawn(draw, size, nn.Linear(size, dim))
    return drawn(draw, size, nn.Linear(size, 8), nn.LayerNorm(8), nn.Softplus(), nn.Linear(8, dim), scale=2.0)


def architectures(draw: Draw) -> Iterator[Case]:
    """Linear networks first; then deep ones, frozen or not, constants of all sizes, a single number."""
    for (size, action, dim), kind, other, scale in (
        ((3, 1, 2), "linear", "linear", 1.0),
        ((4, 2, 3), "deep", "linear", 1.0),
        ((5, 3, 4), "linear", "deep", 30.0),
        ((7, 2, 5), "conv", "deep", 0.05),
        ((6, 4, 1), "deep", "deep", 1.0),
        ((5, 1, 6), "conv", "linear", 3.0),
    ):
        networks = encoder(kind, draw, size, dim), predictor(other, draw, dim, action)
        if kind == "deep":
            networks[0].requires_grad_(False)
        yield {"encoder": networks[0], "predictor": networks[1], "constant": draw.normal(dim, scale=scale)}


def look(answer: Callable[..., Any], encoder: Network, predictor: Network, constant: Tensor) -> dict[str, Any]:
    """What the networks make of observations and actions that the answer has not seen, small ones and large ones.

    The answer gets copies, and only their weights count: they are loaded into others of the same architecture.
    """
    given = copy.deepcopy(encoder), copy.deepcopy(predictor)
    before = [id(parameter) for network in given for parameter in network.parameters()]
    found: dict[str, Any] = {"the result": answer(*given, constant)}
    after = [id(parameter) for network in given for parameter in network.parameters()]
    found["whether the networks have the parameters that they were given with"] = before == after
    if before != after:
        return found
    judged = copy.deepcopy(encoder), copy.deepcopy(predictor)
    for network, changed in zip(judged, given, strict=True):
        network.load_state_dict(changed.state_dict())
    generator = Generator().manual_seed(8)
    sizes = torch.tensor([1e-2, 1.0, 1e12]).repeat_interleave(ROWS)[:, None]
    with torch.no_grad():
        now, later = (judged[0](sizes * torch.randn(len(sizes), encoder.inputs, generator=generator)) for _ in range(2))
        action = sizes * torch.randn(len(sizes), predictor.inputs - len(constant), generator=generator)
        change = judged[1](torch.cat([now, action], dim=-1))
        error = (now + change - later).square().mean()
        std = (now.var(0) + EPSILON).sqrt()
    return found | {
        "the embeddings of new observations": now,
        "the prediction loss on them": error,
        "whether that loss is exactly 0": bool(error == 0),
        "the variance term": (1 - std).relu().mean(),
        "the change that is predicted": change,
    }
