"""Two rooms against a slow world made of rectangles: where a dot can be, how it moves, what a picture of it shows."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator

from wmcourse.envs import two_rooms
from wmcourse.envs.two_rooms import (
    BORDER,
    DOOR_WIDTH,
    DOOR_Y,
    DOT_RADIUS,
    MAX_STEP,
    REACHED,
    SIDE,
    WALL_WIDTH,
    WALL_X,
    draw_noise,
    draw_rooms,
    draw_tasks,
    free_positions,
    is_free,
    move,
    reached,
)

BEFORE, BEHIND = WALL_X - WALL_WIDTH / 2, WALL_X + WALL_WIDTH / 2
ABOVE, BELOW = DOOR_Y - DOOR_WIDTH / 2, DOOR_Y + DOOR_WIDTH / 2
WALLS = (
    (0, BORDER, 0, SIDE),
    (SIDE - BORDER, SIDE, 0, SIDE),
    (0, SIDE, 0, BORDER),
    (0, SIDE, SIDE - BORDER, SIDE),
    (BEFORE, BEHIND, 0, ABOVE),
    (BEFORE, BEHIND, BELOW, SIDE),
)
"""Left, right, upper and lower edge of each."""
FINE = np.arange(1, 17) / 16


def stands(x, y):
    """The dot, taken as a square, overlaps no rectangle."""
    left, right, up, down = (float(at) + way * DOT_RADIUS for at in (x, y) for way in (-1, 1))
    return all(right <= low or left >= high or down <= top or up >= bottom for low, high, top, bottom in WALLS)


def slides(x, y, action):
    """Four parts, each along x and then along y, and only where all of the way is free, looked at in 16 places."""
    x, y = np.float32(x), np.float32(y)
    across, down = (np.float32(np.clip(each, -MAX_STEP, MAX_STEP)) / np.float32(4) for each in action)
    for _ in range(4):
        if all(stands(x + share * across, y) for share in FINE[:-1]) and stands(x + across, y):
            x = x + across
        if all(stands(x, y + share * down) for share in FINE[:-1]) and stands(x, y + down):
            y = y + down
    return float(x), float(y)


CORNERS = [4.5, 16.0, 20.0, 24.0, 27.9, 28.0, 28.1, 32.0, 36.0, 59.5]  # where walls begin, for the dot's center
PLACES = st.one_of(st.sampled_from(CORNERS), st.floats(2, 62, width=32))
PUSHES = st.one_of(st.sampled_from([-4.0, 0.0, 4.0]), st.floats(-50, 50, width=32))


@given(PLACES, PLACES)
def test_a_dot_can_be_where_it_overlaps_no_wall(x, y):
    assert is_free(torch.tensor([x, y])) == stands(np.float32(x), np.float32(y))


@given(PLACES, PLACES, st.lists(st.tuples(PUSHES, PUSHES), min_size=1, max_size=4))
def test_whole_ways_are_free_and_end_where_the_slow_world_says(x, y, pushes):
    position = torch.tensor([x, y])
    if not is_free(position):
        position = torch.tensor([32.0, 20.0])  # in the doorway, whose corners are many
    for push in pushes:
        expected = slides(*position.tolist(), push)
        position = move(position, torch.tensor(push))
        assert tuple(position.tolist()) == expected
        assert stands(*expected)


def test_rooms_are_changed_only_through_the_door():
    """Whatever wild things a thousand dots do, which they do in both directions."""
    dice = Generator().manual_seed(0)
    position, crossed = free_positions(1000, dice), [0, 0]
    direction = torch.rand(1000, 2, generator=dice) - 0.5
    for _ in range(80):
        direction = direction + 0.3 * torch.randn(1000, 2, generator=dice)
        after = move(position, 20 * direction)
        apart = ((position - WALL_X).abs() >= 4)[:, 0] & ((after - WALL_X).abs() >= 4)[:, 0]
        leaves = (position[:, 0] - WALL_X) * (after[:, 0] - WALL_X) < 0
        assert not (apart & leaves).any()  # nobody is on one side, and then on the other
        inside = (after[:, 0] > WALL_X - 4) & (after[:, 0] < WALL_X + 4)
        assert (after[inside, 1] - DOT_RADIUS >= ABOVE).all() and (after[inside, 1] + DOT_RADIUS <= BELOW).all()
        for way, side in enumerate((1, -1)):
            crossed[way] += int((leaves & (side * (after[:, 0] - WALL_X) > 0)).sum())
        position = after
    assert min(crossed) > 20


def test_where_nothing_is_in_the_way_a_dot_goes_where_it_is_sent():
    start = torch.tensor([[15.0, 30.0], [48.0, 15.0], [28.0, 20.0]])
    action = torch.tensor([[-3.5, 4.0], [1.25, 0.0], [4.0, -2.0]])
    torch.testing.assert_close(move(start, action), start + action)


@pytest.mark.parametrize(
    ("start", "action", "end"),
    [
        ([24.5, 40.0], [4.0, 3.0], [27.5, 52.0]),  # down along the wall between the rooms, a part of a step before it
        ([39.0, 40.0], [-4.0, -1.0], [36.0, 36.0]),
        ([10.0, 58.0], [2.0, 4.0], [18.0, 59.0]),  # along the lower border
        ([26.0, 20.0], [4.0, 0.0], [42.0, 20.0]),  # through the door
        ([32.0, 23.0], [0.0, 4.0], [32.0, 24.0]),  # in the doorway, against its side
        ([58.5, 58.5], [4.0, 4.0], [59.5, 59.5]),  # into a corner
    ],
)
def test_a_dot_slides_along_what_it_hits(start, action, end):
    position = torch.tensor(start)
    for _ in range(4):
        position = move(position, torch.tensor(action))
    assert position.tolist() == end


def test_longer_actions_are_clipped_along_each_axis():
    start = free_positions(200, Generator().manual_seed(1))
    action = 10 * torch.randn(200, 2)
    assert torch.equal(move(start, action), move(start, action.clamp(-4, 4)))
    assert abs((move(start, action) - start).abs().max() - 4.0) < 1e-5


def test_all_is_vectorized_over_any_axes():
    start = free_positions(15, Generator().manual_seed(2)).view(3, 5, 2)
    action = 4 * torch.randn(3, 5, 2)
    alone = [move(x, a) for x, a in zip(start.flatten(0, 1), action.flatten(0, 1), strict=True)]
    assert torch.equal(move(start, action).flatten(0, 1), torch.stack(alone))


def furthest_from_even(values, low, high):
    """The largest distance of an empirical distribution from the even one (Kolmogorov)."""
    values = ((values - low) / (high - low)).sort().values
    return (values - torch.arange(len(values)) / len(values)).abs().max()


def test_places_are_drawn_evenly_from_the_floor_or_from_a_room():
    dice = Generator().manual_seed(3)
    for room, (low, high) in enumerate([(4.5, 28.0), (36.0, 59.5)]):
        x, y = free_positions(4000, dice, room=room).unbind(-1)
        assert low <= x.min() and x.max() <= high
        assert furthest_from_even(x, low, high) < 0.03 and furthest_from_even(y, 4.5, 59.5) < 0.03
    x, y = (everywhere := free_positions(20_000, dice)).unbind(-1)
    assert all(stands(*place) for place in everywhere[:500].tolist())
    doorway = ((x > 28) & (x < 36)).double().mean()
    assert abs(doorway - 8 * 8 / (2 * 23.5 * 55 + 8 * 8)) < 0.005  # its share of the area
    assert abs((x < 32).double().mean() - 0.5) < 0.015


def test_starts_and_goals_are_in_different_rooms_and_never_reached_at_the_start():
    tasks = draw_tasks(2000, Generator().manual_seed(4))
    begins, ends = (place[:, 0] > WALL_X for place in tasks)
    assert (begins != ends).all() and 900 < begins.sum() < 1100
    assert is_free(tasks.start).all() and is_free(tasks.goal).all()
    assert not reached(*tasks).any() and (tasks.start - tasks.goal).norm(dim=-1).min() > REACHED
    for place in tasks:
        assert len(place.unique(dim=0)) == 2000
    again, other = (draw_tasks(2000, Generator().manual_seed(seed)) for seed in (4, 5))
    assert torch.equal(tasks.start, again.start) and torch.equal(tasks.goal, again.goal)
    assert not torch.equal(tasks.start, other.start)


def test_a_goal_is_reached_within_4_and_a_half_pixels():
    near, far = torch.tensor([[13.1, 13.1], [13.2, 13.2]])  # 4.38 and 4.53 away
    here = torch.tensor([10.0, 10.0])
    assert reached(here, near) and not reached(here, far)


@pytest.fixture
def bare():
    """The empty rooms: two pictures agree everywhere but where their dots are."""
    left, right = draw_rooms(torch.tensor([[10.0, 50.0], [50.0, 50.0]]))
    return torch.cat([right[:, :, :32], left[:, :, 32:]], dim=-1)


def is_wall(picture):
    return (picture == torch.tensor(two_rooms.WALL)[:, None, None]).all(0)


def test_walls_are_drawn_where_a_dot_cannot_be(bare):
    place = np.arange(SIDE) + 0.5
    middles = np.array([[any(a <= x <= b and c <= y <= d for a, b, c, d in WALLS) for x in place] for y in place])
    wrong = is_wall(bare).numpy() != middles
    on_an_edge = np.isin(place, [BEFORE, BEHIND])[None, :] | np.isin(place, [ABOVE, BELOW])[:, None]
    assert not (wrong & ~on_an_edge).any()


def test_the_dot_is_where_it_is(bare):
    """The center of what differs from the empty floor, and its area."""
    positions = free_positions(300, Generator().manual_seed(6))
    pictures = draw_rooms(positions)
    differs = (pictures - bare).abs().sum(1)
    mass, place = differs.sum((1, 2)), torch.arange(SIDE) + 0.5
    found = torch.stack([(differs.sum(1) * place).sum(-1) / mass, (differs.sum(2) * place).sum(-1) / mass], dim=-1)
    assert (found - positions).abs().max() < 0.05
    colors = torch.tensor(two_rooms.FLOOR), torch.tensor(two_rooms.DOT)
    area = mass / (colors[0] - colors[1]).abs().sum()
    assert (area / (np.pi * DOT_RADIUS**2) - 1).abs().max() < 0.05
    assert (differs[:, is_wall(bare)] == 0).all()  # never over a wall
    assert pictures.is_contiguous(memory_format=torch.channels_last)


def test_noise_is_on_the_floor_alone(bare):
    positions, dice = free_positions(200, Generator().manual_seed(7)), Generator().manual_seed(8)
    noise = draw_noise(200, dice)
    noisy, plain, wall = draw_rooms(positions, noise), draw_rooms(positions), is_wall(bare)
    dot = (plain == torch.tensor(two_rooms.DOT)[:, None, None]).all(1)
    assert dot.sum() > 200 * 5
    for quiet in (dot, wall.expand_as(dot)):
        assert torch.equal(noisy.movedim(1, -1)[quiet], plain.movedim(1, -1)[quiet])
    assert noisy.min() >= 0 and noisy.max() <= 1
    patches = noise.repeat_interleave(4, 2).repeat_interleave(4, 3)
    floor = (plain == torch.tensor(two_rooms.FLOOR)[:, None, None]).all(1)
    expected = (plain + patches).clamp(0, 1)
    torch.testing.assert_close(noisy.movedim(1, -1)[floor], expected.movedim(1, -1)[floor])
    assert abs(noise.std() - two_rooms.NOISE_SCALE) < 0.002
