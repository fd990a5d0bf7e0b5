"""Objects are found where they are drawn, and nowhere else."""

import numpy as np
import torch

from wmcourse.data.games import play, uniform_actions
from wmcourse.envs.dodge import AGENT_ROW, BACKGROUND, SIDE, Scene, as_observation, pictures
from wmcourse.evaluation.objects import ball_area, find_objects


def scene_with(*balls: tuple[float, float]) -> Scene:
    """One game, balls at (x, y) of the picture."""
    x, y = (np.array([[ball[axis] for ball in balls]]) for axis in (0, 1))
    return Scene(x - SIDE / 2, y, np.ones_like(x))


def seen(scene: Scene) -> torch.Tensor:
    return as_observation(pictures(scene))


def test_all_is_found_in_the_picture_of_the_scene_itself():
    log = play(uniform_actions(1), games=30, seed=4)
    found = find_objects(log.observations(np.arange(len(log.scenes.x))), log.scenes)
    assert found.balls.sum() > 500
    assert (found.balls_found == found.balls).float().mean() > 0.99  # two balls at one place may look like one
    assert found.agent_found.all() and found.ghosts.max() == 0


def test_a_ball_drawn_elsewhere_is_missed_there_and_a_ghost_here():
    found = find_objects(seen(scene_with((20.0, 20.0), (50.0, 30.0))), scene_with((20.0, 20.0), (50.0, 45.0)))
    assert found.balls.tolist() == [2] and found.balls_found.tolist() == [1]
    assert 0.8 < found.ghosts.item() < 1.2


def test_nothing_is_found_in_an_empty_picture():
    empty = (torch.tensor(BACKGROUND) / 255.0).view(1, 3, 1, 1).expand(1, 3, SIDE, SIDE)
    found = find_objects(empty, scene_with((20.0, 20.0)))
    assert found.balls_found.item() == 0 and not found.agent_found.item() and ball_area(empty).item() == 0


def test_the_ball_colored_area_counts_balls():
    area = ball_area(seen(scene_with((12.0, 12.0), (40.0, 30.0), (50.0, 12.0)))).item()
    assert abs(area - 3) < 0.3
    assert ball_area(seen(scene_with((32.0, AGENT_ROW)))).item() > 0.8  # on the agent as well
