"""Two rooms for print: the floor, a map of distances over it, imagined futures and the way that was taken."""

from __future__ import annotations

import io
from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from torch import Tensor, nn

from wmcourse.envs.two_rooms import (
    BORDER,
    DOOR_WIDTH,
    DOOR_Y,
    DOT_RADIUS,
    REACHED,
    SIDE,
    WALL_WIDTH,
    WALL_X,
    Background,
    Tasks,
    draw_rooms,
    is_free,
)
from wmcourse.evaluation.two_rooms import PLANNERS, travel
from wmcourse.models.known import known_two_rooms
from wmcourse.models.protocol import WorldModel, features_of, first_look, map_state
from wmcourse.models.towards_goal import TowardsGoal
from wmcourse.planning import CEM, Imagination
from wmcourse.viz.picture import few_colors
from wmcourse.viz.style import CORRECTED, IMAGINED, INK, MUTED, PAPER, REAL, matplotlib_style

CELL = 2
"""Pixels of the world along each side of a cell of a map."""
NEAR = "#7a5fa8"
NEAR_TO_FAR = LinearSegmentedColormap.from_list("near to far", [NEAR, PAPER])


def draw_floor(axes: Axes) -> None:
    """Walls, on axes that count pixels from the upper left corner and show no ticks."""
    axes.set(xlim=(0, SIDE), ylim=(SIDE, 0), aspect="equal")
    axes.axis("off")
    left, door = WALL_X - WALL_WIDTH / 2, (DOOR_Y - DOOR_WIDTH / 2, DOOR_Y + DOOR_WIDTH / 2)
    walls = [
        (0, 0, SIDE, BORDER),
        (0, SIDE - BORDER, SIDE, BORDER),
        (0, 0, BORDER, SIDE),
        (SIDE - BORDER, 0, BORDER, SIDE),
    ]
    walls += [(left, 0, WALL_WIDTH, door[0]), (left, door[1], WALL_WIDTH, SIDE - door[1])]
    for x, y, width, height in walls:
        axes.add_patch(Rectangle((x, y), width, height, color=MUTED, linewidth=0, zorder=2))


def draw_ends(axes: Axes, start: Float[Tensor, " 2"], goal: Float[Tensor, " 2"]) -> None:
    """The dot where it begins, and a ring around the places that count as the goal."""
    (x, y), (there, down) = start.tolist(), goal.tolist()
    axes.add_patch(Circle((x, y), DOT_RADIUS, color=REAL, linewidth=0, zorder=5))
    axes.add_patch(Circle((there, down), REACHED, fill=False, color=CORRECTED, linewidth=2, zorder=5))
    axes.add_patch(Circle((there, down), 0.8, color=CORRECTED, linewidth=0, zorder=5))


def draw_path(axes: Axes, path: Float[Tensor, "steps 2"]) -> None:
    """The way that was really taken, a dot a step."""
    axes.plot(*path.T.numpy(), color=REAL, linewidth=1.8, marker="o", markersize=2.5, zorder=4)


def draw_futures(axes: Axes, paths: Float[Tensor, "plan steps 2"], best: Float[Tensor, "steps 2"]) -> None:
    """Imagined ways, thin, and the best of them."""
    for path in paths:
        axes.plot(*path.T.numpy(), color=IMAGINED, linewidth=0.6, alpha=0.25, zorder=3)
    axes.plot(*best.T.numpy(), color=IMAGINED, linewidth=3, zorder=3)


def draw_map(axes: Axes, distance: Float[Tensor, "rows columns"]) -> None:
    """The distances of `distance_map`, dark where they are small."""
    axes.imshow(distance.numpy(), cmap=NEAR_TO_FAR, extent=(0, SIDE, SIDE, 0), interpolation="bilinear", zorder=0)


def map_places(cell: int = CELL) -> Float[Tensor, "rows columns 2"]:
    """The centers of the cells of a map; where a wall is, the nearest place on the floor that the map has."""
    line = torch.arange(cell / 2, SIDE, cell)
    places = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)
    free: Bool[Tensor, "rows columns"] = is_free(places)
    nearest = torch.cdist(places[~free], places[free]).argmin(dim=1)
    places[~free] = places[free][nearest]
    return places


@torch.no_grad()
def distance_map(
    model: WorldModel | None, goal: Float[Tensor, " 2"], cell: int = CELL
) -> Float[Tensor, "rows columns"]:
    """How far from the goal each place of `map_places` is, to the model's embedding; without one, straight through."""
    places = map_places(cell).flatten(0, 1)
    if model is None:
        distance = (places - goal).norm(dim=-1)
    else:
        seen = features_of(first_look(model, draw_rooms(places), 0.0))
        distance = (seen - features_of(first_look(model, draw_rooms(goal[None]), 0.0))).norm(dim=-1)
    return distance.unflatten(0, (SIDE // cell, SIDE // cell))


@torch.no_grad()
def journey(
    model: WorldModel | None,
    probe: nn.Module | None,
    *,
    start: tuple[float, float],
    goal: tuple[float, float],
    samples: int,
    horizon: int,
    iterations: int,
    replan_every: int,
    seed: int = 0,
) -> bytes:
    """PNG of a journey by CEM: the futures of its first search, and then the way, both over the map of distances.

    They are imagined with the model, and positions read off by the probe; without a model, with the true equations.
    """
    planner = PLANNERS["cem"]
    assert isinstance(planner, CEM)
    elites = max(2, round(planner.elites / planner.samples * samples))
    planner = replace(planner, samples=samples, elites=elites, horizon=horizon, iterations=iterations)
    task = Tasks(torch.tensor([start]), torch.tensor([goal]))
    world: WorldModel = known_two_rooms() if model is None else model
    background: Background | None = None if model is None else "plain"
    here, there = (place if model is None else draw_rooms(place) for place in task)
    state = first_look(TowardsGoal(world, there), here, 0.0)
    generator = torch.Generator().manual_seed(seed)
    plan = planner.plan(Imagination(TowardsGoal(world, there)).score(state), generator=generator)
    step = first_look(world, here, 0.0)
    futures = _paths(world, probe, step, torch.cat([plan.search[0].candidates[0], plan.actions]))
    every = min(replan_every, horizon)
    taken = travel(world, planner, task, background=background, seed=seed, replan_every=every)
    distance = distance_map(model, task.goal[0])
    titles = (f"{samples} imagined futures, and the plan", f"{int(taken.steps)} steps")
    with matplotlib_style():
        canvas = Figure(figsize=(7.2, 3.8), dpi=110)
        for number, title in enumerate(titles, start=1):
            panel = canvas.add_subplot(1, 2, number)
            draw_map(panel, distance)
            draw_floor(panel)
            draw_ends(panel, task.start[0], task.goal[0])
            if number == 1:
                draw_futures(panel, futures[:-1], futures[-1])
            else:
                draw_path(panel, taken.paths[0])
            panel.set_title(title, color=INK, fontsize=10)
        buffer = io.BytesIO()
        canvas.savefig(buffer, format="png", metadata={"Software": None})
    return few_colors(buffer)


def _paths(
    model: WorldModel, probe: nn.Module | None, state: object, plans: Float[Tensor, "plan horizon 2"]
) -> Float[Tensor, "plan step 2"]:
    """Positions now and after each step of each plan."""

    def read(state: object) -> Tensor:
        return model.decode(state).require_observation() if probe is None else probe(features_of(state))

    state = map_state(lambda field: field.repeat_interleave(len(plans), dim=0), state)
    seen = [read(state)]
    for action in plans.unbind(1):
        state = model.imagine(state, action, 0.0)
        seen.append(read(state))
    return torch.stack(seen, dim=1)
