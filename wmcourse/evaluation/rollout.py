"""The one rollout: closed loop, open loop, and everything between, for any world model."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from wmcourse.models.protocol import Prediction, WorldModel, first_look, map_state
from wmcourse.models.validation import check_action, check_observation


class Rollout(NamedTuple):
    """A model's account of B sequences of T steps; every tensor has axes (B, T+1, ...)."""

    state: Any
    """The model's state after step t: corrected where it looked, imagined where it did not."""
    expected: Prediction
    """What it expected to see at step t *before* looking (at t = 0: the belief after its first look)."""
    believed: Prediction
    """What it believed at step t: after the correction where it looked, else equal to `expected`."""
    peeked: Bool[Tensor, " time"]
    """(T+1,): did it look at step t?"""


class Step(NamedTuple):
    """The states on both sides of one look; the same state twice where the model did not look."""

    expected: Any
    believed: Any


def peek_times(steps: int, *, context: int = 1, peek_every: int | None = None) -> Bool[Tensor, " time"]:
    """When a rollout of `steps` steps looks: at the first `context` observations, then at every `peek_every`-th.

    With c = context and k = peek_every these are t = 0..c-1, then c-1+k, c-1+2k, ... So k = 1 is the closed loop
    and `None` the open loop.

    Raises:
        ValueError: `context` < 1 or > steps + 1, or `peek_every` < 1.
    """
    if not 1 <= context <= steps + 1:
        raise ValueError(f"context must be 1..{steps + 1} for {steps} steps (the first look is needed); got {context}")
    if peek_every is not None and peek_every < 1:
        raise ValueError(f"peek_every must be 1 (closed loop) or more, or None (open loop); got {peek_every}")
    peeked = torch.zeros(steps + 1, dtype=torch.bool)
    peeked[:context] = True
    if peek_every is not None:
        peeked[context - 1 :: peek_every] = True
    return peeked


def unroll(
    model: WorldModel,
    state: Any,
    actions: Float[Tensor, "batch time action"],
    observations: Float[Tensor, "batch steps *observation"] | None = None,
    peeked: Sequence[bool] | None = None,
    *,
    temperature: float = 0.0,
) -> Iterator[Step]:
    """Yield the states of T steps: take `actions[:, t]`, then look at `observations[:, t]` if `peeked[t]`.

    `observations[:, t]` is what was seen *after* `actions[:, t]`. Without observations the model only imagines. This
    is the package's single loop over a model's time.
    """
    for t in range(actions.shape[1]):
        action = actions[:, t]
        look = observations is not None and peeked is not None and peeked[t]
        if look:
            expected = model.imagine(state, action, temperature)
            state = model.observe(state, action, observations[:, t], temperature)  # type: ignore[index]
            yield Step(expected, state)
        else:
            state = model.imagine(state, action, temperature)
            yield Step(state, state)


@torch.no_grad()
def rollout(
    model: WorldModel,
    actions: Float[Tensor, "batch time action"],
    observations: Float[Tensor, "batch steps *observation"],
    *,
    context: int = 1,
    peek_every: int | None = None,
    temperature: float = 0.0,
    seed: int | None = None,
) -> Rollout:
    """Follow `actions` (B, T, A) from the first real observation, looking at reality when `peek_times` says so.

    `observations` is (B, T+1, *obs) in environment units; it may stop after the last look, so that actions which were
    never tried can be imagined from a real start. Before the first observation nothing is done; step t >= 1 takes
    `actions[:, t-1]`. Where the model looks, `expected` comes from `imagine` and the state from
    `observe`, both from the previous state. Gradients are off. `temperature` 0 takes means or modes; otherwise draws
    come from torch's global generator, or repeat with `seed`, which leaves that generator as it was.

    Raises:
        ValueError: a tensor has the wrong shape, an integer dtype or NaNs; or an option is out of range.
    """
    check_action(model, actions, axes=("batch", "time"))
    check_observation(model, observations, axes=("batch", "steps"))
    check_temperature(temperature)
    batch, steps = actions.shape[:2]
    peeked = peek_times(steps, context=context, peek_every=peek_every)
    last_look = int(peeked.nonzero().max())
    if observations.shape[0] != batch or not last_look + 1 <= observations.shape[1] <= steps + 1:
        raise ValueError(
            f"observations has {observations.shape[0]} sequences of {observations.shape[1]}; {batch} sequences of "
            f"{steps} actions need {batch} sequences of {steps + 1} observations (at least {last_look + 1})"
        )
    with forked_rng(seed):
        first = first_look(model, observations[:, 0], temperature)
        later = unroll(model, first, actions, observations[:, 1:], peeked[1:].tolist(), temperature=temperature)
        history = [Step(first, first), *later]
        state = _stack([step.believed for step in history])
        expected = decode_sequence(model, _stack([step.expected for step in history]))
        corrected = decode_sequence(model, map_state(lambda field: field[:, peeked], state))
    believed = _map_prediction(lambda old, new: _replace(old, peeked, new), expected, corrected)
    return Rollout(state, expected, believed, peeked)


def decode_sequence(model: WorldModel, state: Any) -> Prediction:
    """Decode states with axes (B, T, ...) in one call; the predictions have axes (B, T, ...)."""
    batch, time = state[0].shape[:2]
    flat = model.decode(map_state(lambda field: field.flatten(0, 1), state))
    return _map_prediction(lambda field: field.unflatten(0, (batch, time)), flat)


@contextmanager
def forked_rng(seed: int | None) -> Iterator[None]:
    """Draw from torch's global generators as if freshly seeded, then restore them; `None` changes nothing."""
    if seed is None:
        yield
        return
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def check_temperature(temperature: float) -> None:
    """Raise a `ValueError` unless `temperature` is a finite number >= 0."""
    if not 0 <= temperature < float("inf"):
        raise ValueError(f"temperature must be 0 (mean or mode) or positive (1 = as learned); got {temperature}")


def _stack(states: list[Any]) -> Any:
    return map_state(lambda *fields: torch.stack(fields, dim=1), *states)


def _map_prediction(function: Callable[..., Tensor], *predictions: Prediction) -> Prediction:
    fields: list[Any] = [
        None if matching[0] is None else function(*matching) for matching in zip(*predictions, strict=True)
    ]
    return Prediction(*fields)


def _replace(old: Tensor, peeked: Tensor, new: Tensor) -> Tensor:
    merged = old.clone()
    merged[:, peeked] = new
    return merged
