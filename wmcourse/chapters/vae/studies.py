"""Study of chapter 04: the VAE from three seeds, and other prices of a nat."""

from dataclasses import replace
from functools import partial

from wmcourse.chapters.vae.recipes import DODGE_VAE, EVALUATION_SEED
from wmcourse.recipes.recipe import Training
from wmcourse.recipes.vae import PROTOCOL, VAETraining, cached_vae, measure
from wmcourse.studies.results import Run
from wmcourse.studies.study import Study

EPISODES = 200


def priced(beta: float, seed: int) -> Run:
    """Train with another weight of the KL, and measure."""
    config: VAETraining = DODGE_VAE.config
    trained: Training = cached_vae(replace(config, seed=seed, model=replace(config.model, beta=beta)), progress=False)
    return Run(
        seed=seed,
        wall_s=trained.wall_s,
        metrics=measure(trained.module, episodes=EPISODES, seed=EVALUATION_SEED),
        history=trained.history,
        environment_steps=trained.environment_steps,
    )


BETAS = Study(
    name="vae-betas",
    module=__name__,
    protocol=f"{EPISODES} games, seed {EVALUATION_SEED}; {PROTOCOL}",
    variants={f"{beta:g}": partial(priced, beta) for beta in (0.0, 1.0, 16.0)},
    seeds=(40,),
    fewer={"1": (40, 41, 42)},
)
STUDIES = (BETAS,)
