"""Study: the finished CartPole Dreamer, measured once, from training and evaluation seeds no choice was based on."""

from pathlib import Path
from typing import Any

import torch

from wmcourse.training.cartpole_dreamer import CARTPOLE_DREAMER as recipe
from wmcourse.training.cartpole_dreamer_seeds import EPISODES
from wmcourse.zoo.studies import save_study

NAME = "cartpole-dreamer-confirmation"
SEEDS = (10, 11, 12, 13, 14)


def main(*, directory: Path | None = None) -> dict[str, Any]:
    """Train five agents, measure each on fresh episodes, store how long each took and how good it became."""
    seed = recipe.evaluation_seed
    results = {
        "solved_at": recipe.Config().solved,
        "threads": torch.get_num_threads(),
        "protocol": f"{EPISODES} episodes per agent, seed {seed}; {recipe.PROTOCOL}",
        "runs": [
            recipe.run(recipe.Config(seed=training_seed), episodes=EPISODES, seed=seed) for training_seed in SEEDS
        ],
    }
    return save_study(NAME, results, command=f"wmcourse study {NAME}", directory=directory)
