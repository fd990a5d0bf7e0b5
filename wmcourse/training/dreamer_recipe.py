"""A shipped Dreamer: a task, a configuration, a way to measure, and what the zoo asks of a recipe."""

from collections.abc import Callable
from dataclasses import dataclass, field, make_dataclass, replace
from pathlib import Path
from typing import Any

from wmcourse.agents.dreamer import Dreamer, DreamerConfig
from wmcourse.evaluation.statistics import Interval
from wmcourse.training import dreamer
from wmcourse.training.result import Training
from wmcourse.training.shipping import ship
from wmcourse.zoo.manifest import Manifest


@dataclass(frozen=True)
class DreamerRecipe:
    """Everything that `wmcourse train NAME` and `wmcourse evaluate NAME` need."""

    NAME: str
    HEADLINE: str
    DESCRIPTION: str
    PROTOCOL: str
    Config: type[dreamer.Config]
    """Its defaults are the recipe."""
    task: dreamer.Task
    measure: Callable[..., dict[str, Interval]]
    """`measure(policy, model, episodes=, seed=)`."""
    evaluation_seed: int
    """For the manifest: a seed that neither a training nor the tuning of the recipe has looked at."""
    episodes: int = 1000
    """For the manifest."""

    def build(self, config: dreamer.Config) -> Dreamer:
        """The untrained agent."""
        return dreamer.build(config, self.task)

    def train(
        self,
        config: dreamer.Config,
        *,
        progress: bool = True,
        on_update: Callable[[int, dict[str, float]], None] | None = None,
    ) -> Training:
        """See `wmcourse.training.dreamer.train`."""
        return dreamer.train(config, self.task, progress=progress, on_update=on_update)

    def evaluate(self, module: Dreamer, *, episodes: int, seed: int) -> dict[str, Interval]:
        """Metrics on fresh episodes, as `PROTOCOL` says."""
        return self.measure(module, module.world, episodes=episodes, seed=seed)

    def variant(self, name: str, description: str, change: Callable[[DreamerConfig], DreamerConfig]) -> "DreamerRecipe":
        """The same recipe with a changed agent."""
        agent = field(default=change(self.Config().agent))
        config = make_dataclass("Config", [("agent", DreamerConfig, agent)], bases=(self.Config,), frozen=True)
        return replace(self, NAME=name, DESCRIPTION=description, Config=config)

    def run(self, config: dreamer.Config, *, episodes: int, seed: int, progress: bool = True) -> dict[str, Any]:
        """One training for a study: its history, when it was solved, and the metrics of the agent that it kept."""
        trained = self.train(config, progress=progress)
        metrics = self.evaluate(trained.module, episodes=episodes, seed=seed)
        return {
            "seed": config.seed,
            "solved": None if trained.solved is None else trained.solved._asdict(),
            "kept_update": trained.kept_update,
            "environment_steps": trained.environment_steps,
            "wall_s": trained.wall_s,
            "history": trained.history,
            "metrics": {name: metric._asdict() for name, metric in metrics.items()},
        }

    def main(self, config: dreamer.Config, *, directory: Path | None = None) -> Manifest:
        """Train, evaluate on fresh episodes, print the metrics, save weights and manifest."""
        trained = self.train(config)
        metrics = self.evaluate(trained.module, episodes=self.episodes, seed=self.evaluation_seed)
        protocol = f"{self.episodes} episodes, seed {self.evaluation_seed}; {self.PROTOCOL}"
        return ship(self, config, trained, metrics, protocol=protocol, directory=directory)
