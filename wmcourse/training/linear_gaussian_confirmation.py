"""Study: the finished linear-Gaussian recipe, measured once, from training and evaluation seeds no choice was based on.

Beside it a variant that takes its sensor for twice as good as it is: what is then gained in prediction and lost in
belief.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from wmcourse.training import linear_gaussian_rssm as recipe
from wmcourse.zoo.studies import save_study

NAME = "linear-gaussian-confirmation"
SEEDS = (10, 11, 12)
TRUST = 0.5
"""The variant's sensor noise as a share of the true one."""


def main(*, directory: Path | None = None) -> dict[str, Any]:
    """Train three models of each kind, measure each on fresh episodes, store how good it became."""
    results = {
        "threads": torch.get_num_threads(),
        "protocol": f"{recipe.EPISODES} episodes per model, seed {recipe.EVALUATION_SEED}; {recipe.PROTOCOL}",
        "trust": TRUST,
        "runs": [run(recipe.Config(seed=seed)) for seed in SEEDS],
        "trusting_runs": [run(trusting(recipe.Config(seed=seed))) for seed in SEEDS],
    }
    return save_study(NAME, results, command=f"wmcourse study {NAME}", directory=directory)


def trusting(config: recipe.Config) -> recipe.Config:
    """The same recipe with too small a sensor noise in its likelihood."""
    world = config.world
    return replace(config, world=replace(world, observation_std=TRUST * world.observation_std))


def run(config: recipe.Config) -> dict[str, Any]:
    """One training: its history, and the metrics of its model."""
    trained = recipe.train(config)
    metrics = recipe.evaluate(trained.module, episodes=recipe.EPISODES, seed=recipe.EVALUATION_SEED)
    print(f"seed {config.seed}, sensor {config.world.observation_std * recipe.UNIT:g} m: {metrics['nll_over_kalman']}")
    return {
        "seed": config.seed,
        "environment_steps": trained.environment_steps,
        "wall_s": trained.wall_s,
        "history": trained.history,
        "metrics": {name: metric._asdict() for name, metric in metrics.items()},
    }
