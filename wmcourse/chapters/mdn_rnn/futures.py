"""One past and several futures: what a stochastic world may do next, and a fair measure of a dream of it."""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from wmcourse.data.games import GameLog, at
from wmcourse.envs.dodge import SIDE, DodgeGames, Scene, as_observation, pictures


def windows(
    log: GameLog, steps: int, *, games: int
) -> tuple[Int[np.ndarray, "game frame"], Float[Tensor, "game time 3"]]:
    """The first `steps` steps of the first games that last longer: rows of the scenes (N, T+1), and actions (N, T, 3).

    Raises:
        ValueError: fewer than `games` of them last longer.
    """
    enough = np.flatnonzero(log.lengths > steps)[:games]
    if len(enough) < games:
        raise ValueError(f"{len(enough)} games of the log last longer than {steps} steps, and {games} are wanted")
    first = np.cumsum(log.lengths) - log.lengths
    actions = log.actions[first[enough, None] + np.arange(steps)]
    rows = (first + np.arange(len(first)))[enough, None] + np.arange(
        steps + 1
    )  # a game has one scene more than actions
    return rows, torch.nn.functional.one_hot(torch.from_numpy(actions), 3).float()


def other_future(
    scenes: Scene, actions: Float[Tensor, "game time 3"], *, seed: int
) -> Float[Tensor, "game time 3 64 64"]:
    """What else might have been seen from these scenes on, with the same actions and other dice."""
    world = DodgeGames(len(actions), np.random.default_rng(seed))
    world.scene = Scene(*(part.copy() for part in scenes))
    seen = []
    for action in actions.argmax(-1).numpy().T:
        world.step(action)
        seen.append(as_observation(world.pictures()))
    return torch.stack(seen, dim=1)


def film(log: GameLog, rows: Int[np.ndarray, "game frame"]) -> Float[Tensor, "game frame 3 64 64"]:
    """The pictures of these scenes."""
    seen = as_observation(pictures(at(log.scenes, rows.reshape(-1))))
    return seen.unflatten(0, rows.shape)


def lone_balls(scenes: Scene) -> tuple[Bool[np.ndarray, " row"], Float[Tensor, "ball 3"]]:
    """Scenes with one ball, well in sight; and how far right of the agent, how low, and how fast it is."""
    inside = (np.abs(scenes.x) < SIDE / 2) & (scenes.y > 0) & (scenes.y < SIDE)  # NaN is not
    lone = (inside.sum(1) == 1) & ((~np.isnan(scenes.y)).sum(1) == 1)
    slot = inside[lone].argmax(1)
    which = np.arange(len(slot))
    return lone, torch.from_numpy(np.stack([part[lone][which, slot] for part in scenes], axis=1)).float()
