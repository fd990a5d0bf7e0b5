"""Recipe of the dream line's eye: a VAE for Dodge's pictures; also the first stage of all that works in its code."""

import time
from dataclasses import dataclass, field

import numpy as np
import torch

from wmcourse.data.games import GameLog, at, play, restless
from wmcourse.data.seeds import TrainingSeeds
from wmcourse.evaluation.objects import find_objects
from wmcourse.evaluation.statistics import Interval, bootstrap_ratio
from wmcourse.models.vae import VAE, VAEConfig, kl_to_standard_normal
from wmcourse.nets.half import round_to_half
from wmcourse.recipes.cache import fingerprint
from wmcourse.recipes.descent import Descent, Loss, descend
from wmcourse.recipes.history import OnUpdate
from wmcourse.recipes.kept import cached_training
from wmcourse.recipes.recipe import Training

PROTOCOL = (
    "games of the restless random policy; pictures are decoded from the mean of q(z|x); a ball whose center is in the "
    "picture is found if more than half of its disc is drawn in its color; ghosts: ball-colored area where no ball is, "
    "in areas of a ball; squared_error: of a picture's 12,288 numbers; active: a variance of its mean above 0.01; 95% "
    "bootstrap intervals over games"
)
ACTIVE = 0.01
"""Variance of a unit's mean from which it counts as active (Burda et al. 2016)."""


@dataclass(frozen=True)
class VAETraining(Descent):
    """Everything that decides the result."""

    seed: int = 40
    """The smaller ones were for tuning."""
    updates: int = 8000
    batch_size: int = 32
    lr: float = 2e-3
    clip: float = 1000.0
    log_every: int = 500
    games: int = 3000
    """Of the restless random policy, about 130,000 pictures."""
    warmup: float = 0.2
    """Share of the training in which the weight of the KL rises from 0 to `beta`, lest the code be given up early."""
    model: VAEConfig = field(default_factory=VAEConfig)


def train(config: VAETraining, *, progress: bool = True, on_update: OnUpdate | None = None) -> Training:
    """Minimize the negative ELBO of random pictures; the last weights are kept, rounded to half precision."""
    started = time.perf_counter()
    log = training_games(config.games, config.seed)
    torch.manual_seed(config.seed)
    model, random = VAE(config.model), np.random.default_rng(config.seed)
    frames = len(log.scenes.x)
    model.fit_background(log.observations(random.integers(frames, size=1000)))

    def step(update: int) -> Loss:
        pictures = log.observations(random.integers(frames, size=config.batch_size))
        warmth = min(1.0, update / (config.warmup * config.updates))
        evidence = model.evidence(pictures)
        return model.negative_elbo(evidence, warmth), evidence._asdict()

    history = descend(model, step, config, name="vae", progress=progress, on_update=on_update)
    round_to_half(model)
    return Training(model.eval(), config.updates, int(log.lengths.sum()), time.perf_counter() - started, history)


def measure(module: VAE, *, episodes: int, seed: int) -> dict[str, Interval]:
    """Reconstruction, objects and code on fresh games."""
    log = play(restless(episodes, seed), games=episodes, seed=seed)
    owners = np.repeat(np.arange(episodes), log.lengths + 1)
    rows = np.arange(len(owners))
    columns: dict[str, list[np.ndarray]] = {}
    variances = []
    with torch.no_grad():
        for part in np.array_split(rows, max(1, len(rows) // 500)):
            observation = log.observations(part)
            mean, log_variance = module.posterior(observation)
            drawn = module.decode(mean)
            found = find_objects(drawn, at(log.scenes, part))
            noted = {
                **found._asdict(),
                "squared_error": (drawn - observation).square().sum((1, 2, 3)),
                "kl_nats": kl_to_standard_normal(mean, log_variance),
            }
            for name, values in noted.items():
                columns.setdefault(name, []).append(values.double().numpy())
            variances.append(mean)
    per_game = {name: np.bincount(owners, np.concatenate(parts), minlength=episodes) for name, parts in columns.items()}
    frames = np.bincount(owners, minlength=episodes).astype(float)
    active = int((torch.cat(variances).var(0) > ACTIVE).sum())
    return {
        "ball_recall": bootstrap_ratio(per_game["balls_found"], per_game["balls"]),
        "agent_recall": bootstrap_ratio(per_game["agent_found"], frames),
        "ghosts_per_picture": bootstrap_ratio(per_game["ghosts"], frames),
        "squared_error": bootstrap_ratio(per_game["squared_error"], frames),
        "kl_nats": bootstrap_ratio(per_game["kl_nats"], frames),
        "active_units": Interval(active, active, active),
    }


def training_games(games: int, seed: int) -> GameLog:
    """What a training sees: the same games each time, for they are faster played than stored."""
    return play(restless(games, seed), games=games, seed=TrainingSeeds(seed).next())


def cached_vae(config: VAETraining, *, progress: bool = True) -> Training:
    """`train`, unless the cache holds the result for this `config`."""
    file = f"vaes/{fingerprint(__name__, config)}.safetensors"
    return cached_training(file, lambda: train(config, progress=progress), lambda: VAE(config.model))
