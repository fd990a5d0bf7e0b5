"""Networks that read an action off two embeddings, and episodes, for exercise 14.4."""

from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor, nn

from wmcourse.exercises import CheckFailed, Draw
from wmcourse.exercises.draw import Case
from wmcourse.exercises.failure import describe

CAT = "the network takes one tensor: torch.cat([z_t, z_{t+1}], dim=-1)"


class Inverse(nn.Module):
    """Two embeddings side by side (..., 2 D) to an action (..., A), by `layers`; it refuses anything else."""

    def __init__(self, layers: nn.Module, dim: int) -> None:
        super().__init__()
        self.layers, self.dim = layers, dim

    def forward(self, pair: Any) -> Tensor:
        if not isinstance(pair, Tensor) or pair.dim() == 0 or pair.shape[-1] != 2 * self.dim:
            wanted = f"two embeddings side by side for the network, (..., {2 * self.dim})"
            raise CheckFailed(wanted, describe(pair), CAT)
        return self.layers(pair)


def inverse(kind: str, draw: Draw, dim: int, action: int) -> Callable[[Tensor], Tensor]:
    """A "linear" one, a "deep" one in evaluation mode with a frozen layer, or a "function"."""
    if kind == "function":
        weight = draw.normal(2 * dim, action)
        return lambda pair: (pair @ weight).tanh()
    layers: nn.Module = nn.Linear(2 * dim, action)
    if kind == "deep":
        hidden = nn.Linear(2 * dim, 9)
        hidden.bias.requires_grad_(False)
        layers = nn.Sequential(hidden, nn.LayerNorm(9), nn.ELU(), nn.Dropout(), nn.Linear(9, action)).eval()
    network = Inverse(layers, dim)
    for parameter in network.parameters():
        parameter.data = draw.normal(*parameter.shape) / parameter[0].numel() ** 0.5
    return network


def episodes(draw: Draw) -> Iterator[Case]:
    """Networks of several kinds, small and large embeddings, a single episode, a single step, a single number."""
    for (batch, time, dim, action), kind, scale in (
        ((2, 4, 3, 1), "linear", 1.0),
        ((5, 3, 6, 2), "deep", 1.0),
        ((1, 5, 2, 3), "linear", 30.0),
        ((3, 1, 4, 5), "deep", 0.03),
        ((4, 6, 1, 2), "linear", 1.0),
        ((1, 1, 5, 4), "deep", 3.0),
        ((6, 2, 5, 3), "function", 1.0),
    ):
        yield {
            "inverse": inverse(kind, draw, dim, action),
            "embeddings": draw.normal(batch, time + 1, dim, scale=scale),
            "actions": draw.normal(batch, time, action),
        }
