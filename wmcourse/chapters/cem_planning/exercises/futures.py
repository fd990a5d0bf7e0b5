"""A world model and random plans, for exercise 12.1."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from wmcourse.exercises import CheckFailed, Draw
from wmcourse.exercises.draw import Case
from wmcourse.exercises.failure import describe

EDGE = 5.0
"""Beyond this the model knows nothing: its rewards are not finite."""


class Model:
    """`model(states, actions)`: the next states and the rewards of all candidates at once."""

    def __init__(self, draw: Draw, plans: int, size: int, action_dim: int, *, scale: float, level: float) -> None:
        self.shapes = ((plans, size), (plans, action_dim))
        self.keeps, self.moves = draw.normal(size, size), draw.normal(action_dim, size)
        self.likes, self.costs = scale * draw.normal(size), 0.1 * scale * draw.uniform(action_dim)
        self.level = level

    def __call__(self, states: Any, actions: Any) -> tuple[Tensor, Tensor]:
        for name, given, shape in zip(("states", "actions"), (states, actions), self.shapes, strict=True):
            wanted = f"step(states, actions) with {name} of shape {shape}"
            if isinstance(given, tuple):
                raise CheckFailed(wanted, describe(given), "step returns two things: the next states and the rewards")
            if not isinstance(given, Tensor) or given.shape != shape:
                raise CheckFailed(wanted, describe(given), "step all candidates at once, a row each: (N, S) and (N, A)")
        return self.stepped(states, actions)

    def stepped(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """As many rows as there are, in the precision that they are given in."""
        keeps, moves, likes, costs = (x.to(states.dtype) for x in (self.keeps, self.moves, self.likes, self.costs))
        states = torch.tanh(states @ keeps + actions @ moves)
        reward = self.level + states @ likes - actions.square() @ costs
        reward = torch.where(actions[:, 0] > EDGE, torch.nan, reward)
        return states, torch.where(actions[:, 0] < -EDGE, torch.inf, reward)


def futures(draw: Draw) -> Iterator[Case]:
    """A few plans first; then one plan, one step, many; rewards large, small and negative; models that break down."""
    for plans, horizon, size, action_dim, scale, level, broken in (
        (5, 3, 2, 1, 1.0, 0.0, 0),
        (6, 4, 3, 2, 1.0, -3.0, 2),
        (1, 5, 2, 3, 1.0, 0.0, 0),
        (7, 1, 4, 2, 10.0, -90.0, 3),
        (1, 1, 3, 2, 1.0, -1.0, 0),
        (3, 2, 1, 4, 1e-3, 0.0, 1),
        (40, 12, 5, 3, 1e11, -1e12, 20),
        (9, 6, 4, 1, 1.0, 2.0, 4),
    ):
        chosen = draw.uniform(plans, horizon, action_dim, low=-2.0, high=2.0)
        for n in range(broken):  # somewhere along the plan: a NaN, then an infinity, in turn
            chosen[n, draw.integer(0, horizon - 1), 0] = (2 * EDGE, -2 * EDGE)[n % 2]
        chosen = chosen[torch.randperm(plans, generator=draw.generator)]
        model = Model(draw, plans, size, action_dim, scale=scale, level=level)
        yield {"step": model, "state": draw.normal(size), "plans": chosen}
