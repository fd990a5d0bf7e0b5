"""Study: every latent dynamics of `remedies` and the RSSM, from seeds nothing was tuned with, on fresh episodes."""

from pathlib import Path
from typing import Any

from wmcourse.data.cache import fingerprint
from wmcourse.training.first_stage import first_stage
from wmcourse.training.pixel_recipe import EPISODES, EVALUATION_SEED, SOURCES, PixelRecipe
from wmcourse.training.pool import one_per_core, resumable
from wmcourse.training.remedies import CODED_RSSM, REMEDIES
from wmcourse.zoo.studies import save_study

NAME = "compounding-error"
SEEDS = (30, 31, 32)
COMPARED: dict[str, PixelRecipe] = REMEDIES | {CODED_RSSM.NAME: CODED_RSSM}


def main(*, directory: Path | None = None) -> dict[str, Any]:
    """Train each model from every seed and store how far ahead it sees; what is finished is kept in the cache."""
    coders = [(name, seed) for seed in SEEDS for name in ("latent-dynamics", "latent-dynamics-two-frames")]
    one_per_core(prepare, coders)
    jobs = [(name, seed) for seed in SEEDS for name in reversed(COMPARED)]  # the longest first
    runs = dict(zip(jobs, one_per_core(run, jobs), strict=True))
    results = {
        "protocol": f"{EPISODES} episodes per model, seed {EVALUATION_SEED}; {CODED_RSSM.PROTOCOL}",
        **{name: [runs[name, seed] for seed in SEEDS] for name in COMPARED},
    }
    return save_study(NAME, results, command=f"wmcourse study {NAME}", directory=directory)


def prepare(job: tuple[str, int]) -> None:
    """Train the autoencoder that several models share."""
    name, seed = job
    config = COMPARED[name].Config(seed=seed)
    first_stage(config, config.model.autoencoder, progress=False)


def run(job: tuple[str, int]) -> dict[str, Any]:
    """One training: the model and its seed. That of the recipe's own seed is the shipped model, and is saved so."""
    name, seed = job
    recipe = COMPARED[name]
    config = recipe.Config(seed=seed)
    mark = fingerprint(name, config, EPISODES, EVALUATION_SEED, *SOURCES)
    made = resumable(f"{name}-{seed}-{mark}", lambda: _run(recipe, config))
    print(f"{name} {seed}: nMSE@25 {made['metrics']['nmse_h25_random']['value']:.3f}", flush=True)
    return made


def _run(recipe: PixelRecipe, config: Any) -> dict[str, Any]:
    if config == recipe.Config():
        return recipe.made(config, recipe.train(config, progress=False))[1]
    return recipe.run(config, episodes=EPISODES, seed=EVALUATION_SEED, progress=False)
