"""A world to dream in, and dreams that run or have ended, for exercise 6.3."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from wmcourse.exercises import CheckFailed, Draw
from wmcourse.exercises.draw import Case
from wmcourse.exercises.failure import describe
from wmcourse.models.protocol import Prediction


class Belief(NamedTuple):
    """A state whose fields have two axes (B, place), three (B, memory, 2) and one (B,), of whole numbers."""

    place: Tensor
    memory: Tensor
    age: Tensor


Stepped = tuple[Belief, Tensor, Tensor]
"""The state, the reward and whether it has ended, after a step."""


class World:
    """Dynamics without noise: what each dream becomes does not depend on those beside it."""

    def __init__(self, draw: Draw, place: int, memory: int, action_dim: int, sure: float) -> None:
        self.action_dim, self.observation_shape = action_dim, (place,)
        self.moves = draw.normal(action_dim, place)
        self.writes = draw.normal(place, 2 * memory)
        self.fears, self.likes = sure * draw.normal(place), draw.normal(place)

    def imagine(self, state: Any, action: Any, temperature: float = 1.0) -> Belief:
        if not isinstance(state, Belief):
            raise CheckFailed("model.imagine(state, action) with a state", describe(state), "the state comes first")
        if not isinstance(action, Tensor) or action.shape != (len(state.age), self.action_dim):
            wanted = f"model.imagine(state, action) with an action of shape {(len(state.age), self.action_dim)}"
            raise CheckFailed(wanted, describe(action))
        place = torch.tanh(state.place + action @ self.moves)
        return Belief(place, 0.5 * state.memory + (place @ self.writes).view_as(state.memory), state.age + 1)

    def decode(self, state: Belief) -> Prediction:
        reward = state.place @ self.likes + 0.1 * state.age
        return Prediction(None, reward, torch.sigmoid(state.place @ self.fears + state.memory.sum((1, 2))))

    def observe(self, *_: Any, **__: Any) -> Belief:
        raise CheckFailed("no call of model.observe", "one", "no real observation comes in: advance with model.imagine")

    def initial(self, *_: Any, **__: Any) -> Belief:
        raise CheckFailed("a step from the given state", "a call of model.initial", "the state is an argument")


def dreams(draw: Draw) -> Iterator[Case]:
    """Many dreams and one; none, some and all of them ended; ends unlikely, likely, certain and impossible."""
    for batch, place, memory, action_dim, sure, share in (
        (6, 2, 3, 4, 1.0, 0.3),
        (8, 3, 2, 5, 0.5, 0.5),
        (5, 4, 1, 2, 1.0, 0.0),
        (1, 3, 4, 2, 1.0, 0.0),
        (1, 2, 5, 3, 1.0, 1.0),
        (12, 1, 2, 3, 500.0, 0.2),
        (3, 5, 4, 1, 1.0, 1.0),
        (9, 2, 1, 3, 2.0, 0.4),
    ):
        state = Belief(draw.normal(batch, place), draw.normal(batch, memory, 2), torch.arange(batch) + 3)
        yield {
            "model": World(draw, place, memory, action_dim, sure),
            "state": state,
            "action": draw.one_hot(batch, action_dim),
            "ended": draw.flags(batch, share=share),
            "chance": draw.uniform(batch) * draw.flags(batch, share=0.6),  # often exactly 0
        }


class Seen:
    """What a step is made of: before it and after it."""

    def __init__(self, model: World, state: Belief, action: Tensor, ended: Tensor, chance: Tensor) -> None:
        self.before, self.after, self.ended, self.chance = state, model.imagine(state, action), ended, chance
        then, now = model.decode(state), model.decode(self.after)
        assert then.reward is not None and then.continues is not None
        assert now.reward is not None and now.continues is not None
        self.reward, self.goes_on = now.reward, now.continues
        self.old_reward, self.went_on = then.reward, then.continues
        self.ends = self.chance >= self.goes_on

    def step(self, **other: Any) -> Stepped:
        """Right, but for what is `other`: who stays, who is not paid, the reward, and who ends."""
        still = other.get("still", self.ended)
        fields = (
            torch.where(still.view(-1, *[1] * (new.dim() - 1)), old, new)
            for old, new in zip(self.before, self.after, strict=True)
        )
        paid = other.get("reward", self.reward).masked_fill(other.get("unpaid", self.ended), 0.0)
        return Belief(*fields), paid, other.get("over", self.ended | other.get("ends", self.ends))
