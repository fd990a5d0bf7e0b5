"""Player: the real world beside a model's dream of it, or the dream alone; the reader acts, looks, lets it run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from wmcourse.interactive.page_model import PageModel, page_actor, page_model
from wmcourse.interactive.sliders import Control, Stops, as_control
from wmcourse.interactive.widget import PageElement, named
from wmcourse.interactive.worlds import world_of

PEEKS = Stops([1, 2, 5, 10, 20, 40, None], default=None, label="Look every", unit="steps")


class Player(PageElement):
    """A world beside a model's dream of it: `Player(wmcourse.load("cartpole-dreamer"), title=..., alt=...)`.

    Both get the same actions, from the reader, an agent or chance. The model sees the first observation, and from then
    on what `peek_every` and the look button show it. With `dream_only` there is no real world after the first
    observation: the dream goes on until it ends, by a coin with the model's own probability. Which world it is (one of
    `wmcourse.interactive.worlds`) follows from what the model observes. In the static page the model runs in the page,
    from `models/NAME.js`; in a notebook the same script runs in the output of the cell.
    """

    kind = "player"
    hint = "Run the cell to play."

    def __init__(
        self,
        model: Any,
        *,
        title: str,
        alt: str,
        dream_only: bool = False,
        agent: str = "the agent",
        agents: Mapping[str, Any] | None = None,
        peek_every: Control | Sequence[int | None] | None = None,
        temperature: Control | Sequence[float | int] | None = None,
        start: Sequence[float | int] | None = None,
        seed: int = 0,
    ) -> None:
        """Take a loaded model.

        Args:
            model: A world model, or an agent that has one as `.world` and an `.actor`.
            title: What to find out.
            alt: The still picture, in words.
            dream_only: Without the real world.
            agent: What the model's own actor is called.
            agents: More of them by their names: modules that act on the features of the model's beliefs.
            peek_every: Slider over the steps between looks; None is never.
            temperature: Slider over the temperature of the model's draws; by default as the world has it.
            start: The first state, of CartPole: [x, x_dot, theta, theta_dot].
            seed: Of everything that is drawn in the page.

        Raises:
            ValueError: no world of the page is the model's, it was not loaded by name, the start is impossible, the
                title or the alt is empty, or a dream alone is to be looked at.
            CannotExport: the model or an agent needs what the page does not have.
        """
        dreamed = getattr(model, "world", model)
        world = world_of(tuple(dreamed.observation_shape), dreamed.action_dim)
        if start is not None and not world.state:
            raise ValueError(f"{world.title} always begins alike: give no start")
        if start is not None and (len(start) != len(world.state) or not all(map(math.isfinite, start))):
            wanted = f"{len(world.state)} finite numbers {list(world.state)}"
            raise ValueError(f"start must be {world.title}'s {wanted}, not {start}")
        if dream_only and peek_every is not None:
            raise ValueError("a dream alone has nothing to look at: give no peek_every")
        peeks = as_control("peek_every", PEEKS if peek_every is None else peek_every)
        temperatures = as_control("temperature", world.temperature if temperature is None else temperature)
        if None in temperatures.values:
            raise ValueError("temperature must be a number; None is for peek_every")
        self.model, self.world, self.name = model, world, named(model)
        spec: dict[str, Any] = {
            "world": world.name,
            "model": self.name,
            "dreamOnly": dream_only,
            "agent": agent,
            "agents": [
                {"name": name, "payload": page_actor(dreamed, actor).payload()}
                for name, actor in (agents or {}).items()
            ],
            "peekEvery": None if dream_only else _described(peeks),
            "temperature": _described(temperatures),
            "start": None if start is None else list(start),
            "seed": seed,
        }
        super().__init__(title=title, alt=alt, spec=spec)

    @cached_property
    def page_model(self) -> PageModel:
        """The model as the page runs it."""
        return page_model(self.model)

    @property
    def page_models(self) -> dict[str, PageModel]:
        """The one model."""
        return {self.name: self.page_model}

    @cached_property
    def still(self) -> bytes:
        """A picture of the world and the dream as PNG."""
        return self.world.still(self.model, start=self.spec["start"], dream_only=self.spec["dreamOnly"])


def _described(control: Control) -> dict[str, Any]:
    return {**control.describe(control.values), "values": list(control.values)}
