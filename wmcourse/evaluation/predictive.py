"""What a model predicts when it can only draw samples: an ensemble of rollouts, and forecasts from one belief."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from wmcourse.evaluation.rollout import Rollout, forked_rng, rollout, unroll
from wmcourse.models.protocol import WorldModel, map_state


class Forecast(NamedTuple):
    """K draws of expected observations along H steps, from each of B beliefs, in the environment's units."""

    expected: Float[Tensor, "particle batch horizon *observation"]
    """Before each look: fixed without knowing what was seen there."""
    believed: Float[Tensor, "particle batch horizon *observation"]
    """After it; without looks the same as `expected`."""


def ensemble(
    model: WorldModel,
    actions: Float[Tensor, "batch time action"],
    observations: Float[Tensor, "batch steps *observation"],
    *,
    particles: int,
    context: int = 1,
    peek_every: int | None = None,
    temperature: float = 1.0,
    seed: int | None = None,
) -> Rollout:
    """K = `particles` independent rollouts of each of B sequences: every tensor has axes (K, B, T+1, ...).

    Each particle looks at the same observations and draws its own latents, which its own memory then remembers. The
    spread over K is doubt about the *expected* observation; the sensor's noise comes on top (see `mixture_nll`).

    Raises:
        ValueError: `particles` is not positive; or what `rollout` raises.
    """
    _check_particles(particles)
    followed = rollout(
        model,
        _repeat(actions, particles),
        _repeat(observations, particles),
        context=context,
        peek_every=peek_every,
        temperature=temperature,
        seed=seed,
    )

    def split(field: Any) -> Any:
        return None if field is None else field.unflatten(0, (particles, len(actions)))

    state, expected, believed = (map_state(split, part) for part in followed[:3])
    return Rollout(state, expected, believed, followed.peeked)


@torch.no_grad()
def forecast(
    model: WorldModel,
    state: Any,
    actions: Float[Tensor, "batch horizon action"],
    observations: Float[Tensor, "batch horizon *observation"] | None = None,
    *,
    particles: int,
    temperature: float = 1.0,
    seed: int | None = None,
) -> Forecast:
    """From each belief in `state` (B, ...), K = `particles` draws of what comes when `actions` (B, H, A) are taken.

    All draws share the past that is in `state`, and differ from there on. With `observations` the model looks at each
    of them after it has expected it; without, it never does. Gradients are off.

    Raises:
        ValueError: `particles` is not positive, a tensor does not fit the model, or the model predicts no observation.
    """
    _check_particles(particles)
    looks = None if observations is None else [True] * actions.shape[1]
    seen = None if observations is None else _repeat(observations, particles)
    start = map_state(lambda field: _repeat(field, particles), state)
    expected, believed = [], []
    with forked_rng(seed):
        for step in unroll(model, start, _repeat(actions, particles), seen, looks, temperature=temperature):
            expected.append(model.decode(step.expected).require_observation())
            believed.append(expected[-1] if seen is None else model.decode(step.believed).require_observation())
    split = (particles, len(actions))
    return Forecast(*(torch.stack(draws, dim=1).unflatten(0, split) for draws in (expected, believed)))


def _repeat(tensor: Tensor, times: int) -> Tensor:
    return tensor.repeat(times, *[1] * (tensor.ndim - 1))


def _check_particles(particles: int) -> None:
    if particles < 1:
        raise ValueError(f"particles must be at least 1, better 50 or more; got {particles}")
