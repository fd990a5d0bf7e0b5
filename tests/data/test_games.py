"""Recorded games are what happened."""

import numpy as np
import torch

from wmcourse.data.games import HOLD, at, play, restless, uniform_actions
from wmcourse.envs.dodge import DodgeGames, hits


def test_a_log_holds_each_game_from_its_start_to_its_end():
    log = play(uniform_actions(3), games=40, seed=5)
    starts = np.cumsum(log.lengths + 1) - log.lengths - 1
    ends = starts + log.lengths
    assert len(log.scenes.x) == (log.lengths + 1).sum() and len(log.actions) == log.lengths.sum()
    assert np.isnan(log.scenes.y[starts]).all()  # nothing in the air yet
    hit = hits(log.scenes).any(-1)
    assert (hit[ends] == log.died).all() and log.died.all()
    assert hit.sum() == 40  # nobody is hit and plays on


def test_a_log_replays_to_the_same_scenes():
    log = play(restless(8, seed=1), games=8, seed=2, limit=20)
    world, first = DodgeGames(8, np.random.default_rng(2)), np.cumsum(log.lengths) - log.lengths
    scene = np.cumsum(log.lengths + 1) - log.lengths - 1
    for step in range(20):
        running = log.lengths > step
        action = np.ones(8, dtype=int)
        action[running] = log.actions[first[running] + step]
        world.step(action)
        for mine, theirs in zip(at(world.scene, running), at(log.scenes, scene[running] + step + 1), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_a_restless_player_holds_its_action_as_often_as_it_says():
    choose, world = restless(500, seed=0), DodgeGames(500, np.random.default_rng(0))
    chosen = np.stack([choose(world.scene, np.arange(500)) for _ in range(40)])
    again = (chosen[1:] == chosen[:-1]).mean()
    assert abs(again - (HOLD + (1 - HOLD) / 3)) < 0.01


def test_observations_are_pictures_between_0_and_1():
    log = play(uniform_actions(0), games=2, seed=0, limit=3)
    seen = log.observations(np.arange(4))
    assert seen.shape == (4, 3, 64, 64) and seen.dtype == torch.float32 and 0 <= seen.min() < seen.max() <= 1
