"""Recipe of a data set: short clips of CartPole, from states and with pushes drawn at random, kept in the cache."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from wmcourse.envs.cartpole import cartpole_dynamics
from wmcourse.envs.cartpole_pixels import Camera
from wmcourse.recipes.cache import cached, fingerprint

SHARD = 500
"""Clips that are made, and can be resumed, at a time."""
STRIDE = 2
"""Steps of 0.02 s from one frame to the next: things move by up to two pixels."""
SPREAD = (0.8, 1.5, 0.35, 2.0)
"""Largest position (m), speed (m/s), angle (rad) and angular speed (rad/s) at the start, each drawn alone: where a
thing is then says nothing of how it moves. Later the pole's angle does a little, for it falls to its own side."""


@dataclass(frozen=True)
class Clips:
    """N clips of T frames."""

    frames: UInt8[Tensor, "clip frame 64 64"]
    states: Float[Tensor, "clip frame 4"]
    """What was hidden from the camera."""

    def __len__(self) -> int:
        """Number of clips N."""
        return len(self.frames)

    def sample(self, count: int, generator: Generator) -> Float[Tensor, "count frame 64 64"]:
        """Some of the clips in [0, 1]; about half of them mirrored, for the track looks the same from behind."""
        rows = torch.randint(len(self), (count,), generator=generator)
        mirrored = torch.rand(count, generator=generator) < 0.5
        some = self.frames[rows].float() / 255.0
        return torch.where(mirrored[:, None, None, None], some.flip(-1), some)

    def save(self, path: Path) -> None:
        """Write a compressed `.npz` file."""
        np.savez_compressed(path, allow_pickle=False, frames=self.frames.numpy(), states=self.states.numpy())

    @classmethod
    def load(cls, path: Path) -> "Clips":
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(torch.from_numpy(stored["frames"]), torch.from_numpy(stored["states"]))


def cartpole_clips(count: int, *, frames: int, seed: int) -> Clips:
    """Clips from the cache, or made and put there; the first ones are the same however many are asked for."""
    look = fingerprint(__name__, frames)
    parts = []
    for number in range(-(-count // SHARD)):
        draw = Generator().manual_seed(1000 * seed + number)
        file = f"cartpole-clips/{look}-{seed}-{number}.npz"
        parts.append(cached(file, lambda draw=draw: film(SHARD, frames, draw), Clips.save, Clips.load))  # type: ignore[misc]
    return Clips(torch.cat([part.frames for part in parts])[:count], torch.cat([part.states for part in parts])[:count])


def film(count: int, frames: int, generator: Generator) -> Clips:
    """Start anywhere, push at random at each step, and take a picture of every other state; no clip ends early."""
    state = (2 * torch.rand(count, 4, generator=generator) - 1) * torch.tensor(SPREAD)
    kept = [state]
    for _ in range(frames - 1):
        for _ in range(STRIDE):
            push = one_hot(torch.randint(2, (count,), generator=generator), 2).float()
            state = cartpole_dynamics(state, push)
        kept.append(state)
    states = torch.stack(kept, dim=1)
    return Clips(Camera()(states).squeeze(2), states)
