"""Studies of chapter 14: every term removed in turn, distractors on the floor, and what weights collapse."""

from dataclasses import replace
from functools import partial
from itertools import product

import torch
from torch import Generator

from wmcourse.chapters.jepa.floors import FLOORS
from wmcourse.chapters.jepa.reach import REACH
from wmcourse.chapters.jepa.recipes import (
    AUTOENCODER,
    EMA,
    EMA_ALONE,
    EPISODES,
    EVALUATION_SEED,
    NO_COVARIANCE,
    NO_INVERSE,
    NO_SIMILARITY,
    NO_VARIANCE,
    PROTOCOL,
    ROOMS_JEPA,
)
from wmcourse.chapters.jepa.video_studies import VIDEO
from wmcourse.envs.two_rooms import free_positions
from wmcourse.evaluation.statistics import Interval
from wmcourse.evaluation.two_rooms import PLANNERS, embedded, measure_embedding, success
from wmcourse.models.known import known_two_rooms
from wmcourse.recipes.recipe import Recipe
from wmcourse.studies.results import Run
from wmcourse.studies.study import Study

SEEDS = (80, 81, 82)
VARIANCES, COVARIANCES, INVERSES = (0.0, 1.0, 4.0, 16.0), (0.0, 8.0), (0.0, 1.0)
"""Weights of the grid."""
GRID_UPDATES = 300
DRAWN = 120
"""Places whose embeddings are kept, to be drawn."""


def trained(seed: int, *, recipe: Recipe) -> Run:
    """One training, measured."""
    return recipe.run(recipe.configured(seed=seed), episodes=EPISODES, seed=EVALUATION_SEED, progress=False)


def weighed(seed: int, *, variance: float, covariance: float, inverse: float) -> Run:
    """A short training with these weights: the monitors, and where the embedding has put some places of the dot."""
    objective = replace(ROOMS_JEPA.config.objective, variance=variance, covariance=covariance, inverse=inverse)
    config = ROOMS_JEPA.configured(seed=seed, updates=GRID_UPDATES, log_every=20, objective=objective)
    trained = ROOMS_JEPA.train(config, progress=False)
    dice = Generator().manual_seed(EVALUATION_SEED)
    places = free_positions(DRAWN, dice)
    embeddings = embedded(trained.module, places, "plain", dice)
    centered = embeddings - embeddings.mean(dim=0)
    _, _, axes = torch.linalg.svd(centered, full_matrices=False)
    points = torch.cat([places, centered @ axes[:2].T], dim=1)
    numbers = [[round(each, 3) for each in point] for point in points.tolist()]
    rows = [dict(zip(("x", "y", "first", "second"), point, strict=True)) for point in numbers]
    return Run(
        seed,
        wall_s=trained.wall_s,
        metrics=measure_embedding(trained.module, seed=EVALUATION_SEED),
        history=trained.history,
        curves={"map": rows},
        environment_steps=trained.environment_steps,
    )


def straight_line() -> dict[str, Interval]:
    """Both planners with the true equations, for the distance in pixels: how far a naive measure of distance leads."""
    metrics: dict[str, Interval] = {}
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
        "slow target, no inverse": partial(trained, recipe=EMA_ALONE),
        "reconstruction": partial(trained, recipe=AUTOENCODER),
    },
    seeds=SEEDS,
    fewer={"slow target, no inverse": SEEDS[:1]},
    metrics=straight_line,
)
COLLAPSE = Study(
    name="jepa-collapse",
    module=__name__,
    protocol=f"{GRID_UPDATES} updates, seed {EVALUATION_SEED}; {PROTOCOL}",
    variants={
        f"{variance:g} {covariance:g} {inverse:g}": partial(
            weighed, variance=variance, covariance=covariance, inverse=inverse
        )
        for variance, covariance, inverse in product(VARIANCES, COVARIANCES, INVERSES)
    },
    seeds=(83,),
)
STUDIES = (TERMS, REACH, FLOORS, COLLAPSE, VIDEO)
