"""Dodge: balls fall at random times, from random places, at random speeds; the agent below steps out of their way.

In the spirit of VizDoom's TakeCover (Ha & Schmidhuber 2018, section 4): the camera goes with the agent, so that a step
to the left moves all else to the right. The ground is a ring: there is no corner to hide in, and what leaves the
picture on one side comes back on the other. Thousands of games run side by side on one core, pictures included. A
single picture does not show how fast a ball falls.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

ENV_ID = "wmcourse/Dodge-v0"
"""For `gymnasium.make` and `collect`, once `dodge_gym` is imported."""
SIDE = 64
"""Pixels along each side of a picture."""
LIMIT = 300
"""Steps after which a game is cut off (truncated)."""
LEFT, STAY, RIGHT = range(3)
STRIDE = 2.5
"""Pixels that the agent moves in a step: all that it sees moves the other way."""
PLACES = 29
"""Steps around the ring."""
RING = PLACES * STRIDE
"""Pixels around it, a little more than a picture and a ball are wide."""
AGENT_ROW = 58.0
"""Height of the agent's center, in pixels from the top."""
AGENT_RADIUS, BALL_RADIUS = 4.0, 4.0
LAUNCH = 0.16
"""Probability that a ball is launched in a step."""
SPEEDS = (2.5, 4.5)
"""Pixels per step; a ball's own is uniform between them."""
SLOTS = 12
"""Balls that can be in the air at once."""
BACKGROUND, AGENT, BALL = (22, 26, 46), (140, 200, 255), (240, 92, 110)
"""Colors: red, green, blue."""
_PARTS = 8  # of a pixel: how finely positions are drawn
_MARGIN = 10  # pixels: width of the frame around a picture, on which balls that come and go are drawn too


class Scene(NamedTuple):
    """Everything there is to know of a batch of games. Slots without a ball hold NaN."""

    x: Float[np.ndarray, "batch slot"]
    """How far to the right of the agent a ball's center is, in pixels: -`RING`/2 to `RING`/2."""
    y: Float[np.ndarray, "batch slot"]
    """How far below the picture's upper edge, in pixels."""
    speed: Float[np.ndarray, "batch slot"]
    """Downwards, in pixels per step."""


class DodgeGames:
    """Many games side by side, without gymnasium's manners: `restart`, `step`, and `pictures` when they are wanted."""

    def __init__(self, count: int, random: np.random.Generator) -> None:
        self.count, self.random = count, random
        self.scene = Scene(*(np.full((count, SLOTS), np.nan) for _ in Scene._fields))
        self.steps = np.zeros(count, dtype=int)
        self.restart(np.ones(count, dtype=bool))

    def restart(self, which: Bool[np.ndarray, " batch"]) -> None:
        """Begin these games anew, with nothing in the air."""
        for balls in self.scene:
            balls[which] = np.nan
        self.steps[which] = 0

    def step(self, action: Int[np.ndarray, " batch"]) -> Bool[np.ndarray, " batch"]:
        """Move the agents, let the balls fall and be launched; True where a ball has hit."""
        x, y, speed = self.scene
        x[:] = around(x - STRIDE * (action - STAY)[:, None])
        y += speed
        gone = y > SIDE + BALL_RADIUS
        for balls in (x, y, speed):
            balls[gone] = np.nan
        self._launch()
        self.steps += 1
        return np.any(hits(self.scene), axis=-1)

    def pictures(self) -> UInt8[np.ndarray, "batch 64 64 3"]:
        """What is to be seen now."""
        return pictures(self.scene)

    def _launch(self) -> None:
        """One draw of each kind per game, whether it is needed or not: a game's dice depend on no other game."""
        dice = self.random.random((self.count, 3))
        free = np.isnan(self.scene.y)
        launched = (dice[:, 0] < LAUNCH) & free.any(-1)
        row, slot = np.flatnonzero(launched), free.argmax(-1)[launched]
        self.scene.x[row, slot] = RING * (dice[row, 1] - 0.5)
        self.scene.y[row, slot] = -BALL_RADIUS
        self.scene.speed[row, slot] = SPEEDS[0] + (SPEEDS[1] - SPEEDS[0]) * dice[row, 2]


def around(x: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch"]:
    """The same place of the ring, between -`RING`/2 and `RING`/2."""
    return (x + RING / 2) % RING - RING / 2


def hits(scene: Scene) -> Bool[np.ndarray, "batch slot"]:
    """Which balls touch the agent."""
    distance = np.hypot(scene.x, scene.y - AGENT_ROW)
    return np.asarray(distance < AGENT_RADIUS + BALL_RADIUS)  # NaN is not


def pictures(scene: Scene) -> UInt8[np.ndarray, "batch 64 64 3"]:
    """What a camera sees that keeps the agent in the middle: soft-edged discs on an even ground.

    Discs are drawn to an eighth of a pixel; where they overlap, the brighter wins.
    """
    count = len(scene.x)
    frames = np.repeat(_GROUND, count, axis=0)
    seen = scene.x + SIDE / 2  # pixels from the left edge of the picture
    inside = (seen > -BALL_RADIUS) & (seen < SIDE + BALL_RADIUS)
    for slot in range(seen.shape[1]):
        there = np.flatnonzero(inside[:, slot])
        _stamp(frames, there, seen[there, slot], scene.y[there, slot], _BALLS)
    _stamp(frames, np.arange(count), np.full(count, SIDE / 2), np.full(count, AGENT_ROW), _AGENTS)
    return np.ascontiguousarray(frames[:, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN])


def as_observation(
    pictures: UInt8[np.ndarray, "batch 64 64 3"] | Float[Tensor, "batch 64 64 3"],
) -> Float[Tensor, "batch 3 64 64"]:
    """Pictures of 0..255, or the tensors that `collect` makes of them, as models see them: in [0, 1], colors first."""
    return torch.as_tensor(pictures).permute(0, 3, 1, 2).float() / 255.0


def _stamp(frames: np.ndarray, rows: np.ndarray, x: np.ndarray, y: np.ndarray, stamps: np.ndarray) -> None:
    """Draw one disc in each of the frames `rows`, at (x, y) of the picture inside the margin."""
    if not len(rows):
        return
    left, across = np.divmod(np.floor(x * _PARTS + 0.5).astype(int), _PARTS)
    top, down = np.divmod(np.floor(y * _PARTS + 0.5).astype(int), _PARTS)
    side, patch = frames.shape[1], stamps.shape[2]
    corner = (rows * side + top + _MARGIN - patch // 2) * side + left + _MARGIN - patch // 2
    within = 3 * (np.arange(patch)[:, None] * side + np.arange(patch))[..., None] + np.arange(3)
    where = 3 * corner[:, None] + within.reshape(-1)
    flat = frames.reshape(-1)
    flat[where] = np.maximum(flat[where], stamps[down, across].reshape(len(rows), -1))


def _stamps(radius: float, color: tuple[int, int, int]) -> UInt8[np.ndarray, "part part patch patch 3"]:
    """The disc for each offset (down, across) in parts of a pixel; pixel k of a picture has its center at k + 1/2."""
    patch = 2 * int(np.ceil(radius + 0.5))
    patch += 2 * (2 * (radius + 0.5) + 1 > patch)
    part = np.arange(_PARTS) / _PARTS
    pixel = np.arange(patch) + 0.5 - patch // 2
    down, across = pixel[None, None, :, None] - part[:, None, None, None], pixel - part[None, :, None, None]
    cover = np.clip(radius + 0.5 - np.hypot(down, across), 0.0, 1.0)[..., None]
    shade = np.array(BACKGROUND) + cover * (np.array(color) - np.array(BACKGROUND))
    return np.floor(shade + 0.5).astype(np.uint8)


_GROUND = np.full((1, SIDE + 2 * _MARGIN, SIDE + 2 * _MARGIN, 3), BACKGROUND, np.uint8)
_BALLS, _AGENTS = _stamps(BALL_RADIUS, BALL), _stamps(AGENT_RADIUS, AGENT)
