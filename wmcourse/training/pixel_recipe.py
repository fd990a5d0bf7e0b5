"""A shipped model of CartPole's pictures: how it is built and trained, and what the zoo asks of a recipe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from wmcourse.agents import experts
from wmcourse.envs import cartpole_pixels
from wmcourse.evaluation.statistics import Interval
from wmcourse.models import autoencoder as model_autoencoder
from wmcourse.models import coded_rssm as model_coded_rssm
from wmcourse.models import latent_dynamics as model_latent_dynamics
from wmcourse.models import rssm as model_rssm
from wmcourse.models import transition
from wmcourse.nets import conv, optimize
from wmcourse.training import (
    autoencoder,
    coded_rssm,
    first_stage,
    latent_dynamics,
    measure_pixels,
    pixel_episodes,
)
from wmcourse.training.result import Training
from wmcourse.training.shipping import ship
from wmcourse.zoo.manifest import Manifest

SOURCES = (
    cartpole_pixels, conv, optimize, model_autoencoder, transition, model_latent_dynamics, model_rssm, model_coded_rssm,
    pixel_episodes, autoencoder, first_stage, latent_dynamics, coded_rssm, measure_pixels, experts,
)  # fmt: skip
"""Modules that decide what a training gives and how it is marked: a run in the cache counts while they are the same."""
EVALUATION_SEED = 654_321
"""For manifests: a seed that neither a training nor the tuning of a recipe has looked at."""
EPISODES = 400


@dataclass(frozen=True)
class PixelRecipe:
    """Everything that `wmcourse train NAME` and `wmcourse evaluate NAME` need."""

    NAME: str
    DESCRIPTION: str
    Config: type
    """Its defaults are the recipe."""
    build: Callable[[Any], nn.Module]
    train: Callable[..., Training]
    HEADLINE: str = "nmse_h25_random"
    PROTOCOL: str = (
        "random episodes of CartPole-v1, moved along the track by up to 0.8 m, drawn with the evaluation seed, which "
        "training never used (balanced: at most 50 episodes of 100 steps of an expert); open loop at temperature 0 "
        "after following in closed loop; nMSE of the newest frame; 95% bootstrap intervals over episodes"
    )

    def evaluate(self, module: Any, *, episodes: int, seed: int) -> dict[str, Interval]:
        """Metrics on fresh episodes, as `PROTOCOL` says."""
        return measure_pixels.measure_pixels(module, episodes=episodes, seed=seed)

    def run(self, config: Any, *, episodes: int, seed: int, progress: bool = True) -> dict[str, Any]:
        """One training for a study: its history, what it took, and the metrics."""
        trained = self.train(config, progress=progress)
        return record(config, trained, self.evaluate(trained.module, episodes=episodes, seed=seed))

    def main(self, config: Any, *, directory: Path | None = None) -> Manifest:
        """Train, evaluate on fresh episodes, print the metrics, save weights and manifest."""
        return self.made(config, self.train(config), directory=directory)[0]

    def made(self, config: Any, trained: Training, *, directory: Path | None = None) -> tuple[Manifest, dict[str, Any]]:
        """What `main` does with a training, and what a study keeps of it."""
        metrics = self.evaluate(trained.module, episodes=EPISODES, seed=EVALUATION_SEED)
        protocol = f"{EPISODES} episodes, seed {EVALUATION_SEED}; {self.PROTOCOL}"
        manifest = ship(self, config, trained, metrics, protocol=protocol, directory=directory)
        return manifest, record(config, trained, metrics)


def record(config: Any, trained: Training, metrics: Mapping[str, Interval]) -> dict[str, Any]:
    """What a study keeps of a training."""
    return {
        "seed": config.seed,
        "wall_s": trained.wall_s,
        "parameters": measure_pixels.parameters(trained.module),
        "history": trained.history,
        "metrics": {name: metric._asdict() for name, metric in metrics.items()},
    }
