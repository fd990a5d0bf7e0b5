"""The world of Dodge against slow and naive ways to say the same: its pictures, its hits, its dice."""

import numpy as np
import pytest
import torch

from wmcourse.agents.dodge_oracle import oracle
from wmcourse.envs import dodge
from wmcourse.envs.dodge import LIMIT, SIDE, SLOTS, STAY, DodgeGames, Scene, as_observation, hits, pictures

REACH = dodge.AGENT_RADIUS + dodge.BALL_RADIUS


def played(steps, count=6, seed=0):
    """A scene in mid-game, of agents that have wandered."""
    random = np.random.default_rng(seed)
    games = DodgeGames(count, np.random.default_rng(seed))
    for _ in range(steps):
        games.step(random.integers(3, size=count))
    return games.scene


def crowd(count=4):
    """Balls everywhere, also where they come and go, at places that no game would choose."""
    random = np.random.default_rng(1)
    agent = random.uniform(0, SIDE, count)
    agent[:2] = 0.0, SIDE
    x = random.uniform(-dodge.BALL_RADIUS, SIDE + dodge.BALL_RADIUS, (count, SLOTS))
    y = random.uniform(-dodge.BALL_RADIUS, SIDE + dodge.BALL_RADIUS, (count, SLOTS))
    y[:, 0], y[:, 1], y[0, 2:] = -dodge.BALL_RADIUS, SIDE + dodge.BALL_RADIUS, np.nan
    x[np.isnan(y)] = np.nan
    return Scene(agent, x, y, np.ones_like(x))


def blend(color, cover):
    return [int(np.floor(low + cover * (high - low) + 0.5)) for low, high in zip(dodge.BACKGROUND, color, strict=True)]


def slow_picture(scene, game):
    """Pixel by pixel: the wall's share of its column, then each disc's share of it; the brighter wins."""
    agent = scene.agent[game]
    eighths = [
        (np.floor((x - agent + SIDE / 2) * 8 + 0.5) / 8, np.floor(y * 8 + 0.5) / 8, dodge.BALL_RADIUS, dodge.BALL)
        for x, y in zip(scene.x[game], scene.y[game], strict=True)
        if not np.isnan(y)
    ]
    discs = [*eighths, (SIDE / 2, dodge.AGENT_ROW, dodge.AGENT_RADIUS, dodge.AGENT)]
    picture = np.empty((SIDE, SIDE, 3), np.uint8)
    for column in range(SIDE):
        left = agent - SIDE / 2 + column
        beyond = min(1.0, max(0.0, -left) + max(0.0, left + 1 - SIDE))
        behind = blend(dodge.WALL, beyond)
        for row in range(SIDE):
            picture[row, column] = behind
            for x, y, radius, color in discs:
                cover = radius + 0.5 - np.hypot(column + 0.5 - x, row + 0.5 - y)
                if cover > 0:
                    picture[row, column] = np.maximum(picture[row, column], blend(color, min(cover, 1.0)))
    return picture


@pytest.mark.parametrize("scene", [played(0, 1), played(23, 2), crowd()], ids=["start", "played", "crowd"])
def test_a_picture_is_what_a_loop_over_its_pixels_draws(scene):
    for game, picture in enumerate(pictures(scene)):
        np.testing.assert_array_equal(picture, slow_picture(scene, game))


def test_observations_are_pictures_in_0_to_1_with_the_colors_first():
    seen = pictures(played(30))
    observations = as_observation(seen)
    assert observations.shape == (6, 3, 64, 64) and observations.dtype == torch.float32
    np.testing.assert_allclose(observations[4, 1, 57].numpy() * 255, seen[4, 57, :, 1], rtol=1e-6)
    assert torch.equal(as_observation(torch.from_numpy(seen.astype(np.float32))), observations)


def test_a_ball_hits_that_is_nearer_than_both_radii():
    scene = crowd(40)
    expected = [
        [np.sqrt((x - agent) ** 2 + (y - dodge.AGENT_ROW) ** 2) < REACH for x, y in zip(xs, ys, strict=True)]
        for agent, xs, ys in zip(scene.agent, scene.x, scene.y, strict=True)
    ]
    np.testing.assert_array_equal(hits(scene), expected)
    assert hits(scene).any()


def test_a_ball_falls_at_its_own_speed_until_it_is_out_of_sight(monkeypatch):
    games = DodgeGames(20, np.random.default_rng(0))
    for _ in range(30):
        games.step(np.full(20, STAY))
    monkeypatch.setattr(dodge, "LAUNCH", 0.0)
    before = Scene(*(part.copy() for part in games.scene))
    for steps in range(1, 40):
        games.step(np.full(20, STAY))
        y = before.y + steps * before.speed
        there = y <= SIDE + dodge.BALL_RADIUS
        for now, then in ((games.scene.y, y), (games.scene.x, before.x), (games.scene.speed, before.speed)):
            np.testing.assert_allclose(now, np.where(there, then, np.nan))
    assert not there.any()


def test_launches_come_at_their_rate_from_everywhere_at_any_speed():
    """Of the balls that are just in: how many, and whether place and speed are uniform (Kolmogorov & Smirnov)."""
    games, x, speed, steps = DodgeGames(1000, np.random.default_rng(0)), [], [], 60
    for _ in range(steps):
        games.step(np.full(1000, STAY))
        new = games.scene.y == -dodge.BALL_RADIUS
        assert (new.sum(-1) <= 1).all()
        x.append(games.scene.x[new])
        speed.append(games.scene.speed[new])
    x, speed = np.concatenate(x), np.concatenate(speed)
    expected = 1000 * steps * dodge.LAUNCH
    assert abs(len(x) - expected) < 4 * np.sqrt(expected * (1 - dodge.LAUNCH))
    for drawn, (low, high) in ((x, (dodge.BALL_RADIUS, SIDE - dodge.BALL_RADIUS)), (speed, dodge.SPEEDS)):
        share = (np.sort(drawn) - low) / (high - low)
        gap = np.abs(share - np.arange(len(x)) / len(x)).max()
        assert share.min() >= 0 and share.max() <= 1 and np.sqrt(len(x)) * gap < 2.0  # once in 1500 otherwise
    assert abs(np.corrcoef(x, speed)[0, 1]) < 4 / np.sqrt(len(x))


def test_an_agent_takes_steps_between_the_walls():
    games = DodgeGames(2, np.random.default_rng(0))
    for step in range(1, dodge.PLACES + 3):
        games.step(np.array([dodge.LEFT, dodge.RIGHT]))
        aside = dodge.STRIDE * min(step, dodge.PLACES // 2)
        assert games.scene.agent.tolist() == [SIDE / 2 - aside, SIDE / 2 + aside]
    games.step(np.array([STAY, dodge.LEFT]))
    assert games.scene.agent.tolist() == [SIDE / 2 - aside, SIDE / 2 + aside - dodge.STRIDE]


def test_a_games_dice_depend_on_no_other_game():
    """Another game's actions and its new beginning change nothing."""
    calm, restless = (DodgeGames(2, np.random.default_rng(3)) for _ in range(2))
    for step in range(50):
        calm.step(np.array([STAY, STAY]))
        restless.step(np.array([step % 3, STAY]))
        if step % 7 == 0:
            restless.restart(np.array([True, False]))
        for ours, theirs in zip(calm.scene, restless.scene, strict=True):
            np.testing.assert_array_equal(ours[1], theirs[1])


@pytest.mark.parametrize(
    ("choose", "games", "low", "high"),
    [
        (lambda scene, random: random.integers(3, size=len(scene.x)), 2000, 0.10, 0.15),
        (lambda scene, random: oracle(scene), 100, 0.95, np.inf),
    ],
    ids=["random", "oracle"],
)
def test_difficulty_is_as_published(choose, games, low, high):
    """The mean share of the time limit that is survived is in its range by more than 3 standard errors."""
    world, random = DodgeGames(games, np.random.default_rng(7)), np.random.default_rng(8)
    survived, running = np.full(games, LIMIT), np.ones(games, dtype=bool)
    for step in range(LIMIT):
        hit = running & world.step(choose(world.scene, random))
        survived[hit], running = step, running & ~hit
    error = 3 * survived.std() / np.sqrt(games) / LIMIT
    assert low + error < survived.mean() / LIMIT < high - error
