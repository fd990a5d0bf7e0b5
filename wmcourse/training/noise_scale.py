"""Study: how much noise to train the latent dynamics with, chosen on validation episodes of a tuning seed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from wmcourse.data.cache import fingerprint
from wmcourse.data.seeds import TrainingSeeds
from wmcourse.training.first_stage import first_stage
from wmcourse.training.pixel_recipe import SOURCES
from wmcourse.training.pool import one_per_core, resumable
from wmcourse.training.remedies import REMEDIES
from wmcourse.zoo.studies import save_study

NAME = "latent-noise-scale"
SEED = 0
SCALES = (0.0, 0.03, 0.1, 0.2, 0.3, 0.5)
EPISODES = 300
RECIPE = REMEDIES["latent-dynamics-noise"]


def main(*, directory: Path | None = None) -> dict[str, Any]:
    """Train with each scale and measure on episodes that the training seed sets aside for such choices.

    Chosen is the scale with the lowest nMSE ten steps ahead: less far the noise only costs, and further ahead a model
    of single frames is worse than the mean picture, so that the most timid one would win.
    """
    first_stage(RECIPE.Config(seed=SEED), RECIPE.Config().model.autoencoder, progress=False)
    results = {
        "protocol": f"training seed {SEED}; {EPISODES} validation episodes, seed {TrainingSeeds(SEED).validation}",
        "chosen": RECIPE.Config().model.transition.noise,
        "runs": one_per_core(run, SCALES),
    }
    return save_study(NAME, results, command=f"wmcourse study {NAME}", directory=directory)


def run(scale: float) -> dict[str, Any]:
    """One training."""
    default = RECIPE.Config(seed=SEED)
    config = replace(default, model=replace(default.model, transition=replace(default.model.transition, noise=scale)))
    mark = fingerprint(config, EPISODES, *SOURCES)
    seed = TrainingSeeds(SEED).validation
    made = resumable(f"{NAME}-{scale}-{mark}", lambda: RECIPE.run(config, episodes=EPISODES, seed=seed, progress=False))
    return {"noise": scale, **made}
