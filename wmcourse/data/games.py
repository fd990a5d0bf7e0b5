"""Recorded games of Dodge: kept as what happened, for a picture is drawn faster than it is stored."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Tensor

from wmcourse.envs.dodge import LIMIT, DodgeGames, Scene, as_observation, pictures

Choose = Callable[[Scene, np.ndarray], np.ndarray]
"""The actions (B,) of the games that still run, from all there is to know of them and their numbers (B,)."""
HOLD = 0.75
"""Probability that `restless` does again what it did before: it then gets to see the walls, too."""


class GameLog(NamedTuple):
    """Whole games, one after the other: T + 1 scenes and T actions each."""

    scenes: Scene
    actions: Int[np.ndarray, " step"]
    lengths: Int[np.ndarray, " game"]
    """Steps T of each game."""
    died: Bool[np.ndarray, " game"]
    """False if the game was cut off."""

    def observations(self, rows: Int[np.ndarray, " row"]) -> Float[Tensor, "row 3 64 64"]:
        """Pictures of some of the scenes, as models see them."""
        return as_observation(pictures(at(self.scenes, rows)))


def at(scenes: Scene, rows: np.ndarray) -> Scene:
    """Some of the scenes, by index or mask."""
    return Scene(*(part[rows] for part in scenes))


def play(choose: Choose, *, games: int, seed: int, limit: int = LIMIT) -> GameLog:
    """Play whole games side by side."""
    world = DodgeGames(games, np.random.default_rng(seed))
    running = np.arange(games)
    lengths, died = np.zeros(games, dtype=int), np.zeros(games, dtype=bool)
    owners, scenes = [running], [Scene(*(part.copy() for part in world.scene))]
    actors, actions = [], []
    for _ in range(limit):
        action = np.ones(games, dtype=int)
        action[running] = choose(at(world.scene, running), running)
        hit = world.step(action)[running]
        owners.append(running)
        scenes.append(at(world.scene, running))
        actors.append(running)
        actions.append(action[running])
        lengths[running] += 1
        died[running] = hit
        running = running[~hit]
        if not len(running):
            break
    order = np.argsort(np.concatenate(owners), kind="stable")
    joined = Scene(*(np.concatenate(parts)[order] for parts in zip(*scenes, strict=True)))
    done = np.concatenate(actions)[np.argsort(np.concatenate(actors), kind="stable")]
    return GameLog(joined, done, lengths, died)


def restless(games: int, seed: int) -> Choose:
    """A random policy that holds its action for a while; for one `play` of so many games."""
    random = np.random.default_rng((seed, 1))  # not the dice of the world, which may have the same seed
    held = random.integers(3, size=games)

    def choose(scene: Scene, running: np.ndarray) -> np.ndarray:
        nonlocal held
        again = random.random(games) < HOLD
        held = np.where(again, held, random.integers(3, size=games))
        return held[running]

    return choose


def uniform_actions(seed: int) -> Choose:
    """The random policy: left, stay or right, each as likely, at every step."""
    random = np.random.default_rng((seed, 1))
    return lambda scene, running: random.integers(3, size=len(scene.x))
