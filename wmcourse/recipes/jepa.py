"""How a JEPA of two rooms is trained: walks, made anew for each update, and a weighted sum of terms."""

import time
from dataclasses import dataclass, field

import torch
from torch import Generator

from wmcourse.data.seeds import TrainingSeeds
from wmcourse.data.walks import film, take_walks
from wmcourse.envs.two_rooms import Background
from wmcourse.evaluation.collapse import dimension_std, effective_rank
from wmcourse.models.embedding_objective import EmbeddingObjective, ObjectiveConfig
from wmcourse.nets.half import round_to_half
from wmcourse.recipes.descent import Descent, Loss, descend
from wmcourse.recipes.history import OnUpdate
from wmcourse.recipes.recipe import Training

FITTED_ON = 100
"""Walks that decide what the mean picture is."""
WATCHED = 64
"""Walks by whose embeddings collapse is watched; no update learns from them."""


@dataclass(frozen=True)
class JEPATraining(Descent):
    """Everything that decides the result."""

    seed: int = 80
    """The smaller ones were for tuning."""
    updates: int = 1500
    batch_size: int = 48
    """Walks of each update."""
    steps: int = 8
    """Of a walk, all of which are predicted from its first picture."""
    clip: float = 2.0
    background: Background = "plain"
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)


def train(config: JEPATraining, *, progress: bool = True, on_update: OnUpdate | None = None) -> Training:
    """Minimize the terms of new walks at each update; the last weights are kept, rounded to half precision."""
    started = time.perf_counter()
    torch.manual_seed(config.seed)
    seeds = TrainingSeeds(config.seed)
    generator = Generator().manual_seed(seeds.next())
    objective = EmbeddingObjective(config.objective)
    some = film(take_walks(FITTED_ON, config.steps, generator).positions, config.background, generator)
    objective.jepa.fit_pictures(some.flatten(0, 1))
    apart = Generator().manual_seed(seeds.validation)
    watched = film(take_walks(WATCHED, config.steps, apart).positions, config.background, apart).flatten(0, 1)

    def step(update: int) -> Loss:
        objective.follow()
        walks = take_walks(config.batch_size, config.steps, generator)
        terms = objective.terms(film(walks.positions, config.background, generator), walks.actions)
        noted = dict(terms)
        if update % config.log_every == 0 or update == config.updates:
            with torch.no_grad():
                embeddings = objective.jepa.encode(watched)
            noted |= {"rank": torch.tensor(effective_rank(embeddings)), "std": dimension_std(embeddings).mean()}
        return objective.loss(terms), noted

    history = descend(objective, step, config, name="jepa", progress=progress, on_update=on_update)
    jepa = objective.finished()
    round_to_half(jepa)
    steps = config.updates * config.batch_size * config.steps
    return Training(jepa, config.updates, steps, time.perf_counter() - started, history)
