"""Walks of a dot, and films of them."""

import math

import pytest
import torch
from torch import Generator

from wmcourse.data.walks import AT_THE_DOOR, TURN, film, take_walks
from wmcourse.envs.two_rooms import BACKGROUNDS, DOOR_Y, MAX_STEP, WALL_X, draw_rooms, is_free, move


@pytest.fixture(scope="module")
def walks():
    return take_walks(2000, 6, Generator().manual_seed(0))


def test_each_position_is_what_the_world_makes_of_the_one_before(walks):
    assert walks.positions.shape == (2000, 7, 2) and walks.actions.shape == (2000, 6, 2)
    assert torch.equal(move(walks.positions[:, :-1], walks.actions), walks.positions[:, 1:])
    assert is_free(walks.positions).all()


def test_directions_change_slowly_and_speeds_at_once(walks):
    whole = (walks.actions.abs() < MAX_STEP).all(-1)  # not clipped: lengths and directions are as they were drawn
    angles = torch.atan2(walks.actions[..., 1], walks.actions[..., 0])
    turns = (angles.diff(dim=1) + math.pi).remainder(2 * math.pi) - math.pi
    turns = turns[whole[:, 1:] & whole[:, :-1]]
    assert abs(turns.std() / TURN - 1) < 0.05 and abs(turns.mean()) < 0.02
    assert angles[:, 0].cos().mean().abs() < 0.05 and angles[:, 0].sin().mean().abs() < 0.05
    lengths = walks.actions.norm(dim=-1)
    slow = lengths < MAX_STEP  # what is shorter is never clipped, and drawn evenly up to 1.3 times that
    assert abs(slow.double().mean() - 1 / 1.3) < 0.02
    assert abs(lengths[slow].mean() - MAX_STEP / 2) < 0.05
    assert abs(torch.corrcoef(lengths[:, :2].T)[0, 1]) < 0.1
    assert walks.actions.abs().max() == MAX_STEP


def test_a_quarter_begins_at_the_door_and_some_pass_it(walks):
    """Chance alone would put a thirtieth there."""
    offset = (walks.positions[:, 0] - torch.tensor([WALL_X, DOOR_Y])).abs()
    near = (offset <= torch.tensor([8.0, 4.0])).all(-1).double().mean()
    assert AT_THE_DOOR <= near < AT_THE_DOOR + 0.06
    begins, ends = (walks.positions[:, t, 0] > WALL_X for t in (0, -1))
    assert (begins & ~ends).sum() > 50 and (~begins & ends).sum() > 50


def test_a_seed_repeats_the_walks_and_their_film():
    one, two, other = (take_walks(5, 3, Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(one.positions, two.positions) and torch.equal(one.actions, two.actions)
    assert not torch.equal(one.positions, other.positions)
    for background in ("moving", "still"):
        one_, two_, other_ = (film(one.positions, background, Generator().manual_seed(seed)) for seed in (1, 1, 2))
        assert torch.equal(one_, two_) and not torch.equal(one_, other_)


def test_a_film_shows_each_position_and_the_noise_that_was_asked_for(walks):
    positions, dice = walks.positions[:3], Generator().manual_seed(3)
    plain, moving, still = (film(positions, background, dice) for background in BACKGROUNDS)
    for row in range(3):
        assert torch.equal(plain[row], draw_rooms(positions[row]))
    for noisy in (moving, still):
        bare = torch.isclose(plain, plain[:, :1, :, 3:4, 3:4]).all(2, keepdim=True)  # where only floor is seen
        noise = (noisy - plain)[:, :, :1] * bare.all(1, keepdim=True)
        assert noise.std() > 0.05
        steady = [torch.equal(noise[row, t], noise[row, 0]) for row in range(3) for t in range(1, 7)]
        assert set(steady) == {noisy is still}
        seen = bare.all((0, 1))  # in all three walks
        apart = [torch.equal(noise[row, 0][seen], noise[0, 0][seen]) for row in (1, 2)]
        assert apart == [False, False]
