"""A Galton board: a world that branches. Its odds are known exactly, so a model's doubt can be compared with the truth.

A ball falls through three rows of pegs. At each peg it goes left or right by chance, and the player's tilt decides how
likely either is. What is seen is a small picture. While the ball lies on a peg, a faint sign in a corner says which way
pays: half a point for going left, or a whole one for going right.
"""

from typing import Any

import gymnasium as gym
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

ENV_ID = "GaltonBoard-v0"
"""For `gymnasium.make` and `collect`, once this module is imported."""
SIDE = 16
"""Pixels along each side of a picture."""
ROWS = 3
STEPS = 10
"""Of an episode: one to the first peg, then three for each row."""
HITS = (1, 4, 7)
"""Times at which the ball lies on a peg: the action taken there sets the odds."""
RIGHT_ODDS = (0.15, 0.5, 0.85)
"""Probability of going right when the board is tilted left, level, or tilted right."""
LEFT, LEVEL, RIGHT = range(3)
SIGN = 0.2
"""Brightness of the sign. The ball's is 1."""
CORNERS = {-1: np.s_[:2, :3], 1: np.s_[:2, SIDE - 3 :]}
"""The pixels of the left and of the right sign."""
PAY = {-1: 0.5, 1: 1.0}
"""Points for going left under a left sign, and right under a right one; against the sign there are none."""
BEST_RETURN = ROWS * max(RIGHT_ODDS) * sum(PAY.values()) / 2
"""Expected, for the best player: tilt as signed at every peg."""
SIGNLESS_RETURN = ROWS * (max(RIGHT_ODDS) * PAY[1] + min(RIGHT_ODDS) * PAY[-1]) / 2
"""Expected, for the best player who cannot see the sign: always tilt right."""
_MIDDLE, _TOP, _FALL, _SHIFT = (SIDE - 1) / 2, 1.0, 1.4, 2.0  # pixels; pixels per step; pixels to either side
_DEFLECTION = np.array([0.5, 0.8, 1.0])  # share of the shift that is done one, two, three steps after a hit
_RADIUS, _PEG = 0.8, 0.3
BINS = tuple(_MIDDLE + _SHIFT * (2 * k - ROWS) for k in range(ROWS + 1))
"""Where a ball can land, in pixels from the left."""


class GaltonBoard(gym.Env[np.ndarray, Any]):
    """Observation: 16x16 brightnesses, flat. Actions: tilt left, level, tilt right. Reward: see `PAY`."""

    metadata = {"render_modes": []}

    def __init__(self) -> None:
        self.observation_space = gym.spaces.Box(0.0, 1.0, (SIDE * SIDE,), np.float32)
        self.action_space = gym.spaces.Discrete(len(RIGHT_ODDS))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """A ball at the top."""
        super().reset(seed=seed)
        self._time = 0
        self._directions: list[int] = []
        self._sign: int | None = None
        return self._picture(), {}

    def step(self, action: int | np.integer) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Fall one step; on a peg, go left or right."""
        reward = 0.0
        if self._time in HITS:
            direction = 1 if self.np_random.random() < RIGHT_ODDS[action] else -1
            self._directions.append(direction)
            reward = PAY[direction] if direction == self._sign else 0.0
        self._time += 1
        self._sign = int(self.np_random.choice([-1, 1])) if self._time in HITS else None
        return self._picture(), reward, self._time == STEPS, False, {}

    def _picture(self) -> np.ndarray:
        return board_picture(self._time, self._directions, self._sign)


gym.register(ENV_ID, entry_point="wmcourse.envs.galton:GaltonBoard")


def board_picture(time: int, directions: list[int], sign: int | None) -> np.ndarray:
    """The board (256,) at a time, the ball having gone the ways in `directions` (-1 left, 1 right).

    `sign` is -1 for the left corner, 1 for the right one, None for no sign.
    """
    x = _MIDDLE
    for hit, direction in zip(HITS, directions, strict=False):
        x += _SHIFT * direction * _DEFLECTION[min(time - hit, 3) - 1]
    picture = np.maximum(_PEGS, _blob(x, _TOP + _FALL * time))
    if sign is not None:
        picture[CORNERS[sign]] = SIGN
    return picture.astype(np.float32).reshape(-1)


def ball_column(picture: Float[Tensor, "*batch pixel"]) -> Float[Tensor, "*batch"]:
    """Where the ball is seen, in pixels from the left: the center of the brightness that is neither peg nor sign."""
    image = picture.unflatten(-1, (SIDE, SIDE)) - torch.from_numpy(_PEGS).to(picture)
    image = (image - 0.1).clamp_min(0.0) * torch.from_numpy(_WITHOUT_SIGNS).to(picture)
    weight = image.sum((-1, -2))
    center = (image.sum(-2) * torch.arange(SIDE, dtype=picture.dtype)).sum(-1)
    return torch.where(weight > 0.05, center / weight.clamp_min(1e-6), _MIDDLE)


def went_right(before: Float[Tensor, "*batch pixel"], after: Float[Tensor, "*batch pixel"]) -> Bool[Tensor, "*batch"]:
    """Did the ball go right at the peg it lay on in the picture `before`?"""
    return ball_column(after) > ball_column(before)


def landing_odds(actions: Float[Tensor, "batch time 3"]) -> Float[Tensor, "batch bin"]:
    """The exact probability of each of the four bins, left to right, for one-hot tilts of whole episodes (B, 10, 3)."""
    odds = actions.new_zeros(len(actions), ROWS + 1)
    odds[:, 0] = 1.0
    for hit in HITS:
        right = (actions[:, hit] * torch.tensor(RIGHT_ODDS)).sum(-1, keepdim=True)
        moved = torch.cat([torch.zeros_like(right), odds[:, :-1]], dim=-1)
        odds = (1 - right) * odds + right * moved
    return odds


def _blob(x: float, y: float) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * _RADIUS**2))


def _pegs() -> np.ndarray:
    picture = np.zeros((SIDE, SIDE))
    for row, hit in enumerate(HITS):
        for k in range(row + 1):
            x, y = _MIDDLE + _SHIFT * (2 * k - row), _TOP + _FALL * (hit + 1)
            picture = np.maximum(picture, _PEG * _blob(x, y))
    return picture


_PEGS = _pegs()
_WITHOUT_SIGNS = np.ones((SIDE, SIDE))
for _corner in CORNERS.values():
    _WITHOUT_SIGNS[_corner] = 0.0
