"""Studies: every ablation of `ablations`, trained from seeds no choice was based on, and measured on fresh episodes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmcourse.training.ablations import ABLATIONS, ablated
from wmcourse.training.pool import one_per_core
from wmcourse.zoo.studies import save_study

SEEDS = (20, 21, 22)
EVALUATION_SEED = 765_432
EPISODES = 200


@dataclass(frozen=True)
class AblationStudy:
    """The ablations in one world."""

    world: str

    def main(self, *, directory: Path | None = None) -> dict[str, Any]:
        """Train each ablation from every seed, one per core with one thread each, and store how good it became."""
        whole, changes = ABLATIONS[self.world]
        jobs = [(self.world, change, seed) for change in changes for seed in SEEDS]
        runs = one_per_core(run, jobs)
        results = {
            "protocol": f"{EPISODES} episodes per agent, seed {EVALUATION_SEED}; {whole.PROTOCOL}",
            **{change: [made for job, made in zip(jobs, runs, strict=True) if job[1] == change] for change in changes},
        }
        name = f"rssm-ablations-{self.world}"
        return save_study(name, results, command=f"wmcourse study {name}", directory=directory)


CARTPOLE = AblationStudy("cartpole")
GALTON = AblationStudy("galton")


def run(job: tuple[str, str, int]) -> dict[str, Any]:
    """One training: its world, what is changed, its seed."""
    world, change, seed = job
    recipe = ablated(world, change)
    made = recipe.run(recipe.Config(seed=seed), episodes=EPISODES, seed=EVALUATION_SEED, progress=False)
    print(f"{world} {change} {seed}: return {made['metrics']['return_mean']['value']:.2f}", flush=True)
    return made
