"""Study: what two ingredients of the CartPole Dreamer are worth, from the seeds its recipe was tuned with.

The recipe was chosen while looking at these training seeds and at this evaluation seed, so they can only compare
variants. How good the recipe is, `cartpole_dreamer_confirmation` measures, on seeds nobody had looked at.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from wmcourse.training import cartpole_dreamer as recipe
from wmcourse.zoo.studies import save_study

NAME = "cartpole-dreamer-seeds"
SEEDS = (0, 1, 2, 3, 4)
SIGHTED_SEEDS = (0, 1, 2)
EPISODES = 1000
EVALUATION_SEED = 0


def main(*, directory: Path | None = None) -> dict[str, Any]:
    """Train thirteen agents, measure each on fresh episodes, store how long each took and how good it became."""
    results = {
        "solved_at": recipe.Config().solved,
        "threads": torch.get_num_threads(),
        "protocol": f"{EPISODES} episodes per agent, seed {EVALUATION_SEED}; {recipe.PROTOCOL}",
        "runs": [run(recipe.Config(seed=seed), evaluation_seed=EVALUATION_SEED) for seed in SEEDS],
        "dynamics_runs": [
            run(through_dynamics(recipe.Config(seed=seed)), evaluation_seed=EVALUATION_SEED) for seed in SEEDS
        ],
        "sighted_runs": [
            run(sighted(recipe.Config(seed=seed)), evaluation_seed=EVALUATION_SEED) for seed in SIGHTED_SEEDS
        ],
    }
    return save_study(NAME, results, command=f"wmcourse study {NAME}", directory=directory)


def through_dynamics(config: recipe.Config) -> recipe.Config:
    """The same recipe with Dreamer v1's gradient for the actor."""
    return replace(config, agent=replace(config.agent, gradient="dynamics"))


def sighted(config: recipe.Config) -> recipe.Config:
    """The same recipe with a world model that sees every step while it is trained."""
    world = replace(config.agent.world, blindness=0.0)
    return replace(config, agent=replace(config.agent, world=world))


def run(config: recipe.Config, *, evaluation_seed: int) -> dict[str, Any]:
    """One training: its history, when it was solved, and the metrics of the agent that it kept."""
    trained = recipe.train(config)
    metrics = recipe.evaluate(trained.module, episodes=EPISODES, seed=evaluation_seed)
    print(f"seed {config.seed}, {config.agent.gradient}: {metrics['return_mean'].value:.1f}, solved: {trained.solved}")
    return {
        "seed": config.seed,
        "solved": None if trained.solved is None else trained.solved._asdict(),
        "kept_update": trained.kept_update,
        "environment_steps": trained.environment_steps,
        "wall_s": trained.wall_s,
        "history": trained.history,
        "metrics": {name: metric._asdict() for name, metric in metrics.items()},
    }
