"""Two rooms joined by a door, and a dot that is moved about in them; the goal is a picture of where it should be.

After the world of Sobal et al. 2025 (PLDM) and EB-JEPA (Terver et al. 2026), with a wall that always stands in the same
place. Positions are (x, y) in pixels from the upper left corner; an action is the displacement in pixels. All of it is
vectorized: thousands of dots move, and are drawn, side by side on one core.
"""

from typing import Literal, NamedTuple, get_args

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor
from torch.nn.functional import interpolate

ENV_ID = "wmcourse/TwoRooms-v0"
"""For `gymnasium.make`, once `two_rooms_gym` is imported."""
SIDE = 64
"""Pixels along each side of a picture."""
LIMIT = 60
"""Steps after which an episode is cut off (truncated)."""
MAX_STEP = 4.0
"""Largest displacement along x and along y, in pixels per step."""
REACHED = 4.5
"""A dot closer to its goal than this, in pixels, is there (as in EB-JEPA)."""
DOT_RADIUS = 2.5
BORDER = 2.0
"""Thickness of the walls around the floor, in pixels."""
WALL_X, WALL_WIDTH = 32.0, 3.0
"""Where the wall between the rooms stands, and how thick it is."""
DOOR_Y, DOOR_WIDTH = 20.0, 13.0
"""Where the door is in it, and how wide."""
Background = Literal["plain", "moving", "still"]
"""The floor: bare; with noise that is new at every step; with noise that stays as it is for a whole episode."""
BACKGROUNDS: tuple[Background, ...] = get_args(Background)
NOISE_CELLS = 16
"""Patches of noise along each side of a picture."""
NOISE_SCALE = 0.2
"""Standard deviation of their brightness, of 1 from black to white."""
FLOOR, WALL, DOT = (0.93, 0.91, 0.86), (0.42, 0.45, 0.52), (0.72, 0.16, 0.12)
"""Colors: red, green, blue."""
_LOW, _HIGH = BORDER + DOT_RADIUS, SIDE - BORDER - DOT_RADIUS
_NEAR_WALL = WALL_WIDTH / 2 + DOT_RADIUS
_IN_DOOR = DOOR_WIDTH / 2 - DOT_RADIUS
_REACH = 4  # pixels around a dot's center that it may cover
_PARTS = 4  # of a step: so many short moves, none of which can jump over the wall


class Tasks(NamedTuple):
    """Where the dot begins, and where it should go."""

    start: Float[Tensor, "batch 2"]
    goal: Float[Tensor, "batch 2"]


def is_free(position: Float[Tensor, "*batch 2"]) -> Bool[Tensor, "*batch"]:
    """Whether a dot's center can be there: inside the floor, and in the wall only where the door is."""
    x, y = position.unbind(-1)
    inside = ((position >= _LOW) & (position <= _HIGH)).all(-1)
    return inside & (((x - WALL_X).abs() >= _NEAR_WALL) | ((y - DOOR_Y).abs() <= _IN_DOOR))


def move(position: Float[Tensor, "*batch 2"], action: Float[Tensor, "*batch 2"]) -> Float[Tensor, "*batch 2"]:
    """One step: the displacement `action` in pixels, clipped to ±4, in four parts; a dot slides along what it hits."""
    x, y = position.unbind(-1)
    across, down = (action.clamp(-MAX_STEP, MAX_STEP) / _PARTS).unbind(-1)
    for _ in range(_PARTS):
        x = torch.where(is_free(torch.stack([x + across, y], -1)), x + across, x)
        y = torch.where(is_free(torch.stack([x, y + down], -1)), y + down, y)
    return torch.stack([x, y], dim=-1)


def free_positions(count: int, generator: Generator, *, room: int | None = None) -> Float[Tensor, "count 2"]:
    """Positions drawn evenly from the free floor, or from one room (0 left, 1 right) without the doorway."""
    low, high = _LOW, _HIGH
    if room is not None:
        low, high = (_LOW, WALL_X - _NEAR_WALL) if room == 0 else (WALL_X + _NEAR_WALL, _HIGH)
    found = torch.empty(0, 2)
    while len(found) < count:
        drawn = torch.rand(2 * count, 2, generator=generator)
        drawn = torch.stack([low + (high - low) * drawn[:, 0], _LOW + (_HIGH - _LOW) * drawn[:, 1]], dim=-1)
        found = torch.cat([found, drawn[is_free(drawn)]])
    return found[:count]


def draw_tasks(count: int, generator: Generator) -> Tasks:
    """Starts in one room, drawn by a coin, and goals in the other: none is reached at its start."""
    rooms = torch.stack([free_positions(count, generator, room=room) for room in (0, 1)])  # (2, B, 2)
    begins = torch.randint(2, (count,), generator=generator)
    rows = torch.arange(count)
    return Tasks(rooms[begins, rows], rooms[1 - begins, rows])


def reached(position: Float[Tensor, "*batch 2"], goal: Float[Tensor, "*batch 2"]) -> Bool[Tensor, "*batch"]:
    """Whether the dot is within 4.5 pixels of its goal."""
    return (position - goal).norm(dim=-1) < REACHED


def draw_noise(count: int, generator: Generator) -> Float[Tensor, "count 1 16 16"]:
    """Patches of noise for `draw_rooms`."""
    return NOISE_SCALE * torch.randn(count, 1, NOISE_CELLS, NOISE_CELLS, generator=generator)


def draw_rooms(
    position: Float[Tensor, "batch 2"], noise: Float[Tensor, "batch 1 16 16"] | None = None
) -> Float[Tensor, "batch 3 64 64"]:
    """Pictures in [0, 1] of dots at these positions, over floors with or without noise; channels last in memory."""
    floor, wall = _plan()
    picture = floor.repeat(len(position), 1, 1, 1)  # (B, 64, 64, 3)
    if noise is not None:
        rough = interpolate(noise, scale_factor=SIDE // NOISE_CELLS, mode="nearest")[:, 0]
        picture.add_((rough * ~wall)[..., None]).clamp_(0, 1)
    window = torch.arange(-_REACH, _REACH + 1)
    columns, rows = ((position[:, i : i + 1].floor().long() + window).clamp(0, SIDE - 1) for i in (0, 1))
    across, down = columns + 0.5 - position[:, :1], rows + 0.5 - position[:, 1:]
    distance = (across[:, None, :].square() + down[:, :, None].square()).sqrt()
    cover = (DOT_RADIUS + 0.5 - distance).clamp(0, 1)[..., None]  # (B, R, R, 1): the dot's share of a pixel
    near = (torch.arange(len(position))[:, None, None], rows[:, :, None], columns[:, None, :])
    picture[near] = torch.lerp(picture[near], torch.tensor(DOT), cover)
    return picture.permute(0, 3, 1, 2)


def _plan() -> tuple[Float[Tensor, "64 64 3"], Bool[Tensor, "64 64"]]:
    """The empty rooms, and where their walls are."""
    place = torch.arange(SIDE) + 0.5
    edge = (place < BORDER) | (place > SIDE - BORDER)
    between = ((place - WALL_X).abs() < WALL_WIDTH / 2)[None, :] & ((place - DOOR_Y).abs() > DOOR_WIDTH / 2)[:, None]
    wall = edge[None, :] | edge[:, None] | between
    return torch.tensor([FLOOR, WALL])[wall.long()], wall
