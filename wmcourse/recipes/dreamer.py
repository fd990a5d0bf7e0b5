"""How every Dreamer of the course is trained (Hafner et al. 2020, 2023)."""

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, NamedTuple

import torch
from tqdm.auto import tqdm

from wmcourse.agents.dreamer import Dreamer, DreamerConfig
from wmcourse.agents.random_policy import RandomPolicy
from wmcourse.data.collect import collect
from wmcourse.data.episode import Episode
from wmcourse.data.replay import ReplayBuffer
from wmcourse.data.seeds import TrainingSeeds
from wmcourse.evaluation.statistics import Interval
from wmcourse.models.protocol import map_state
from wmcourse.nets.optimize import clipped_step, hold_then_fall
from wmcourse.recipes.history import OnUpdate, Row
from wmcourse.recipes.recipe import Recipe, Training
from wmcourse.studies.results import Solved


class Task(NamedTuple):
    """The environment to learn."""

    env_id: str
    units: tuple[float, ...] | None = None
    """The size of an error that matters in each dimension, by which observations are divided; None: 1 everywhere."""
    watch: Callable[[Sequence[Episode]], dict[str, float]] = lambda episodes: {}
    """Further numbers of a validation for the history."""


@dataclass(frozen=True)
class Config:
    """Everything that decides the result."""

    seed: int = 0
    updates: int = 1500
    batch_size: int = 16
    length: int = 32
    """Steps of experience per window."""
    starts: int = 128
    """Beliefs from which each update dreams, drawn from the batch_size * length beliefs of its windows."""
    model_lr: float = 2e-3
    actor_lr: float = 5e-4
    critic_lr: float = 1e-3
    hold: float = 0.4
    """Share of the training before the learning rates begin to fall linearly."""
    final_lr: float = 0.05
    """Share of the learning rates at which they stop falling."""
    clip: float = 100.0
    """Largest norm of a gradient."""
    seed_episodes: int = 40
    """Random episodes before the first update."""
    collect_every: int = 25
    """Updates between real episodes."""
    newest: int = 1000
    """Every second window is cut from this many latest steps."""
    validate_every: int = 100
    validation_episodes: int = 100
    solved: float = 475.0
    """Mean validation return that counts as solved."""
    stop_when_solved: bool = False
    """Stop at the first solved validation, for a training that one can watch."""
    keep: Literal["best", "last"] = "best"
    """The agent to keep: the one that validates best, or the one at the end."""
    agent: DreamerConfig = field(default_factory=DreamerConfig)


def build(config: Config, task: Task) -> Dreamer:
    """The untrained agent."""
    agent = Dreamer(config.agent)
    if task.units is not None:
        agent.world.normalizer.std.copy_(torch.tensor(task.units))
    return agent


def train(
    config: Config,
    task: Task,
    *,
    progress: bool = True,
    on_update: OnUpdate | None = None,
) -> Training:
    """Alternate real episodes, model updates and behavior updates.

    `on_update` is called after each validation with the update's number and a row of numbers to plot.
    """
    started = time.perf_counter()
    torch.manual_seed(config.seed)
    agent, world = build(config, task), config.agent.world
    buffer = ReplayBuffer(100_000, world.observation_shape, world.action_dim)
    seeds = TrainingSeeds(config.seed)
    random = RandomPolicy(world.action_dim, seed=config.seed)
    for episode in collect(task.env_id, random, episodes=config.seed_episodes, seed=seeds.next()):
        buffer.add(episode)
    steps = len(buffer) - config.seed_episodes
    optimizers = {
        "world": (torch.optim.Adam(agent.world.parameters(), eps=1e-5), config.model_lr),
        "actor": (torch.optim.Adam(agent.actor.parameters(), eps=1e-5), config.actor_lr),
        "critic": (torch.optim.Adam(agent.critic.parameters(), eps=1e-5), config.critic_lr),
    }
    history: list[Row] = []
    best, best_score, kept, solved = copy.deepcopy(agent.state_dict()), (-math.inf, 0.0), 0, None

    for update in tqdm(range(1, config.updates + 1), disable=not progress, desc=task.env_id, unit="update"):
        share = hold_then_fall(update, config.updates, hold=config.hold, final=config.final_lr)
        for optimizer, rate in optimizers.values():
            optimizer.param_groups[0]["lr"] = rate * share

        # 1. The world model learns from real windows.
        batch = buffer.sample(config.batch_size, config.length, newest=config.newest)
        model = agent.world.loss(batch)
        clipped_step(optimizers["world"][0], model.total, agent.world, clip=config.clip)

        # 2. Actor and critic learn from dreams that start in real beliefs.
        chosen = torch.randperm(batch.continues.numel())[: config.starts]
        start = map_state(lambda part, rows=chosen: part.detach().flatten(0, 1)[rows], model.states)
        behavior = agent.loss(start, batch.continues.flatten()[chosen])
        clipped_step(optimizers["actor"][0], behavior.actor, agent.actor, clip=config.clip)
        clipped_step(optimizers["critic"][0], behavior.critic, agent.critic, clip=config.clip)
        agent.update_slow_critic()

        # 3. Now and then, a real episode.
        if update % config.collect_every == 0:
            (episode,) = collect(task.env_id, agent, episodes=1, seed=seeds.next(), greedy=False)
            buffer.add(episode)
            steps += len(episode)

        if update % config.validate_every == 0 or update == config.updates:
            played = collect(task.env_id, agent, episodes=config.validation_episodes, seed=seeds.validation)
            mean_return = sum(episode.rewards.sum().item() for episode in played) / len(played)
            score = (mean_return, -model.observation.item())
            row: Row = {
                "update": update,
                "environment_steps": steps,
                "wall_s": time.perf_counter() - started,
                "return": mean_return,
                **task.watch(played),
                "observation_loss": model.observation.item(),
                "reward_loss": model.reward.item(),
                "kl": model.kl.item(),
                "imagined_return": behavior.imagined_return.item(),
                "entropy": behavior.entropy.item(),
            }
            history.append(row)
            if on_update is not None:
                on_update(update, row)
            if score > best_score or config.keep == "last":
                best, best_score, kept = copy.deepcopy(agent.state_dict()), score, update
            if solved is None and mean_return >= config.solved:
                solved = Solved(update, steps, row["wall_s"])
                if config.stop_when_solved:
                    break

    agent.load_state_dict(best)
    return Training(agent.eval(), kept, steps, time.perf_counter() - started, history, solved)


def dreamer_recipe(task: Task, measure: Callable[..., dict[str, Interval]], **described: Any) -> Recipe:
    """The recipe of a Dreamer for a task; `measure(policy, model, episodes=, seed=)`, the rest as in `Recipe`."""
    return Recipe(
        build=partial(build, task=task),
        train=partial(train, task=task),
        measure=agent_measure(measure),
        **described,
    )


def agent_measure(measure: Callable[..., dict[str, Interval]]) -> Callable[..., dict[str, Interval]]:
    """From a measure of a policy and a world model to one of an agent, which is both."""
    return lambda agent, *, episodes, seed: measure(agent, agent.world, episodes=episodes, seed=seed)


def with_agent(config: Config, change: Callable[[DreamerConfig], DreamerConfig]) -> Config:
    """The same configuration with a changed agent."""
    return replace(config, agent=change(config.agent))


def change_world(**options: Any) -> Callable[[DreamerConfig], DreamerConfig]:
    """A change of the agent's world model: some of its options."""
    return lambda agent: replace(agent, world=replace(agent.world, **options))
