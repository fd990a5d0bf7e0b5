"""A recipe: all that `wmcourse train NAME` and `wmcourse evaluate NAME` need of one shipped model."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from wmcourse.evaluation.statistics import Interval
from wmcourse.recipes.history import Row
from wmcourse.studies.results import Run, Solved
from wmcourse.zoo.command import training_command
from wmcourse.zoo.manifest import Manifest
from wmcourse.zoo.weights import save


class Training(NamedTuple):
    """What a training made, and what it took."""

    module: Any
    """The agent or model that was kept, in eval mode."""
    kept_update: int
    """The update after which it was kept."""
    environment_steps: int
    """Steps of experience that it was trained with."""
    wall_s: float
    history: list[Row]
    """One row each time it was looked at."""
    solved: Solved | None = None


@dataclass(frozen=True)
class Recipe:
    """One shipped model: what it is, how it is built, trained and measured."""

    name: str
    description: str
    config: Any
    """Everything that decides the result: a frozen dataclass with a `seed`. This one is the recipe's own choice."""
    build: Callable[[Any], Any]
    """`build(config)`: the untrained module."""
    train: Callable[..., Training]
    """`train(config, progress=True, on_update=None)`."""
    measure: Callable[..., dict[str, Interval]]
    """`measure(module, episodes=, seed=)`: the metrics on fresh episodes, units in their names."""
    headline: str
    """The metric to quote."""
    protocol: str
    """How the metrics are measured."""
    evaluation_seed: int
    """For the manifest: a seed that neither a training nor the tuning of the recipe has looked at."""
    episodes: int = 1000
    """For the manifest."""

    def variant(self, name: str, description: str, config: Any, **changes: Any) -> "Recipe":
        """The same recipe with another configuration."""
        return replace(self, name=name, description=description, config=config, **changes)

    def configured(self, **changes: Any) -> Any:
        """The recipe's configuration with some fields changed, such as `seed`."""
        return replace(self.config, **changes)

    def run(self, config: Any, *, episodes: int, seed: int, progress: bool = True) -> Run:
        """One training for a study: its history, what it took, and the metrics of what it kept."""
        trained = self.train(config, progress=progress)
        return Run(
            seed=config.seed,
            wall_s=trained.wall_s,
            metrics=self.measure(trained.module, episodes=episodes, seed=seed),
            history=trained.history,
            environment_steps=trained.environment_steps,
            kept_update=trained.kept_update,
            solved=trained.solved,
            parameters=sum(each.numel() for each in trained.module.parameters()),
        )

    def make(self, config: Any = None, *, directory: Path | None = None) -> Manifest:
        """Train, measure on fresh episodes, print the metrics, save weights and manifest; raises as `zoo.save` does."""
        config = self.config if config is None else config
        return self.ship(config, self.train(config), directory=directory)

    def ship(self, config: Any, trained: Training, *, directory: Path | None = None) -> Manifest:
        """What `make` does with a training."""
        metrics = self.measure(trained.module, episodes=self.episodes, seed=self.evaluation_seed)
        for name, metric in metrics.items():
            print(f"{name:40s} {metric.value:9.4f}  [{metric.low:.4f}, {metric.high:.4f}]")
        return save(
            self.name,
            trained.module,
            config=config,
            seed=config.seed,
            command=training_command(self.name, config, self.config),
            wall_s=trained.wall_s,
            environment_steps=trained.environment_steps,
            metrics=metrics,
            protocol=f"{self.episodes} episodes, seed {self.evaluation_seed}; {self.protocol}",
            headline=self.headline,
            description=self.description,
            directory=directory,
        )
