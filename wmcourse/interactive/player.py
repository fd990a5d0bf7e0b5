"""Player: the real world beside a model's dream of it, in every front end; the reader pushes, looks, lets it run."""

from __future__ import annotations

import base64
import math
import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from wmcourse.interactive.explorer import STATIC
from wmcourse.interactive.page import element
from wmcourse.interactive.page_model import PageModel, page_model
from wmcourse.interactive.sliders import Control, Slider, Stops, as_control
from wmcourse.viz.cartpole import side_by_side

PEEKS = Stops([1, 2, 5, 10, 20, 40, None], default=None, label="Look every", unit="steps")
TEMPERATURES = Slider(0.0, 2.0, 0.1, default=0.0, label="Temperature")


class Player:
    """CartPole beside a model's dream of it: `Player(wmcourse.load("cartpole-dreamer"), title=..., alt=...)`.

    Both worlds get the same pushes, from the reader, the agent (if the model has an actor) or chance. The model sees
    the first state, and from then on what `peek_every` and the look button show it. In the static page the model runs
    in the page, from `models/NAME.js`; in a notebook the same script runs in the output of the cell.
    """

    def __init__(
        self,
        model: Any,
        *,
        title: str,
        alt: str,
        agent: str = "the agent",
        peek_every: Control | Sequence[int | None] = PEEKS,
        temperature: Control | Sequence[float | int] = TEMPERATURES,
        start: Sequence[float | int] | None = None,
        seed: int = 0,
    ) -> None:
        """A loaded model of CartPole's four numbers; `agent` is what its actor is called, `start` the first state.

        Raises:
            ValueError: the model is not of CartPole's state or was not loaded by name, the start is impossible, or the
                title or the alt is empty.
        """
        world = getattr(model, "world", model)
        if tuple(world.observation_shape) != (4,) or world.action_dim != 2:
            shape = tuple(world.observation_shape)
            raise ValueError(
                f"a player's model sees CartPole's 4 numbers and 2 pushes, not {shape} and {world.action_dim}"
            )
        if not title.strip() or not alt.strip():
            raise ValueError("a player needs a title (what to find out) and an alt (the picture in words)")
        if not hasattr(model, "manifest"):
            raise ValueError("a player's page finds its model by name: give one that wmcourse.load has loaded")
        if start is not None and (len(start) != 4 or not all(map(math.isfinite, start))):
            raise ValueError(f"start must be CartPole's 4 finite numbers [x, x_dot, theta, theta_dot], not {start}")
        peeks, temperatures = as_control("peek_every", peek_every), as_control("temperature", temperature)
        if None in temperatures.values:
            raise ValueError("temperature must be a number; None is for peek_every")
        self.model, self.title, self.alt = model, title, alt
        self.name: str = model.manifest.name
        self.spec: dict[str, Any] = {
            "world": "cartpole",
            "model": self.name,
            "title": title,
            "agent": agent,
            "peekEvery": _described(peeks),
            "temperature": _described(temperatures),
            "start": None if start is None else list(start),
            "seed": seed,
        }

    @cached_property
    def page_model(self) -> PageModel:
        """The model as the page runs it."""
        return page_model(self.model)

    @cached_property
    def still(self) -> bytes:
        """A picture as PNG: 20 pushes to the right, real and dreamed."""
        return side_by_side(self.model, start=self.spec["start"])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from wmcourse.interactive.player_widget import view

        bundle: dict[str, Any] = {"text/plain": f"{self.title}\n{self.alt}", **view(self)}
        if os.environ.get(STATIC) == "1":
            hint = "Run the cell to play."
            page = element("wm-player", title=self.title, alt=self.alt, data=self.spec, png=self.still, hint=hint)
            bundle |= {"text/html": page, "image/png": base64.b64encode(self.still).decode("ascii")}
        return bundle


def _described(control: Control) -> dict[str, Any]:
    return {**control.describe(control.values), "values": list(control.values)}
