"""Is what matters still there? Balls and agent, looked for in a picture that a model has drawn."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from wmcourse.envs.dodge import (
    AGENT,
    AGENT_RADIUS,
    AGENT_ROW,
    BACKGROUND,
    BALL,
    BALL_RADIUS,
    SIDE,
    Scene,
)

NEAR = 2.0
"""Pixels around a ball within which ball-colored pixels are its own, and no ghost."""


class Balls(NamedTuple):
    """Of each slot of each scene."""

    there: Bool[Tensor, "batch slot"]
    """Whether its ball has its center in the picture."""
    drawn: Bool[Tensor, "batch slot"]
    """Whether more than half of the ball's disc, as far as it is in the picture, has the ball's color."""


class Found(NamedTuple):
    """For each scene, what was looked for and what was found."""

    balls: Float[Tensor, " batch"]
    """Whose center is in the picture."""
    balls_found: Float[Tensor, " batch"]
    """Of which more than half of the disc is drawn in the ball's color (see `find_balls`)."""
    agent_found: Bool[Tensor, " batch"]
    ghosts: Float[Tensor, " batch"]
    """Ball-colored area where no ball is, in areas of a ball."""


def cover(picture: Float[Tensor, "*batch 3 64 64"]) -> Float[Tensor, "*batch 2 64 64"]:
    """How much of each pixel is ball, and how much agent: the least-squares mix of their colors on the background."""
    colors = torch.tensor([BALL, AGENT, BACKGROUND], dtype=picture.dtype, device=picture.device) / 255.0
    mix = torch.linalg.pinv((colors[:2] - colors[2]).T)  # (2, 3)
    return torch.einsum("oc,...chw->...ohw", mix, picture - colors[2].view(3, 1, 1))


def ball_area(picture: Float[Tensor, "*batch 3 64 64"]) -> Float[Tensor, "*batch"]:
    """Ball-colored pixels in areas of a ball: about the number of balls in the picture."""
    return (cover(picture)[..., 0, :, :] > 0.5).float().sum((-1, -2)) / (np.pi * BALL_RADIUS**2)


def find_balls(picture: Float[Tensor, "batch 3 64 64"], scene: Scene) -> Balls:
    """Look for each ball of `scene` (the truth) in `picture` (what was made of it)."""
    ball_colored = cover(picture)[:, 0] > 0.5
    x, y = _seen(scene)
    there = (x >= 0) & (x <= SIDE) & (y >= 0) & (y <= SIDE)  # NaN is not
    drawn = torch.zeros_like(there)
    for slot in range(x.shape[1]):
        disc = _disc(x[:, slot], y[:, slot], BALL_RADIUS)
        share = (disc & ball_colored).sum((1, 2)) / disc.sum((1, 2)).clamp_min(1)
        drawn[:, slot] = there[:, slot] & (share > 0.5)
    return Balls(there, drawn)


def find_objects(picture: Float[Tensor, "batch 3 64 64"], scene: Scene) -> Found:
    """Look for the objects of `scene` (the truth) in `picture` (what was made of it)."""
    balls, colored = find_balls(picture, scene), cover(picture) > 0.5
    own = torch.zeros_like(colored[:, 0])
    for x, y in zip(*(centers.unbind(1) for centers in _seen(scene)), strict=True):
        own |= _disc(x, y, BALL_RADIUS + NEAR)
    agent = _disc(torch.full((1,), SIDE / 2), torch.full((1,), AGENT_ROW), AGENT_RADIUS)
    return Found(
        balls=balls.there.sum(1).float(),
        balls_found=balls.drawn.sum(1).float(),
        agent_found=(agent & colored[:, 1]).sum((1, 2)) > 0.5 * agent.sum(),
        ghosts=(colored[:, 0] & ~own).sum((1, 2)) / (np.pi * BALL_RADIUS**2),
    )


def _seen(scene: Scene) -> tuple[Float[Tensor, "batch slot"], Float[Tensor, "batch slot"]]:
    """Where the balls are in the picture, in pixels from its left and from its top."""
    return torch.from_numpy(scene.x + SIDE / 2), torch.from_numpy(scene.y)


def _disc(x: Tensor, y: Tensor, radius: float) -> Bool[Tensor, "batch 64 64"]:
    """The pixels whose centers lie within `radius` of (x, y)."""
    pixel = torch.arange(SIDE) + 0.5
    across, down = pixel - x.view(-1, 1, 1), pixel.view(-1, 1) - y.view(-1, 1, 1)
    return torch.hypot(across, down) < radius
