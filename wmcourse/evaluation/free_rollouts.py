"""Many free rollouts at once: from every few steps of every held-out episode, with the actions that were recorded."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from wmcourse.evaluation.held_out import HeldOut
from wmcourse.evaluation.rollout import check_temperature, unroll
from wmcourse.models.protocol import WorldModel, first_look, map_state


class Ahead(NamedTuple):
    """All rollouts, one step further."""

    steps: int
    """h, how far they are from where they started."""
    on: Bool[Tensor, " rollouts"]
    """Does the real episode last that long? There is nothing to compare the others with."""
    at: Int[Tensor, " on"]
    """For those that are on: the step of their episode that they have come to."""
    state: Any
    """The imagined states, (R, ...)."""


@dataclass(frozen=True)
class FreeRollouts:
    """R rollouts; rollout r starts at step `start[r]` of episode `episode[r]`."""

    model: WorldModel
    data: HeldOut
    followed: Any
    """The states (N, T+1, ...) of the closed loop, from which the rollouts start."""
    episode: Int[Tensor, " rollouts"]
    start: Int[Tensor, " rollouts"]
    temperature: float

    def ahead(self, horizon: int) -> Iterator[Ahead]:
        """The states after 1, 2, ... `horizon` steps without a look."""
        steps = self.data.actions.shape[1]
        state = map_state(lambda part: part[self.episode, self.start], self.followed)
        when = self.start[:, None] + torch.arange(horizon)  # (R, H)
        actions = self.data.actions[self.episode[:, None], when.clamp(max=steps - 1)]
        for h, step in enumerate(unroll(self.model, state, actions, temperature=self.temperature), start=1):
            on = self.start + h <= self.data.lengths[self.episode]
            yield Ahead(h, on, self.start[on] + h, step.expected)


def free_rollouts(
    model: WorldModel, data: HeldOut, *, context: int = 1, stride: int = 5, temperature: float = 0.0
) -> FreeRollouts:
    """Follow every episode in closed loop; start from every `stride`-th step, after at least `context` looks.

    Raises:
        ValueError: an option is out of range.
    """
    if context < 1 or stride < 1:
        raise ValueError(f"context and stride must be at least 1; got context={context}, stride={stride}")
    check_temperature(temperature)
    starts = torch.arange(context - 1, data.actions.shape[1], stride)
    episode, at = (starts < data.lengths[:, None]).nonzero(as_tuple=True)
    followed = closed_loop(model, data, temperature=temperature)
    return FreeRollouts(model, data, followed, episode, starts[at], temperature)


def closed_loop(model: WorldModel, data: HeldOut, *, temperature: float = 0.0) -> Any:
    """The model's states (N, T+1, ...) along held-out episodes, every observation of which it looks at."""
    first = first_look(model, data.observations[:, 0], temperature)
    looks = [True] * data.actions.shape[1]
    later = unroll(model, first, data.actions, data.observations[:, 1:], looks, temperature=temperature)
    return map_state(lambda *over_time: torch.stack(over_time, 1), first, *(step.believed for step in later))


def where(on: Bool[Tensor, " rollouts"], values: Tensor) -> Tensor:
    """`values` (on, ...) in the rows of the rollouts that are on, NaN in the others."""
    placed = values.new_full((len(on), *values.shape[1:]), torch.nan)
    placed[on] = values
    return placed
