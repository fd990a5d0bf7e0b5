"""A learned belief beside the exact one: the RSSM and the Kalman filter, marked on the same episodes."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from wmcourse.envs.linear_gaussian import LinearGaussian, random_episodes
from wmcourse.evaluation.predictive import ensemble, forecast
from wmcourse.evaluation.rollout import rollout
from wmcourse.evaluation.scores import (
    ensemble_crps,
    gaussian_crps,
    gaussian_nll,
    inside_central_interval,
    inside_gaussian_interval,
    mixture_nll,
)
from wmcourse.evaluation.statistics import Interval, bootstrap_mean, bootstrap_ratio
from wmcourse.models.kalman import KalmanFilter
from wmcourse.models.protocol import map_state
from wmcourse.models.rssm import RSSM

STEPS = 60
"""Of an episode; all but the first observation are scored."""
SETTLED = 20
"""Steps after which the Kalman filter's gain no longer changes."""
BLIND_FROM = 40
"""Step after which the multi-step predictions look no more."""
HORIZONS = (1, 5, 10, 20)
PARTICLES = 100
PROBE_EPISODES = 200
PROBE_SEED = 1_000_000
"""Among the seeds of training; evaluation leaves those alone."""
CHUNK = 50
"""Episodes followed at once, to bound the memory."""


class Played(NamedTuple):
    """Episodes as batches, the hidden states beside them."""

    actions: Float[Tensor, "batch time action"]
    observations: Float[Tensor, "batch steps observation"]
    hidden: Float[Tensor, "batch steps state"]


def play(system: LinearGaussian, *, episodes: int, seed: int) -> Played:
    """`episodes` random episodes of `STEPS` steps."""
    played, hidden = random_episodes(system, episodes=episodes, steps=STEPS, seed=seed)
    actions = torch.stack([episode.actions for episode in played])
    return Played(actions, torch.stack([episode.observations for episode in played]), hidden)


def measure_beliefs(
    model: RSSM, system: LinearGaussian, *, sensor_std: float, episodes: int, seed: int
) -> dict[str, Interval]:
    """Metrics of the model and of the exact filter, units in their names; intervals over episodes.

    `sensor_std` is the standard deviation of the model's observation likelihood, in the observation's unit.
    """
    played = play(system, episodes=episodes, seed=seed)
    probe = hidden_probe(model, play(system, episodes=PROBE_EPISODES, seed=PROBE_SEED))
    parts = [Played(*(field[i : i + CHUNK] for field in played)) for i in range(0, episodes, CHUNK)]
    columns: dict[str, list[Tensor]] = {}
    for number, part in enumerate(parts):
        learned = learned_columns(model, part, probe, sensor_std=sensor_std, seed=seed + number)
        exact = {f"{name}_kalman": column for name, column in exact_columns(system, part).items()}
        for name, column in (learned | exact).items():
            columns.setdefault(name, []).append(column)
    return summary({name: torch.cat(column) for name, column in columns.items()})


def summary(columns: dict[str, Tensor]) -> dict[str, Interval]:
    """Per-episode numbers (N,) to metrics: mean squares to roots, products to gains, and the filter's lead in NLL."""
    metrics = {}
    for name, values in columns.items():
        if "_mse" in name:
            root = Interval(*(bound**0.5 for bound in bootstrap_mean(values)))
            metrics[name.replace("_mse", "_rmse").replace("_m2_s2", "_m_per_s").replace("_m2", "_m")] = root
        elif "_above" in name:
            metrics[name.replace("_above", "")] = bootstrap_ratio(values, columns[name.replace("above", "below")])
        elif "_below" not in name:
            metrics[name] = bootstrap_mean(values)
    best = columns["nll_nats_per_step_kalman"]
    for kind in ("", "_particles"):
        values = columns[f"nll_nats_per_step{kind}"]
        metrics[f"excess_nats_per_step{kind}"] = bootstrap_mean(values - best)
        metrics[f"nll_over_kalman{kind}"] = bootstrap_ratio(values, best)
    return metrics


def learned_columns(
    model: RSSM, played: Played, probe: Float[Tensor, "weight state"], *, sensor_std: float, seed: int
) -> dict[str, Float[Tensor, " batch"]]:
    """The model's numbers, one per episode.

    It follows with means (temperature 0), so that its memory holds no dice; prediction and belief at each step are K
    draws from there. The `particles` score is that of K rollouts that draw at every step and remember it. `probed`
    is what a linear probe reads from the memory.
    """
    actions, observations, hidden = played
    batch, steps = actions.shape[:2]
    followed = rollout(model, actions, observations, peek_every=1).state
    before = map_state(lambda field: field[:, :-1].flatten(0, 1), followed)
    seen = observations[:, 1:].flatten(0, 1).unsqueeze(1)
    draws = forecast(model, before, actions.flatten(0, 1).unsqueeze(1), seen, particles=PARTICLES, seed=seed)
    expected, believed = (field.reshape(PARTICLES, batch, steps, 1) for field in draws)
    position, truth = believed.squeeze(-1), hidden[:, 1:, 0]
    columns = {"nll_nats_per_step": mixture_nll(expected, sensor_std, observations[:, 1:]).mean(1)}
    apart = ensemble(model, actions, observations, particles=PARTICLES, peek_every=1, seed=seed)
    nll = mixture_nll(apart.expected.require_observation()[:, :, 1:], sensor_std, observations[:, 1:])
    columns["nll_nats_per_step_particles"] = nll.mean(1)
    columns["position_mse_m2"] = (position.mean(0) - truth).square().mean(1)
    columns["position_std_m"] = position.std(0).mean(1)
    probed = (read(probe, followed.features[:, 1:]) - hidden[:, 1:]).square().mean(1)
    columns["probed_position_mse_m2"], columns["probed_velocity_mse_m2_s2"] = probed.unbind(-1)
    for share in (0.5, 0.9):
        inside = inside_central_interval(position, truth, share)
        columns[f"position_inside_{share:.0%}_share".replace("%", "")] = inside.float().mean(1)
    before_look, after_look = expected.mean(0).squeeze(-1), position.mean(0)
    innovation = observations[:, 1:, 0] - before_look
    columns |= surprise_columns(innovation, after_look - before_look)
    columns["innovation_foreseen_mse_m2"] = expected.var(0).squeeze(-1).mean(1) + sensor_std**2

    start = map_state(lambda field: field[:, BLIND_FROM], followed)
    ahead = forecast(model, start, actions[:, BLIND_FROM:], particles=PARTICLES, seed=seed).expected  # (K, B, H, 1)
    noise = sensor_std * torch.randn(ahead.shape, generator=torch.Generator().manual_seed(seed))
    for h in HORIZONS:
        at, reading = ahead[:, :, h - 1], observations[:, BLIND_FROM + h]
        columns[f"position_mse_m2_h{h}"] = (at.mean(0).squeeze(-1) - hidden[:, BLIND_FROM + h, 0]).square()
        columns[f"nll_nats_h{h}"] = mixture_nll(at, sensor_std, reading)
        columns[f"crps_m_h{h}"] = ensemble_crps(at + noise[:, :, h - 1], reading).squeeze(-1)
    return columns


def exact_columns(system: LinearGaussian, played: Played) -> dict[str, Float[Tensor, " batch"]]:
    """The same numbers of the Kalman filter, in closed form."""
    actions, observations, hidden = played
    kalman = KalmanFilter(system)
    followed = rollout(kalman, actions, observations, peek_every=1).state
    before = map_state(lambda field: field[:, :-1].flatten(0, 1), followed)
    predicted = map_state(
        lambda field: field.unflatten(0, actions.shape[:2]), kalman.imagine(before, actions.flatten(0, 1))
    )
    believed = map_state(lambda field: field[:, 1:], followed)
    expected = kalman.decode(predicted).require_observation()
    std = believed.covariance[..., 0, 0].sqrt()
    truth, foreseen = hidden[:, 1:], kalman.observation_covariance(predicted)
    nll = gaussian_nll(expected, foreseen, observations[:, 1:])
    columns = {
        "nll_nats_per_step": nll.mean(1),
        "position_mse_m2": (believed.mean - truth)[..., 0].square().mean(1),
        "position_std_m": std.mean(1),
        "innovation_foreseen_mse_m2": foreseen[..., 0, 0].mean(1),
        "velocity_mse_m2_s2": (believed.mean - truth)[..., 1].square().mean(1),
    }
    for share in (0.5, 0.9):
        inside = inside_gaussian_interval(believed.mean[..., 0], std, truth[..., 0], share)
        columns[f"position_inside_{share:.0%}_share".replace("%", "")] = inside.float().mean(1)
    innovation = kalman.innovation(predicted, observations[:, 1:])[..., 0]
    columns |= surprise_columns(innovation, (believed.mean - predicted.mean)[..., 0])

    blind = rollout(kalman, actions, observations, context=BLIND_FROM + 1).state
    for h in HORIZONS:
        at = map_state(lambda field, t=BLIND_FROM + h: field[:, t], blind)
        mean, spread = kalman.decode(at).require_observation(), kalman.observation_covariance(at)
        reading = observations[:, BLIND_FROM + h]
        columns[f"position_mse_m2_h{h}"] = (at.mean - hidden[:, BLIND_FROM + h])[:, 0].square()
        columns[f"nll_nats_h{h}"] = gaussian_nll(mean, spread, reading)
        columns[f"crps_m_h{h}"] = gaussian_crps(mean, spread[..., 0].sqrt(), reading).squeeze(-1)
    return columns


def surprise_columns(
    innovation: Float[Tensor, "batch time"], correction: Float[Tensor, "batch time"]
) -> dict[str, Float[Tensor, " batch"]]:
    """Squared surprises, and numerator and denominator of the gain: the slope of corrections on surprises.

    `gain` is the settled one, `gain_early` that of the second look, when there is still more to be corrected.
    """
    columns = {"innovation_mse_m2": innovation.square().mean(1)}
    for name, steps in (("gain", slice(SETTLED, None)), ("gain_early", slice(0, 1))):
        surprise, moved = innovation[:, steps], correction[:, steps]
        columns |= {f"{name}_above": (surprise * moved).mean(1), f"{name}_below": surprise.square().mean(1)}
    return columns


def hidden_probe(model: RSSM, played: Played) -> Float[Tensor, "weight state"]:
    """Least squares from the features [h, z] to the hidden state, which the model itself was never shown."""
    features = rollout(model, played.actions, played.observations, peek_every=1).state.features[:, 1:].flatten(0, 1)
    padded = torch.cat([features, features.new_ones(len(features), 1)], dim=1).double()
    hidden = played.hidden[:, 1:].flatten(0, 1).double()
    return torch.linalg.lstsq(padded, hidden, driver="gelsd").solution.float()


def read(
    probe: Float[Tensor, "weight state"], features: Float[Tensor, "*batch feature"]
) -> Float[Tensor, "*batch state"]:
    """What a linear probe says."""
    return features @ probe[:-1] + probe[-1]
