"""The world of Dodge against slow and naive ways to say the same: its pictures, its hits, its dice."""

import numpy as np
import pytest
import torch

from wmcourse.agents.dodge_oracle import oracle
from wmcourse.envs import dodge
from wmcourse.envs.dodge import (
    LEFT,
    LIMIT,
    RIGHT,
    RING,
    SIDE,
    SLOTS,
    STAY,
    DodgeGames,
    Scene,
    as_observation,
    hits,
    pictures,
)


def played(steps, count=6, seed=0):
    """A scene in mid-game, of agents that have wandered."""
    random = np.random.default_rng(seed)
    games = DodgeGames(count, np.random.default_rng(seed))
    for _ in range(steps):
        games.step(random.integers(3, size=count))
    return games.scene


def crowd(count=4):
    """Balls everywhere, also where they come and go."""
    random = np.random.default_rng(1)
    x = random.uniform(-RING / 2, RING / 2, (count, SLOTS))
    y = random.uniform(-dodge.BALL_RADIUS, SIDE + dodge.BALL_RADIUS, (count, SLOTS))
    y[:, 0], y[:, 1], x[:, 2], x[:, 3] = -dodge.BALL_RADIUS, SIDE + dodge.BALL_RADIUS, -RING / 2, RING / 2
    x[0, 4:] = y[0, 4:] = np.nan
    return Scene(x, y, np.ones_like(x))


def blend(color, cover):
    return [int(np.floor(low + cover * (high - low) + 0.5)) for low, high in zip(dodge.BACKGROUND, color, strict=True)]


def slow_picture(scene, game):
    """Pixel by pixel, disc by disc, to an eighth of a pixel; the brighter wins."""
    balls = [
        (np.floor((x + SIDE / 2) * 8 + 0.5) / 8, np.floor(y * 8 + 0.5) / 8, dodge.BALL_RADIUS, dodge.BALL)
        for x, y in zip(scene.x[game], scene.y[game], strict=True)
        if not np.isnan(y)
    ]
    picture = np.empty((SIDE, SIDE, 3), np.uint8)
    for row in range(SIDE):
        for column in range(SIDE):
            picture[row, column] = dodge.BACKGROUND
            for x, y, radius, color in [*balls, (SIDE / 2, dodge.AGENT_ROW, dodge.AGENT_RADIUS, dodge.AGENT)]:
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
    scene, reach = crowd(40), dodge.AGENT_RADIUS + dodge.BALL_RADIUS
    expected = [
        [np.sqrt(x**2 + (y - dodge.AGENT_ROW) ** 2) < reach for x, y in zip(xs, ys, strict=True)]
        for xs, ys in zip(scene.x, scene.y, strict=True)
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
    for drawn, (low, high) in ((x, (-RING / 2, RING / 2)), (speed, dodge.SPEEDS)):
        share = (np.sort(drawn) - low) / (high - low)
        gap = np.abs(share - np.arange(len(x)) / len(x)).max()
        assert share.min() >= 0 and share.max() <= 1 and np.sqrt(len(x)) * gap < 2.0  # once in 1500 otherwise
    assert abs(np.corrcoef(x, speed)[0, 1]) < 4 / np.sqrt(len(x))


def test_a_step_moves_all_that_is_seen_the_other_way_around_the_ring(monkeypatch):
    """What leaves on one side comes back on the other: after as many steps as there are places all is where it was."""
    monkeypatch.setattr(dodge, "LAUNCH", 0.0)
    for action, to_the_right in ((LEFT, dodge.STRIDE), (STAY, 0.0), (RIGHT, -dodge.STRIDE)):
        games = DodgeGames(1, np.random.default_rng(0))
        start = np.linspace(-RING / 2, RING / 2, SLOTS, endpoint=False)
        for part, value in zip(games.scene, (start, 0.0, 0.0), strict=True):
            part[:] = value
        for step in range(1, dodge.PLACES + 1):
            games.step(np.array([action]))
            expected = [min((x + step * to_the_right + turn * RING for turn in (-1, 0, 1)), key=abs) for x in start]
            np.testing.assert_allclose(np.abs(games.scene.x[0]), np.abs(expected), atol=1e-9)
        apart = np.abs(games.scene.x[0] - start)
        np.testing.assert_allclose(np.minimum(apart, RING - apart), 0.0, atol=1e-9)


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
