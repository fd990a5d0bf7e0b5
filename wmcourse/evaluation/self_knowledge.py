"""Does an ensemble know when it is wrong? Its disagreement beside its error, and a horizon that follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from wmcourse.data.episode import Episode
from wmcourse.evaluation.free_rollouts import free_rollouts, where
from wmcourse.evaluation.held_out import View, held_out, normalized_error, target_variance, whole
from wmcourse.models.latent_dynamics import Ensemble
from wmcourse.models.protocol import map_state


@dataclass(frozen=True)
class SelfKnowledge:
    """Errors and disagreements of R free rollouts at horizons 1..H; NaN where the real episode had ended."""

    error: Float[Tensor, "rollouts horizon"]
    """Of the mean picture: squared, over the variance of the data."""
    disagreement: Float[Tensor, "rollouts horizon"]
    """`Ensemble.disagreement` at the same moment, known without the truth."""
    episode: Int[Tensor, " rollouts"]
    """(R,): the held-out episode each rollout starts in."""


@torch.no_grad()
def self_knowledge(
    model: Ensemble, episodes: Sequence[Episode], *, horizon: int, context: int = 1, stride: int = 5, view: View = whole
) -> SelfKnowledge:
    """Roll the ensemble out along `episodes` at temperature 0; start after at least `context` looks.

    Raises:
        ValueError: an episode does not fit the model, or an option is out of range.
    """
    data = held_out(model, episodes)
    truth = view(data.observations)
    shape = tuple(truth.shape[2:])
    variance = target_variance(data._replace(observations=truth), shape)
    rollouts = free_rollouts(model, data, context=context, stride=stride)
    errors, disagreements = [], []
    for ahead in rollouts.ahead(horizon):
        state = map_state(lambda part, on=ahead.on: part[on], ahead.state)
        target = truth[rollouts.episode[ahead.on], ahead.at]
        expected = view(model.decode(state).require_observation())
        errors.append(where(ahead.on, normalized_error(expected, target, variance, shape)))
        disagreements.append(where(ahead.on, model.disagreement(state)))
    return SelfKnowledge(torch.stack(errors, 1), torch.stack(disagreements, 1), rollouts.episode)


def trusted_horizon(disagreement: Float[Tensor, "rollouts horizon"], limit: float) -> Int[Tensor, " rollouts"]:
    """(R,): steps before the disagreement first exceeds `limit`; H, or where the episode ends, if it never does."""
    return (disagreement <= limit).long().cumprod(1).sum(1)
