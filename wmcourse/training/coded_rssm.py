"""Recipe: the RSSM of chapter 08 on CartPole's pictures, in the code of an autoencoder like the latent dynamics."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Generator
from tqdm.auto import tqdm

from wmcourse.data.episode import Episode
from wmcourse.data.replay import ReplayBuffer
from wmcourse.models.coded_rssm import CodedRSSM, CodedRSSMConfig
from wmcourse.nets.optimize import clipped_step, hold_then_fall
from wmcourse.training.first_stage import Encoded, FirstStage, first_stage
from wmcourse.training.result import Training


@dataclass(frozen=True)
class Config(FirstStage):
    """Everything that decides the result."""

    updates: int = 2000
    batch_size: int = 32
    length: int = 20
    """Steps per window."""
    lr: float = 2e-3
    hold: float = 0.5
    """Share of the training before the learning rate begins to fall linearly."""
    final_lr: float = 0.02
    """Share of the learning rate at which it stops falling."""
    clip: float = 100.0
    """Largest norm of a gradient."""
    log_every: int = 100
    model: CodedRSSMConfig = field(default_factory=CodedRSSMConfig)


def train(
    config: Config,
    *,
    progress: bool = True,
    on_update: Callable[[int, dict[str, float]], None] | None = None,
) -> Training:
    """The autoencoder, then the negative evidence lower bound of encoded windows; the last weights are kept."""
    coder, data = first_stage(config, config.model.autoencoder, progress=progress)
    buffer = tape(data)
    started = time.perf_counter()
    torch.manual_seed(config.seed)
    model, generator = CodedRSSM(config.model), Generator().manual_seed(config.seed)
    model.autoencoder.load_state_dict(coder.module.state_dict())
    optimizer = torch.optim.Adam(model.rssm.parameters())
    history: list[dict[str, float]] = []
    for update in tqdm(range(1, config.updates + 1), disable=not progress, desc="rssm", unit="update"):
        share = hold_then_fall(update, config.updates, hold=config.hold, final=config.final_lr)
        optimizer.param_groups[0]["lr"] = config.lr * share
        loss = model.rssm.loss(buffer.sample(config.batch_size, config.length, generator))
        clipped_step(optimizer, loss.total, model.rssm, clip=config.clip)
        if update % config.log_every == 0 or update == config.updates:
            row = {
                "update": update,
                "wall_s": time.perf_counter() - started,
                "observation_nats": loss.observation.item(),
                "kl_nats": loss.kl.item(),
            }
            history.append(row)
            if on_update is not None:
                on_update(update, row)
    wall_s = coder.wall_s + time.perf_counter() - started
    return Training(model.eval(), config.updates, int(data.lengths.sum()), wall_s, None, history)


def tape(data: Encoded) -> ReplayBuffer:
    """All encoded episodes one after the other, every reward 1."""
    _, _, latent_dim = data.latents.shape
    rows = int(data.lengths.sum()) + len(data.lengths)
    buffer = ReplayBuffer(rows, (latent_dim,), data.actions.shape[-1])
    for latents, actions, steps in zip(data.latents, data.actions, data.lengths.tolist(), strict=True):
        buffer.add(Episode(latents[: steps + 1], actions[:steps], torch.ones(steps), terminated=True))
    return buffer
