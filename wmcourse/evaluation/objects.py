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


class Found(NamedTuple):
    """For each scene, what was looked for and what was found."""

    balls: Float[Tensor, " batch"]
    """Whose center is in the picture."""
    balls_found: Float[Tensor, " batch"]
    """Of which more than half of the disc is drawn in the ball's color."""
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


def find_objects(picture: Float[Tensor, "batch 3 64 64"], scene: Scene) -> Found:
    """Look for the objects of `scene` (the truth) in `picture` (what was made of it)."""
    drawn = cover(picture) > 0.5
    x = torch.from_numpy(scene.x + SIDE / 2)
    y = torch.from_numpy(scene.y)
    there = (x >= 0) & (x <= SIDE) & (y >= 0) & (y <= SIDE)  # NaN is not
    found, own = torch.zeros(len(picture)), torch.zeros_like(drawn[:, 0])
    for slot in range(x.shape[1]):
        disc = _disc(x[:, slot], y[:, slot], BALL_RADIUS)
        share = (disc & drawn[:, 0]).sum((1, 2)) / disc.sum((1, 2)).clamp_min(1)
        found += there[:, slot] & (share > 0.5)
        own |= _disc(x[:, slot], y[:, slot], BALL_RADIUS + NEAR)
    agent = _disc(torch.full((1,), SIDE / 2), torch.full((1,), AGENT_ROW), AGENT_RADIUS)
    return Found(
        balls=there.sum(1).float(),
        balls_found=found,
        agent_found=(agent & drawn[:, 1]).sum((1, 2)) > 0.5 * agent.sum(),
        ghosts=(drawn[:, 0] & ~own).sum((1, 2)) / (np.pi * BALL_RADIUS**2),
    )


def _disc(x: Tensor, y: Tensor, radius: float) -> Bool[Tensor, "batch 64 64"]:
    """The pixels whose centers lie within `radius` of (x, y)."""
    pixel = torch.arange(SIDE) + 0.5
    across, down = pixel - x.view(-1, 1, 1), pixel.view(-1, 1) - y.view(-1, 1, 1)
    return torch.hypot(across, down) < radius
