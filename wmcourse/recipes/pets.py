"""How a probabilistic ensemble is trained: plan, act, learn, and again (PETS: Chua et al. 2018, algorithm 1)."""

import time
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor
from tqdm.auto import tqdm

from wmcourse.agents.random_policy import UniformPolicy
from wmcourse.data.collect import collect
from wmcourse.data.episode import Episode
from wmcourse.data.seeds import TrainingSeeds
from wmcourse.envs.pendulum import ENV_ID, MAX_TORQUE
from wmcourse.evaluation.pendulum import planning_policy
from wmcourse.evaluation.returns import episode_returns
from wmcourse.models.ensemble import EnsembleConfig, ProbabilisticEnsemble, bootstrap
from wmcourse.nets.half import round_to_half
from wmcourse.nets.optimize import clipped_step
from wmcourse.recipes.history import OnUpdate, Row
from wmcourse.recipes.recipe import Training


@dataclass(frozen=True)
class PETS:
    """Everything that decides the result."""

    seed: int = 50
    random_steps: int = 200
    """Of the one random episode that comes before the first plan; at most the whole of it."""
    rounds: int = 9
    """Of planning, acting and learning; 0 to learn from chance alone."""
    updates: int = 1000
    """Gradient steps after each round, of one episode; the networks go on from where they are."""
    last_updates: int = 6000
    """After the last round, as the learning rate falls."""
    batch_size: int = 256
    lr: float = 2e-3
    weight_decay: float = 1e-5
    clip: float = 100.0
    validation_episodes: int = 0
    """Played after each round to watch the learning; they teach nothing, and count as no steps."""
    model: EnsembleConfig = field(default_factory=EnsembleConfig)


def train(config: PETS, *, progress: bool = True, on_update: OnUpdate | None = None) -> Training:
    """Random episodes first; then every round plans with what was learned so far, by CEM."""
    started = time.perf_counter()
    torch.manual_seed(config.seed)
    model = ProbabilisticEnsemble(config.model)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    seeds = TrainingSeeds(config.seed)
    chance = UniformPolicy([-MAX_TORQUE], [MAX_TORQUE], seed=config.seed)
    episodes = [first(config.random_steps, collect(ENV_ID, chance, episodes=1, seed=seeds.next())[0])]
    history: list[Row] = []
    for each in tqdm(range(config.rounds + 1), disable=not progress, desc="pets", unit="round"):
        if each > 0:
            policy = planning_policy(model.eval(), seed=config.seed + each)
            episodes += collect(ENV_ID, policy, episodes=1, seed=seeds.next())
        last = each == config.rounds
        loss = learn(
            model, optimizer, episodes, config, updates=config.last_updates if last else config.updates, falls=last
        )
        row: Row = {
            "update": each,
            "environment_steps": sum(map(len, episodes)),
            "return": episodes[-1].rewards.sum().item(),
            "loss": loss,
            "wall_s": time.perf_counter() - started,
        }
        if config.validation_episodes:
            policy = planning_policy(model.eval(), seed=config.seed)
            watched = episode_returns(ENV_ID, policy, episodes=config.validation_episodes, seed=seeds.validation)
            row["validation_return"] = watched.mean().item()
        history.append(row)
        if on_update is not None:
            on_update(each, row)
    round_to_half(model)
    return Training(model.eval(), config.rounds, sum(map(len, episodes)), time.perf_counter() - started, history)


def learn(
    model: ProbabilisticEnsemble,
    optimizer: torch.optim.Optimizer,
    episodes: list[Episode],
    config: PETS,
    *,
    updates: int,
    falls: bool,
) -> float:
    """Minimize the loss on all steps so far, each member on a bootstrap sample of its own; the last loss."""
    rows, targets = steps_of(episodes)
    model.fit_normalizers(rows, targets)
    samples = bootstrap(config.model.members, len(rows))
    value = torch.zeros(())
    for update in range(updates):
        rate = config.lr * (max(0.02, 1 - update / updates) if falls else 1.0)
        optimizer.param_groups[0]["lr"] = rate
        chosen = samples[:, torch.randint(len(rows), (config.batch_size,))]
        value = model.loss(rows, targets, chosen)
        clipped_step(optimizer, value, model, clip=config.clip)
    return value.item()


def steps_of(episodes: list[Episode]) -> tuple[Float[Tensor, "row input"], Float[Tensor, "row output"]]:
    """Every step as one row: [observation, action], and what came of it, [change of observation, reward]."""
    rows = [torch.cat([episode.observations[:-1], episode.actions], dim=-1) for episode in episodes]
    targets = [torch.cat([episode.observations.diff(dim=0), episode.rewards[:, None]], dim=-1) for episode in episodes]
    return torch.cat(rows), torch.cat(targets)


def first(steps: int, episode: Episode) -> Episode:
    """The beginning of an episode, cut off after `steps`."""
    return Episode(episode.observations[: steps + 1], episode.actions[:steps], episode.rewards[:steps], False)
