"""Walks of a dot in two rooms: what a model of them learns from, made anew for each update."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from wmcourse.envs.two_rooms import (
    DOOR_Y,
    MAX_STEP,
    WALL_X,
    Background,
    draw_noise,
    draw_rooms,
    free_positions,
    is_free,
    move,
)

AT_THE_DOOR = 0.25
"""Share of the walks that begin in or next to the doorway, which few others would find."""
TURN = 0.4
"""Standard deviation, in radians, of the change of direction at each step."""


class Walks(NamedTuple):
    """B walks of T steps."""

    positions: Float[Tensor, "batch steps 2"]
    """T + 1 positions, in pixels."""
    actions: Float[Tensor, "batch time 2"]
    """Displacements in pixels, before any wall."""


def take_walks(count: int, steps: int, generator: Generator) -> Walks:
    """Walks in a direction that changes slowly, at a speed that is new at each step (as in PLDM, Sobal et al. 2025)."""
    start = free_positions(count, generator)
    door = torch.tensor([WALL_X, DOOR_Y])
    some = round(AT_THE_DOOR * count)
    near = door + (torch.rand(some, 2, generator=generator) - 0.5) * torch.tensor([16.0, 8.0])
    start[:some] = torch.where(is_free(near)[:, None], near, door)
    angle = 2 * math.pi * torch.rand(count, 1, generator=generator)
    turns = TURN * torch.randn(count, steps, generator=generator)
    angles = angle + turns.cumsum(dim=1)
    lengths = 1.3 * MAX_STEP * torch.rand(count, steps, generator=generator)
    actions = torch.stack([angles.cos(), angles.sin()], dim=-1) * lengths[..., None]
    actions = actions.clamp(-MAX_STEP, MAX_STEP)
    positions = [start]
    for action in actions.unbind(dim=1):
        positions.append(move(positions[-1], action))
    return Walks(torch.stack(positions, dim=1), actions)


def film(
    positions: Float[Tensor, "batch steps 2"], background: Background, generator: Generator
) -> Float[Tensor, "batch steps 3 64 64"]:
    """Pictures of walks; the noise, if any, is new in each picture, or the same throughout a walk."""
    batch, steps, _ = positions.shape
    noise = None
    if background == "moving":
        noise = draw_noise(batch * steps, generator)
    elif background == "still":
        noise = draw_noise(batch, generator).repeat_interleave(steps, dim=0)
    return draw_rooms(positions.flatten(0, 1), noise).unflatten(0, (batch, steps))
