"""Games of Dodge in the code of a VAE, as sequences to learn from and to be scored on."""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor
from torch.nn.utils.rnn import pad_sequence

from wmcourse.data.games import GameLog
from wmcourse.models.vae import VAE
from wmcourse.nets.noise import normal


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


@torch.no_grad()
def encode_games(vae: VAE, log: GameLog) -> EncodedGames:
    """All games in the code of a VAE."""
    rows = np.array_split(np.arange(len(log.scenes.x)), max(1, len(log.scenes.x) // 500))
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
