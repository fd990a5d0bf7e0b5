"""How far a model's account of a whole episode drifts from reality, for a given rate of looking."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from wmcourse.data.episode import Episode
from wmcourse.evaluation.held_out import View, absolute_error, held_out, whole
from wmcourse.evaluation.rollout import rollout
from wmcourse.evaluation.statistics import Interval, bootstrap_mean
from wmcourse.models.protocol import WorldModel


@dataclass(frozen=True)
class ErrorCurves:
    """Absolute errors of N episodes, step by step."""

    error: Float[Tensor, "batch steps dimension"]
    """(N, T+1, D) in the environment's units; NaN beyond an episode's end; D = 1 for images, the mean over pixels."""
    context: int
    """Steps that were always looked at; no summary counts them."""

    def mean(self, dimension: int = 0) -> Interval:
        """Error of one observation dimension: mean over the steps after the context, then over episodes."""
        return bootstrap_mean(self._scored(dimension).nanmean(1))

    def max(self, dimension: int = 0) -> Interval:
        """Error of one observation dimension at an episode's worst step, the mean over episodes."""
        return bootstrap_mean(self._scored(dimension).nan_to_num(0.0).amax(1))

    def _scored(self, dimension: int) -> Tensor:
        if not 0 <= dimension < self.error.shape[-1]:
            raise ValueError(f"dimension must be 0..{self.error.shape[-1] - 1} for this model, got {dimension}")
        return self.error[:, self.context :, dimension]


@dataclass(frozen=True)
class Drift:
    """What `drift` measured. For the error of a number the model was just shown, look at `believed`."""

    expected: ErrorCurves
    """Errors of what the model expected *before* each look: the fair measure of its knowledge."""
    believed: ErrorCurves
    """Errors of what it believed after the correction; equal to `expected` at steps it did not look at."""
    peeked: Bool[Tensor, " steps"]
    """(T+1,): the steps at which it looked."""


def drift(
    model: WorldModel,
    episodes: Sequence[Episode],
    *,
    peek_every: int | None,
    context: int = 1,
    temperature: float = 0.0,
    seed: int = 0,
    view: View = whole,
) -> Drift:
    """Follow whole `episodes`, looking every `peek_every` steps (`None`: never again), and compare with reality.

    `view` picks what is compared, in the expected and in the real observation alike.

    Raises:
        ValueError: an episode ends within the context, an option or tensor is unfit for the model, or the model
            predicts no observation that could be compared.
    """
    data = held_out(model, episodes)
    shortest = int(data.lengths.min())
    if shortest < context:
        raise ValueError(f"the shortest episode has {shortest} steps; after {context} looks nothing is left of it")
    followed = rollout(
        model,
        data.actions,
        data.observations,
        context=context,
        peek_every=peek_every,
        temperature=temperature,
        seed=seed,
    )
    truth = view(data.observations)
    curves = [
        ErrorCurves(
            absolute_error(view(prediction.require_observation()), truth, tuple(truth.shape[2:])).masked_fill(
                ~data.real.unsqueeze(-1), torch.nan
            ),
            context,
        )
        for prediction in (followed.expected, followed.believed)
    ]
    return Drift(expected=curves[0], believed=curves[1], peeked=followed.peeked)
