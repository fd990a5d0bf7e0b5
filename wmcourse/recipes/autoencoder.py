"""First stage of the latent-dynamics recipes: an autoencoder for CartPole's pictures, kept in the cache."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Generator

from wmcourse.data.frames import FrameEpisodes
from wmcourse.models.autoencoder import Autoencoder, AutoencoderConfig
from wmcourse.recipes.cache import cached, fingerprint
from wmcourse.recipes.descent import Descent, Loss, descend
from wmcourse.zoo.tensors import digest

FITTED_ON = 5000
"""Pictures that decide what mean 0 and variance 1 are."""


@dataclass(frozen=True)
class Config(Descent):
    """Everything that decides the autoencoder, beside the pictures."""

    updates: int = 2000
    batch_size: int = 128
    standardize: bool = True
    """Draw the difference to the mean picture, in standard deviations; else the pixels as they are."""
    model: AutoencoderConfig = field(default_factory=AutoencoderConfig)


class Trained(NamedTuple):
    """An autoencoder and what it took."""

    module: Autoencoder
    wall_s: float


def train(config: Config, data: FrameEpisodes, *, progress: bool = True) -> Trained:
    """Minimize the reconstruction error of random pictures from `data`."""
    started = time.perf_counter()
    torch.manual_seed(config.seed)
    model, generator = Autoencoder(config.model), Generator().manual_seed(config.seed)
    some = data.stacks(_random_rows(data, FITTED_ON, generator), config.model.frames)
    if config.standardize:
        model.fit_pictures(some)

    def step(update: int) -> Loss:
        pictures = data.stacks(_random_rows(data, config.batch_size, generator), config.model.frames)
        return model.loss(pictures), {}

    descend(model, step, config, name="autoencoder", progress=progress)
    model.fit_latents(some)
    return Trained(model.eval(), time.perf_counter() - started)


def cached_autoencoder(config: Config, data: FrameEpisodes, *, progress: bool = True) -> Trained:
    """`train`, unless the cache holds the result for this `config` and these very pictures."""
    name = fingerprint(__name__, config, digest({"frames": data.frames, "lengths": data.lengths}))

    def save(trained: Trained, path: Path) -> None:
        tensors = {key: value.contiguous() for key, value in trained.module.state_dict().items()}
        save_file(tensors, path, {"wall_s": repr(trained.wall_s)})

    def load(path: Path) -> Trained:
        model = Autoencoder(config.model)
        with safe_open(path, "pt") as stored:
            model.load_state_dict({key: stored.get_tensor(key) for key in stored.keys()})  # noqa: SIM118
            return Trained(model.eval(), float(stored.metadata()["wall_s"]))

    return cached(f"autoencoders/{name}.safetensors", lambda: train(config, data, progress=progress), save, load)


def _random_rows(data: FrameEpisodes, count: int, generator: Generator) -> torch.Tensor:
    return torch.randint(len(data.frames), (count,), generator=generator)
