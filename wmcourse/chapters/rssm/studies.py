"""Studies: the finished linear-Gaussian recipe, and every ablation, from seeds no choice was based on."""

from collections.abc import Callable
from dataclasses import replace

from wmcourse.chapters.rssm.recipes.ablations import ABLATIONS, ablated
from wmcourse.chapters.rssm.recipes.linear_gaussian import EVALUATION_SEED, LINEAR_GAUSSIAN_RSSM, PROTOCOL, Config
from wmcourse.recipes.recipe import Recipe
from wmcourse.studies.results import Run
from wmcourse.studies.study import Study

TRUST = 0.5
"""A variant takes its sensor for twice as good as it is: its sensor noise as a share of the true one."""
ABLATION_EVALUATION_SEED = 765_432
ABLATION_EPISODES = 200


def trusting(config: Config) -> Config:
    """The same recipe with too small a sensor noise in its likelihood."""
    world = config.world
    return replace(config, world=replace(world, observation_std=TRUST * world.observation_std))


def measured(recipe: Recipe, *, episodes: int, seed: int) -> Callable[[int], Run]:
    """Train a recipe from a seed, and measure it on episodes of the evaluation `seed`."""
    return lambda training_seed: recipe.run(
        recipe.configured(seed=training_seed), episodes=episodes, seed=seed, progress=False
    )


CONFIRMATION = Study(
    name="linear-gaussian-confirmation",
    module=__name__,
    protocol=f"{LINEAR_GAUSSIAN_RSSM.episodes} episodes per model, seed {EVALUATION_SEED}; {PROTOCOL}",
    variants={
        name: measured(
            replace(LINEAR_GAUSSIAN_RSSM, config=config), episodes=LINEAR_GAUSSIAN_RSSM.episodes, seed=EVALUATION_SEED
        )
        for name, config in {"default": Config(), "trusting": trusting(Config())}.items()
    },
    seeds=(10, 11, 12),
    facts={"trust": TRUST},
)


def ablations(world: str) -> Study:
    """Every ablation in one world."""
    whole, changes = ABLATIONS[world]
    return Study(
        name=f"rssm-ablations-{world}",
        module=__name__,
        protocol=f"{ABLATION_EPISODES} episodes per agent, seed {ABLATION_EVALUATION_SEED}; {whole.protocol}",
        variants={
            change: measured(ablated(world, change), episodes=ABLATION_EPISODES, seed=ABLATION_EVALUATION_SEED)
            for change in changes
        },
        seeds=(20, 21, 22),
    )


STUDIES = (CONFIRMATION, ablations("cartpole"), ablations("galton"))
