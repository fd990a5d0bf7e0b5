"""The checker of exercise 9.3: imagination that never looks at reality."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from wmcourse.checks.check import CheckFailed, checker, describe, expect, expect_close, expect_tensor
from wmcourse.models.protocol import Prediction

BATCH, HORIZON = 3, 4


class Belief(NamedTuple):
    """State of the spy: a position (B, 2), and a velocity (B, 2, 1), for a field may have any number of axes."""

    position: Tensor
    velocity: Tensor

    def flat(self) -> Tensor:
        """Both (B, 4), or over time (B, T, 4)."""
        return torch.cat([self.position, self.velocity.squeeze(-1)], -1)


class SpyModel:
    """A linear world model that raises when it is shown reality: s' = s A + a B with s = [position, velocity]."""

    observation_shape = (4,)
    action_dim = 2
    dynamics = torch.tensor([[1.0, 0.1, 0, 0], [0, 0.9, 0.2, 0], [0.3, 0, 0.8, 0], [0, 0.5, 0, 1.1]])
    control = torch.tensor([[0.5, 0, 0.1, 0], [0, -0.4, 0, 0.2]])

    def __init__(self) -> None:
        self.handed: list[Tensor] = []

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
        self.handed.append(action)
        step = state.flat() @ self.dynamics + action @ self.control
        return Belief(step[:, :2], step[:, 2:].unsqueeze(-1))

    def decode(self, state: Any) -> Prediction:
        if not isinstance(state, Belief):
            raise CheckFailed(
                "model.decode(state) with a state", describe(state), "it takes what model.imagine returns"
            )
        return Prediction(state.flat())


_EACH_FIELD = "stack the list field by field: map_state(lambda *fields: torch.stack(fields, dim=1), *states)"
_ADVICE = {
    "stack() takes": f"torch.stack takes one list; {_EACH_FIELD}",
    "expected Tensor as element": _EACH_FIELD,
    "permute": f"a field may have any number of axes; {_EACH_FIELD}",
    "Tensors must have same number of dimensions": "the policy takes the whole state: policy(state)",
    "object is not callable": "the model is no function: model.imagine(state, action)",
}


@checker("9.3", _ADVICE)
def imagine_ahead(answer: Callable[..., Any]) -> None:
    """Oracle: linear dynamics under a linear policy are a matrix power, s_t = s_0 (A + KB)^t."""
    generator = torch.Generator().manual_seed(3)
    start = Belief(torch.randn(BATCH, 2, generator=generator), torch.randn(BATCH, 2, 1, generator=generator))
    gain = torch.randn(4, 2, generator=generator).requires_grad_()
    model = SpyModel()
    asked: list[Tensor] = []

    def policy(state: Any) -> Tensor:
        likely = "the policy acts on the belief itself: the whole state, not a field, nor what model.decode makes of it"
        expect(isinstance(state, Belief), "policy(state) with a state of the model", describe(state), likely)
        at_once = "ask the policy step by step: each state comes of the action before, and actions may be random"
        shapes = {at_once: (BATCH, HORIZON, 2), f"{at_once}; none is taken in the last state": (BATCH, HORIZON + 1, 2)}
        expect_tensor(state.position, (BATCH, 2), "policy(state) with one state, its position", shapes)
        asked.append(state.flat() @ gain)
        return asked[-1]

    for field in start:
        field.requires_grad_()
    first, before = start.flat(), Belief(*(field.detach().clone() for field in start))
    closed = model.dynamics + gain @ model.control
    expected = torch.stack([first @ torch.matrix_power(closed, t) for t in range(HORIZON + 1)], 1)
    result = answer(model, start, policy, HORIZON)
    kept = all(torch.equal(now, was) for now, was in zip(start, before, strict=True))
    expect(kept, "the start as it was given", "a changed start", "build new tensors, do not write into these")
    states, actions = _imagined(result, start, HORIZON)
    got = states.flat()
    with torch.no_grad():
        mistakes = _wrong_futures(model, first, gain)
        mistakes["the order of time is reversed: the start comes first"] = expected.flip(1)
    if not all(any(torch.equal(action, given) for given in asked) for action in model.handed):
        mistakes["the actions handed to model.imagine are not those of the policy: leave them as they are"] = got
    expect_close(got, expected, "states", mistakes, tolerance=1e-3)
    taken = expected[:, :-1] @ gain
    likely = {
        "one step late: actions[:, t] is what the policy does in states[:, t]": expected[:, 1:] @ gain,
        "one step early: actions[:, t] is what the policy does in states[:, t], so none comes before it": torch.cat(
            [torch.zeros_like(taken[:, :1]), taken[:, :-1]], 1
        ),
        "these are the actions of the start alone: ask the policy again in each imagined state": (
            taken[:, :1].expand_as(taken)
        ),
        "the order of time is reversed: the first action comes first": taken.flip(1),
        "these are not the actions handed to model.imagine: return those": actions,
    }
    expect_close(actions, taken, "actions", likely, tolerance=1e-3)
    _expect_whole_graph((got, actions), (expected, taken), gain, start)
    _expect_actions_that_were_taken(answer, Belief(*(field.detach() for field in start)), policy)


def _expect_whole_graph(got: tuple[Tensor, Tensor], oracle: tuple[Tensor, Tensor], gain: Tensor, start: Belief) -> None:
    """Oracle: the gradient of the matrix power."""
    cut = "the graph was cut by torch.no_grad() or .detach(): the actor learns through the dynamics"
    apart = "the start was detached: leave that to the caller, who may want its gradient"
    inputs = (
        ("the policy", gain, cut),
        ("the start's position", start[0], apart),
        ("the start's velocity", start[1], apart),
    )
    states, actions = ("the last imagined state", got[0][:, -1], oracle[0][:, -1]), ("the actions", got[1], oracle[1])
    everything = ("all the states", got[0], oracle[0])
    for what, result, expected in (states, actions, everything):
        for whose, leaf, likely in inputs:
            wanted = f"a gradient of {what} for {whose}"
            expect(result.requires_grad, wanted, "none", cut)
            (gradient,) = torch.autograd.grad(result.sum(), leaf, allow_unused=True, retain_graph=True)
            expect(gradient is not None, wanted, "none", likely)
            (right,) = torch.autograd.grad(expected.sum(), leaf, retain_graph=True)
            expect_close(gradient, right, wanted, {likely: gradient}, tolerance=1e-3)


def _expect_actions_that_were_taken(answer: Callable[..., Any], start: Belief, policy: Callable[[Any], Tensor]) -> None:
    """Oracle: one step of the dynamics from each state, under a policy that never acts the same twice."""
    model, horizon = SpyModel(), 2
    generator = torch.Generator().manual_seed(8)

    def moody(state: Any) -> Tensor:
        return policy(state) + torch.randn(BATCH, 2, generator=generator)

    torch.manual_seed(8)
    before = torch.random.get_rng_state()
    states, actions = _imagined(answer(model, start, moody, horizon), start, horizon)
    seeded = "leave torch.manual_seed to the caller, or all dreams are the same; only policy and model draw"
    expect(torch.equal(torch.random.get_rng_state(), before), "the random state as it was", "another", seeded)
    led_to = states.flat()[:, :-1] @ model.dynamics + actions @ model.control
    again = "a policy may draw its actions: ask it once in each state, keep that action and imagine with it"
    got = states.flat()[:, 1:]
    expect_close(got, led_to, "states that the actions lead to", {again: got}, tolerance=1e-3)


def _imagined(result: Any, start: Belief, horizon: int) -> tuple[Belief, Tensor]:
    wanted = "the pair (states, actions)"
    if isinstance(result, Belief):
        raise CheckFailed(wanted, "the states alone", "return the actions too, stacked to (batch, horizon, action)")
    if result is None:
        raise CheckFailed(wanted, "None", "the function has no return statement")
    if not isinstance(result, tuple) or len(result) != 2:
        raise CheckFailed(wanted, describe(result), "end with `return states, actions`")
    states, actions = result
    if isinstance(states, list):
        raise CheckFailed(
            "states as one state whose fields are (batch, horizon + 1, ...)", "a list of states", _EACH_FIELD
        )
    if isinstance(states, Tensor) and isinstance(actions, Belief):
        raise CheckFailed(wanted, "(actions, states)", "the wrong way round: return states, actions")
    if not isinstance(states, Belief):
        raise CheckFailed("states of the model's own type", describe(states), "map_state keeps a state's type")
    for field, begin, name in zip(states, start, Belief._fields, strict=True):
        rest = tuple(begin.shape[1:])
        short = "the start is missing: states holds it at t = 0, then the H imagined ones"
        if isinstance(field, Tensor) and field.shape == (BATCH, horizon, *rest) and torch.equal(field[:, 0], begin):
            short = "the last imagined state is missing: H steps lead to H + 1 states"
        shapes = {
            short: (BATCH, horizon, *rest),
            "stack along dim=1: batch first, then time": (horizon + 1, BATCH, *rest),
            "one imagined step too many": (BATCH, horizon + 2, *rest),
            "this is the last state alone: keep every state on the way": (BATCH, *rest),
        }
        expect_tensor(field, (BATCH, horizon + 1, *rest), f"states.{name}", shapes)
    shapes = {
        "one action too many: H steps need H actions, none is taken in the last state": (BATCH, horizon + 1, 2),
        "stack along dim=1: batch first, then time": (horizon, BATCH, 2),
    }
    if isinstance(actions, list):
        raise CheckFailed("actions as one tensor", "a list", "torch.stack(actions, dim=1)")
    return states, expect_tensor(actions, (BATCH, horizon, 2), "actions", shapes)


def _wrong_futures(model: SpyModel, first: Tensor, gain: Tensor) -> dict[str, Tensor]:
    """What the usual mistakes lead to: states (B, H+1, 4) for the start `first` (B, 4)."""
    habit, drift, restart, leash = [first], [first], [first], [first]
    for _ in range(HORIZON):
        habit.append(habit[-1] @ model.dynamics + first @ gain @ model.control)
        drift.append(drift[-1] @ model.dynamics)
        restart.append(first @ (model.dynamics + gain @ model.control))
        leash.append(first @ model.dynamics + leash[-1] @ gain @ model.control)
    return {
        "the policy was asked once, in the start: ask it again in each imagined state": torch.stack(habit, 1),
        "every step starts from the start: feed the imagined state to the next step": torch.stack(restart, 1),
        "every step starts from the start, though the actions move on: hand the imagined state to model.imagine": (
            torch.stack(leash, 1)
        ),
        "the actions have no effect: hand them to model.imagine": torch.stack(drift, 1),
        "the state never changes: keep what model.imagine returns": torch.stack([first] * (HORIZON + 1), 1),
    }
