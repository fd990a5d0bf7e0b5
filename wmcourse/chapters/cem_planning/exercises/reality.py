"""A world to act in and a search that plans for it, for exercise 12.5."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from wmcourse.exercises import CheckFailed, Draw
from wmcourse.exercises.draw import Case
from wmcourse.exercises.failure import describe


def expect(call: str, name: str, given: Any, shape: tuple[int, ...], likely: str) -> None:
    """Raise `CheckFailed` unless it is a tensor of finite numbers, of that shape."""
    if not isinstance(given, Tensor) or given.shape != shape or not bool(given.isfinite().all()):
        raise CheckFailed(f"{call} with `{name}` of shape {shape}, every number finite", describe(given), likely)


class World:
    """`world(action)`: what is seen after it. It moves by itself too, and ends after its last step."""

    def __init__(self, seen: Tensor, moves: Tensor, steps: int) -> None:
        self.seen, self.moves, self.left = seen, moves, steps

    def __call__(self, action: Any) -> Tensor:
        expect("step(action)", "action", action, (len(self.moves),), "one action at a time, a row of the plan: (A,)")
        if not self.left:
            raise CheckFailed("as many calls of `step` as there are steps", "one more", "stop in the middle of a plan")
        self.left -= 1
        self.seen = 0.8 * self.seen.roll(1) + torch.tanh(action @ self.moves) + 0.1
        return self.seen.clone()


class Search:
    """`search(observation, start)`: a plan that depends on every number of both, and on how often it was called.

    A search that draws its candidates does so too: one call too many changes all plans after it.
    """

    def __init__(self, looks: Tensor, mixes: Tensor, limit: float) -> None:
        self.looks, self.mixes, self.limit, self.calls = looks, mixes, limit, 0

    def __call__(self, observation: Any, start: Any) -> Tensor:
        size, horizon, action_dim = self.looks.shape
        order = "the observation comes first, then the plan to start from"
        expect("search(observation, start)", "observation", observation, (size,), order)
        whole = "a start is a whole plan: as many steps as were taken off are put at its end"
        expect("search(observation, start)", "start", start, (horizon, action_dim), whole)
        self.calls += 1
        seen = torch.einsum("o,oha->ha", observation, self.looks)
        return self.limit * torch.tanh(seen + self.mixes @ start / self.limit + 0.3 * self.calls)


def controls(draw: Draw) -> Iterator[Case]:
    """Planned anew at each step, and at every few; until a plan is used up; one step; one action; large and small."""
    for horizon, size, action_dim, steps, replan_every, limit in (
        (4, 2, 1, 3, 1, 1.0),
        (5, 3, 2, 7, 2, 1.0),
        (3, 4, 2, 8, 3, 2.0),
        (1, 2, 3, 4, 1, 1.0),
        (6, 3, 1, 1, 4, 1.0),
        (7, 1, 2, 5, 6, 1e-3),
        (8, 5, 3, 23, 3, 1e3),
        (2, 4, 5, 6, 1, 30.0),
    ):
        world = World(draw.normal(size), draw.normal(action_dim, size, scale=1 / limit), steps)
        search = Search(draw.normal(size, horizon, action_dim, scale=0.3), draw.normal(horizon, horizon), limit)
        yield {
            "step": world,
            "search": search,
            "observation": world.seen.clone(),
            "start": draw.normal(horizon, action_dim, scale=limit),
            "fill": draw.normal(action_dim, scale=limit),
            "steps": steps,
            "replan_every": replan_every,
        }
