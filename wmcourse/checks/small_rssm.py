"""The small RSSM of exercise 8.1, and its step worked out gate by gate."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor, nn

Answer = Callable[..., Any]


class Parts(NamedTuple):
    """The networks of a small RSSM. Its latent is `groups` one-hot vectors of `classes` entries each."""

    cell: nn.Module
    """Reads [z, a] (batch, groups * classes + action) and h (batch, deter), gives h' (batch, deter)."""
    prior: nn.Module
    """Reads h' (batch, deter), gives logits (batch, groups, classes)."""
    posterior: nn.Module
    """Reads [h', e] (batch, deter + embed), gives logits (batch, groups, classes)."""


class Sizes(NamedTuple):
    """How many numbers each tensor of a step holds."""

    deter: int
    groups: int
    classes: int
    action: int
    embedding: int


class Inputs(NamedTuple):
    """What a step is given, beside the networks."""

    deter: Tensor
    stoch: Tensor
    action: Tensor
    embedding: Tensor


class Stepped(NamedTuple):
    """What a step should lead to; `drawn_from` are the probabilities of the latent."""

    deter: Tensor
    prior: Tensor
    posterior: Tensor
    drawn_from: Tensor


def build(sizes: Sizes, seed: int) -> Parts:
    """Networks with random weights."""
    generator = Generator().manual_seed(seed)

    def head(inputs: int) -> nn.Module:
        flat = nn.Linear(inputs, sizes.groups * sizes.classes)
        return nn.Sequential(flat, nn.Unflatten(-1, (sizes.groups, sizes.classes)))

    cell = nn.GRUCell(sizes.groups * sizes.classes + sizes.action, sizes.deter)
    parts = Parts(cell, head(sizes.deter), head(sizes.deter + sizes.embedding))
    for parameter in parameters(parts).values():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return parts


def shifted(parts: Parts) -> Parts:
    """The same distributions from logits near 100, which overflow an exp() that is not a softmax's."""
    heads = []
    for head in (parts.prior, parts.posterior):
        linear, unflatten = head.children()
        assert isinstance(linear, nn.Linear)
        moved = nn.Linear(linear.in_features, linear.out_features)
        moved.weight.data, moved.bias.data = linear.weight.data.clone(), linear.bias.data + 100.0
        heads.append(nn.Sequential(moved, unflatten))
    return Parts(parts.cell, *heads)


def inputs_of(sizes: Sizes, rows: int, seed: int) -> Inputs:
    """Random arguments of a step, the old latent one-hot in each group."""
    generator = Generator().manual_seed(seed)
    classes = torch.randint(sizes.classes, (rows, sizes.groups), generator=generator)
    return Inputs(
        torch.rand(rows, sizes.deter, generator=generator) * 2 - 1,
        torch.nn.functional.one_hot(classes, sizes.classes).float().flatten(1),
        torch.randn(rows, sizes.action, generator=generator),
        torch.randn(rows, sizes.embedding, generator=generator),
    )


def parameters(parts: Parts) -> dict[str, Tensor]:
    """All parameters by name, such as `prior.0.bias`."""
    return {f"{name}.{key}": p for name, part in parts._asdict().items() for key, p in part.named_parameters()}


def gru(cell: nn.Module, inputs: Tensor, deter: Tensor) -> Tensor:
    """Cho et al. 2014, as in the documentation of torch.nn.GRUCell, gate by gate."""
    names = ("weight_ih", "bias_ih", "weight_hh", "bias_hh")
    weight, bias, recurrent, offset = (cell.get_parameter(name).chunk(3) for name in names)
    read = [inputs @ weight[gate].T + bias[gate] for gate in range(3)]
    kept = [deter @ recurrent[gate].T + offset[gate] for gate in range(3)]
    reset, update = torch.sigmoid(read[0] + kept[0]), torch.sigmoid(read[1] + kept[1])
    return update * deter + (1 - update) * torch.tanh(read[2] + reset * kept[2])


def logits_of(head: nn.Module, inputs: Tensor) -> Tensor:
    """What a head gives, as a matrix product: (batch, groups, classes)."""
    linear, unflatten = head.children()
    assert isinstance(linear, nn.Linear) and isinstance(unflatten, nn.Unflatten)
    return (inputs @ linear.weight.T + linear.bias).view(len(inputs), *unflatten.unflattened_size)


def stepped(parts: Parts, inputs: Inputs, seen: bool) -> Stepped:
    """The step; the posterior is worked out in any case."""
    deter = gru(parts.cell, torch.cat([inputs.stoch, inputs.action], -1), inputs.deter)
    prior = logits_of(parts.prior, deter)
    posterior = logits_of(parts.posterior, torch.cat([deter, inputs.embedding], -1))
    return Stepped(deter, prior, posterior, torch.softmax(posterior if seen else prior, -1))


def call(answer: Answer, parts: Parts, inputs: Inputs, seen: bool, generator: Generator | None) -> Any:
    """The answer's step, with the embedding or without."""
    return answer(parts, *inputs[:3], inputs.embedding if seen else None, generator)
