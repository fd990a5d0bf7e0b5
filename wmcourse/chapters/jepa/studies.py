"""Studies of chapter 14: every term removed in turn, distractors on the floor, and what weights collapse."""

from functools import partial

from wmcourse.chapters.jepa.recipes import (
    AUTOENCODER,
    EMA,
    EPISODES,
    EVALUATION_SEED,
    NO_COVARIANCE,
    NO_INVERSE,
    NO_SIMILARITY,
    NO_VARIANCE,
    PROTOCOL,
    ROOMS_JEPA,
)
from wmcourse.evaluation.statistics import Interval
from wmcourse.evaluation.two_rooms import PLANNERS, success
from wmcourse.models.known import known_two_rooms
from wmcourse.recipes.recipe import Recipe
from wmcourse.studies.results import Run
from wmcourse.studies.study import Study

SEEDS = (80, 81, 82)
VARIANCES, COVARIANCES, SIMILARITIES = (0.0, 1.0, 4.0, 16.0), (0.0, 1.0, 8.0), (0.0, 12.0)
"""Weights of the grid."""
GRID_UPDATES = 600


def trained(seed: int, *, recipe: Recipe) -> Run:
    """One training, measured."""
    return recipe.run(recipe.configured(seed=seed), episodes=EPISODES, seed=EVALUATION_SEED, progress=False)


def straight_line() -> dict[str, Interval]:
    """Both planners with the true equations, for the distance in pixels: how far a naive measure of distance leads."""
    metrics = {}
    for name, planner in PLANNERS.items():
        found = success(known_two_rooms(), planner, episodes=EPISODES, seed=EVALUATION_SEED, background=None)
        metrics |= {f"{name}_{what}": value for what, value in found.items()}
    return metrics


TERMS = Study(
    name="jepa-terms",
    module=__name__,
    protocol=f"{EPISODES} pairs, seed {EVALUATION_SEED}; {PROTOCOL}",
    variants={
        "all terms": partial(trained, recipe=ROOMS_JEPA),
        "no variance": partial(trained, recipe=NO_VARIANCE),
        "no covariance": partial(trained, recipe=NO_COVARIANCE),
        "no similarity": partial(trained, recipe=NO_SIMILARITY),
        "no inverse": partial(trained, recipe=NO_INVERSE),
        "slow target": partial(trained, recipe=EMA),
        "reconstruction": partial(trained, recipe=AUTOENCODER),
    },
    seeds=SEEDS,
    metrics=straight_line,
)
