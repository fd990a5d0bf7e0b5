"""A recipe: all that `wmcourse train NAME` and `wmcourse evaluate NAME` need of one shipped model."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from wmcourse.evaluation.statistics import Interval
from wmcourse.recipes.history import Row
from wmcourse.studies.results import Run, Solved
from wmcourse.versions import versions
from wmcourse.zoo.command import training_command
from wmcourse.zoo.errors import CannotSave, NotMeasured
from wmcourse.zoo.manifest import Manifest
from wmcourse.zoo.plain import to_plain
from wmcourse.zoo.weights import model_path, save


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
    shares: tuple[str, ...] = ()
    """Submodules that other models have too, with the same weights: the zoo keeps each of them once."""

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

    def manifest(self, config: Any = None, trained: Training | None = None) -> Manifest:
        """What can be said of a training with `config` before it is measured; without `trained`, before it is done."""
        config = self.config if config is None else config
        untrained = Manifest(
            name=self.name,
            description=self.description,
            command=training_command(self.name, config, self.config),
            seed=config.seed,
            config=to_plain(config, "config"),
            **self._measurement(),
        )
        if trained is None:
            return untrained
        return replace(
            untrained,
            versions=versions(),
            wall_s=round(float(trained.wall_s), 1),
            environment_steps=int(trained.environment_steps),
        )

    def make(self, directory: Path | str, config: Any = None) -> Manifest:
        """Train and `ship` into a folder."""
        config = self.config if config is None else config
        return self.ship(directory, config, self.train(config))

    def ship(self, directory: Path | str, config: Any, trained: Training) -> Manifest:
        """Save a training, then measure it, so that no measurement can lose it.

        Raises as `zoo.save` and `measured` do.
        """
        manifest = save(trained.module, self.manifest(config, trained), directory, shares=self.shares)
        return self.measured(directory, trained.module, manifest)

    def measured(self, directory: Path | str, module: Any, manifest: Manifest) -> Manifest:
        """Measure a saved model on fresh episodes, print the metrics, and save it again with them.

        Raises:
            NotMeasured: the measurement failed; what was saved before is still there.
        """
        try:
            found = self.measure(module, episodes=self.episodes, seed=self.evaluation_seed)
            for name, metric in found.items():
                print(f"{name:40s} {metric.value:9.4f}  [{metric.low:.4f}, {metric.high:.4f}]")
            metrics = {name: Interval(*(float(bound) for bound in metric)) for name, metric in found.items()}
            manifest = replace(manifest, metrics=metrics, **self._measurement())
            return save(module, manifest, directory, shares=self.shares)
        except CannotSave:
            raise
        except Exception as error:
            reason = " ".join(str(error).split())
            raise NotMeasured(
                f"{self.name} is trained and kept in {model_path(self.name, directory)}, but it is not measured: "
                f"{type(error).__name__}: {reason}"
            ) from error

    def _measurement(self) -> dict[str, Any]:
        """What a manifest says of it; also of weights that were kept before the recipe was mended."""
        protocol = f"{self.episodes} episodes, seed {self.evaluation_seed}; {self.protocol}"
        return {"protocol": protocol, "headline": self.headline}
