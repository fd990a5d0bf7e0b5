"""Whole games through a VAE, and what became of every ball: found or lost, and who was near."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from wmcourse.data.games import GameLog, at
from wmcourse.envs.dodge import BALL_RADIUS, SIDE
from wmcourse.evaluation.objects import find_balls
from wmcourse.evaluation.statistics import Interval, bootstrap_ratio
from wmcourse.models.vae import VAE, kl_to_standard_normal

_AT_ONCE = 500  # pictures


class Census(NamedTuple):
    """One entry for each picture, and one for each ball with its center in a picture."""

    game: Int[np.ndarray, " picture"]
    kl: Float[np.ndarray, " picture"]
    """What the code costs, in nats."""
    balls: Int[np.ndarray, " picture"]
    """With their centers in the picture."""
    picture: Int[np.ndarray, " ball"]
    """In which picture it is."""
    found: Bool[np.ndarray, " ball"]
    """Whether more than half of it is drawn."""
    neighbor: Float[np.ndarray, " ball"]
    """Pixels to the center of the nearest other ball of which anything is in the picture; infinite if there is none."""
    edge: Float[np.ndarray, " ball"]
    """Pixels from its center to the nearest edge of the picture."""

    def lost_share(self, which: Bool[np.ndarray, " ball"]) -> Interval:
        """The share of some of the balls that is lost, with an interval over games."""
        games = self.game[-1] + 1
        owner = self.game[self.picture]
        lost = np.bincount(owner[which & ~self.found], minlength=games)
        return bootstrap_ratio(lost, np.bincount(owner[which], minlength=games))

    def mean_kl(self, balls: int) -> Interval:
        """Nats of the pictures with so many balls, with an interval over games."""
        games, which = self.game[-1] + 1, self.balls == balls
        total = np.bincount(self.game[which], self.kl[which], minlength=games)
        return bootstrap_ratio(total, np.bincount(self.game[which], minlength=games))


@torch.no_grad()
def census(model: VAE, log: GameLog) -> Census:
    """Draw every picture from the mean of its code, and look for its balls."""
    parts = np.array_split(np.arange(len(log.scenes.x)), max(1, len(log.scenes.x) // _AT_ONCE))
    kl, there, found = [], [], []
    for part in parts:
        mean, log_variance = model.posterior(log.observations(part))
        balls = find_balls(model.decode(mean), at(log.scenes, part))
        kl.append(kl_to_standard_normal(mean, log_variance))
        there.append(balls.there)
        found.append(balls.drawn)
    in_sight, seen = torch.cat(there).numpy(), torch.cat(found).numpy()
    x, y = log.scenes.x + SIDE / 2, log.scenes.y
    edge = np.minimum(np.minimum(x, SIDE - x), np.minimum(y, SIDE - y))
    visible = edge > -BALL_RADIUS  # NaN is not
    return Census(
        game=np.repeat(np.arange(len(log.lengths)), log.lengths + 1),
        kl=torch.cat(kl).double().numpy(),
        balls=in_sight.sum(1),
        picture=np.nonzero(in_sight)[0],
        found=seen[in_sight],
        neighbor=_nearest(np.where(visible, x, np.nan), y)[in_sight],
        edge=edge[in_sight],
    )


def _nearest(x: Float[np.ndarray, "picture slot"], y: Float[np.ndarray, "picture slot"]) -> np.ndarray:
    """From each ball to the nearest other one, in pixels: (picture, slot)."""
    apart = np.hypot(x[:, :, None] - x[:, None], y[:, :, None] - y[:, None])
    apart[:, np.arange(x.shape[1]), np.arange(x.shape[1])] = np.nan
    return np.where(np.isnan(apart), np.inf, apart).min(-1)
