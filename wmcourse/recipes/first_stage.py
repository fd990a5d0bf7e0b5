"""What all recipes of CartPole's pictures begin with: random episodes, and an autoencoder in whose code they work."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from wmcourse.data.frames import FrameEpisodes
from wmcourse.data.seeds import TrainingSeeds
from wmcourse.models.autoencoder import Autoencoder, AutoencoderConfig
from wmcourse.recipes import autoencoder
from wmcourse.recipes.autoencoder import cached_autoencoder
from wmcourse.recipes.descent import Descent
from wmcourse.recipes.pixel_episodes import pixel_episodes


@dataclass(frozen=True)
class FirstStage(Descent):
    """What decides it, beside the autoencoder's own configuration; the second stage descends as this says."""

    seed: int = 30
    """The smaller ones were for tuning."""
    episodes: int = 2500
    """Random episodes, about 58,000 pictures."""
    autoencoder_updates: int = 2000


class Encoded(NamedTuple):
    """Episodes in the code of an autoencoder, padded with zeros."""

    latents: Float[Tensor, "batch steps latent"]
    actions: Float[Tensor, "batch time action"]
    lengths: Int[Tensor, " batch"]


def first_stage(
    config: FirstStage, coder: AutoencoderConfig, *, progress: bool = True
) -> tuple[autoencoder.Trained, Encoded]:
    """The autoencoder, and the training episodes in its code; both come from the cache if they are there."""
    data = pixel_episodes(config.episodes, seed=TrainingSeeds(config.seed).next(), progress=progress)
    how = autoencoder.Config(seed=config.seed, updates=config.autoencoder_updates, model=coder)
    trained = cached_autoencoder(how, data, progress=progress)
    return trained, encode(trained.module, data)


@torch.no_grad()
def encode(coder: Autoencoder, data: FrameEpisodes) -> Encoded:
    """All episodes in the autoencoder's code."""
    rows = torch.arange(len(data.frames))
    latents = torch.cat([coder.encode(data.stacks(part, coder.config.frames)) for part in rows.split(500)])
    sizes = (data.lengths + 1).tolist()
    return Encoded(
        pad_sequence(list(latents.split(sizes)), batch_first=True),
        pad_sequence([part[1:] for part in data.actions.split(sizes)], batch_first=True),
        data.lengths,
    )
