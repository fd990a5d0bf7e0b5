"""How far ahead a planner has to imagine, and how often it has to look, by what measures its distance to the goal."""

from dataclasses import replace
from functools import partial
from typing import Any

import wmcourse
from wmcourse.chapters.jepa.recipes import EVALUATION_SEED, PROTOCOL
from wmcourse.evaluation.statistics import Interval
from wmcourse.evaluation.two_rooms import PLANNERS, REPLAN_EVERY, success
from wmcourse.models.known import known_two_rooms
from wmcourse.planning import MPPI
from wmcourse.studies.results import Run
from wmcourse.studies.study import Study

PAIRS = 50
HORIZONS = (2, 4, 8, 12, 20)
"""Steps of a plan; it is made anew every 4 steps, or every 2."""
LOOKS = (1, 2, 4, 8, 20)
"""Steps from look to look, with plans of 20 steps."""


def reaching(seed: int, *, name: str | None) -> Run:
    """MPPI with a shipped model, or for None with the true equations and the straight line, from the same starts."""
    model: Any = known_two_rooms() if name is None else wmcourse.load(name)
    planner = PLANNERS["mppi"]
    assert isinstance(planner, MPPI)
    metrics: dict[str, Interval] = {}

    def measure(label: str, horizon: int, every: int) -> None:
        how = {"episodes": PAIRS, "seed": EVALUATION_SEED + seed, "replan_every": every}
        found = success(model, replace(planner, horizon=horizon), background="plain" if name else None, **how)
        metrics.update({f"{label}_{what}": value for what, value in found.items()})

    for horizon in HORIZONS:
        measure(f"horizon_{horizon}", horizon, min(horizon, REPLAN_EVERY))
    for every in LOOKS:
        measure(f"look_{every}", planner.horizon, every)
    return Run(seed, metrics=metrics)


REACH = Study(
    name="jepa-reach",
    module=__name__,
    protocol=f"{PAIRS} pairs, seed {EVALUATION_SEED}, MPPI with the shipped models; {PROTOCOL}",
    variants={
        "all terms": partial(reaching, name="rooms-jepa"),
        "no similarity": partial(reaching, name="rooms-jepa-no-similarity"),
        "reconstruction": partial(reaching, name="rooms-autoencoder"),
        "straight line": partial(reaching, name=None),
    },
    seeds=(0,),
)
