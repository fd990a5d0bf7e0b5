"""Noise that is drawn where it is used: on the device of a tensor, whichever that is."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Generator, Tensor


def normal(like: Tensor, generator: Generator | None = None) -> Tensor:
    """Standard normal numbers, as many as `like` has and on its device; a generator may sit on another."""
    kind = _kind(like)
    if generator is None:
        return torch.randn(like.shape, device=like.device, dtype=kind)
    return torch.randn(like.shape, generator=generator, device=generator.device, dtype=kind).to(like.device)


def uniform(like: Tensor, generator: Generator | None = None) -> Tensor:
    """Numbers between 0 and 1, as many as `like` has and on its device; a generator may sit on another."""
    kind = _kind(like)
    if generator is None:
        return torch.rand(like.shape, device=like.device, dtype=kind)
    return torch.rand(like.shape, generator=generator, device=generator.device, dtype=kind).to(like.device)


def _kind(like: Tensor) -> torch.dtype:
    """Of floats their own type, else the default one."""
    return like.dtype if like.is_floating_point() else torch.get_default_dtype()


class Stream:
    """A random stream of one's own: draws inside `resumed` go on where it stood, and leave torch's own alone."""

    def __init__(self, device: torch.device) -> None:
        self._gpus = [device] if device.type == "cuda" else []
        self._states = self._now()

    def seed(self, seed: int) -> None:
        """Begin again from `seed`."""
        with torch.random.fork_rng(devices=self._gpus):
            torch.manual_seed(seed)
            self._states = self._now()

    @contextmanager
    def resumed(self) -> Iterator[None]:
        """Draw from this stream, on the CPU and on its device."""
        with torch.random.fork_rng(devices=self._gpus):
            torch.set_rng_state(self._states[0])
            for gpu, state in zip(self._gpus, self._states[1:], strict=True):
                torch.cuda.set_rng_state(state, gpu)
            yield
            self._states = self._now()

    def _now(self) -> list[Tensor]:
        return [torch.get_rng_state(), *(torch.cuda.get_rng_state(gpu) for gpu in self._gpus)]
