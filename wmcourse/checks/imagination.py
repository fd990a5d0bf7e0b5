"""The checker of exercise 9.3: imagination that never looks at reality."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from wmcourse.checks.check import CheckFailed, checker, describe, expect, expect_close, expect_tensor
from wmcourse.models.protocol import Prediction

BATCH, HORIZON = 3, 4


class Belief(NamedTuple):
    """State of the spy: a position and a velocity (B, 2) each."""

    position: Tensor
    velocity: Tensor


class SpyModel:
    """A linear world model that raises when it is shown reality: s' = s A + a B with s = [position, velocity]."""

    observation_shape = (4,)
    action_dim = 2
    dynamics = torch.tensor([[1.0, 0.1, 0, 0], [0, 0.9, 0.2, 0], [0.3, 0, 0.8, 0], [0, 0.5, 0, 1.1]])
    control = torch.tensor([[0.5, 0, 0.1, 0], [0, -0.4, 0, 0.2]])

    def initial(self, batch_size: int) -> Belief:
        raise CheckFailed("imagination from the given state", "a call to model.initial", "the start is an argument")

    def observe(self, *_: Any, **__: Any) -> Belief:
        raise CheckFailed(
            "no call to model.observe",
            "one",
            "imagination never sees a real observation: advance with model.imagine alone",
        )

    def imagine(self, state: Any, action: Any, temperature: Any = 1.0) -> Belief:
        expect_tensor(action, (BATCH, 2), "the action handed to model.imagine")
        if not isinstance(state, Belief):
            raise CheckFailed("model.imagine(state, action) with a state", describe(state), "the state comes first")
        expect(temperature == 1.0, "futures sampled at temperature 1", f"temperature={temperature}", "leave it out")
        step = torch.cat(state, 1) @ self.dynamics + action @ self.control
        return Belief(step[:, :2], step[:, 2:])

    def decode(self, state: Any) -> Prediction:
        if not isinstance(state, Belief):
            raise CheckFailed(
                "model.decode(state) with a state", describe(state), "it takes what model.imagine returns"
            )
        return Prediction(torch.cat(state, 1))


@checker("9.3")
def imagine_ahead(answer: Callable[..., Any]) -> None:
    """Oracle: linear dynamics under a linear policy are a matrix power, s_t = s_0 (A + KB)^t."""
    generator = torch.Generator().manual_seed(3)
    start = Belief(torch.randn(BATCH, 2, generator=generator), torch.randn(BATCH, 2, generator=generator))
    gain = torch.randn(4, 2, generator=generator).requires_grad_()
    model = SpyModel()

    def policy(state: Any) -> Tensor:
        likely = "the policy acts on the belief itself, not on what model.decode makes of it"
        expect(isinstance(state, Belief), "policy(state) with a state of the model", describe(state), likely)
        return torch.cat(state, 1) @ gain

    first = torch.cat(start, 1)
    closed = model.dynamics + gain @ model.control
    expected = torch.stack([first @ torch.matrix_power(closed, t) for t in range(HORIZON + 1)], 1)
    states, actions = _imagined(answer(model, start, policy, HORIZON))
    got = torch.cat(states, 2)
    expect_close(got, expected, "states", _wrong_futures(model, first, gain), tolerance=1e-3)
    taken = expected[:, :-1] @ gain
    expect_close(
        actions,
        taken,
        "actions",
        {
            "one step late: actions[:, t] is what the policy does in states[:, t]": expected[:, 1:] @ gain,
            "these are the actions of the start alone: ask the policy again in each imagined state": (
                taken[:, :1].expand_as(taken)
            ),
        },
        tolerance=1e-3,
    )
    wanted = "a gradient of the last imagined state for the policy"
    cut = "the graph was cut by torch.no_grad() or .detach(): the actor learns through the dynamics"
    expect(got.requires_grad, wanted, "none", cut)
    (gradient,) = torch.autograd.grad(got[:, -1].sum(), gain, allow_unused=True)
    expect(gradient is not None, wanted, "none", cut)
    (oracle,) = torch.autograd.grad(expected[:, -1].sum(), gain)
    expect_close(gradient, oracle, wanted, {cut: gradient}, tolerance=1e-3)


def _imagined(result: Any) -> tuple[Belief, Tensor]:
    wanted = "the pair (states, actions)"
    if isinstance(result, Belief):
        raise CheckFailed(wanted, "the states alone", "return the actions too, stacked to (batch, horizon, action)")
    if result is None:
        raise CheckFailed(wanted, "None", "the function has no return statement")
    if not isinstance(result, tuple) or len(result) != 2:
        raise CheckFailed(wanted, describe(result), "end with `return states, actions`")
    states, actions = result
    if isinstance(states, list):
        likely = "stack the list field by field: map_state(lambda *fields: torch.stack(fields, dim=1), *states)"
        raise CheckFailed("states as one state whose fields are (batch, horizon + 1, ...)", "a list of states", likely)
    if not isinstance(states, Belief):
        raise CheckFailed("states of the model's own type", describe(states), "map_state keeps a state's type")
    shapes = {
        "the start is missing: states holds it at t = 0, then the H imagined ones": (BATCH, HORIZON, 2),
        "stack along dim=1: batch first, then time": (HORIZON + 1, BATCH, 2),
        "one imagined step too many": (BATCH, HORIZON + 2, 2),
        "this is the last state alone: keep every state on the way": (BATCH, 2),
    }
    for field, name in zip(states, Belief._fields, strict=True):
        expect_tensor(field, (BATCH, HORIZON + 1, 2), f"states.{name}", shapes)
    shapes = {
        "one action too many: H steps need H actions, none is taken in the last state": (BATCH, HORIZON + 1, 2),
        "stack along dim=1: batch first, then time": (HORIZON, BATCH, 2),
    }
    if isinstance(actions, list):
        raise CheckFailed("actions as one tensor", "a list", "torch.stack(actions, dim=1)")
    return states, expect_tensor(actions, (BATCH, HORIZON, 2), "actions", shapes)


def _wrong_futures(model: SpyModel, first: Tensor, gain: Tensor) -> dict[str, Tensor]:
    """What the usual mistakes lead to: states (B, H+1, 4) for the start `first` (B, 4)."""
    habit, drift, restart = [first], [first], [first]
    for _ in range(HORIZON):
        habit.append(habit[-1] @ model.dynamics + first @ gain @ model.control)
        drift.append(drift[-1] @ model.dynamics)
        restart.append(first @ (model.dynamics + gain @ model.control))
    return {
        "the policy was asked once, in the start: ask it again in each imagined state": torch.stack(habit, 1),
        "every step starts from the start: feed the imagined state to the next step": torch.stack(restart, 1),
        "the actions have no effect: hand them to model.imagine": torch.stack(drift, 1),
        "the state never changes: keep what model.imagine returns": torch.stack([first] * (HORIZON + 1), 1),
    }
