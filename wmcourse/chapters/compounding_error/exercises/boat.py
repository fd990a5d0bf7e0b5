"""The small world model of exercise 3.3: a boat that is seen through a scale, and whose speed is never seen."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from wmcourse.exercises import CheckFailed, Draw
from wmcourse.models.protocol import Prediction


class Belief(NamedTuple):
    """Where it is (B, D), how fast it goes (B, D, 2), and how tired the crew is (B,)."""

    place: Tensor
    speed: Tensor
    tired: Tensor


class Boat(nn.Module):
    """It refuses arguments of another shape; even a look that is no surprise changes its belief, and even no push."""

    def __init__(self, draw: Draw, action: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.action_dim, self.observation_shape = action, shape
        self.start = nn.Parameter(draw.normal(torch.Size(shape).numel(), mean=0.5))
        self.motor = nn.Parameter(draw.normal(action, len(self.start), 2))

    def initial(self, batch_size: int) -> Belief:
        """Already drifting."""
        place = self.start.expand(batch_size, -1)
        return Belief(place, -0.7 * place.unsqueeze(-1).expand(-1, -1, 2), 1 + place[:, 0].abs())

    def imagine(self, state: Any, action: Any, temperature: float = 1.0) -> Belief:
        """One step without a look."""
        self._expect("imagine", state, action)
        push = (action[:, :, None, None] * self.motor).sum(1) / state.tired[:, None, None]
        speed = 0.8 * state.speed + torch.tanh(push)
        return Belief(state.place + speed.sum(-1), speed, state.tired + 0.2)

    def observe(self, state: Any, action: Any, observation: Any, temperature: float = 1.0) -> Belief:
        """It advances by itself, or begins anew if there is no action, then corrects."""
        begins = action is None and isinstance(state, Belief)
        if not begins:
            self._expect("observe", state, action)
        shape = (len(state.place), *self.observation_shape)
        fits("model.observe with an observation", observation, shape)
        place, speed, tired = self.initial(len(state.place)) if begins else self.imagine(state, action)
        surprise = observation.flatten(1) / 2 - place
        return Belief(place + 0.8 * surprise, 0.9 * speed + 0.3 * surprise.unsqueeze(-1), 0.6 * tired)

    def decode(self, state: Any) -> Prediction:
        """What is seen there: twice the place, less sharply if the crew is tired."""
        if not isinstance(state, Belief) or state.place.dim() != 2:
            got = f"fields of shape {tuple(state.place.shape)}" if isinstance(state, Belief) else type(state).__name__
            raise CheckFailed("model.decode(state) with a state of one batch axis, (B, ...)", got)
        seen = (2 - 0.1 * state.tired.unsqueeze(-1)) * state.place
        return Prediction(seen.reshape(-1, *self.observation_shape))

    def _expect(self, name: str, state: Any, action: Any) -> None:
        if not isinstance(state, Belief):
            raise CheckFailed(f"model.{name} with a state first", type(state).__name__)
        shape = (len(state.place), self.action_dim)
        fits(f"model.{name} with a state of {len(state.place)} sequences and an action", action, shape)


def fits(what: str, value: Any, shape: tuple[int, ...]) -> None:
    """Refuse all but a tensor of this shape."""
    if not isinstance(value, Tensor):
        raise CheckFailed(f"{what} of shape {shape}", type(value).__name__)
    if tuple(value.shape) != shape:
        likely = "one step at a time, without an axis of time" if value.dim() == len(shape) + 1 else ""
        raise CheckFailed(f"{what} of shape {shape}", f"one of shape {tuple(value.shape)}", likely)
