"""Pairs of a slow critic and a critic, for exercise 9.4."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor, nn

from wmcourse.exercises import Draw
from wmcourse.exercises.draw import Case


class Critic(nn.Module):
    """Parameters of a convolution, of a normalization, of its own, in layers within layers; and a constant buffer."""

    support: Tensor

    def __init__(self, draw: Draw) -> None:
        super().__init__()
        self.eye = nn.Conv2d(1, 2, 3)
        self.norm = nn.LayerNorm(5)
        self.temperature = nn.Parameter(draw.normal())
        self.tables = nn.ParameterList([draw.normal(2, 3, 4), draw.normal(6)])
        self.head = nn.Sequential(nn.Linear(5, 4), nn.Sequential(nn.ELU(), nn.Linear(4, 1)))
        self.register_buffer("support", draw.normal(7).sort().values)


def small_critic() -> nn.Module:
    """Nine numbers, some of them in layers within layers."""
    return nn.Sequential(nn.Linear(1, 2), nn.Sequential(nn.ELU(), nn.Linear(2, 1), nn.LayerNorm(1)))


def drawn(module: nn.Module, draw: Draw, scale: float) -> nn.Module:
    """The module with parameters that are drawn."""
    for parameter in module.parameters():
        parameter.data = draw.normal(*parameter.shape, scale=scale, mean=0.3 * scale)
    return module


def critics(draw: Draw) -> Iterator[Case]:
    """A few parameters first; then many kinds, frozen or not, a `mix` of 0 and of 1, large numbers and small ones."""
    for critic, mix, scale, trained in (
        (small_critic(), 0.25, 1.0, True),
        (small_critic(), 0.6, 3.0, False),
        (Critic(draw), 0.02, 30.0, False),
        (Critic(draw), 0.0, 1.0, True),
        (Critic(draw), 1.0, 0.01, False),
        (nn.GRUCell(3, 2), 0.4, 300.0, True),
    ):
        slow = drawn(copy.deepcopy(critic), draw, scale).requires_grad_(trained)
        if isinstance(critic, Critic):
            critic.eye.requires_grad_(False)
        yield {"slow": slow, "critic": drawn(critic, draw, scale), "mix": mix}


def look(answer: Callable[..., Any], slow: nn.Module, critic: nn.Module, mix: float) -> dict[str, Any]:
    """What is returned, and whether slow stays a copy."""
    returned = answer(slow, critic, mix)
    shared = {p.data_ptr() for p in slow.parameters()} & {p.data_ptr() for p in critic.parameters()}
    return {"the result": returned, "whether slow holds tensors of its own, none of the critic's": not shared}


def every(
    slow: nn.Module,
    critic: nn.Module,
    becomes: Callable[[Tensor, Tensor], Tensor],
    only: Callable[[str, Tensor], bool] = lambda name, old: True,
) -> None:
    """Each parameter of slow becomes what is said of it and of the critic's of the same name, in double precision."""
    found = dict(critic.named_parameters())
    for name, old in slow.named_parameters():
        if only(name, old):
            old.data.copy_(becomes(old.detach().double(), found[name].detach().double()))
