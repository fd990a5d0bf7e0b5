"""Held-out episodes as one padded batch, and the error of a prediction in each of their dimensions."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from wmcourse.data.episode import Episode
from wmcourse.models.protocol import WorldModel
from wmcourse.models.validation import check_action, check_observation

View = Callable[[Tensor], Tensor]
"""What of an observation (*batch, *obs) is compared: the newest of two frames, a quantity read off a picture."""


def whole(observation: Tensor) -> Tensor:
    """All of it."""
    return observation


def newest_frame(observation: Float[Tensor, "*batch frame height width"]) -> Float[Tensor, "*batch 1 height width"]:
    """The last of some stacked frames, the only one that a model of single frames predicts."""
    return observation[..., -1:, :, :]


class HeldOut(NamedTuple):
    """N episodes of different lengths T_n, padded with zeros to the longest, T."""

    actions: Float[Tensor, "batch time action"]
    observations: Float[Tensor, "batch steps *observation"]
    lengths: Int[Tensor, " batch"]
    """(N,): steps T_n of each episode; observations 0..T_n are real."""

    @property
    def real(self) -> Bool[Tensor, "batch steps"]:
        """(N, T+1): is this observation real, or padding?"""
        return torch.arange(self.observations.shape[1]) <= self.lengths[:, None]


def held_out(model: WorldModel, episodes: Sequence[Episode]) -> HeldOut:
    """Pad `episodes` to one batch.

    Raises:
        ValueError: there are none, or one of them does not fit the model or holds NaNs.
    """
    if not episodes:
        raise ValueError("no episodes to evaluate on; collect at least one, better 20 or more")
    for number, episode in enumerate(episodes):
        try:
            check_action(model, episode.actions, axes=("time",))
            check_observation(model, episode.observations, axes=("steps",))
        except ValueError as error:
            raise ValueError(f"episode {number}: {error}") from None
    return HeldOut(
        actions=pad_sequence([episode.actions for episode in episodes], batch_first=True),
        observations=pad_sequence([episode.observations for episode in episodes], batch_first=True),
        lengths=torch.tensor([len(episode) for episode in episodes]),
    )


def as_vectors(observation: Tensor, observation_shape: tuple[int, ...]) -> Float[Tensor, "*batch vector"]:
    """Flatten observations (*batch, *obs) to vectors (*batch, D)."""
    return observation.flatten(-len(observation_shape)) if observation_shape else observation.unsqueeze(-1)


def absolute_error(
    expected: Tensor, target: Tensor, observation_shape: tuple[int, ...]
) -> Float[Tensor, "*batch dimension"]:
    """|expected - target| in environment units: a column per dimension of a vector, one mean over an image's pixels."""
    error = as_vectors((expected - target).abs(), observation_shape)
    return error if len(observation_shape) <= 1 else error.mean(-1, keepdim=True)


def normalized_error(
    expected: Tensor, target: Tensor, variance: Float[Tensor, " dimension"], observation_shape: tuple[int, ...]
) -> Float[Tensor, "*batch"]:
    """Squared error in units of `variance`, the mean over dimensions: 1 for a model that always says the data's mean.

    The dimensions of a vector have their own units (m, rad/s), hence each its own variance. The pixels of an image
    share one unit and one variance, else the never-changing background would decide: see `target_variance`.
    """
    squared = as_vectors((expected - target).square(), observation_shape)
    return (squared / variance).mean(-1)


def target_variance(data: HeldOut, observation_shape: tuple[int, ...]) -> Float[Tensor, " dimension"]:
    """Variance of the real observations over all steps: (D,) for vectors; (1,), the mean over pixels, for images.

    Raises:
        ValueError: a dimension never changes, so that errors cannot be normalized by its variance.
    """
    variance = as_vectors(data.observations[data.real], observation_shape).double().var(0, correction=0)
    if len(observation_shape) > 1:
        variance = variance.mean(0, keepdim=True)
    still = [i for i, value in enumerate(variance.tolist()) if value < 1e-12]
    if still:
        raise ValueError(f"observation dimensions {still} never change in the held-out data: their nMSE is undefined")
    return variance.float()
