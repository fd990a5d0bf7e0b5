"""Recipe: Dreamer on CartPole-v1, from nothing to 500 points (after Hafner et al. 2020, 2023; sizes our own)."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from tqdm.auto import tqdm

from wmcourse.agents.dreamer import Dreamer, DreamerConfig
from wmcourse.agents.random_policy import RandomPolicy
from wmcourse.data.collect import collect
from wmcourse.data.replay import ReplayBuffer
from wmcourse.data.seeds import TrainingSeeds
from wmcourse.evaluation.statistics import Interval
from wmcourse.models.protocol import map_state
from wmcourse.models.rssm import RSSMConfig
from wmcourse.nets.optimize import clipped_step
from wmcourse.training.measure import measure_cartpole
from wmcourse.training.result import Solved, Training
from wmcourse.zoo.command import training_command
from wmcourse.zoo.manifest import Manifest
from wmcourse.zoo.weights import save

NAME = "cartpole-dreamer"
ENV_ID = "CartPole-v1"
HEADLINE = "return_mean"
DESCRIPTION = "Dreamer on CartPole-v1 states: Gaussian RSSM, actor and critic trained in imagination"
PROTOCOL = (
    "greedy policy on CartPole-v1, whole episodes, starts drawn with the evaluation seed, which training never used; "
    "model errors at temperature 0 on the same episodes (policy) and on random-policy episodes (random); "
    "95% bootstrap intervals over episodes"
)
TRACK = 2.4
"""The cart leaves the track this many meters from its middle, and the episode ends."""
EVALUATION_SEED = 987_654
"""For the manifest: a seed that neither a training nor the tuning of this recipe has looked at."""
UNITS = (1.0, 1.0, 0.1, 1.0)
"""m, m/s, rad, rad/s: the size of an error that matters, by which observations are divided."""


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
    """Mean validation return that counts as solved (the environment's own threshold)."""
    stop_when_solved: bool = False
    """Stop at the first solved validation, for a training that one can watch."""
    agent: DreamerConfig = field(
        default_factory=lambda: DreamerConfig(
            world=RSSMConfig(
                deter_dim=128,
                stoch_dim=16,
                hidden_dim=96,
                observation_std=0.05,
                reward_scale=40.0,
                continue_scale=20.0,
                kl_scale=0.2,
                free_nats=0.1,
                blindness=0.5,
            ),
            hidden_dim=96,
            gradient="reinforce",
            normalize_returns=True,
            entropy_scale=0.01,
            slow_mix=0.05,
            explore=0.1,
        )
    )


def build(config: Config) -> Dreamer:
    """The untrained agent."""
    agent = Dreamer(config.agent)
    agent.world.normalizer.std.copy_(torch.tensor(UNITS))
    return agent


def train(
    config: Config,
    *,
    progress: bool = True,
    on_update: Callable[[int, dict[str, float]], None] | None = None,
) -> Training:
    """Alternate real episodes, model updates and behavior updates; keep the agent that validates best.

    `on_update` is called after each validation with the update's number and a row of numbers to plot.
    """
    started = time.perf_counter()
    torch.manual_seed(config.seed)
    agent = build(config)
    buffer = ReplayBuffer(100_000, config.agent.world.observation_shape, config.agent.world.action_dim)
    seeds = TrainingSeeds(config.seed)
    for episode in collect(ENV_ID, RandomPolicy(2, seed=config.seed), episodes=config.seed_episodes, seed=seeds.next()):
        buffer.add(episode)
    steps = len(buffer) - config.seed_episodes
    optimizers = {
        "world": (torch.optim.Adam(agent.world.parameters(), eps=1e-5), config.model_lr),
        "actor": (torch.optim.Adam(agent.actor.parameters(), eps=1e-5), config.actor_lr),
        "critic": (torch.optim.Adam(agent.critic.parameters(), eps=1e-5), config.critic_lr),
    }
    history: list[dict[str, float]] = []
    best, best_score, kept, solved = copy.deepcopy(agent.state_dict()), (-1.0, 0.0), 0, None

    for update in tqdm(range(1, config.updates + 1), disable=not progress, desc=NAME, unit="update"):
        decay = min(1.0, max(config.final_lr, (1 - update / config.updates) / (1 - config.hold)))
        for optimizer, rate in optimizers.values():
            optimizer.param_groups[0]["lr"] = rate * decay

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
            (episode,) = collect(ENV_ID, agent, episodes=1, seed=seeds.next(), greedy=False)
            buffer.add(episode)
            steps += len(episode)

        if update % config.validate_every == 0 or update == config.updates:
            played = collect(ENV_ID, agent, episodes=config.validation_episodes, seed=seeds.validation)
            score = (sum(map(len, played)) / len(played), -model.observation.item())
            row = {
                "update": update,
                "environment_steps": steps,
                "wall_s": time.perf_counter() - started,
                "return": score[0],
                "off_track": sum(abs(episode.observations[-1, 0].item()) > TRACK for episode in played) / len(played),
                "observation_loss": model.observation.item(),
                "kl": model.kl.item(),
                "imagined_return": behavior.imagined_return.item(),
                "entropy": behavior.entropy.item(),
            }
            history.append(row)
            if on_update is not None:
                on_update(update, row)
            if score > best_score:
                best, best_score, kept = copy.deepcopy(agent.state_dict()), score, update
            if solved is None and score[0] >= config.solved:
                solved = Solved(update, steps, row["wall_s"])
                if config.stop_when_solved:
                    break

    agent.load_state_dict(best)
    return Training(agent.eval(), kept, steps, time.perf_counter() - started, solved, history)


def evaluate(module: Dreamer, *, episodes: int, seed: int) -> dict[str, Interval]:
    """Returns, open-loop errors and whole-episode drift on fresh episodes, as `PROTOCOL` says."""
    return measure_cartpole(module, module.world, episodes=episodes, seed=seed)


def main(config: Config, *, directory: Path | None = None) -> Manifest:
    """Train, evaluate on 1,000 fresh episodes, print the metrics, save weights and manifest."""
    trained = train(config)
    metrics = evaluate(trained.module, episodes=1000, seed=EVALUATION_SEED)
    for name, metric in metrics.items():
        print(f"{name:40s} {metric.value:9.4f}  [{metric.low:.4f}, {metric.high:.4f}]")
    return save(
        NAME,
        trained.module,
        config=config,
        seed=config.seed,
        command=training_command(NAME, config),
        wall_s=trained.wall_s,
        environment_steps=trained.environment_steps,
        metrics=metrics,
        protocol=f"1000 episodes, seed {EVALUATION_SEED}; {PROTOCOL}",
        headline=HEADLINE,
        description=DESCRIPTION,
        directory=directory,
    )
