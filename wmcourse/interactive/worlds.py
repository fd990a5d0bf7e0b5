"""The worlds that have a script in the page, and how a player knows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wmcourse.interactive.sliders import Control, Slider
from wmcourse.viz.cartpole import side_by_side
from wmcourse.viz.dodge import dodge_strip


@dataclass(frozen=True)
class PageWorld:
    """A world of `assets/NAME.js`."""

    name: str
    title: str
    observation_shape: tuple[int, ...]
    action_dim: int
    state: tuple[str, ...]
    """The numbers of a first state that an author may choose."""
    temperature: Control
    still: Callable[..., bytes]
    """`still(model, start=, dream_only=)`: a picture of it and of a model's dream, as PNG."""


WORLDS = (
    PageWorld(
        name="cartpole",
        title="CartPole",
        observation_shape=(4,),
        action_dim=2,
        state=("x", "x_dot", "theta", "theta_dot"),
        temperature=Slider(0.0, 2.0, 0.1, default=0.0),
        still=side_by_side,
    ),
    PageWorld(
        name="dodge",
        title="Dodge",
        observation_shape=(3, 64, 64),
        action_dim=3,
        state=(),
        temperature=Slider(0.0, 2.0, 0.1, default=1.0),
        still=dodge_strip,
    ),
)


def world_of(observation_shape: tuple[int, ...], action_dim: int) -> PageWorld:
    """The world that has such observations and actions; raises `ValueError` if no page has one, naming those it has."""
    for world in WORLDS:
        if (world.observation_shape, world.action_dim) == (observation_shape, action_dim):
            return world
    known = "; ".join(f"{world.title}: {world.observation_shape}, {world.action_dim} actions" for world in WORLDS)
    wanted = f"{observation_shape} and takes {action_dim} actions"
    raise ValueError(f"no page has a world that shows {wanted}. It has {known}")
