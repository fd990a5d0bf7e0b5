"""What a vision transformer sees of a clip: tubelets, and where each of them is."""

import torch
from jaxtyping import Float
from torch import Tensor

SLOWEST = 10_000.0
"""Of the wavelengths, over the fastest one (Vaswani et al. 2017)."""


def tubelets(
    clip: Float[Tensor, "batch frame height width"], size: tuple[int, int, int]
) -> Float[Tensor, "batch token pixel"]:
    """Cut clips into blocks of `size` = (frames, rows, columns) pixels; counted frame by frame, row by row."""
    frames, rows, columns = size
    parts = clip.unflatten(3, (-1, columns)).unflatten(2, (-1, rows)).unflatten(1, (-1, frames))
    return parts.permute(0, 1, 3, 5, 2, 4, 6).flatten(4).flatten(1, 3)


def clips(
    tokens: Float[Tensor, "batch token pixel"], grid: tuple[int, int, int], size: tuple[int, int, int]
) -> Float[Tensor, "batch frame height width"]:
    """Put tubelets together again."""
    parts = tokens.unflatten(1, grid).unflatten(4, size)  # (B, T, H, W, t, h, w)
    return parts.permute(0, 1, 4, 2, 5, 3, 6).flatten(5, 6).flatten(3, 4).flatten(1, 2)


def places(grid: tuple[int, int, int], width: int) -> Float[Tensor, "token width"]:
    """Fixed sines and cosines of a token's frame, row and column: a quarter, and twice three eighths, of `width`.

    Raises:
        ValueError: `width` is no multiple of 16.
    """
    if width % 16:
        raise ValueError(f"a width that frame, row and column can share is a multiple of 16, got {width}")
    shares = (width // 4, 3 * width // 8, 3 * width // 8)
    axes = [waves(torch.arange(length), share) for length, share in zip(grid, shares, strict=True)]
    frames, rows, columns = grid
    whole = (
        axes[0][:, None, None].expand(-1, rows, columns, -1),
        axes[1][None, :, None].expand(frames, -1, columns, -1),
        axes[2][None, None, :].expand(frames, rows, -1, -1),
    )
    return torch.cat(whole, dim=-1).flatten(0, 2)


def waves(position: Tensor, width: int) -> Float[Tensor, "position width"]:
    """Sines, then cosines, of positions at `width` / 2 frequencies."""
    frequency = SLOWEST ** -(torch.arange(width // 2) / (width / 2))
    angle = position[:, None] * frequency
    return torch.cat([angle.sin(), angle.cos()], dim=-1)
