"""Episodes of pictures, kept as bytes: four times smaller than floats, and on disk smaller still."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Generator, Tensor

from wmcourse.data.episode import Episode
from wmcourse.data.replay import Batch


@dataclass(frozen=True)
class FrameEpisodes:
    """N episodes one after the other: T_n + 1 rows each, the action of a row being the one that led to it."""

    frames: UInt8[Tensor, "rows channel height width"]
    states: Float[Tensor, "rows state"]
    """What was hidden from the camera."""
    actions: Float[Tensor, "rows action"]
    """One-hot; zeros in an episode's first row."""
    lengths: Int[Tensor, " episodes"]
    """(N,): steps T_n."""
    terminated: Bool[Tensor, " episodes"]
    """(N,): False if the episode was merely cut off."""

    def __post_init__(self) -> None:
        rows = int(self.lengths.sum()) + len(self.lengths)
        if not len(self.frames) == len(self.states) == len(self.actions) == rows:
            held = (len(self.frames), len(self.states), len(self.actions))
            raise ValueError(f"{len(self.lengths)} episodes of these lengths need {rows} rows; got {held}")

    def __len__(self) -> int:
        """Number of episodes N."""
        return len(self.lengths)

    @property
    def firsts(self) -> Int[Tensor, " episodes"]:
        """(N,): the row in which each episode starts."""
        ends = (self.lengths + 1).cumsum(0)
        return ends - self.lengths - 1

    def stacks(self, rows: Int[Tensor, "*batch"], count: int) -> Float[Tensor, "*batch frame height width"]:
        """What a camera of `count` frames sees at `rows`, in [0, 1], the newest last; an episode's first one repeats.

        Raises:
            ValueError: two or more frames of a color camera are asked for.
        """
        if count > 1 and self.frames.shape[1] > 1:
            raise ValueError(f"frames of {self.frames.shape[1]} channels are not stacked; ask for one of them")
        start = self.firsts[torch.searchsorted(self.firsts, rows, right=True) - 1]
        back = [torch.maximum(rows - age, start) for age in range(count - 1, -1, -1)]
        return torch.cat([self.frames[at] for at in back], dim=-3).float() / 255.0

    def episodes(self, *, stack: int = 1) -> list[Episode]:
        """Each as an `Episode` of frames in [0, 1], every reward 1."""
        return [self._episode(self.stacks(rows, stack), rows, ended) for rows, ended in self._rows()]

    def state_episodes(self) -> list[Episode]:
        """The same episodes as someone sees them who is shown the states."""
        return [self._episode(self.states[rows], rows, ended) for rows, ended in self._rows()]

    def sample(self, batch_size: int, length: int, generator: Generator | None = None) -> Batch:
        """Windows of `length` rows as `ReplayBuffer.sample` cuts them, frames in [0, 1], every reward 1.

        Raises:
            ValueError: there are fewer than `length` rows.
        """
        rows, firsts = len(self.frames), self.firsts
        if rows < length:
            raise ValueError(f"a window of {length} rows needs as many; these episodes have {rows}")
        start = (torch.rand(batch_size, 1, generator=generator) * (rows - length + 1)).long()
        where = start + torch.arange(length)
        is_first = torch.isin(where, firsts)
        ends = (firsts + self.lengths)[self.terminated]
        is_first[:, 0] = True
        action = self.actions[where]
        action[:, 0] = 0.0
        frames = self.frames[where].float() / 255.0
        return Batch(action, frames, torch.ones(batch_size, length), (~torch.isin(where, ends)).float(), is_first)

    def save(self, path: Path) -> None:
        """Write a compressed `.npz` file."""
        np.savez_compressed(
            path, allow_pickle=False, **{each.name: getattr(self, each.name).numpy() for each in fields(self)}
        )

    @classmethod
    def load(cls, path: Path) -> "FrameEpisodes":
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(**{each.name: torch.from_numpy(stored[each.name]) for each in fields(cls)})

    @classmethod
    def join(cls, parts: Sequence["FrameEpisodes"]) -> "FrameEpisodes":
        """All episodes of several sets in one."""
        return cls(**{each.name: torch.cat([getattr(part, each.name) for part in parts]) for each in fields(cls)})

    def _rows(self) -> Iterator[tuple[Int[Tensor, " steps_plus_one"], bool]]:
        for first, length, ended in zip(
            self.firsts.tolist(), self.lengths.tolist(), self.terminated.tolist(), strict=True
        ):
            yield torch.arange(first, first + length + 1), ended

    def _episode(self, observations: Tensor, rows: Tensor, ended: bool) -> Episode:
        return Episode(observations, self.actions[rows[1:]], torch.ones(len(rows) - 1), terminated=ended)
