"""How far ahead a model can see: open-loop error against the horizon, and the valid prediction time."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from wmcourse.data.episode import Episode
from wmcourse.evaluation.free_rollouts import free_rollouts, where
from wmcourse.evaluation.held_out import (
    HeldOut,
    View,
    absolute_error,
    held_out,
    normalized_error,
    target_variance,
    whole,
)
from wmcourse.evaluation.rollout import forked_rng
from wmcourse.evaluation.statistics import Interval, bootstrap_mean, resample
from wmcourse.models.protocol import WorldModel, map_state


@dataclass(frozen=True)
class HorizonErrors:
    """Open-loop errors of R rollouts at horizons 1..H; NaN where the real episode had ended."""

    normalized: Float[Tensor, "rollouts horizon"]
    """(R, H): squared error over variance, the mean over observation dimensions."""
    absolute: Float[Tensor, "rollouts horizon dimension"]
    """(R, H, D): in the environment's units; D = 1 for images, the mean over pixels."""
    episode: Int[Tensor, " rollouts"]
    """(R,): the held-out episode each rollout starts in."""


@dataclass(frozen=True)
class HorizonTable:
    """What `horizon_table` measured. Intervals are 95 % bootstrap intervals over episodes."""

    horizons: tuple[int, ...]
    nmse: tuple[Interval, ...]
    """nMSE at each horizon: 0 is perfect, 1 is as good as always saying the mean of the data."""
    absolute: tuple[tuple[Interval, ...], ...]
    """absolute[i][d]: mean absolute error at horizons[i] of observation dimension d, in its unit."""
    episodes: tuple[int, ...]
    """How many held-out episodes lasted long enough to be measured at each horizon."""
    vpt: Interval
    """VPT80@0.25 in steps, see `valid_prediction_time`; at most the largest horizon."""
    vpt_censored: bool
    """True if the model was still valid at the largest horizon: the true VPT may lie beyond."""
    errors: HorizonErrors


def horizon_table(
    model: WorldModel,
    episodes: Sequence[Episode],
    *,
    horizons: Sequence[int] = (1, 5, 10, 25, 50),
    context: int = 1,
    stride: int = 5,
    temperature: float = 0.0,
    seed: int = 0,
    view: View = whole,
) -> HorizonTable:
    """Open-loop nMSE@h, absolute error and VPT80@0.25 on held-out episodes.

    The model follows each episode in closed loop; from every `stride`-th step on, after at least `context` looks, it
    imagines the recorded actions blindly. The rollouts of one episode are averaged first, then the episodes. `view`
    picks what is compared, in the expected and in the real observation alike.

    Raises:
        ValueError: no episode reaches the largest horizon, an option or tensor is unfit, or the model predicts no
            observation that could be compared.
    """
    horizons = tuple(sorted(set(horizons)))
    if not horizons or horizons[0] < 1:
        raise ValueError(f"horizons must be steps >= 1, such as (1, 5, 10); got {horizons}")
    data = held_out(model, episodes)
    longest = int(data.lengths.max()) - context + 1
    if longest < horizons[-1]:
        raise ValueError(
            f"horizon {horizons[-1]} is too far: after {context} looks the longest episode has {longest} steps"
        )
    errors = horizon_errors(
        model, data, horizon=horizons[-1], context=context, stride=stride, temperature=temperature, seed=seed, view=view
    )
    at = torch.tensor(horizons) - 1
    nmse = per_episode(errors.normalized[:, at], errors.episode)  # (N, len(horizons))
    absolute = per_episode(errors.absolute[:, at].flatten(1), errors.episode).unflatten(1, (len(horizons), -1))
    measured = ~nmse.isnan()
    vpt = vpt_interval(errors.normalized, errors.episode)
    return HorizonTable(
        horizons=horizons,
        nmse=tuple(bootstrap_mean(column[keep]) for column, keep in zip(nmse.T, measured.T, strict=True)),
        absolute=tuple(
            tuple(bootstrap_mean(column[keep]) for column in absolute[:, i].T) for i, keep in enumerate(measured.T)
        ),
        episodes=tuple(measured.sum(0).tolist()),
        vpt=vpt,
        vpt_censored=vpt.value == horizons[-1],
        errors=errors,
    )


@torch.no_grad()
def horizon_errors(
    model: WorldModel,
    data: HeldOut,
    *,
    horizon: int,
    context: int = 1,
    stride: int = 5,
    temperature: float = 0.0,
    seed: int = 0,
    view: View = whole,
) -> HorizonErrors:
    """Errors of open-loop rollouts over 1..`horizon` steps from every `stride`-th step of every episode."""
    truth = view(data.observations)
    shape = tuple(truth.shape[2:])
    variance = target_variance(data._replace(observations=truth), shape)
    with forked_rng(seed):
        rollouts = free_rollouts(model, data, context=context, stride=stride, temperature=temperature)
        normalized, absolute = [], []
        for ahead in rollouts.ahead(horizon):
            on = ahead.on
            decoded = model.decode(map_state(lambda part, on=on: part[on], ahead.state))
            expected = view(decoded.require_observation())
            target = truth[rollouts.episode[on], ahead.at]
            normalized.append(where(on, normalized_error(expected, target, variance, shape)))
            absolute.append(where(on, absolute_error(expected, target, shape)))
    return HorizonErrors(torch.stack(normalized, 1), torch.stack(absolute, 1), rollouts.episode)


def valid_prediction_time(
    normalized: Float[Tensor, "rollouts horizon"], *, threshold: float = 0.25, share: float = 0.8
) -> int:
    """VPT80@0.25: the largest h at which >= 80 % of rollouts have had normalized errors < 0.25 at *every* step 1..h.

    The share at h is taken among the rollouts whose real episode reaches h (`normalized` (R, H) is NaN beyond its
    end), and must hold at every horizon up to h. 0 if it fails at the first step; H if it never fails.
    """
    valid, real = _valid(normalized, threshold)
    return int(_first_failure(valid.sum(0), real.sum(0), share))


def vpt_interval(
    normalized: Float[Tensor, "rollouts horizon"],
    episode: Int[Tensor, " rollouts"],
    *,
    threshold: float = 0.25,
    share: float = 0.8,
    seed: int = 0,
    resamples: int = 2000,
) -> Interval:
    """The valid prediction time in steps with its 95 % bootstrap interval over episodes."""
    count = int(episode.max()) + 1
    valid, real = (
        torch.zeros(count, normalized.shape[1]).index_add_(0, episode, flags.float())
        for flags in _valid(normalized, threshold)
    )
    picks = torch.from_numpy(resample(count, seed=seed, resamples=resamples))
    drawn = torch.zeros(resamples, count).scatter_add_(1, picks, torch.ones(resamples, count))
    samples = _first_failure(drawn @ valid, drawn @ real, share).float()
    low, high = samples.quantile(torch.tensor([0.025, 0.975])).tolist()
    return Interval(float(valid_prediction_time(normalized, threshold=threshold, share=share)), low, high)


def _valid(normalized: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """(R, H) each: was the rollout within the threshold at every step so far; has its episode reached this step?"""
    real = ~normalized.isnan()
    within = (normalized < threshold) | ~real
    return within.cummin(1).values & real, real


def _first_failure(valid: Tensor, real: Tensor, share: float) -> Tensor:
    """Number of leading horizons (last axis) at which at least `share` of the `real` rollouts are `valid`."""
    enough = (real > 0) & (valid >= share * real - 1e-6)
    return enough.long().cumprod(-1).sum(-1)


def per_episode(
    values: Float[Tensor, "rollouts column"], episode: Int[Tensor, " rollouts"]
) -> Float[Tensor, "episodes column"]:
    """Mean of each episode's rollouts that are not NaN: (R, C) -> (N, C); NaN if it has none."""
    count = int(episode.max()) + 1
    nothing = torch.zeros(count, values.shape[1], dtype=torch.float64)
    total = nothing.index_add(0, episode, values.nan_to_num(0.0).double())
    return total / nothing.index_add(0, episode, (~values.isnan()).double())
