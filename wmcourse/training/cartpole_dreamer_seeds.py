"""Study: what two ingredients of the CartPole Dreamer are worth, from the seeds its recipe was tuned with.

The recipe was chosen while looking at these training seeds and at this evaluation seed, so they can only compare
variants. How good the recipe is, `cartpole_dreamer_confirmation` measures, on seeds nobody had looked at.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from wmcourse.training.cartpole_dreamer import CARTPOLE_DREAMER as recipe
from wmcourse.training.dreamer import Config
from wmcourse.zoo.studies import save_study

NAME = "cartpole-dreamer-seeds"
SEEDS = (0, 1, 2, 3, 4)
SIGHTED_SEEDS = (0, 1, 2)
EPISODES = 1000
EVALUATION_SEED = 0
MEASURED: Any = {"episodes": EPISODES, "seed": EVALUATION_SEED}


def main(*, directory: Path | None = None) -> dict[str, Any]:
    """Train thirteen agents, measure each on fresh episodes, store how long each took and how good it became."""
    results = {
        "solved_at": recipe.Config().solved,
        "threads": torch.get_num_threads(),
        "protocol": f"{EPISODES} episodes per agent, seed {EVALUATION_SEED}; {recipe.PROTOCOL}",
        "runs": [recipe.run(recipe.Config(seed=seed), **MEASURED) for seed in SEEDS],
        "dynamics_runs": [recipe.run(through_dynamics(recipe.Config(seed=seed)), **MEASURED) for seed in SEEDS],
        "sighted_runs": [recipe.run(sighted(recipe.Config(seed=seed)), **MEASURED) for seed in SIGHTED_SEEDS],
    }
    return save_study(NAME, results, command=f"wmcourse study {NAME}", directory=directory)


def through_dynamics(config: Config) -> Config:
    """The same recipe with Dreamer v1's gradient for the actor."""
    return replace(config, agent=replace(config.agent, gradient="dynamics"))


def sighted(config: Config) -> Config:
    """The same recipe with a world model that sees every step while it is trained."""
    world = replace(config.agent.world, blindness=0.0)
    return replace(config, agent=replace(config.agent, world=world))
