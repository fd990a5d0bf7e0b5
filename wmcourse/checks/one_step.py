"""The one-step models of chapter 3's exercises: each written for tensors, and again by hand for plain numbers."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from wmcourse.checks.check import describe, expect

Numbers = list[float]


class Swing:
    """A one-step model of two latent dimensions and one action, not linear: z' = f(z, a)."""

    def __init__(self, drag: float = 0.9, pull: float = 0.4) -> None:
        self.drag, self.pull = drag, pull

    def __call__(self, z: Any, action: Any) -> Tensor:
        """Latents (..., 2) and actions (..., 1) to the next latents (..., 2)."""
        expect_step_arguments(z, action, latent=2)
        left, right = z.unbind(-1)
        push = action.squeeze(-1)
        return torch.stack(
            [self.drag * left + self.pull * torch.tanh(right) + 0.5 * push, 0.8 * right - 0.3 * left + 0.2 * push], -1
        )

    def by_hand(self, z: Numbers, action: Numbers) -> Numbers:
        """The same for one latent, with Python's own numbers."""
        left, right = z
        return [
            self.drag * left + self.pull * math.tanh(right) + 0.5 * action[0],
            0.8 * right - 0.3 * left + 0.2 * action[0],
        ]

    def walk(self, z: Numbers, actions: Sequence[Numbers]) -> list[Numbers]:
        """The latents that `actions` lead to, one after the other."""
        path = []
        for action in actions:
            z = self.by_hand(z, action)
            path.append(z)
        return path


class Sequences(NamedTuple):
    """What was recorded; `actions[:, t]` leads from `latents[:, t]` to `latents[:, t + 1]`."""

    latents: Tensor
    """(batch, time + 1, 2)"""
    actions: Tensor
    """(batch, time, 1)"""


def sequences(batch: int, time: int, seed: int, latent: int = 2) -> Sequences:
    """Random latents and actions: no model predicts them, so each mistake shows."""
    generator = torch.Generator().manual_seed(seed)
    latents = torch.randn(batch, time + 1, latent, generator=generator)
    return Sequences(latents, torch.randn(batch, time, 1, generator=generator))


def shifted(actions: Tensor) -> dict[str, Tensor]:
    """Actions (batch, time, ...) a step late or early: past the edge from the other end, held, or zero."""
    first, last, nothing = actions[:, :1], actions[:, -1:], torch.zeros_like(actions[:, :1])
    leads = "actions[:, t] leads from step t to step t + 1"
    return {
        f"the actions come a step late, at first from the end: {leads}": torch.cat([last, actions[:, :-1]], 1),
        f"the actions come a step late: {leads}": torch.cat([first, actions[:, :-1]], 1),
        f"the actions come a step late, after a zero: {leads}": torch.cat([nothing, actions[:, :-1]], 1),
        f"the actions come a step early, at last from the beginning: {leads}": torch.cat([actions[:, 1:], first], 1),
        f"the actions come a step early: {leads}": torch.cat([actions[:, 1:], last], 1),
        f"the actions come a step early, before a zero: {leads}": torch.cat([actions[:, 1:], nothing], 1),
        "the actions come in reverse order": actions.flip(1),
        "the first action is taken at every step: the actions change, actions[:, t]": first.expand_as(actions),
        "the actions have no effect: hand them to the model": torch.zeros_like(actions),
    }


def in_short(value: Any) -> str:
    """A tensor's shape, without a look at its numbers: inside `torch.func` it may have none."""
    return f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else describe(value)


def expect_step_arguments(z: Any, action: Any, latent: int) -> None:
    """Fail unless these are latents (..., latent) and as many actions (..., 1)."""
    order = "the latent comes first, the action second: step(z, a)"
    for name, value, size in (("z", z, latent), ("a", action, 1)):
        right = isinstance(value, Tensor) and value.dim() > 0 and value.shape[-1] == size
        expect(right, f"step(z, a) with {name}, a tensor (..., {size})", in_short(value), order)
    each = "one action for each latent: as many steps, as many rows, and no other axes"
    got = f"{tuple(z.shape)} and {tuple(action.shape)}"
    expect(z.shape[:-1] == action.shape[:-1], "step(z, a) with z and a of the same axes but the last", got, each)
