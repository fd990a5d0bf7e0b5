"""Half precision: weights that fit into two bytes, so that a page can carry them."""

import torch
from torch import nn


@torch.no_grad()
def round_to_half(module: nn.Module) -> None:
    """Round every parameter to the nearest number that 16 bits hold; it stays a 32-bit float, and is computed as one.

    Raises:
        ValueError: a parameter is too large for 16 bits (65,504), or not finite.
    """
    for name, parameter in module.named_parameters():
        rounded = parameter.half().float()
        if not torch.isfinite(rounded).all():
            raise ValueError(f"{name} does not fit into 16 bits: its largest number is {parameter.abs().max():.3g}")
        parameter.copy_(rounded)
