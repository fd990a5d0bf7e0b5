"""An attentive probe: what can be read off a frozen encoder's tokens by one that may choose where to look.

V-JEPA is judged so (Bardes et al. 2024, section 4.2): a learned query, a layer of cross-attention, a small network.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from wmcourse.evaluation.probes import Probe, r_squared
from wmcourse.evaluation.statistics import Interval
from wmcourse.nets.mlp import Normalizer
from wmcourse.nets.optimize import hold_then_fall


@dataclass(frozen=True)
class AttentiveTraining:
    """How the probe is built and trained."""

    width: int = 64
    heads: int = 4
    updates: int = 600
    batch_size: int = 64
    lr: float = 2e-3


class AttentivePool(nn.Module):
    """Tokens (batch, token, feature), normalized, to quantities (batch, quantity), normalized."""

    def __init__(self, features: int, quantities: int, width: int, heads: int) -> None:
        super().__init__()
        self.enter = nn.Linear(features, width)
        self.query = nn.Parameter(0.02 * torch.randn(quantities, width))
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.network = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, 1)
        )

    def forward(self, tokens: Float[Tensor, "batch token feature"]) -> Float[Tensor, "batch quantity"]:
        """A query for each quantity; what it finds is read by a network that all share."""
        entered = self.enter(tokens)
        found, _ = self.attention(self.query.expand(len(tokens), -1, -1), entered, entered, need_weights=False)
        return self.network(self.query + found).squeeze(-1)


class AttentiveProbe(nn.Module):
    """A regression from tokens to quantities in their own units."""

    def __init__(self, features: Normalizer, network: AttentivePool, quantities: Normalizer) -> None:
        super().__init__()
        self.features, self.network, self.quantities = features, network, quantities

    @torch.no_grad()
    def forward(self, tokens: Float[Tensor, "batch token feature"]) -> Float[Tensor, "batch quantity"]:
        """Read, a few clips at a time."""
        parts = [self.network(self.features(part)) for part in tokens.split(100)]
        return self.quantities.inverse(torch.cat(parts))


@torch.enable_grad()
def attentive_probe(
    tokens: Float[Tensor, "clip token feature"],
    quantities: Float[Tensor, "clip quantity"],
    *,
    seed: int = 0,
    training: AttentiveTraining | None = None,
) -> AttentiveProbe:
    """Trained on the squared error of the standardized quantities."""
    how = AttentiveTraining() if training is None else training
    generator = Generator().manual_seed(seed)
    inputs, outputs = Normalizer((tokens.shape[-1],)), Normalizer((quantities.shape[1],))
    inputs.fit(tokens.flatten(0, 1))
    outputs.fit(quantities)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = AttentivePool(tokens.shape[-1], quantities.shape[1], how.width, how.heads)
    y = outputs(quantities)
    optimizer = torch.optim.Adam(network.parameters())
    for update in range(1, how.updates + 1):
        optimizer.param_groups[0]["lr"] = how.lr * hold_then_fall(update, how.updates, hold=0.0, final=0.0)
        rows = torch.randint(len(tokens), (how.batch_size,), generator=generator)
        loss = (network(inputs(tokens[rows])) - y[rows]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return AttentiveProbe(inputs, network.requires_grad_(False), outputs)


def explained(
    predicted: Float[Tensor, "rows quantity"], quantities: Float[Tensor, "rows quantity"], episode: Tensor
) -> list[Interval]:
    """R2 of predictions, whatever they were read from, as `r_squared` has it."""
    shape = (quantities.shape[1],)
    return r_squared(Probe(Normalizer(shape), nn.Identity(), Normalizer(shape)), predicted, quantities, episode)
