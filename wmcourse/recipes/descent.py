"""Gradient descent on one module: the loop that every recipe but the Dreamers' shares."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from wmcourse.nets.optimize import clipped_step, hold_then_fall
from wmcourse.recipes.history import OnUpdate, Row

Loss = tuple[Tensor, dict[str, Any]]
"""What an update minimizes, and the numbers to note of it."""


@dataclass(frozen=True)
class Descent:
    """How long, how fast; a recipe's Config adds what it trains, and on what."""

    seed: int = 0
    updates: int = 1000
    batch_size: int = 32
    lr: float = 1e-3
    hold: float = 0.5
    """Share of the training before the learning rate begins to fall linearly."""
    final_lr: float = 0.02
    """Share of the learning rate at which it stops falling."""
    clip: float = 100.0
    """Largest norm of a gradient."""
    log_every: int = 100
    """Updates between two rows of the history."""


def descend(
    module: nn.Module,
    step: Callable[[int], Loss],
    config: Descent,
    *,
    name: str,
    progress: bool = True,
    on_update: OnUpdate | None = None,
) -> list[Row]:
    """Minimize the loss of each `step` by Adam and return the history; the last weights are kept."""
    started = time.perf_counter()
    optimizer = torch.optim.Adam(module.parameters())
    history: list[Row] = []
    for update in tqdm(range(1, config.updates + 1), disable=not progress, desc=name, unit="update"):
        share = hold_then_fall(update, config.updates, hold=config.hold, final=config.final_lr)
        optimizer.param_groups[0]["lr"] = config.lr * share
        loss, noted = step(update)
        clipped_step(optimizer, loss, module, clip=config.clip)
        if update % config.log_every == 0 or update == config.updates:
            row: Row = {"update": update, "wall_s": time.perf_counter() - started}
            row |= {key: value.item() if isinstance(value, Tensor) else value for key, value in noted.items()}
            history.append(row)
            if on_update is not None:
                on_update(update, row)
    return history
