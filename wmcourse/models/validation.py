"""Tensors checked at the door: a wrong shape, dtype or value is named before it becomes a wrong number."""

import math

import torch
from torch import Tensor

from wmcourse.models.protocol import WorldModel


def check_observation(model: WorldModel, observation: Tensor, *, axes: tuple[str, ...] = ("batch",)) -> None:
    """Raise a `ValueError` unless `observation` is finite, floating, and shaped (*axes, *model.observation_shape)."""
    _check(observation, "observation", axes, tuple(model.observation_shape))


def check_action(model: WorldModel, action: Tensor, *, axes: tuple[str, ...] = ("batch",)) -> None:
    """Raise a `ValueError` unless `action` is finite, floating, and shaped (*axes, model.action_dim)."""
    hint = ""
    if not action.is_floating_point():
        hint = f"; torch.nn.functional.one_hot(action, {model.action_dim}).float() makes vectors of action numbers"
    _check(action, "action", axes, (model.action_dim,), hint)


def check_look(model: WorldModel, action: Tensor | None, observation: Tensor) -> None:
    """Raise a `ValueError` unless both fit the model; `None`, at an episode's first observation, always does."""
    if action is not None:
        check_action(model, action)
    check_observation(model, observation)


def _check(tensor: Tensor, name: str, axes: tuple[str, ...], shape: tuple[int, ...], hint: str = "") -> None:
    if torch.compiler.is_exporting():  # a graph for the page: there are no values to look at
        return
    expected = f"({', '.join([*axes, *map(str, shape)])}{',' if len(axes) + len(shape) == 1 else ''})"
    if not tensor.is_floating_point():
        raise ValueError(f"{name} has dtype {tensor.dtype}; a world model needs floats, such as torch.float32{hint}")
    if tensor.ndim != len(axes) + len(shape) or tuple(tensor.shape[len(axes) :]) != shape:
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}; this model needs {expected}")
    if not math.isfinite(tensor.detach().sum()) and not torch.isfinite(tensor).all():  # a sum is quick
        bad = int((~torch.isfinite(tensor)).sum())
        raise ValueError(f"{name} holds {bad} NaN or infinite of {tensor.numel()} numbers; all must be finite")
