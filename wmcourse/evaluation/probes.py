"""Probes: what can be read off a representation that was never trained to hold it (Alain & Bengio 2016)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from wmcourse.evaluation.statistics import Interval, resample
from wmcourse.nets.mlp import Normalizer, mlp
from wmcourse.nets.optimize import hold_then_fall


class Probe(nn.Module):
    """A regression from features (*batch, F) to quantities (*batch, D) in their own units."""

    def __init__(self, features: Normalizer, network: nn.Module, quantities: Normalizer) -> None:
        super().__init__()
        self.features, self.network, self.quantities = features, network, quantities

    def forward(self, features: Float[Tensor, "*batch feature"]) -> Float[Tensor, "*batch quantity"]:
        """Read."""
        return self.quantities.inverse(self.network(self.features(features)))


def linear_probe(features: Float[Tensor, "rows feature"], quantities: Float[Tensor, "rows quantity"]) -> Probe:
    """Least squares with an intercept."""
    inputs, outputs = _scales(features, quantities)
    layer = nn.Linear(features.shape[1], quantities.shape[1]).requires_grad_(False)
    one = torch.ones(len(features), 1, dtype=torch.float64)
    design = torch.cat([inputs(features).double(), one], dim=1)
    solution = torch.linalg.lstsq(design, outputs(quantities).double(), driver="gelsd").solution.float()
    layer.weight.copy_(solution[:-1].T)
    layer.bias.copy_(solution[-1])
    return Probe(inputs, layer, outputs)


@dataclass(frozen=True)
class ProbeTraining:
    """How `mlp_probe` is trained."""

    hidden_dim: int = 128
    updates: int = 3000
    batch_size: int = 256
    lr: float = 2e-3


@torch.enable_grad()
def mlp_probe(
    features: Float[Tensor, "rows feature"],
    quantities: Float[Tensor, "rows quantity"],
    *,
    seed: int = 0,
    training: ProbeTraining | None = None,
) -> Probe:
    """Two hidden layers, trained on the squared error of the standardized quantities."""
    how = ProbeTraining() if training is None else training
    generator = Generator().manual_seed(seed)
    inputs, outputs = _scales(features, quantities)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = mlp(features.shape[1], how.hidden_dim, quantities.shape[1], layers=2)
    x, y = inputs(features), outputs(quantities)
    optimizer = torch.optim.Adam(network.parameters())
    for update in range(1, how.updates + 1):
        optimizer.param_groups[0]["lr"] = how.lr * hold_then_fall(update, how.updates, hold=0.0, final=0.0)
        rows = torch.randint(len(x), (how.batch_size,), generator=generator)
        loss = (network(x[rows]) - y[rows]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return Probe(inputs, network.requires_grad_(False), outputs)


@torch.no_grad()
def r_squared(
    probe: Probe,
    features: Float[Tensor, "rows feature"],
    quantities: Float[Tensor, "rows quantity"],
    episode: Tensor,
    *,
    resamples: int = 500,
) -> list[Interval]:
    """Share of the variance of each quantity that the probe explains, bootstrap intervals over episodes.

    1 is perfect, 0 as good as always saying the mean. `episode` (rows,) says which one each row belongs to.
    """
    residual = (probe(features) - quantities).double().square()
    spread = (quantities - quantities.mean(0)).double().square()
    count = int(episode.max()) + 1
    missed, total = (
        torch.zeros(count, part.shape[1]).double().index_add_(0, episode, part) for part in (residual, spread)
    )
    picks = torch.from_numpy(resample(count, resamples=resamples))
    drawn = 1 - missed[picks].sum(1) / total[picks].sum(1)  # (resamples, D)
    bounds = drawn.quantile(torch.tensor([0.025, 0.975]).double(), dim=0)
    value = 1 - missed.sum(0) / total.sum(0)
    return [Interval(*row) for row in zip(value.tolist(), *bounds.tolist(), strict=True)]


def _scales(features: Tensor, quantities: Tensor) -> tuple[Normalizer, Normalizer]:
    inputs, outputs = Normalizer((features.shape[1],)), Normalizer((quantities.shape[1],))
    inputs.fit(features)
    outputs.fit(quantities)
    return inputs, outputs
