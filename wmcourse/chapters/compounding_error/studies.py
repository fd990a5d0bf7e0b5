"""Studies: how far each model sees, from seeds nothing was tuned with; and how much noise to train with."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from wmcourse.chapters.compounding_error.recipes import (
    ALL,
    CLOCK,
    CODED_RSSM,
    MULTI_STEP,
    NOISE,
    RECURRENT_MULTI_STEP,
)
from wmcourse.data.seeds import TrainingSeeds
from wmcourse.recipes.first_stage import first_stage
from wmcourse.recipes.latent_dynamics import ONE_STEP, RECURRENT, TWO_FRAMES
from wmcourse.recipes.measure_pixels import EPISODES, EVALUATION_SEED, PROTOCOL
from wmcourse.recipes.recipe import Recipe
from wmcourse.studies.results import Run
from wmcourse.studies.study import Study

COMPARED = (ONE_STEP, TWO_FRAMES, MULTI_STEP, NOISE, RECURRENT, RECURRENT_MULTI_STEP, ALL, CLOCK, CODED_RSSM)
TUNING_SEED = 0
TUNING_EPISODES = 300
SCALES = (0.0, 0.03, 0.1, 0.2, 0.3, 0.5)


def share(recipes: tuple[Recipe, ...], seed: int) -> None:
    """Train the autoencoders that several models share."""
    for recipe in recipes:
        config = recipe.configured(seed=seed)
        first_stage(config, config.model.autoencoder, progress=False)


def measured(recipe: Recipe) -> Callable[[int], Run]:
    """Train a recipe and measure how far ahead it sees."""
    return lambda seed: recipe.run(
        recipe.configured(seed=seed), episodes=EPISODES, seed=EVALUATION_SEED, progress=False
    )


def with_noise(scale: float, seed: int) -> Run:
    """Train with noise of one scale; measured on the episodes that the training seed sets aside for such choices."""
    model = NOISE.config.model
    model = replace(model, transition=replace(model.transition, noise=scale))
    validation = TrainingSeeds(seed).validation
    return NOISE.run(
        NOISE.configured(seed=seed, model=model), episodes=TUNING_EPISODES, seed=validation, progress=False
    )


COMPOUNDING_ERROR = Study(
    name="compounding-error",
    module=__name__,
    protocol=f"{EPISODES} episodes per model, seed {EVALUATION_SEED}; {PROTOCOL}",
    variants={recipe.name: measured(recipe) for recipe in COMPARED},
    seeds=(30, 31, 32),
    before=partial(share, (ONE_STEP, TWO_FRAMES)),
)

NOISE_SCALE = Study(
    name="latent-noise-scale",
    module=__name__,
    protocol=(
        f"training seed {TUNING_SEED}; {TUNING_EPISODES} validation episodes, "
        f"seed {TrainingSeeds(TUNING_SEED).validation}"
    ),
    variants={f"{scale:g}": partial(with_noise, scale) for scale in SCALES},
    seeds=(TUNING_SEED,),
    before=partial(share, (ONE_STEP,)),
    facts={"chosen": NOISE.config.model.transition.noise},
)
"""Chosen is the scale with the lowest nMSE ten steps ahead: less far the noise only costs, and further ahead a model of
single frames is worse than the mean picture, so that the most timid one would win."""

STUDIES = (COMPOUNDING_ERROR, NOISE_SCALE)
