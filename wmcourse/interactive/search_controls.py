"""The sliders and the numbers of a search, which boards share on which a planner is watched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wmcourse.interactive.sliders import Control, Slider, Stops, as_control
from wmcourse.planning import CEM, MPPI, Planner

KINDS = ("cem", "mppi", "shooting")
"""As `assets/planners.js` has them."""
SAMPLES = (8, 16, 32, 64, 128, 256)
ITERATIONS = 6


def search_controls(
    planner: str, *, samples: int, iterations: int, horizon: int, longest: int, plan_every: int, rarest: int
) -> dict[str, Control]:
    """Sliders of futures, of iterations, of a horizon of 3 to `longest` steps, and of the steps from plan to plan.

    Raises:
        ValueError: `planner` is unknown, or a number of samples out of range.
    """
    if planner not in KINDS:
        raise ValueError(f"planner={planner!r} is none of {', '.join(KINDS)}")
    if not SAMPLES[0] <= samples <= SAMPLES[-1]:
        raise ValueError(f"samples must be {SAMPLES[0]}..{SAMPLES[-1]}, not {samples}")
    return {
        "samples": Stops(sorted({*SAMPLES, samples}), default=samples, label="Futures in an iteration"),
        "iterations": Slider(1, ITERATIONS, default=iterations, label="Iterations of the search"),
        "horizon": Slider(3, longest, default=horizon, label="Horizon: how far ahead", unit="steps"),
        "planEvery": Slider(1, rarest, default=plan_every, label="Look and plan every", unit="steps"),
    }


def described(controls: Mapping[str, Control]) -> dict[str, dict[str, Any]]:
    """What the page's script is told of each slider; raises `ValueError` for a default that is none of its values."""
    told = {}
    for name, control in controls.items():
        made = as_control(name, control)
        told[name] = {**made.describe(made.values), "values": list(made.values)}
    return told


def own_numbers(planners: Mapping[str, Planner]) -> dict[str, dict[str, float]]:
    """What CEM and MPPI are given besides the sliders, as they are measured everywhere else."""
    cem, mppi = planners["cem"], planners["mppi"]
    assert isinstance(cem, CEM) and isinstance(mppi, MPPI)
    elites = cem.elites / cem.samples
    return {
        "cem": {"initStd": cem.init_std, "minStd": cem.min_std, "elites": elites, "beta": cem.noise_beta},
        "mppi": {"std": mppi.std, "temperature": mppi.temperature, "beta": mppi.noise_beta},
        "shooting": {},
    }
