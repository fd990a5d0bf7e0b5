"""Distractors: noise on the floor, new at every step or the same for a whole episode, and what is learned anyway."""

from functools import partial

from wmcourse.chapters.jepa.recipes import AUTOENCODER, EPISODES, EVALUATION_SEED, PROTOCOL, ROOMS_JEPA, recipe
from wmcourse.evaluation.two_rooms import measure_rooms
from wmcourse.recipes.recipe import Recipe
from wmcourse.studies.results import Run
from wmcourse.studies.study import Study

HEAVY = {"variance": 4.0, "covariance": 2.0, "similarity": 1.0, "inverse": 100.0}
"""Weights by which the inverse term outweighs all that rewards still noise."""
ON_MOVING = recipe(
    "rooms-jepa-moving", f"{ROOMS_JEPA.description}; noise on the floor, new at each step", background="moving"
)
DRAWN_ON_MOVING = recipe(
    "rooms-autoencoder-moving",
    f"{AUTOENCODER.description}; noise, new at each step",
    background="moving",
    reconstruction=10.0,
)
ON_STILL = recipe("rooms-jepa-still", f"{ROOMS_JEPA.description}; noise that stays for an episode", background="still")
HEAVY_ON_STILL = recipe("rooms-jepa-still-inverse", "The same with a heavy inverse term", background="still", **HEAVY)
DRAWN_ON_STILL = recipe(
    "rooms-autoencoder-still", f"{AUTOENCODER.description}; noise that stays", background="still", reconstruction=10.0
)


def trained_on(seed: int, *, recipe: Recipe) -> Run:
    """One training, measured by MPPI."""
    background = recipe.config.background
    quick = recipe.variant(
        recipe.name,
        recipe.description,
        recipe.config,
        measure=partial(measure_rooms, background=background, planners=("mppi",)),
    )
    return quick.run(quick.configured(seed=seed), episodes=EPISODES, seed=EVALUATION_SEED, progress=False)


FLOORS = Study(
    name="jepa-floors",
    module=__name__,
    protocol=f"{EPISODES} pairs, seed {EVALUATION_SEED}; {PROTOCOL}; noise in the goal's picture too",
    variants={
        "JEPA, moving noise": partial(trained_on, recipe=ON_MOVING),
        "reconstruction, moving noise": partial(trained_on, recipe=DRAWN_ON_MOVING),
        "JEPA, still noise": partial(trained_on, recipe=ON_STILL),
        "JEPA with a heavy inverse term, still noise": partial(trained_on, recipe=HEAVY_ON_STILL),
        "reconstruction, still noise": partial(trained_on, recipe=DRAWN_ON_STILL),
    },
    seeds=(80, 81, 82),
    fewer={
        "JEPA, still noise": (80,),
        "JEPA with a heavy inverse term, still noise": (80,),
        "reconstruction, still noise": (80,),
    },
)
