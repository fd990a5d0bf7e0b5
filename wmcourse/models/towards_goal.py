"""A world model with a wish: a state earns minus its distance from a goal, as the model's own features measure it."""

from collections import namedtuple
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from wmcourse.models.protocol import Prediction, WorldModel, features_of, first_look
from wmcourse.nets.latents import Temperature


class TowardsGoal(nn.Module):
    """`model`, where the reward is minus the distance (Euclidean) of a state's features to those of the goal.

    Summed over a plan it is the cost of EB-JEPA's planner, which prefers to be there soon. States are the model's own
    with one more field, `goal` (B, F), so that each row of a batch may have its own.
    """

    goal: Tensor

    def __init__(self, model: WorldModel, goal: Float[Tensor, "goals *observation"]) -> None:
        """Take what would be seen at the goals: one for all rows, or one for each."""
        super().__init__()
        self.model = model
        self.observation_shape: tuple[int, ...] = tuple(model.observation_shape)
        self.action_dim = model.action_dim
        with torch.no_grad():
            self.register_buffer("goal", features_of(first_look(model, goal, 0.0)), persistent=False)
        self._inner: Any = type(model.initial(1))
        self._state: Any = _with_goal(self._inner._fields)

    def initial(self, batch_size: int) -> Any:
        """The model's, and the goals. Raises `ValueError` for a batch that has not as many rows as there are goals."""
        if len(self.goal) not in (1, batch_size):
            raise ValueError(f"{len(self.goal)} goals are for one row each, or one for all; got {batch_size} rows")
        return self._state(*self.model.initial(batch_size), self.goal.expand(batch_size, -1))

    def observe(
        self,
        state: Any,
        action: Float[Tensor, "batch action"] | None,
        observation: Float[Tensor, "batch *observation"],
        temperature: Temperature = 1.0,
    ) -> Any:
        """The model's; the goal stays."""
        seen = self.model.observe(self._inner(*state[:-1]), action, observation, temperature)
        return self._state(*seen, state.goal)

    def imagine(self, state: Any, action: Float[Tensor, "batch action"], temperature: Temperature = 1.0) -> Any:
        """The model's; the goal stays."""
        return self._state(*self.model.imagine(self._inner(*state[:-1]), action, temperature), state.goal)

    def decode(self, state: Any) -> Prediction:
        """What the model expects to see, and minus the distance as reward."""
        return self.model.decode(self._inner(*state[:-1]))._replace(reward=-self.distance(state))

    def outlook(self, state: Any) -> Prediction:
        """The reward alone: all that a planner asks for."""
        return Prediction(reward=-self.distance(state))

    def distance(self, state: Any) -> Float[Tensor, " batch"]:
        """From the state's features to the goal's."""
        return torch.linalg.vector_norm(features_of(self._inner(*state[:-1])) - state.goal, dim=-1)


def _with_goal(fields: tuple[str, ...]) -> Any:
    return namedtuple("TowardsGoalState", (*fields, "goal"))  # noqa: PYI024
