"""The small world of exercise 8.4: a linear model that knows how unsure it is, and sequences with gaps to track."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from wmcourse.checks.check import CheckFailed, describe, expect
from wmcourse.models.protocol import Prediction


class Guess(NamedTuple):
    """Belief of the tracker: where (batch, 2), and how unsure (batch, 2, 1), as a field may have any axes."""

    mean: Tensor
    spread: Tensor

    def flat(self) -> Tensor:
        """Both side by side: (batch, 4), or (batch, time, 4)."""
        return torch.cat([self.mean, self.spread.squeeze(-1)], -1)


class Data(NamedTuple):
    """Sequences with gaps."""

    actions: Tensor
    """(batch, time, 1)"""
    observations: Tensor
    """(batch, time, 2)"""
    seen: Tensor
    """(batch, time), boolean"""


class Tracker:
    """A linear world model that is less sure after each step, and surer after each look, unless it surprises."""

    observation_shape = (2,)
    action_dim = 1

    def __init__(self) -> None:
        self.dynamics = torch.tensor([[0.9, 0.2], [-0.3, 0.8]], requires_grad=True)
        self.push = torch.tensor([[0.5, -0.4]], requires_grad=True)
        self.gain = torch.tensor([[0.6, 0.1], [0.0, 0.3]], requires_grad=True)
        self.start = torch.ones(2, requires_grad=True)
        self.doubt = torch.ones(2, 1, requires_grad=True)

    def initial(self, batch_size: int) -> Guess:
        """The same for every sequence, and learned."""
        return Guess(self.start.repeat(batch_size, 1), self.doubt.repeat(batch_size, 1, 1))

    def imagine(self, state: Any, action: Any, temperature: Any = 1.0) -> Guess:
        """One step without a look."""
        _expect_arguments("imagine", state, action, temperature)
        return Guess(state.mean @ self.dynamics + action @ self.push, 1.1 * state.spread + 0.5)

    def observe(self, state: Any, action: Any, observation: Any, temperature: Any = 1.0) -> Guess:
        """One step with a look."""
        _expect_arguments("observe", state, action, temperature)
        _expect_shape(observation, (len(action), 2), "the observation handed to model.observe")
        imagined = self.imagine(state, action)
        surprise = observation - imagined.mean
        spread = 0.3 * imagined.spread + 0.1 * surprise.square().unsqueeze(-1)
        return Guess(imagined.mean + surprise @ self.gain, spread)

    def decode(self, state: Any) -> Prediction:
        """It sees where it is."""
        expect(isinstance(state, Guess), "model.decode(state) with a state", describe(state))
        return Prediction(state.mean)


def choose(flags: Tensor, yes: Guess, no: Guess) -> Guess:
    """The one belief where `flags` (batch,) is set, the other where it is not."""
    return Guess(
        torch.where(flags[:, None], yes.mean, no.mean), torch.where(flags[:, None, None], yes.spread, no.spread)
    )


def sequences(seen: Tensor, seed: int, missing: float) -> Data:
    """Random actions and observations with a gradient; where `seen` is not set, the observations hold `missing`."""
    generator = torch.Generator().manual_seed(seed)
    observations = 3 * torch.randn(*seen.shape, 2, generator=generator)
    observations[~seen] = missing
    actions = torch.randn(*seen.shape, 1, generator=generator)
    return Data(actions.requires_grad_(), observations.requires_grad_(), seen)


def tracked(tracker: Tracker, data: Data) -> Tensor:
    """Beliefs (batch, time, 4), worked out sequence by sequence, each step with a look or without one."""
    tracks = []
    for actions, observations, seen in zip(*data, strict=True):
        mean, spread, track = tracker.start, tracker.doubt.squeeze(-1), []
        for action, observation, look in zip(actions, observations, seen.tolist(), strict=True):
            mean, spread = tracker.dynamics.T @ mean + tracker.push.T @ action, 1.1 * spread + 0.5
            if look:
                surprise = observation - mean
                mean, spread = mean + tracker.gain.T @ surprise, 0.3 * spread + 0.1 * surprise**2
            track.append(torch.cat([mean, spread]))
        tracks.append(torch.stack(track))
    return torch.stack(tracks)


def _expect_arguments(name: str, state: Any, action: Any, temperature: Any) -> None:
    first = "the state comes first: model.imagine(state, action), model.observe(state, action, observation)"
    expect(isinstance(state, Guess), f"model.{name} with a state", describe(state), first)
    if isinstance(action, Tensor) and tuple(action.shape[1:]) == (1,) and len(action) != len(state.mean):
        rows = (
            "as many beliefs as actions: begin with model.initial(B), the size of the batch, and act with actions[:, t]"
        )
        got = f"{len(state.mean)} and {len(action)}"
        raise CheckFailed(f"beliefs and actions of one batch size in model.{name}(state, action)", got, rows)
    step_by_step = "step by step: an action (batch, action) leads from one belief to the next, actions[:, t]"
    _expect_shape(action, (len(state.mean), 1), f"the action handed to model.{name}", step_by_step)
    both = "leave temperature out: a belief is drawn, whether or not something was seen"
    expect(temperature == 1.0, "beliefs drawn at temperature 1", f"temperature={temperature}", both)


def _expect_shape(value: Any, shape: tuple[int, ...], what: str, mistake: str = "") -> None:
    right = isinstance(value, Tensor) and tuple(value.shape) == shape
    expect(right, f"{what}: a tensor of shape {shape}", describe(value), mistake)
