"""Journeys: counted as their paths say, and planners that know the world arrive."""

from dataclasses import replace

import pytest
import torch
from torch import Generator

from wmcourse.envs.two_rooms import BACKGROUNDS, REACHED, Tasks, draw_rooms, draw_tasks, free_positions, is_free
from wmcourse.evaluation.probes import linear_probe
from wmcourse.evaluation.statistics import wilson_interval
from wmcourse.evaluation.two_rooms import ACTIONS, PLANNERS, REPLAN_EVERY, Journeys, measure_rooms, success, travel
from wmcourse.models.jepa import JEPA, JEPAConfig
from wmcourse.models.known import known_two_rooms
from wmcourse.planning import CEM, RandomShooting

QUICK = CEM(ACTIONS, horizon=12, samples=40, elites=6, iterations=3, init_std=0.6, noise_beta=2.0)
WILD = RandomShooting(ACTIONS, horizon=4, samples=2)


def in_one_room(count, seed=0):
    dice = Generator().manual_seed(seed)
    rooms = [[free_positions(count // 2, dice, room=room) for room in (0, 1)] for _ in range(2)]
    return Tasks(*(torch.cat(each) for each in rooms))


@pytest.fixture(scope="module")
def known():
    return known_two_rooms()


@pytest.fixture(scope="module")
def wandered(known):
    """Some arrive and some do not."""
    near = in_one_room(10)
    return near, travel(known, WILD, near, background=None, limit=25)


def test_who_knows_the_world_reaches_goals_in_the_same_room(known):
    tasks = in_one_room(30)
    found = travel(known, QUICK, tasks, background=None, limit=30)
    assert found.arrived.double().mean() >= 0.96
    fewest = ((tasks.start - tasks.goal).abs().max(-1).values - REACHED) / 4
    assert (found.steps >= fewest.ceil()).all() and (found.steps <= 2 * fewest + 8)[found.arrived].all()


@pytest.mark.parametrize("name", PLANNERS)
def test_the_courses_planners_take_no_more_steps_than_they_need(known, name):
    """Straight ahead: 18 pixels, of which 4.5 need not be gone."""
    tasks = Tasks(torch.tensor([[16.0, 10.0]]), torch.tensor([[16.0, 28.0]]))
    found = travel(known, PLANNERS[name], tasks, background=None)
    assert found.arrived.all() and 4 <= found.steps <= 6


def test_a_dot_that_starts_in_reach_needs_no_step_and_stays(known):
    start = torch.tensor([[10.0, 10.0], [10.0, 40.0]])
    found = travel(known, WILD, Tasks(start, start + torch.tensor([[3.0, 3.0], [0.0, 18.0]])), background=None, limit=6)
    assert found.arrived.tolist() == [True, False] and found.steps.tolist() == [0, 6]
    assert (found.paths[0] == start[0]).all() and not (found.paths[1] == start[1]).all()


def test_arrivals_and_steps_are_what_the_paths_say(wandered):
    tasks, found = wandered
    assert found.arrived.any() and not found.arrived.all()
    assert torch.equal(found.paths[:, 0], tasks.start) and is_free(found.paths).all()
    assert (found.paths.diff(dim=1).abs() <= 4 + 1e-5).all()
    for row, path in enumerate(found.paths):
        inside = [float((place - tasks.goal[row]).norm()) < REACHED for place in path]
        first = inside.index(True) if any(inside) else None
        assert found.arrived[row] == (first is not None)
        assert found.steps[row] == (25 if first is None else first)
        if first is not None:
            assert (path[first:] == path[first]).all()
            assert first == 0 or not (path[first] == path[first - 1]).all()


def test_a_seed_repeats_the_journeys_and_another_changes_them(known, wandered):
    tasks, found = wandered
    again, other = (travel(known, WILD, tasks, background=None, limit=25, seed=seed) for seed in (0, 1))
    assert all(torch.equal(*pair) for pair in zip(found, again, strict=True))
    assert not torch.equal(found.paths[:, :2], other.paths[:, :2])


class Watching:
    """A model that keeps what it is shown, pictures of goals first, and says nothing of use."""

    def __init__(self):
        self.inner = known_two_rooms()
        self.observation_shape, self.action_dim, self.seen = (3, 64, 64), 2, []

    def __getattr__(self, name):
        return getattr(self.__dict__["inner"], name)

    def observe(self, state, action, observation, temperature=1.0):
        self.seen.append(observation)
        return self.inner.observe(state, action, observation[:, 0, :2, 0].contiguous())


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_a_model_of_pictures_sees_the_dot_its_goal_and_the_noise_that_was_asked_for(background):
    tasks, model = draw_tasks(3, Generator().manual_seed(1)), Watching()
    found = travel(model, WILD, tasks, background=background, limit=3)
    goal, *looks = model.seen
    assert len(looks) == 3  # one before each step
    for picture, place in zip([goal, *looks], [tasks.goal, *found.paths.unbind(1)], strict=False):
        bare = draw_rooms(place)
        dot = (bare == bare.new_tensor([0.72, 0.16, 0.12])[:, None, None]).all(1)
        assert torch.equal(picture.movedim(1, -1)[dot], bare.movedim(1, -1)[dot]) and dot.sum() >= 3 * 5
        assert torch.equal(picture, bare) == (background == "plain")
    strip = [picture[:, :, 2:4, 2:62] for picture in model.seen]  # where no dot is
    steady = [torch.equal(strip[0], each) for each in strip[1:]]
    assert steady == [background != "moving"] * 3


def test_a_plan_is_made_every_fourth_step(known):
    made = []

    class Counting(CEM):
        def plan(self, *args, **options):
            made.append(1)
            return super().plan(*args, **options)

    slow = Tasks(torch.tensor([[10.0, 10.0]]), torch.tensor([[55.0, 55.0]]))
    planner = Counting(ACTIONS, horizon=4, samples=4, elites=2, iterations=1)
    found = travel(known, planner, slow, background=None, limit=9)
    assert REPLAN_EVERY == 4 and len(made) == 3 and found.paths.shape == (1, 10, 2)


def test_success_counts_all_tasks_in_parts_of_25(known):
    """The 30 tasks are those of the seed, the parts have seeds of their own."""
    found = success(known, WILD, episodes=30, seed=5, background=None, limit=12)
    tasks = draw_tasks(30, Generator().manual_seed(5))
    parts = [
        travel(known, WILD, Tasks(tasks.start[rows], tasks.goal[rows]), background=None, seed=seed, limit=12)
        for seed, rows in ((5, slice(25)), (6, slice(25, 30)))
    ]
    both = Journeys(*(torch.cat(each) if i < 2 else None for i, each in enumerate(zip(*parts, strict=True))))
    assert found["success"] == wilson_interval(int(both.arrived.sum()), 30)
    assert found["steps"].value == pytest.approx(both.steps.double().mean().item())
    assert found["steps"].low <= found["steps"].value <= found["steps"].high


@pytest.fixture
def telling():
    """A JEPA whose embedding is the dot's position in halves of the picture, and which adds actions up."""
    model = JEPA(JEPAConfig(embedding_dim=2))
    place = (torch.arange(64) + 0.5) / 32 - 1
    bare = draw_rooms(torch.tensor([[10.0, 50.0], [50.0, 50.0]]))
    bare = torch.cat([bare[1, :, :, :32], bare[0, :, :, 32:]], dim=-1)

    class Center(torch.nn.Module):
        def forward(self, seen):
            differs = (seen / 3 - bare).abs().sum(1)
            mass = differs.sum((1, 2))
            return torch.stack([(differs.sum(1) * place).sum(-1) / mass, (differs.sum(2) * place).sum(-1) / mass], -1)

    class Sum(torch.nn.Module):
        def forward(self, inputs):
            return inputs[:, 2:] * 4 / 32

    model.encoder, model.predictor = Center(), Sum()
    return model


def test_what_an_embedding_holds_is_measured(telling, monkeypatch):
    """One that is the position: a probe reads all of it, and its rollouts err only where there are walls."""
    monkeypatch.setattr("wmcourse.evaluation.two_rooms.PROBED", 300)
    monkeypatch.setattr("wmcourse.evaluation.two_rooms.TESTED", 100)
    monkeypatch.setattr("wmcourse.evaluation.two_rooms.mlp_probe", lambda *known, seed: linear_probe(*known))
    monkeypatch.setitem(PLANNERS, "quick", replace(QUICK, horizon=6))
    found = measure_rooms(telling, episodes=2, seed=3, planners=("quick",))
    assert 1.9 < found["rank"].value <= 2
    assert abs(found["std"].value - 0.5) < 0.08  # even over the floor
    assert found["linear_r2"].value == found["mlp_r2"].value > 0.999
    assert found["error_h10_px"].value < 12
    assert set(found) > {"quick_success", "quick_steps"}
