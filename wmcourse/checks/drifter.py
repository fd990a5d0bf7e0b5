"""The small world of exercise 3.3: a boat that is seen through a scale, and whose speed is never seen."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from wmcourse.checks.check import describe, expect
from wmcourse.checks.one_step import in_short
from wmcourse.models.protocol import Prediction


class Drift(NamedTuple):
    """Belief of the drifter: where it is (batch, 2), and how fast it goes (batch, 2, 1)."""

    place: Tensor
    speed: Tensor


class Drifter:
    """A world model of a boat with an outboard motor; a look shows twice its place, and corrects its speed too."""

    action_dim = 1

    def __init__(self, observation_shape: tuple[int, ...] = (2,)) -> None:
        self.observation_shape = observation_shape

    def initial(self, batch_size: int) -> Drift:
        """At anchor nowhere in particular, but already drifting."""
        return Drift(torch.full((batch_size, 2), 0.5), torch.full((batch_size, 2, 1), -0.7))

    def imagine(self, state: Any, action: Any, temperature: Any = 1.0) -> Drift:
        """One step without a look."""
        self._expect_arguments("imagine", state, action)
        speed = 0.9 * state.speed + action.unsqueeze(-1) * state.speed.new_tensor([[0.6], [-0.3]])
        return Drift(state.place + speed.squeeze(-1), speed)

    def observe(self, state: Any, action: Any, observation: Any, temperature: Any = 1.0) -> Drift:
        """One step with a look: it advances by itself, then corrects. Even a look that is no surprise slows it down."""
        self._expect_arguments("observe", state, action)
        shape = (len(state.place), *self.observation_shape)
        right = isinstance(observation, Tensor) and tuple(observation.shape) == shape
        one = "one look at a time: model.observe(state, action, observation)"
        expect(right, f"the observation handed to model.observe: a tensor of shape {shape}", in_short(observation), one)
        imagined = self.imagine(state, action)
        surprise = observation.reshape(-1, 2) / 2 - imagined.place
        return Drift(imagined.place + 0.8 * surprise, 0.8 * imagined.speed + 0.3 * surprise.unsqueeze(-1))

    def decode(self, state: Any) -> Prediction:
        """What is seen there: twice the place."""
        expect(isinstance(state, Drift), "model.decode(state) with a state", describe(state))
        flat = "states (B, ...), batch first: decode them one by one, before torch.stack"
        right = state.place.dim() == 2 and state.speed.dim() == 3
        expect(right, "model.decode(state) with fields of one batch axis", in_short(state.place), flat)
        return Prediction(2 * state.place.reshape(-1, *self.observation_shape))

    def _expect_arguments(self, name: str, state: Any, action: Any) -> None:
        first = "the state comes first: model.imagine(state, action), model.observe(state, action, observation)"
        expect(isinstance(state, Drift), f"model.{name} with a state", describe(state), first)
        right = isinstance(action, Tensor) and tuple(action.shape) == (len(state.place), 1)
        step_by_step = "step by step: an action (B, A) leads from one state to the next, and B is the batch's size"
        wanted = f"the action handed to model.{name}: a tensor of shape {(len(state.place), 1)}"
        expect(right, wanted, in_short(action), step_by_step)


class Boat:
    """The same boat for one sequence and plain numbers: what the rollout has to be."""

    def __init__(self) -> None:
        self.place, self.speed = [0.5, 0.5], [-0.7, -0.7]

    def advance(self, action: float) -> None:
        """One step."""
        self.speed = [0.9 * v + c * action for v, c in zip(self.speed, (0.6, -0.3), strict=True)]
        self.place = [x + v for x, v in zip(self.place, self.speed, strict=True)]

    def look(self, observation: list[float]) -> None:
        """One correction."""
        surprise = [o / 2 - x for o, x in zip(observation, self.place, strict=True)]
        self.place = [x + 0.8 * s for x, s in zip(self.place, surprise, strict=True)]
        self.speed = [0.8 * v + 0.3 * s for v, s in zip(self.speed, surprise, strict=True)]
