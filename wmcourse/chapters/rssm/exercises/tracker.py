"""The world of exercise 8.4: a model whose belief has fields of one to four axes, and sequences with gaps."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from wmcourse.exercises import CheckFailed, Draw
from wmcourse.exercises.draw import Case
from wmcourse.exercises.failure import describe
from wmcourse.models.protocol import Prediction


class Belief(NamedTuple):
    """What the tracker believes."""

    mean: Tensor
    """(batch, observation): where it is."""
    doubt: Tensor
    """(batch, observation, 3): how unsure it is of that, in three ways."""
    age: Tensor
    """(batch,): how long ago it looked."""
    picture: Tensor
    """(batch, 1, 2, observation): what it draws of it."""


class Tracker(nn.Module):
    """A model that is less sure after each step, and surer after each look unless it surprises; nothing is drawn.

    What a draw would add is added at a temperature of 1, and left out at 0.
    """

    kept: Tensor

    def __init__(self, draw: Draw, action: int, observation: int) -> None:
        super().__init__()
        self.observation_shape, self.action_dim = (observation,), action
        self.move = nn.Linear(observation + action, observation)
        self.gain = nn.Parameter(torch.zeros(observation, observation))
        self.start = nn.Parameter(torch.zeros(observation))
        self.brush = nn.Conv2d(1, 1, (1, 3), padding=(0, 1))
        for parameter in self.parameters():
            parameter.data = draw.normal(*parameter.shape, scale=0.5)
        self.brush.weight.requires_grad_(False)
        self.register_buffer("kept", torch.tensor([0.3, 0.5, 0.9]))

    def initial(self, batch_size: int) -> Belief:
        """The same for every sequence, and learned."""
        start = self.start.repeat(batch_size, 1)
        picture = start.view(batch_size, 1, 1, -1).repeat(1, 1, 2, 1)
        return Belief(start, start.square().unsqueeze(-1) + self.kept, start.new_ones(batch_size), picture)

    def imagine(self, state: Belief, action: Tensor, temperature: float = 1.0) -> Belief:
        """One step without a look."""
        mean = state.mean if isinstance(state, Belief) else state
        _expect("state.mean, for as many beliefs as actions", mean, len(action), *self.observation_shape)
        _expect("the action of a step", action, len(action), self.action_dim)
        mean = torch.tanh(self.move(torch.cat([state.mean, action], -1))) + 0.3 * temperature
        picture = torch.tanh(self.brush(state.picture)) + mean[:, None, None]
        return Belief(mean, 1.1 * state.doubt + 0.5 * temperature, state.age + 1, picture)

    def observe(self, state: Belief, action: Tensor, observation: Tensor, temperature: float = 1.0) -> Belief:
        """One step with a look."""
        _expect("the observation of a step", observation, len(action), *self.observation_shape)
        imagined = self.imagine(state, action, temperature)
        surprise = observation - imagined.mean
        doubt = self.kept * imagined.doubt + surprise.square().unsqueeze(-1)
        mean = imagined.mean + surprise @ self.gain
        return Belief(mean, doubt, 0.1 * state.age, imagined.picture + mean[:, None, None])

    def decode(self, state: Belief) -> Prediction:
        """It sees where it is."""
        return Prediction(state.mean)


def sequences(draw: Draw) -> Iterator[Case]:
    """Some steps seen, none, all; a single sequence, a single step.

    A gap holds NaN, in most cases also an infinity, a huge number, or the frame before it.
    """
    for batch, time, action, observation, share, kinds in (
        (4, 3, 1, 2, 0.5, 1),
        (5, 6, 3, 4, 0.5, 5),
        (6, 5, 4, 1, 0.6, 5),
        (1, 7, 2, 3, 0.4, 5),
        (7, 1, 3, 2, 0.5, 5),
        (4, 2, 1, 3, 0.0, 1),
        (5, 3, 2, 8, 1.0, 1),
    ):
        seen, observations = draw.flags(batch, time, share=share), 3 * draw.normal(batch, time, observation)
        for row, t in (~seen).nonzero().tolist():
            fillers = torch.nan, torch.inf, 3e38, -torch.inf, observations[row, t - 1].clone()
            observations[row, t] = fillers[draw.integer(0, kinds - 1)]
        yield {
            "model": Tracker(draw, action, observation),
            "actions": draw.normal(batch, time, action),
            "observations": observations,
            "seen": seen,
        }


def _expect(what: str, value: Any, *shape: int) -> None:
    if not isinstance(value, Tensor) or value.shape != shape:
        whole = isinstance(value, Tensor) and value.dim() > len(shape) and not what.startswith("state")
        likely = "one step at a time: actions[:, t], observations[:, t]" if whole else ""
        raise CheckFailed(f"{what}: a tensor of shape {shape}", describe(value), likely)
