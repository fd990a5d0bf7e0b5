"""The replay buffer: one long tape of steps, from which training windows are cut."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor

from wmcourse.data.episode import Episode


class Batch(NamedTuple):
    """Windows of experience. At each step: the action that led here, and what was found here."""

    action: Float[Tensor, "batch time action"]
    observation: Float[Tensor, "batch time *observation"]
    reward: Float[Tensor, "batch time"]
    continues: Float[Tensor, "batch time"]
    """0 where the observation is terminal."""
    is_first: Bool[Tensor, "batch time"]
    """True where the belief starts afresh: an episode's first step, or the window's. Its action is all zeros."""


class ReplayBuffer:
    """A ring of the last `capacity` steps of experience."""

    def __init__(self, capacity: int, observation_shape: tuple[int, ...], action_dim: int) -> None:
        self.capacity = capacity
        self._tape = Batch(
            action=torch.zeros(capacity, action_dim),
            observation=torch.zeros(capacity, *observation_shape),
            reward=torch.zeros(capacity),
            continues=torch.zeros(capacity),
            is_first=torch.zeros(capacity, dtype=torch.bool),
        )
        self._written = 0

    def __len__(self) -> int:
        """Number of steps held."""
        return min(self._written, self.capacity)

    def add(self, episode: Episode) -> None:
        """Append an episode of T steps as T+1 rows; the oldest rows make room. It must fit the capacity."""
        rows = len(episode) + 1
        if rows > self.capacity:
            raise ValueError(f"an episode of {rows} rows does not fit a buffer of {self.capacity}")
        where = (self._written + torch.arange(rows)) % self.capacity
        none = torch.zeros(1)
        self._tape.action[where] = torch.cat([none.expand(1, episode.actions.shape[1]), episode.actions])
        self._tape.observation[where] = episode.observations
        self._tape.reward[where] = torch.cat([none, episode.rewards])
        self._tape.continues[where] = episode.continues
        self._tape.is_first[where] = torch.arange(rows) == 0
        self._written += rows

    def sample(
        self, batch_size: int, length: int, generator: Generator | None = None, *, newest: int | None = None
    ) -> Batch:
        """Cut `batch_size` windows of `length` consecutive steps, uniformly; a window may span several episodes.

        With `newest`, every second window is cut from the last `newest` steps instead, so that what was just found
        out is learned before the policy moves on. Raises `ValueError` if fewer than `length` steps are held.
        """
        held = len(self)
        if held < length:
            raise ValueError(f"a window of {length} steps needs as many in the buffer, which holds {held}")
        pool = torch.full((batch_size, 1), held)
        if newest is not None:
            pool[::2] = min(held, max(newest, length))
        chosen = torch.rand(batch_size, 1, dtype=torch.float64, generator=generator) * (pool - length + 1)
        start = self._written - pool + chosen.long()
        where = (start + torch.arange(length)) % self.capacity
        batch = Batch(*(field[where] for field in self._tape))
        batch.is_first[:, 0] = True
        batch.action[:, 0] = 0.0
        return batch
