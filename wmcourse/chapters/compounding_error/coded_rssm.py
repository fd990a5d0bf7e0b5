"""Recipe: the RSSM of chapter 08 on CartPole's pictures, in the code of an autoencoder like the latent dynamics."""

import time
from dataclasses import dataclass, field

import torch
from torch import Generator

from wmcourse.data.episode import Episode
from wmcourse.data.replay import ReplayBuffer
from wmcourse.models.coded_rssm import CodedRSSM, CodedRSSMConfig
from wmcourse.recipes.descent import Loss, descend
from wmcourse.recipes.first_stage import Encoded, FirstStage, first_stage
from wmcourse.recipes.history import OnUpdate
from wmcourse.recipes.measure_pixels import pixel_recipe
from wmcourse.recipes.recipe import Training


@dataclass(frozen=True)
class Config(FirstStage):
    """Everything that decides the result."""

    updates: int = 2000
    length: int = 20
    """Steps per window."""
    lr: float = 2e-3
    model: CodedRSSMConfig = field(default_factory=CodedRSSMConfig)


def train(config: Config, *, progress: bool = True, on_update: OnUpdate | None = None) -> Training:
    """The autoencoder, then the negative evidence lower bound of encoded windows; the last weights are kept."""
    coder, data = first_stage(config, config.model.autoencoder, progress=progress)
    buffer = tape(data)
    started = time.perf_counter()
    torch.manual_seed(config.seed)
    model, generator = CodedRSSM(config.model), Generator().manual_seed(config.seed)
    model.autoencoder.load_state_dict(coder.module.state_dict())

    def step(update: int) -> Loss:
        loss = model.rssm.loss(buffer.sample(config.batch_size, config.length, generator))
        return loss.total, {"observation_nats": loss.observation, "kl_nats": loss.kl}

    history = descend(model.rssm, step, config, name="rssm", progress=progress, on_update=on_update)
    wall_s = coder.wall_s + time.perf_counter() - started
    return Training(model.eval(), config.updates, int(data.lengths.sum()), wall_s, history)


def tape(data: Encoded) -> ReplayBuffer:
    """All encoded episodes one after the other, every reward 1."""
    _, _, latent_dim = data.latents.shape
    rows = int(data.lengths.sum()) + len(data.lengths)
    buffer = ReplayBuffer(rows, (latent_dim,), data.actions.shape[-1])
    for latents, actions, steps in zip(data.latents, data.actions, data.lengths.tolist(), strict=True):
        buffer.add(Episode(latents[: steps + 1], actions[:steps], torch.ones(steps), terminated=True))
    return buffer


CODED_RSSM = pixel_recipe(
    name="coded-rssm",
    description="Gaussian RSSM of CartPole's pictures, in the code of an autoencoder",
    config=Config(),
    build=lambda config: CodedRSSM(config.model),
    train=train,
    shares=("autoencoder",),
)
