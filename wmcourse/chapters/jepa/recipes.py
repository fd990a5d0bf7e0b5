"""Recipes of chapter 14: a JEPA of two rooms, the same without one term at a time, and other ways not to collapse."""

from dataclasses import replace
from functools import partial
from typing import Any

from wmcourse.chapters.jepa import video_recipes
from wmcourse.envs.two_rooms import Background
from wmcourse.evaluation.two_rooms import REPLAN_EVERY, measure_rooms
from wmcourse.models.embedding_objective import EmbeddingObjective, ObjectiveConfig
from wmcourse.recipes.jepa import JEPATraining, train
from wmcourse.recipes.recipe import Recipe

EVALUATION_SEED = 140_014
"""For manifests and studies: neither a training nor the tuning of a recipe has looked at it."""
EPISODES = 100
PROTOCOL = (
    "start and goal drawn evenly from different rooms, the goal given as a picture; reached within 4.5 pixels, in at "
    f"most 60 steps of at most 4 pixels along each axis; a plan of 20 steps every {REPLAN_EVERY} steps, by the "
    "settings of wmcourse.evaluation.two_rooms, for the sum of the distances in the embedding; Wilson intervals; rank, "
    "mean standard deviation and R2 of x or y, the worse, over 1,000 places of the dot that no probe has learned from"
)


def recipe(name: str, description: str, *, background: Background = "plain", **terms: Any) -> Recipe:
    """One training of a JEPA; `terms` are changes to the objective."""
    return Recipe(
        name=name,
        description=description,
        config=JEPATraining(background=background, objective=replace(ObjectiveConfig(), **terms)),
        build=lambda config: EmbeddingObjective(config.objective).jepa,
        train=train,
        measure=partial(measure_rooms, background=background),
        headline="mppi_success",
        protocol=PROTOCOL if background == "plain" else f"{PROTOCOL}; {background} noise on the floor",
        evaluation_seed=EVALUATION_SEED,
        episodes=EPISODES,
    )


ROOMS_JEPA = recipe("rooms-jepa", "JEPA of two rooms: encoder and predictor, kept from collapse by four terms")
NO_VARIANCE = recipe("rooms-jepa-no-variance", "The same without the variance term", variance=0.0)
NO_COVARIANCE = recipe("rooms-jepa-no-covariance", "The same without the covariance term", covariance=0.0)
NO_SIMILARITY = recipe("rooms-jepa-no-similarity", "The same without the temporal similarity term", similarity=0.0)
NO_INVERSE = recipe("rooms-jepa-no-inverse", "The same without the inverse dynamics term", inverse=0.0)
EMA = recipe(
    "rooms-ema",
    "JEPA of two rooms: no variance and covariance; it predicts the embeddings of a slow copy of its encoder",
    target="ema",
    variance=0.0,
    covariance=0.0,
    similarity=0.0,
)
EMA_ALONE = recipe(
    "rooms-ema-alone",
    "The same without the inverse dynamics term",
    target="ema",
    variance=0.0,
    covariance=0.0,
    similarity=0.0,
    inverse=0.0,
)
AUTOENCODER = recipe("rooms-autoencoder", "The same, its encoder trained to draw its picture", reconstruction=10.0)
ROOMS = (ROOMS_JEPA, NO_VARIANCE, NO_SIMILARITY, AUTOENCODER)
RECIPES = (*ROOMS, *video_recipes.RECIPES)
