"""What plans are scored by, where the best plan is known."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from wmcourse.planning import Box

Score = Callable[[Tensor], Tensor]


@pytest.fixture
def box() -> Box:
    """Three numbers, each with bounds of its own."""
    return Box([-1.0, 0.0, -30.0], [1.0, 10.0, -10.0])


@pytest.fixture
def hill() -> Callable[[Tensor, Box], Score]:
    """Minus the squared distance from `target` (B, H, A), in halves of the box: each problem has its own top."""

    def make(target: Tensor, box: Box) -> Score:
        return lambda plans: -((plans - target[:, None]) / box.half).square().sum((-1, -2))

    return make


@pytest.fixture
def seeded() -> Callable[[int], torch.Generator]:
    return lambda seed: torch.Generator().manual_seed(seed)
