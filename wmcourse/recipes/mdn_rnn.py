"""Recipe of the dream line's memory: an MDN-RNN in the code of a VAE (Ha & Schmidhuber 2018, section 2.2)."""

import time
from dataclasses import dataclass, field, replace

import torch
from torch import Generator

from wmcourse.models.mdn_rnn import MDNRNN, MDNRNNConfig
from wmcourse.nets.half import round_to_half
from wmcourse.recipes.cache import fingerprint
from wmcourse.recipes.descent import Descent, Loss, descend
from wmcourse.recipes.encoded_games import encode_games, sequences
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
