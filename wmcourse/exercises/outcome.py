"""Calling an answer once, on arguments of its own, and keeping everything that can be compared afterwards."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor, nn

from wmcourse.exercises.draw import Case
from wmcourse.exercises.failure import CheckFailed, describe
from wmcourse.exercises.gradient import weighted_sum

HELD = 0.25
"""What the `.grad` of every parameter holds before a call, so that a change of it is seen."""


class Harm(NamedTuple):
    """Something that a call should have left alone: what was expected, what is there, and what to do instead."""

    expected: str
    got: str
    likely: str


@dataclass
class Outcome:
    """What one call led to."""

    result: Any = None
    """What came back, without its graph."""
    changed: dict[str, Tensor] = field(default_factory=dict)
    """The tensors that the exercise changes in place, as they are afterwards."""
    gradients: dict[str, Tensor] = field(default_factory=dict)
    """Of a weighted sum of the results, for each tensor that the call was given; zeros where none arrives."""
    harm: Harm | None = None
    error: Exception | None = None


def observe(
    function: Callable[..., Any],
    case: Case,
    *,
    seed: int,
    learns: Sequence[str] | None = None,
    changes: Sequence[str] = (),
    graph: bool = True,
) -> Outcome:
    """Call `function` with the values of `case`, by position.

    The tensors are not leaves of the graph, as in a real training. `learns` names the arguments whose gradients are
    compared (None: all), `changes` those that the exercise changes in place. Without `graph` nothing has a gradient.
    """
    leaves: dict[str, Tensor] = {}
    given = {
        name: _fresh(value, name, leaves if graph and (learns is None or name in learns) else None)
        for name, value in case.items()
    }
    handed = {name: list(_tensors(value, name)) for name, value in given.items()}
    torch.manual_seed(seed)
    outcome = Outcome()
    try:
        with torch.set_grad_enabled(graph):
            result = function(*given.values())
            outcome.harm = _replaced(given, handed) or _harm(given, case, changes, leaves, seed, graph)
        outcome.result = _without_graph(result)
        outcome.changed = {name: tensor.detach().clone() for argument in changes for name, tensor in handed[argument]}
        total = weighted_sum(_floats(result)) if graph and outcome.harm is None else None
        if total is not None and leaves:
            found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
            outcome.gradients = {
                name: torch.zeros_like(leaf) if gradient is None else gradient
                for (name, leaf), gradient in zip(leaves.items(), found, strict=True)
            }
        else:
            outcome.gradients = {name: torch.zeros_like(leaf) for name, leaf in leaves.items()}
    except CheckFailed:
        raise
    except Exception as error:
        outcome.error = error
    return outcome


def _fresh(value: Any, name: str, leaves: dict[str, Tensor] | None) -> Any:
    """A copy of an argument; floating-point tensors and parameters in it become `leaves` of the graph."""
    if isinstance(value, Tensor):
        copied = value.detach().clone()
        if leaves is None or not copied.is_floating_point():
            return copied if value.is_contiguous() else _sliced(copied)
        leaves[name] = copied.requires_grad_()
        return copied.clone() if value.is_contiguous() else _sliced(copied)
    if isinstance(value, Generator):
        return value.clone_state()
    if isinstance(value, nn.Module):
        module = copy.deepcopy(value)
        for key, parameter in module.named_parameters():
            parameter.grad = torch.full_like(parameter, HELD)
            if leaves is not None and parameter.requires_grad:
                leaves[f"{name}.{key}"] = parameter
        return module
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        parts = zip(value._fields, value, strict=True)
        return type(value)(*(_fresh(part, f"{name}.{key}", leaves) for key, part in parts))
    if isinstance(value, list | tuple):
        return type(value)(_fresh(part, f"{name}[{i}]", leaves) for i, part in enumerate(value))
    return copy.deepcopy(value)


def _sliced(tensor: Tensor) -> Tensor:
    """The same numbers as a part of a larger tensor, whose rows do not lie one after the other."""
    return torch.cat([tensor, tensor[..., :1].detach()], dim=-1)[..., :-1]


def _tensors(value: Any, name: str) -> Iterator[tuple[str, Tensor]]:
    """Every tensor in an argument, the parameters and buffers of modules among them."""
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, nn.Module):
        yield from ((f"{name}.{key}", part) for key, part in value.named_parameters())
        yield from ((f"{name}.{key}", part) for key, part in value.named_buffers())
    elif isinstance(value, list | tuple):
        for i, part in enumerate(value):
            yield from _tensors(part, f"{name}[{i}]")


def _harm(
    given: Case, case: Case, changes: Sequence[str], leaves: dict[str, Tensor], seed: int, graph: bool
) -> Harm | None:
    if torch.is_grad_enabled() != graph:
        was, now = ("on", "off") if graph else ("off", "on")
        likely = "use `with torch.no_grad():`, which ends"
        return Harm(f"gradients switched {was}, as they were", f"gradients switched {now} everywhere", likely)
    if torch.get_default_dtype() != torch.float32:
        torch.set_default_dtype(torch.float32)
        return Harm("the default dtype as it was, float32", "another one everywhere", "say which dtype a tensor has")
    if torch.initial_seed() != seed:
        likely = "leave torch.manual_seed to the caller"
        return Harm("the random seed as it was", f"the seed {torch.initial_seed()}", likely)
    for name, leaf in leaves.items():
        if leaf.grad is not None and not bool((leaf.grad == HELD).all()):
            likely = "leave .backward() and .zero_grad() to the caller"
            return Harm(f"`{name}.grad` as it was", f"another `{name}.grad`", likely)
    for name, value in case.items():
        learns = any(key == name or key.startswith((f"{name}.", f"{name}[")) for key in leaves)
        if harm := _argument_harm(name, given[name], value, name in changes, learns):
            return harm
    return None


def _replaced(given: Case, handed: dict[str, list[tuple[str, Tensor]]]) -> Harm | None:
    for name, module in given.items():
        known = {id(tensor) for _, tensor in handed[name]}
        if isinstance(module, nn.Module) and not all(id(parameter) in known for parameter in module.parameters()):
            likely = "write into the parameters in place (lerp_, add_, copy_), do not replace them"
            return Harm(f"the parameters of `{name}` that were given", "new ones", likely)
    return None


def _argument_harm(name: str, now: Any, before: Any, changes: bool, learns: bool) -> Harm | None:
    if isinstance(before, Tensor):
        if now.is_leaf and now.requires_grad:  # those that are given a gradient are no leaves
            return Harm(f"`{name}` without requires_grad, as it was given", "requires_grad=True", "leave it alone")
        if learns and before.is_floating_point() and not now.requires_grad:
            likely = "x.detach() makes a new tensor, x.detach_() cuts the one that it was given"
            return Harm(f"`{name}` with the graph that it was given with", "none", likely)
        same = changes or (now.shape == before.shape and torch.allclose(now, before, 0, 0, equal_nan=True))
        return None if same else Harm(f"`{name}` as it was given", f"a changed `{name}`", "build new tensors instead")
    if isinstance(before, nn.Module):
        return _module_harm(name, now, before, changes)
    if isinstance(before, list | tuple):
        if len(now) != len(before):
            return Harm(f"`{name}` of length {len(before)}, as it was given", f"length {len(now)}", "only read it")
        parts = ((f"{name}[{i}]", *pair) for i, pair in enumerate(zip(now, before, strict=True)))
        return next((harm for part in parts if (harm := _argument_harm(*part, changes, learns))), None)
    if isinstance(before, int | str) and now != before:
        return Harm(f"`{name}` = {before!r}, as it was given", repr(now), "only read it")
    return None


def _module_harm(name: str, now: nn.Module, before: nn.Module, changes: bool) -> Harm | None:
    leave = f"leave `{name}` as it is"
    for (key, module), old in zip(now.named_modules(), before.modules(), strict=False):
        if module.training != old.training:
            what = f"`{name}{'.' * bool(key)}{key}` in {'training' if old.training else 'evaluation'} mode"
            return Harm(f"{what}, as it was", "the other mode", f"{leave}: no .train() or .eval()")
    for (key, weight), was in zip(now.named_parameters(), before.parameters(), strict=False):
        if weight.requires_grad != was.requires_grad:
            flag = f"`{name}.{key}` with requires_grad={was.requires_grad}, as it was"
            return Harm(flag, f"{weight.requires_grad}", "leave requires_grad alone")
        if weight.grad is None or not bool((weight.grad == HELD).all()):
            likely = "leave .backward() and .zero_grad() to the caller"
            return Harm(f"`{name}.{key}.grad` as it was", describe(weight.grad), likely)
    for (key, tensor), (_, given) in zip(_tensors(now, name), _tensors(before, name), strict=False):
        if not changes and not torch.equal(tensor, given):
            return Harm(f"`{key}` as it was", "other numbers", leave)
    return None


def _without_graph(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: _without_graph(part) for key, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_without_graph(part) for part in value))
    if isinstance(value, list | tuple):
        return type(value)(_without_graph(part) for part in value)
    return value


def _floats(value: Any) -> list[Tensor]:
    """Every floating-point tensor in a result, in order."""
    if isinstance(value, Tensor):
        return [value] if value.is_floating_point() else []
    if isinstance(value, dict):
        value = list(value.values())
    return [tensor for part in value for tensor in _floats(part)] if isinstance(value, list | tuple) else []
