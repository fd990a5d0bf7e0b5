"""Recipe of the dream line's memory: an MDN-RNN in the code of a VAE (Ha & Schmidhuber 2018, section 2.2)."""

import time
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor
from torch.nn.utils.rnn import pad_sequence

from wmcourse.data.games import GameLog
from wmcourse.models.mdn_rnn import MDNRNN, MDNRNNConfig
from wmcourse.models.vae import VAE
from wmcourse.nets.half import round_to_half
from wmcourse.nets.noise import normal
from wmcourse.recipes.cache import fingerprint
from wmcourse.recipes.descent import Descent, Loss, descend
from wmcourse.recipes.history import OnUpdate
from wmcourse.recipes.kept import cached_training
from wmcourse.recipes.recipe import Training
from wmcourse.recipes.vae import VAETraining, cached_vae, training_games

ENDING_WEIGHT = 8.0
"""Of the cross-entropy of the end, beside the nats of all latents: one bit a game against 32 numbers a step."""


@dataclass(frozen=True)
class MDNTraining(Descent):
    """Everything that decides the result, beside the VAE."""

    seed: int = 40
    updates: int = 3500
    batch_size: int = 32
    """Games."""
    length: int = 64
    """Steps that are used of a game, at most: its first ones."""
    clip: float = 10.0
    log_every: int = 250
    games: int = 4000
    draws_codes: bool = True
    """Learn from codes drawn anew from q(z|x) at each use; else from its means."""
    vision: VAETraining = field(default_factory=VAETraining)
    """Its seed is this training's."""
    model: MDNRNNConfig = field(default_factory=MDNRNNConfig)


class EncodedGames(NamedTuple):
    """Games in the code of a VAE, padded with zeros."""

    mean: Float[Tensor, "game steps latent"]
    log_variance: Float[Tensor, "game steps latent"]
    actions: Float[Tensor, "game time action"]
    lengths: Int[Tensor, " game"]
    died: Bool[Tensor, " game"]


class Sequences(NamedTuple):
    """What `MDNRNN.loss` takes."""

    latents: Float[Tensor, "batch steps latent"]
    actions: Float[Tensor, "batch time action"]
    continues: Float[Tensor, "batch time"]
    real: Bool[Tensor, "batch time"]


def train(config: MDNTraining, *, progress: bool = True, on_update: OnUpdate | None = None) -> Training:
    """Train the VAE, unless it is in the cache; encode random games; minimize the NLL of their codes."""
    vision = cached_vae(replace(config.vision, seed=config.seed), progress=progress)
    started = time.perf_counter()
    data = encode_games(vision.module, training_games(config.games, config.seed))
    torch.manual_seed(config.seed)
    model, generator = MDNRNN(config.model), Generator().manual_seed(config.seed)
    model.vae.load_state_dict(vision.module.state_dict())

    def step(update: int) -> Loss:
        chosen = torch.randint(len(data.lengths), (config.batch_size,), generator=generator)
        batch = sequences(data, chosen, length=config.length, draws=config.draws_codes, generator=generator)
        loss = model.loss(*batch)
        return loss.nll * config.model.vae.latent_dim + ENDING_WEIGHT * loss.ending, loss._asdict()

    memory = torch.nn.ModuleList([model.lstm, model.mixture, model.goes_on])
    history = descend(memory, step, config, name="mdn-rnn", progress=progress, on_update=on_update)
    round_to_half(model)
    steps = int(data.lengths.sum())
    return Training(model.eval(), config.updates, steps, vision.wall_s + time.perf_counter() - started, history)


def cached_mdn_rnn(config: MDNTraining, *, progress: bool = True) -> Training:
    """`train`, unless the cache holds the result for this `config`."""
    file = f"mdn-rnns/{fingerprint(__name__, config)}.safetensors"
    return cached_training(file, lambda: train(config, progress=progress), lambda: MDNRNN(config.model))


@torch.no_grad()
def encode_games(vae: VAE, log: GameLog) -> EncodedGames:
    """All games in the code of a VAE."""
    rows = np.array_split(np.arange(len(log.scenes.agent)), max(1, len(log.scenes.agent) // 500))
    parts = [vae.posterior(log.observations(part)) for part in rows]
    mean, log_variance = (torch.cat(each) for each in zip(*parts, strict=True))
    steps, actions = log.lengths.tolist(), F.one_hot(torch.from_numpy(log.actions), 3).float()
    frames = [count + 1 for count in steps]
    return EncodedGames(
        pad_sequence(list(mean.split(frames)), batch_first=True),
        pad_sequence(list(log_variance.split(frames)), batch_first=True),
        pad_sequence(list(actions.split(steps)), batch_first=True),
        torch.from_numpy(log.lengths),
        torch.from_numpy(log.died),
    )


def sequences(
    data: EncodedGames, chosen: Int[Tensor, " batch"], *, length: int, draws: bool, generator: Generator | None = None
) -> Sequences:
    """The first `length` steps of the chosen games, their codes drawn from q(z|x) if `draws`, else its means."""
    lengths = data.lengths[chosen].clamp(max=length)
    steps = int(lengths.max())
    latents = data.mean[chosen, : steps + 1]
    if draws:
        latents = latents + torch.exp(0.5 * data.log_variance[chosen, : steps + 1]) * normal(latents, generator)
    time_ = torch.arange(steps)
    last = (time_ == lengths[:, None] - 1) & (data.died & (data.lengths <= length))[chosen, None]
    return Sequences(latents, data.actions[chosen, :steps], 1.0 - last.float(), time_ < lengths[:, None])
