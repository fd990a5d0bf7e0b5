"""Figures of chapter 14 on the floor of the two rooms: distances, the cost of actions, and imagined ways."""

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import plotly.graph_objects as go
import torch
from plotly.subplots import make_subplots
from torch import Tensor

from wmcourse.chapters.jepa.distances import seen_distance
from wmcourse.chapters.jepa.figures import VIOLET, add_walls, place_colors
from wmcourse.envs.two_rooms import MAX_STEP, draw_rooms, is_free, move
from wmcourse.interactive.explorer import Explorer
from wmcourse.interactive.sliders import Choice, Stops
from wmcourse.models.jepa import JEPA
from wmcourse.models.protocol import WorldModel
from wmcourse.viz.style import CORRECTED, IMAGINED, MUTED, PAPER, REAL, TEMPLATE

NEAR_TO_FAR = [[0.0, "#33235f"], [0.3, VIOLET], [0.7, "#bdb0d8"], [1.0, PAPER]]
BANDS = 16
"""Shades of a heat map."""
TELLING = 0.005
"""Share of the largest distance by which directions have to differ, to have an arrow."""
ARROWS = (8.0, 17.0, 26.0, 38.0, 47.0, 56.0)
"""Where arrows begin, in pixels along each axis."""
CELL = 2.0
"""Pixels along each side of a cell of a heat map."""
HELD = 15
"""Actions along each axis of an energy landscape."""
Place = tuple[float, float]
Distance = Callable[[Tensor, Tensor], Tensor]
"""From places (B, 2) and (B, 2) in pixels to how far apart they are (B,)."""


def straight(start: Tensor, goal: Tensor) -> Tensor:
    """The line between two places, walls or not."""
    return (start - goal).norm(dim=1)


def by(model: WorldModel | None) -> Distance:
    """The distance of a model's embeddings; without a model, of the pictures' pixels."""
    return lambda start, goal: seen_distance(model, start, goal)


def distance_explorer(measures: Mapping[str, Distance], goals: Mapping[str, Place]) -> Explorer:
    """Maps of how far each place is from a goal, to each measure of distance."""

    def draw(measure: str, goal: str) -> go.Figure:
        chosen = measures[measure]
        return heat_map(distance_map(chosen, goals[goal]), downhill(chosen, goals[goal]), goals[goal])

    def alt(measure: str, goal: str) -> str:
        before, behind = (beside_wall(measures[measure], y=50.0, room=room, goal=goals[goal]) for room in (0, 1))
        return (
            f"Map of the distance to a goal at {goal}, by {measure}: {before:.0%} of the largest just left of the "
            f"wall, {behind:.0%} just right of it."
        )

    return Explorer(
        draw,
        title="How far is it to the goal?",
        alt=alt,
        measure=Choice(list(measures), label="Measured by"),
        goal=Choice(list(goals), label="Goal"),
    )


def distance_map(measure: Distance, goal: Place) -> np.ndarray:
    """Distances of the floor's cells to a goal, of the largest; NaN where a dot cannot be."""
    steps = torch.arange(CELL / 2, 64, CELL)
    places = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), dim=-1).flatten(0, 1)
    found = measure(places, torch.tensor(goal).expand(len(places), 2))
    free = is_free(places)
    share = torch.where(free, found / found[free].max(), torch.nan)
    return share.reshape(len(steps), -1).numpy().round(3)


def beside_wall(measure: Distance, *, y: float, room: int, goal: Place) -> float:
    """The map's value right beside the wall at a height, in one of the rooms."""
    return float(distance_map(measure, goal)[int(y / CELL), (13, 18)[room]])


def downhill(measure: Distance, goal: Place) -> tuple[Tensor, Tensor]:
    """From some places (N, 2), which of 16 directions brings a dot nearest to the goal in one step: where it ends.

    Places from which it makes no difference are left out.
    """
    steps = torch.tensor(ARROWS)
    places = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), dim=-1).flatten(0, 1)
    angle = torch.arange(16) * torch.pi / 8
    action = MAX_STEP * torch.stack([angle.cos(), angle.sin()], dim=-1)
    ends = move(places[:, None].expand(-1, 16, -1), action.expand(len(places), -1, -1))  # (N, 16, 2)
    found = measure(ends.flatten(0, 1), torch.tensor(goal).expand(16 * len(places), 2)).unflatten(0, (-1, 16))
    matters = found.amax(dim=1) - found.amin(dim=1) > TELLING * found.max()
    return places[matters], ends[torch.arange(len(places)), found.argmin(dim=1)][matters]


def heat_map(share: np.ndarray, slope: tuple[Tensor, Tensor], goal: Place) -> go.Figure:
    """Dark where it is near; arrows, whose heads are dots, lead downhill."""
    steps = np.arange(CELL / 2, 64, CELL)
    figure = go.Figure()
    figure.add_heatmap(
        z=np.floor(BANDS * share).clip(max=BANDS - 1) / (BANDS - 1),
        x=steps,
        y=steps,
        zmin=0,
        zmax=1,
        colorscale=NEAR_TO_FAR,
        name="distance",
        hoverinfo="skip",
        colorbar={"tickvals": [0, 0.5, 1], "ticktext": ["near", "half", "far"], "thickness": 12, "outlinewidth": 0},
    )
    tails, heads = (each.numpy() for each in slope)
    ways = np.stack([tails, heads, np.full_like(tails, np.nan)], axis=1).reshape(-1, 2)
    figure.add_scatter(
        x=ways[:, 0].round(2), y=ways[:, 1].round(2), mode="lines", line={"color": REAL, "width": 1.6}, name="downhill",
        hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=heads[:, 0].round(2), y=heads[:, 1].round(2), mode="markers", marker={"color": REAL, "size": 6},
        name="heads", hoverinfo="skip",
    )  # fmt: skip
    add_walls(figure)
    mark(figure, goal)
    figure.update_layout(template=TEMPLATE, height=380, hovermode=False, showlegend=False, margin_t=16)
    return floor_axes(figure)


def mark(figure: go.Figure, goal: Place, *, row: int | None = None, col: int | None = None) -> None:
    """A ring where the goal is."""
    figure.add_scatter(
        x=[goal[0]], y=[goal[1]], mode="markers", name="goal", hoverinfo="skip", row=row, col=col,
        marker={"symbol": "circle-open", "size": 15, "color": CORRECTED, "line": {"width": 3}},
    )  # fmt: skip


def floor_axes(figure: go.Figure, *, row: int | None = None, col: int | None = None) -> go.Figure:
    """Pixels from the upper left corner, as wide as high."""
    blank = {"showgrid": False, "tickvals": [0, 32, 64]}
    figure.update_xaxes(range=[0, 64], title_text="pixels", constrain="domain", row=row, col=col, **blank)
    return figure.update_yaxes(range=[64, 0], scaleanchor="x", constrain="domain", row=row, col=col, **blank)


def energy_explorer(model: JEPA, *, starts: Mapping[str, Place], goal: Place) -> Explorer:
    """What it costs to hold one action for some steps: in the embedding, and by the true equations and a ruler."""

    @cache
    def costs(place: str, steps: int) -> tuple[np.ndarray, np.ndarray]:
        return landscape(model, starts[place], goal, steps)

    def draw(place: str, steps: int) -> go.Figure:
        return landscapes(dict(zip(PANELS, costs(place, steps), strict=True)))

    def alt(place: str, steps: int) -> str:
        best = [best_action(cost) for cost in costs(place, steps)]
        told = "; ".join(f"{name}: {x:+.1f}, {y:+.1f}" for name, (x, y) in zip(PANELS, best, strict=True))
        return f"From {place}, one action held for {steps} steps. The cheapest, right and down in pixels: {told}."

    return Explorer(
        draw,
        title="Which action leads to the goal?",
        alt=alt,
        place=Choice(list(starts), label="The dot is"),
        steps=Stops((1, 2, 4, 8), default=4, label="Held for", unit="steps"),
    )


PANELS = ("embedding", "straight line")


@torch.no_grad()
def landscape(model: JEPA, start: Place, goal: Place, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Distance to the goal (dy, dx) after each action, held: in the embedding, and in pixels with the true equations.

    Each from 0 for the cheapest to 1 for the dearest.
    """
    held = torch.linspace(-MAX_STEP, MAX_STEP, HELD)
    action = torch.stack(torch.meshgrid(held, held, indexing="xy"), dim=-1).flatten(0, 1)
    place = torch.tensor([start]).expand(len(action), 2)
    there = torch.tensor([goal])
    embedding = model.encode(draw_rooms(place[:1])).expand(len(action), -1)
    for _ in range(steps):
        embedding, place = model.predict(embedding, action), move(place, action)
    found = ((embedding - model.encode(draw_rooms(there))).norm(dim=1), (place - there).norm(dim=1))
    one, other = (((each - each.min()) / (each.max() - each.min())).reshape(HELD, HELD).numpy() for each in found)
    return one.round(3), other.round(3)


def best_action(cost: np.ndarray) -> tuple[float, float]:
    """The cheapest action, (right, down) in pixels."""
    held = np.linspace(-MAX_STEP, MAX_STEP, HELD)
    row, column = np.unravel_index(cost.argmin(), cost.shape)
    return float(held[column]), float(held[row])


def landscapes(costs: Mapping[str, np.ndarray]) -> go.Figure:
    """A panel for each measure of distance: dark where an action is cheap, and an arrow to the cheapest."""
    figure = make_subplots(1, len(costs), horizontal_spacing=0.12, subplot_titles=list(costs))
    held = np.linspace(-MAX_STEP, MAX_STEP, HELD)
    for column, (name, cost) in enumerate(costs.items(), start=1):
        figure.add_heatmap(
            z=cost, x=held, y=held, colorscale=NEAR_TO_FAR, zmin=0, zmax=1, showscale=False, name=name,
            hoverinfo="skip", row=1, col=column,
        )  # fmt: skip
        x, y = best_action(cost)
        figure.add_scatter(
            x=[0, x], y=[0, y], mode="lines+markers", line={"color": IMAGINED, "width": 3}, row=1, col=column,
            marker={"size": [0, 11], "color": IMAGINED}, hoverinfo="skip", showlegend=False, name="the cheapest",
        )  # fmt: skip
        blank = {"showgrid": False, "tickvals": [-4, 0, 4], "ticktext": ["−4", "0", "4"]}
        figure.update_xaxes(title_text="right (pixels)", constrain="domain", row=1, col=column, **blank)
        figure.update_yaxes(
            range=[MAX_STEP, -MAX_STEP], scaleanchor=f"x{column if column > 1 else ''}", constrain="domain", row=1,
            col=column, **blank,
        )  # fmt: skip
    figure.update_yaxes(title_text="down (pixels)", row=1, col=1)
    return figure.update_layout(template=TEMPLATE, height=340, hovermode=False, margin_t=40)


def close_pairs(model: WorldModel, *, apart: float) -> tuple[Tensor, Tensor]:
    """Embedding distances of dots as far `apart`: through the wall below the door, and within one room."""
    heights = torch.arange(34.0, 58.0, 1.0)
    left, right, inside = (
        torch.stack([torch.full_like(heights, x), heights], dim=-1)
        for x in (32 - apart / 2, 32 + apart / 2, 32 - 1.5 * apart)
    )
    return seen_distance(model, left, right), seen_distance(model, left, inside)


def pairs_figure(found: Mapping[str, tuple[Tensor, Tensor]], *, apart: float) -> go.Figure:
    """Embedding distances through the wall and within a room, by model, in units of the latter's mean."""
    figure = go.Figure()
    for i, (name, color) in enumerate((("through the wall", IMAGINED), ("in one room", REAL))):
        for place, pair in enumerate(found.values()):
            ratio = (pair[i] / pair[1].mean()).numpy().round(3)
            figure.add_scatter(
                x=ratio, y=np.full(len(ratio), place + 0.2 * i - 0.1), mode="markers", name=name, legendgroup=name,
                showlegend=place == 0, marker={"color": color, "size": 6, "symbol": ("diamond", "circle")[i]},
            )  # fmt: skip
    figure.update_layout(template=TEMPLATE, height=120 + 36 * len(found), hovermode=False)
    figure.update_xaxes(title_text=f"distance of two dots {apart:g} pixels apart", rangemode="tozero")
    figure.add_vline(x=1, line={"color": MUTED, "dash": "dot"})
    return figure.update_yaxes(
        tickvals=list(range(len(found))), ticktext=list(found), range=[len(found) - 0.5, -0.5], showgrid=False
    )


def slow_figure(places: Tensor, number: Tensor, against: Mapping[str, Tensor]) -> go.Figure:
    """A number at each place (N, 2) against others, a panel for each, in the colors of the places."""
    figure = make_subplots(1, len(against), horizontal_spacing=0.08, shared_yaxes=True)
    colors = place_colors(places.numpy())
    for column, (name, other) in enumerate(against.items(), start=1):
        figure.add_scatter(
            x=other.numpy().round(1), y=number.numpy().round(3), mode="markers", name=name, showlegend=False,
            marker={"size": 5, "color": colors}, hoverinfo="skip", row=1, col=column,
        )  # fmt: skip
        figure.update_xaxes(title_text=name, row=1, col=column)
    figure.update_layout(template=TEMPLATE, height=270, hovermode=False, margin_t=16)
    return figure.update_yaxes(title_text="the slowest number", row=1, col=1)
