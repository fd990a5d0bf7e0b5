"""The best that can be done in Dodge by one who sees every ball and its speed, and nothing of those to come."""

import numpy as np
from jaxtyping import Int

from wmcourse.envs.dodge import AGENT_RADIUS, AGENT_ROW, BALL_RADIUS, PLACES, STAY, STRIDE, Scene, around

AHEAD = 40
"""Steps that the oracle looks ahead: a slow ball takes that long to fall."""
_STILL = 1e-3  # steps of survival that staying is worth, so that ties are not left to chance


def oracle(scene: Scene) -> Int[np.ndarray, " batch"]:
    """The action that survives longest if no more balls are launched, by dynamic programming over places and times."""
    places = STRIDE * np.arange(PLACES)  # pixels to the right of where the agent is now
    aside = around(scene.x[:, :, None] - places) ** 2  # (B, slot, place)
    best = np.zeros((len(scene.x), PLACES))  # steps still to be survived from each place
    for ahead in range(AHEAD, 0, -1):
        below = (scene.y + ahead * scene.speed - AGENT_ROW) ** 2
        hit = (aside + below[:, :, None] < (AGENT_RADIUS + BALL_RADIUS) ** 2).any(1)
        best = np.where(hit, 0.0, 1.0 + _moved(best).max(1))
    return _moved(best)[:, :, 0].argmax(-1)


def _moved(values: np.ndarray) -> np.ndarray:
    """Of each place, the values (batch, 3, place) where left, stay and right lead."""
    led = np.stack([np.roll(values, 1, axis=1), values, np.roll(values, -1, axis=1)], axis=1)
    led[:, STAY] += _STILL
    return led
