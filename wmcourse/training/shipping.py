"""The last step of every recipe: print the metrics, save weights and manifest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wmcourse.evaluation.statistics import Interval
from wmcourse.training.result import Training
from wmcourse.zoo.command import training_command
from wmcourse.zoo.manifest import Manifest
from wmcourse.zoo.weights import save


def ship(
    recipe: Any,
    config: Any,
    trained: Training,
    metrics: Mapping[str, Interval],
    *,
    protocol: str,
    directory: Path | None = None,
) -> Manifest:
    """Print what was measured and save what was trained, under the recipe's NAME; raises as `zoo.save` does."""
    for name, metric in metrics.items():
        print(f"{name:40s} {metric.value:9.4f}  [{metric.low:.4f}, {metric.high:.4f}]")
    return save(
        recipe.NAME,
        trained.module,
        config=config,
        seed=config.seed,
        command=training_command(recipe.NAME, config),
        wall_s=trained.wall_s,
        environment_steps=trained.environment_steps,
        metrics=metrics,
        protocol=protocol,
        headline=recipe.HEADLINE,
        description=recipe.DESCRIPTION,
        directory=directory,
    )
