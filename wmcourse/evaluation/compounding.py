"""How errors compound in a free rollout: what is measured, and two laws that are said to predict it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from wmcourse.data.episode import Episode
from wmcourse.evaluation.held_out import held_out
from wmcourse.evaluation.horizon import closed_loop
from wmcourse.evaluation.rollout import unroll
from wmcourse.models.protocol import WorldModel, map_state


@dataclass(frozen=True)
class Growth:
    """Distances between imagined states and those the model has when it looks, in units of its own state."""

    errors: Float[Tensor, "rollouts horizon"]
    """(R, H): Euclidean; NaN where the real episode had ended."""
    expansion: Float[Tensor, " points"]
    """(P,): how much a small error at most grows in one step, at points along real episodes: `expansion`."""

    @property
    def one_step(self) -> Float[Tensor, " rollouts"]:
        """(R,): the errors after one step."""
        return self.errors[:, 0]

    @property
    def mean(self) -> Float[Tensor, " horizon"]:
        """(H,): the mean error of the rollouts that last so long."""
        return self.errors.nanmean(0)


@torch.no_grad()
def error_growth(
    model: WorldModel, episodes: Sequence[Episode], *, horizon: int, stride: int = 5, points: int = 200
) -> Growth:
    """Open-loop rollouts from every `stride`-th step of `episodes`, at temperature 0, and the expansion at some points.

    Raises:
        ValueError: an episode does not fit the model.
    """
    data = held_out(model, episodes)
    steps = data.actions.shape[1]
    followed = closed_loop(model, data)
    starts = torch.arange(0, steps, stride)
    episode, at = (starts < data.lengths[:, None]).nonzero(as_tuple=True)
    start = starts[at]
    state = map_state(lambda part: part[episode, start], followed)
    actions = data.actions[episode[:, None], (start[:, None] + torch.arange(horizon)).clamp(max=steps - 1)]
    errors = []
    for h, step in enumerate(unroll(model, state, actions), start=1):
        real = map_state(lambda part, h=h: part[episode, (start + h).clamp(max=steps)], followed)
        distance = (as_vector(step.expected) - as_vector(real)).norm(dim=-1)
        errors.append(distance.masked_fill(start + h > data.lengths[episode], torch.nan))
    some = torch.linspace(0, len(start) - 1, min(points, len(start))).long()
    picked = map_state(lambda part: part[some], state)
    return Growth(torch.stack(errors, 1), expansion(model, picked, actions[some, 0]))


def expansion(model: WorldModel, state: Any, action: Float[Tensor, "batch action"]) -> Float[Tensor, " batch"]:
    """The largest singular value of the Jacobian of one imagined step: what the smallest errors are multiplied by.

    Its maximum over all states is the Lipschitz constant of the step; over some states, a lower bound of it.
    """
    sizes = [part.shape[-1] for part in state]

    def step(vector: Tensor) -> Tensor:
        moved = model.imagine(type(state)(*vector.split(sizes, dim=-1)), action, 0.0)
        return as_vector(moved).sum(0)  # a row of the batch depends on its own row alone

    with torch.enable_grad():
        jacobian = torch.autograd.functional.jacobian(step, as_vector(state))  # (D, B, D)
    return torch.linalg.matrix_norm(jacobian.transpose(0, 1), ord=2)


def error_bound(epsilon: float, lipschitz: float, horizon: int) -> Float[Tensor, " horizon"]:
    """(H,): epsilon (L^h - 1) / (L - 1) for h = 1..H, linear in h at L = 1: no error can be larger after h steps.

    It holds if no step adds more than `epsilon` and none multiplies an error by more than L.
    """
    powers = torch.full((horizon,), lipschitz, dtype=torch.float64).pow(torch.arange(horizon))
    return epsilon * powers.cumsum(0)


def chance_of_failure(per_step: float, horizon: int) -> Float[Tensor, " horizon"]:
    """(H,): 1 - (1 - p)^h for h = 1..H, the chance that a step has failed if each fails with chance p by itself.

    A heuristic: it knows nothing of how errors feed each other.
    """
    return 1 - (1 - per_step) ** torch.arange(1, horizon + 1, dtype=torch.float64)


def as_vector(state: Any) -> Float[Tensor, "*batch column"]:
    """All fields of a state side by side."""
    return torch.cat(tuple(state), dim=-1)
