"""The best that can be done in Dodge by one who sees every ball and its speed, and nothing of those to come."""

import numpy as np
from jaxtyping import Int

from wmcourse.envs.dodge import (
    AGENT_RADIUS,
    AGENT_ROW,
    BALL_RADIUS,
    FIRST_PLACE,
    PLACES,
    STAY,
    STRIDE,
    Scene,
)

AHEAD = 40
"""Steps that the oracle looks ahead: a slow ball takes that long to fall."""
_HOME = 1e-3  # steps of survival that one place nearer to the middle is worth, so that ties are not left to chance


def oracle(scene: Scene) -> Int[np.ndarray, " batch"]:
    """The action that survives longest if no more balls are launched, by dynamic programming over places and times."""
    places = FIRST_PLACE + STRIDE * np.arange(PLACES)
    reach = AGENT_RADIUS + BALL_RADIUS
    home = -_HOME * np.abs(np.arange(PLACES) - PLACES // 2)
    aside = (scene.x[:, :, None] - places) ** 2  # (B, slot, place)
    best = np.zeros((len(scene.agent), PLACES))  # steps still to be survived from each place
    for ahead in range(AHEAD, 0, -1):
        below = (scene.y + ahead * scene.speed - AGENT_ROW) ** 2
        hit = (aside + below[:, :, None] < reach**2).any(1)
        best = np.where(hit, 0.0, 1.0 + home + _moved(best).max(1))
    here = np.rint((scene.agent - FIRST_PLACE) / STRIDE).astype(int)
    options = _moved(best)[np.arange(len(here)), :, here]
    options[:, STAY] += _HOME / 2
    return options.argmax(-1)


def _moved(values: np.ndarray) -> np.ndarray:
    """Of each place, the values (batch, 3, place) where left, stay and right lead."""
    left = np.concatenate([values[:, :1], values[:, :-1]], axis=1)
    right = np.concatenate([values[:, 1:], values[:, -1:]], axis=1)
    return np.stack([left, values, right], axis=1)
