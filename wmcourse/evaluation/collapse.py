"""Collapse monitors: how much of its room an embedding uses."""

import torch
from jaxtyping import Float
from torch import Tensor


def dimension_std(embeddings: Float[Tensor, "rows latent"]) -> Float[Tensor, " latent"]:
    """Standard deviation of each dimension over the rows: all near 0 after a complete collapse."""
    return embeddings.std(dim=0)


def effective_rank(embeddings: Float[Tensor, "rows latent"]) -> float:
    """How many directions the centered rows really use: exp of the entropy of the normalized singular values.

    Between 1 and D (Roy & Vetterli 2007; RankMe, Garrido et al. 2023, does not center). A scale that is common to all
    dimensions does not change it, so that it has to be read together with `dimension_std`. 0 if all rows are equal.
    """
    apart = (embeddings - embeddings[0]).double()  # exactly 0 where rows are equal
    values = torch.linalg.svdvals(apart - apart.mean(dim=0))
    total = values.sum()
    if total == 0:
        return 0.0
    shares = values / total
    return float(torch.special.entr(shares).sum().exp())
