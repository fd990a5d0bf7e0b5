"""A probabilistic ensemble: networks that say how uncertain they are, and disagree (PETS: Chua et al. 2018)."""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn

from wmcourse.models.protocol import Prediction
from wmcourse.models.validation import check_action, check_look
from wmcourse.nets.latents import Temperature, is_greedy
from wmcourse.nets.mlp import Normalizer
from wmcourse.nets.noise import normal, uniform

VARIANCE_BOUND_WEIGHT = 0.01
"""Of the gap between the two bounds of the log-variance in the loss, as in the authors' code."""


@dataclass(frozen=True)
class EnsembleConfig:
    """Sizes, and how the particles of a belief travel."""

    observation_dim: int = 3
    action_dim: int = 1
    members: int = 5
    hidden_dim: int = 32
    layers: int = 2
    particles: int = 1
    """Particles of a belief that each member carries."""
    propagation: Literal["TSinf", "TS1"] = "TSinf"
    """TS∞: a particle keeps its network for the whole rollout; TS1: it is dealt another one at every step."""


class CloudState(NamedTuple):
    """A belief as a cloud of particles, each a possible world; at a look they all meet in what was seen."""

    observation: Float[Tensor, "batch particle observation"]
    reward: Float[Tensor, "batch particle"]
    """For arriving there."""

    @property
    def features(self) -> Float[Tensor, "batch feature"]:
        """The middle of the cloud."""
        return self.observation.mean(dim=1)


class ProbabilisticEnsemble(nn.Module):
    """p(change of observation, reward | observation, action), by `members` networks with Gaussian outputs.

    Two kinds of uncertainty: the variance that a network predicts (noise in the world: aleatoric), and the difference
    between networks that saw the same world through different samples of it (ignorance: epistemic).
    """

    def __init__(self, config: EnsembleConfig) -> None:
        super().__init__()
        self.config = config
        self.observation_shape: tuple[int, ...] = (config.observation_dim,)
        self.action_dim = config.action_dim
        inputs, outputs = config.observation_dim + config.action_dim, config.observation_dim + 1
        widths = [inputs, *[config.hidden_dim] * config.layers, 2 * outputs]
        self.layers = nn.ModuleList(
            ManyLinear(config.members, before, after) for before, after in zip(widths, widths[1:], strict=False)
        )
        self.inputs, self.outputs = Normalizer((inputs,)), Normalizer((outputs,))
        self.max_log_var = nn.Parameter(torch.full((outputs,), 0.5))
        self.min_log_var = nn.Parameter(torch.full((outputs,), -10.0))

    def initial(self, batch_size: int) -> CloudState:
        """All particles at zero: nothing was seen."""
        shape = (batch_size, self.config.members * self.config.particles)
        zeros = self.max_log_var.new_zeros(*shape, self.config.observation_dim)
        return CloudState(zeros, zeros[..., 0])

    def observe(
        self,
        state: CloudState,
        action: Float[Tensor, "batch action"] | None,
        observation: Float[Tensor, "batch observation"],
        temperature: Temperature = 1.0,
    ) -> CloudState:
        """All particles are where the world was seen. The reward is the one expected for `action`."""
        check_look(self, action, observation)
        here = observation[:, None].expand_as(state.observation)
        if action is None:
            return CloudState(here, torch.zeros_like(state.reward))
        return CloudState(here, self.imagine(state, action, 0.0).reward)

    def imagine(
        self, state: CloudState, action: Float[Tensor, "batch action"], temperature: Temperature = 1.0
    ) -> CloudState:
        """Each particle takes a step of its network: its mean and `temperature` times its standard deviation.

        At temperature 0 nothing is drawn: particles follow the means, and TS1 deals no new networks.
        """
        check_action(self, action)
        seen = state.observation
        greedy = is_greedy(temperature)
        if self.config.propagation == "TS1" and not greedy:
            dealt = uniform(state.reward).argsort(dim=1)
            seen = seen.gather(1, dealt[..., None].expand_as(seen))
        rows = torch.cat([seen, action[:, None].expand(-1, seen.shape[1], -1)], dim=-1)
        mean, log_var = self.predict(self._to_members(rows))
        drawn = mean if greedy else mean + temperature * (0.5 * log_var).exp() * normal(mean)
        step = self._to_particles(self.outputs.inverse(drawn))
        return CloudState(seen + step[..., :-1], step[..., -1])

    def decode(self, state: CloudState) -> Prediction:
        """The means over the particles."""
        return Prediction(state.observation.mean(dim=1), state.reward.mean(dim=1))

    def rewards(self, state: CloudState) -> Float[Tensor, "batch particle"]:
        """What each particle earned by arriving."""
        return state.reward

    def disagreement(self, state: CloudState) -> Float[Tensor, " batch"]:
        """Standard deviation between particles, in units of the usual change in a step, the mean over dimensions."""
        return (state.observation.std(dim=1, correction=0) / self.outputs.std[:-1]).mean(dim=-1)

    def predict(
        self, rows: Float[Tensor, "member row input"]
    ) -> tuple[Float[Tensor, "member row output"], Float[Tensor, "member row output"]]:
        """Mean and log-variance of [change, reward], normalized, from [observation, action] in their own units.

        The log-variance is squeezed softly between two learned bounds (Chua et al. 2018, appendix A.1).
        """
        hidden = self.inputs(rows)
        for layer in self.layers[:-1]:
            hidden = F.elu(layer(hidden))
        mean, raw = self.layers[-1](hidden).chunk(2, dim=-1)
        below = self.max_log_var - F.softplus(self.max_log_var - raw)
        return mean, self.min_log_var + F.softplus(below - self.min_log_var)

    def fit_normalizers(self, rows: Float[Tensor, "row input"], targets: Float[Tensor, "row output"]) -> None:
        """Take means and standard deviations of the data: of [observation, action] and of [change, reward]."""
        self.inputs.fit(rows)
        self.outputs.fit(targets)

    def loss(
        self,
        rows: Float[Tensor, "row input"],
        targets: Float[Tensor, "row output"],
        chosen: Int[Tensor, "member pick"],
    ) -> Float[Tensor, ""]:
        """Gaussian negative log-likelihood in nats per dimension (up to a constant), the sum over members.

        Member m learns from the rows `chosen[m]`, a sample of its own.
        """
        mean, log_var = self.predict(rows[chosen])
        error = self.outputs(targets)[chosen] - mean
        likelihood = 0.5 * (error.square() * (-log_var).exp() + log_var)
        bounds = VARIANCE_BOUND_WEIGHT * (self.max_log_var - self.min_log_var).sum()
        return likelihood.mean(dim=(1, 2)).sum() + bounds

    def member(self, index: int) -> "ProbabilisticEnsemble":
        """One of the networks alone, as an ensemble of one: a copy."""
        alone = ProbabilisticEnsemble(replace(self.config, members=1))
        own = {
            name: value[index : index + 1] if name.startswith("layers.") else value
            for name, value in self.state_dict().items()
        }
        alone.load_state_dict(own)
        return alone.eval()

    def _to_members(self, rows: Float[Tensor, "batch particle input"]) -> Float[Tensor, "member row input"]:
        """Particle p belongs to member p // particles."""
        return rows.transpose(0, 1).reshape(self.config.members, -1, rows.shape[-1])

    def _to_particles(self, rows: Float[Tensor, "member row output"]) -> Float[Tensor, "batch particle output"]:
        return rows.reshape(self.config.members * self.config.particles, -1, rows.shape[-1]).transpose(0, 1)


class ManyLinear(nn.Module):
    """A linear layer for each of M networks, as one product."""

    def __init__(self, members: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(members, inputs, outputs))
        nn.init.trunc_normal_(self.weight, std=1 / (2 * inputs**0.5))
        self.bias = nn.Parameter(torch.zeros(members, 1, outputs))

    def forward(self, rows: Float[Tensor, "member row input"]) -> Float[Tensor, "member row output"]:
        """Each member's own rows through its own weights."""
        return torch.baddbmm(self.bias, rows, self.weight)


def bootstrap(members: int, rows: int, generator: Generator | None = None) -> Int[Tensor, "member row"]:
    """Which `rows` each member sees: drawn with replacement (Efron's bootstrap); all of them in turn if it is alone."""
    if members == 1:
        return torch.arange(rows)[None]
    return torch.randint(rows, (members, rows), generator=generator)
