"""Recipe of the dream line's hand: a linear controller, evolved inside the dream (Ha & Schmidhuber 2018, section 4)."""

import time
from dataclasses import dataclass, field, replace
from typing import Literal

import cma
import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from wmcourse.agents.controller import Controller
from wmcourse.data.seeds import TrainingSeeds
from wmcourse.envs.dodge import LIMIT
from wmcourse.evaluation.statistics import Interval, bootstrap_mean
from wmcourse.evaluation.survival import as_population, dream_survival, real_survival
from wmcourse.models.mdn_rnn import MDNRNN
from wmcourse.nets.half import round_to_half
from wmcourse.recipes.history import OnUpdate, Row
from wmcourse.recipes.mdn_rnn import MDNTraining, cached_mdn_rnn
from wmcourse.recipes.measure_dreams import TEMPERATURES
from wmcourse.recipes.recipe import Training

PROTOCOL = (
    "whole games of at most 300 steps; real_steps: survived in Dodge; dream_steps_tau: survived in the model's dream "
    "of that temperature, from the one picture with which every game begins; 95% bootstrap intervals over games"
)


@dataclass(frozen=True)
class ControllerTraining:
    """Everything that decides the result, beside the world model."""

    seed: int = 40
    temperature: float = 1.3
    """Of the dreams."""
    where: Literal["dream", "reality"] = "dream"
    sees: Literal["zh", "z"] = "zh"
    trained_memory: bool = True
    """Else the LSTM keeps the weights it was born with; there is no dream then, only reality."""
    generations: int = 36
    population: int = 32
    rollouts: int = 32
    """Of each member, in each generation: few, and luck decides who is best."""
    spread: float = 0.1
    """Standard deviation of the first population; the search begins at zero."""
    enough: float = 0.97
    """Share of `LIMIT` that a population survives on average when the search ends: there is nothing left to learn."""
    memory: MDNTraining = field(default_factory=MDNTraining)
    """Its seed is this training's."""


def train(config: ControllerTraining, *, progress: bool = True, on_update: OnUpdate | None = None) -> Training:
    """Train V and M, unless they are in the cache; then evolve C by CMA-ES. The mean of the last generation is kept."""
    memory = cached_mdn_rnn(replace(config.memory, seed=config.seed), progress=progress)
    started = time.perf_counter()
    controller = Controller(config.memory.model, sees_memory=config.sees == "zh")
    controller.world.load_state_dict(memory.module.state_dict())
    if not config.trained_memory:
        torch.manual_seed(config.seed)
        controller.world.lstm.reset_parameters()
    size = as_population(controller).numel()
    strategy = cma.CMAEvolutionStrategy(
        np.zeros(size), config.spread, {"popsize": config.population, "seed": config.seed + 1, "verbose": -9}
    )
    seeds, history, real_steps = TrainingSeeds(config.seed), [], 0
    for generation in tqdm(range(1, config.generations + 1), disable=not progress, desc="controller", unit="gen"):
        vectors = strategy.ask()
        population = torch.from_numpy(np.array(vectors)).float()
        survived = try_out(config, controller.world, population, seed=seeds.next())
        strategy.tell(vectors, (-survived.mean(1)).tolist())
        real_steps += int(survived.sum()) if config.where == "reality" else 0
        row: Row = {
            "update": generation,
            "wall_s": time.perf_counter() - started,
            "mean_steps": survived.mean().item(),
            "best_steps": survived.mean(1).max().item(),
            "spread": float(strategy.sigma),
            "real_steps": real_steps,
        }
        history.append(row)
        if on_update is not None:
            on_update(generation, row)
        if survived.mean() >= config.enough * LIMIT:
            break
    controller.actor.put(torch.from_numpy(strategy.mean).float())
    round_to_half(controller)
    wall_s = memory.wall_s + time.perf_counter() - started
    return Training(controller.eval(), len(history), memory.environment_steps + real_steps, wall_s, history)


def try_out(config: ControllerTraining, world: MDNRNN, population: Tensor, *, seed: int) -> Tensor:
    """Steps survived (member, rollout) where the controllers are to grow up."""
    if config.where == "reality":
        return real_survival(world, population, games=config.rollouts, seed=seed)
    return dream_survival(world, population, temperature=config.temperature, dreams=config.rollouts, seed=seed)


def measure(module: Controller, *, episodes: int, seed: int) -> dict[str, Interval]:
    """Steps survived in reality, and in dreams of each temperature."""
    population = as_population(module)
    found = {"real_steps": real_survival(module.world, population, games=episodes, seed=seed)[0]}
    for temperature in TEMPERATURES:
        dreamed = dream_survival(module.world, population, temperature=temperature, dreams=episodes, seed=seed)[0]
        found[f"dream_steps_tau_{temperature:g}"] = dreamed
    return {name: bootstrap_mean(values) for name, values in found.items()}
