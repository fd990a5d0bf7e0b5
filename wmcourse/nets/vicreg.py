"""What keeps embeddings from collapsing: the variance and covariance terms of VICReg (Bardes, Ponce & LeCun 2022)."""

import torch
from jaxtyping import Float
from torch import Tensor

EPSILON = 1e-4
"""Added to a variance before its root, whose gradient at 0 would be infinite."""


def variance_term(embeddings: Float[Tensor, "rows latent"], margin: float = 1.0) -> Float[Tensor, ""]:
    """How far each dimension's standard deviation over the rows falls short of `margin`, on average (eq. 1)."""
    std = (embeddings.var(dim=0) + EPSILON).sqrt()
    return (margin - std).clamp_min(0).mean()


def covariance_term(embeddings: Float[Tensor, "rows latent"]) -> Float[Tensor, ""]:
    """Mean square of the covariances between different dimensions over the rows.

    Equation 3 divides the sum by D; here it is divided by D (D - 1), the number of pairs, as in EB-JEPA.
    """
    rows, dim = embeddings.shape
    centered = embeddings - embeddings.mean(dim=0)
    covariance = centered.T @ centered / (rows - 1)
    between = ~torch.eye(dim, dtype=torch.bool, device=embeddings.device)
    return covariance[between].square().sum() / max(1, dim * (dim - 1))
