"""Recipe: latent dynamics of CartPole's pictures, in two stages: an autoencoder, then a step in its code."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Generator
from tqdm.auto import tqdm

from wmcourse.models.latent_dynamics import Ensemble, LatentDynamics, LatentDynamicsConfig
from wmcourse.nets.optimize import clipped_step, hold_then_fall
from wmcourse.training.first_stage import Encoded, FirstStage, first_stage
from wmcourse.training.result import Training


@dataclass(frozen=True)
class Config(FirstStage):
    """Everything that decides the result."""

    updates: int = 1500
    batch_size: int = 32
    """Episodes."""
    length: int = 40
    """Steps that are used of an episode, at most."""
    lr: float = 1e-3
    hold: float = 0.5
    """Share of the training before the learning rate begins to fall linearly."""
    final_lr: float = 0.02
    """Share of the learning rate at which it stops falling."""
    clip: float = 10.0
    log_every: int = 100
    model: LatentDynamicsConfig = field(default_factory=LatentDynamicsConfig)


@dataclass(frozen=True)
class EnsembleConfig(Config):
    """The same, several times."""

    members: int = 5


def train(
    config: Config,
    *,
    progress: bool = True,
    on_update: Callable[[int, dict[str, float]], None] | None = None,
) -> Training:
    """Gather episodes, train the autoencoder, then the transition on encoded episodes; all but the last is cached."""
    coder, data = first_stage(config, config.model.autoencoder, progress=progress)
    trained = train_transition(config, data, progress=progress, on_update=on_update)
    model = LatentDynamics(config.model)
    model.autoencoder.load_state_dict(coder.module.state_dict())
    model.transition.load_state_dict(trained.module.state_dict())
    return trained._replace(module=model.eval(), wall_s=coder.wall_s + trained.wall_s)


def train_ensemble(
    config: EnsembleConfig,
    *,
    progress: bool = True,
    on_update: Callable[[int, dict[str, float]], None] | None = None,
) -> Training:
    """One autoencoder, and several transitions that differ in their first weights and in the order of their data."""
    coder, data = first_stage(config, config.model.autoencoder, progress=progress)
    trained = [
        train_transition(replace(config, seed=config.seed + i), data, progress=progress, on_update=on_update)
        for i in range(config.members)
    ]
    model = Ensemble(config.model, config.members)
    model.autoencoder.load_state_dict(coder.module.state_dict())
    for member, each in zip(model.members, trained, strict=True):
        member.load_state_dict(each.module.state_dict())
    wall_s = coder.wall_s + sum(each.wall_s for each in trained)
    return trained[0]._replace(
        module=model.eval(), wall_s=wall_s, history=[row for each in trained for row in each.history]
    )


def train_transition(
    config: Config,
    data: Encoded,
    *,
    progress: bool = True,
    on_update: Callable[[int, dict[str, float]], None] | None = None,
) -> Training:
    """The second stage: minimize the prediction error of encoded episodes; the last weights are kept."""
    started = time.perf_counter()
    torch.manual_seed(config.seed)
    model, generator = config.model.new_transition(), Generator().manual_seed(config.seed)
    optimizer = torch.optim.Adam(model.parameters())
    lengths = data.lengths.clamp(max=config.length)
    history: list[dict[str, float]] = []
    for update in tqdm(range(1, config.updates + 1), disable=not progress, desc="dynamics", unit="update"):
        share = hold_then_fall(update, config.updates, hold=config.hold, final=config.final_lr)
        optimizer.param_groups[0]["lr"] = config.lr * share
        chosen = torch.randint(len(lengths), (config.batch_size,), generator=generator)
        steps = int(lengths[chosen].max())
        latents, actions = data.latents[chosen, : steps + 1], data.actions[chosen, :steps]
        loss = model.loss(latents, actions, lengths[chosen], generator)
        clipped_step(optimizer, loss, model, clip=config.clip)
        if update % config.log_every == 0 or update == config.updates:
            row = {"update": update, "wall_s": time.perf_counter() - started, "loss": loss.item()}
            history.append(row)
            if on_update is not None:
                on_update(update, row)
    real = torch.arange(data.actions.shape[1]) < data.lengths[:, None]
    some = slice(0, 500)
    model.fit_residual(data.latents[some], data.actions[some], real[some])
    return Training(model.eval(), config.updates, int(data.lengths.sum()), time.perf_counter() - started, None, history)
