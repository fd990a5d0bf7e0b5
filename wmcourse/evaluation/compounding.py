"""How errors compound in a free rollout: what is measured, and two laws that are said to predict it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from wmcourse.data.episode import Episode
from wmcourse.evaluation.free_rollouts import free_rollouts, where
from wmcourse.evaluation.held_out import held_out
from wmcourse.models.protocol import WorldModel, map_state


@dataclass(frozen=True)
class Growth:
    """Distances between imagined states and those the model has when it looks, in units of its own state."""

    errors: Float[Tensor, "rollouts horizon"]
    """(R, H): Euclidean; NaN where the real episode had ended."""
    expansion: Float[Tensor, " points"]
    """(P,): how much a small error at most grows in one step, at points along real episodes: `expansion`."""
    radius: Float[Tensor, " points"]
    """(P,): the largest absolute eigenvalue of the same steps: how errors would grow if the step repeated itself."""

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
    rollouts = free_rollouts(model, held_out(model, episodes), stride=stride)
    errors = []
    for ahead in rollouts.ahead(horizon):
        imagined, episode = as_vector(ahead.state)[ahead.on], rollouts.episode[ahead.on]
        real = as_vector(map_state(lambda part, at=ahead.at, episode=episode: part[episode, at], rollouts.followed))
        errors.append(where(ahead.on, (imagined - real).norm(dim=-1)))
    some = torch.linspace(0, len(rollouts.start) - 1, min(points, len(rollouts.start))).long()
    episode, start = rollouts.episode[some], rollouts.start[some]
    state = map_state(lambda part: part[episode, start], rollouts.followed)
    steps = jacobian(model, state, rollouts.data.actions[episode, start])
    return Growth(
        torch.stack(errors, 1), torch.linalg.matrix_norm(steps, ord=2), torch.linalg.eigvals(steps).abs().amax(-1)
    )


def expansion(model: WorldModel, state: Any, action: Float[Tensor, "batch action"]) -> Float[Tensor, " batch"]:
    """The largest singular value of the Jacobian of one imagined step: what the smallest errors are multiplied by.

    Its maximum over all states is the Lipschitz constant of the step; over some states, a lower bound of it. A state
    that counts steps with a clock moves by 1 at each, and has an expansion of at least 1 for that alone.
    """
    return torch.linalg.matrix_norm(jacobian(model, state, action), ord=2)


def jacobian(model: WorldModel, state: Any, action: Float[Tensor, "batch action"]) -> Float[Tensor, "batch out column"]:
    """Derivatives of the next state by the current one, each as a vector, for one imagined step at temperature 0."""
    sizes = [part.shape[-1] for part in state]

    def step(vector: Tensor) -> Tensor:
        moved = model.imagine(type(state)(*vector.split(sizes, dim=-1)), action, 0.0)
        return as_vector(moved).sum(0)  # a row of the batch depends on its own row alone

    with torch.enable_grad():
        derivatives = torch.autograd.functional.jacobian(step, as_vector(state))  # (D, B, D)
    return derivatives.transpose(0, 1)


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
