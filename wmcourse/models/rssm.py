"""The recurrent state-space model: a deterministic memory and a stochastic latent (Hafner et al. 2019, 2020, 2021)."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Generator, Tensor, nn

from wmcourse.data.replay import Batch
from wmcourse.models.protocol import Prediction, map_state
from wmcourse.models.validation import check_action, check_look
from wmcourse.nets.conv import ConvDecoder, ConvEncoder, over_batch
from wmcourse.nets.latents import CategoricalLatent, DeterministicLatent, GaussianLatent, Latent, Temperature
from wmcourse.nets.mlp import Normalizer, mlp
from wmcourse.nets.noise import uniform

Head = Literal["observation", "reward", "continues"]


@dataclass(frozen=True)
class RSSMConfig:
    """Sizes of an RSSM and the weights of its loss."""

    observation_shape: tuple[int, ...] = (4,)
    """A vector, or (channels, 64, 64) for images."""
    action_dim: int = 2
    deter_dim: int = 128
    """Units of the GRU."""
    latent: Literal["gaussian", "categorical", "deterministic"] = "gaussian"
    stoch_dim: int = 32
    """Gaussian or deterministic latent: its dimension."""
    groups: int = 8
    """Categorical latent: number of one-hot groups."""
    classes: int = 8
    """Categorical latent: classes per group."""
    hidden_dim: int = 128
    conv_width: int = 16
    """Images: channels of the first convolution; each further one has twice as many."""
    min_std: float = 0.1
    """Gaussian latent: smallest standard deviation."""
    unimix: float = 0.01
    """Categorical latent: share of the uniform distribution."""
    observation_std: float = 1.0
    """Standard deviation of the observation likelihood, in units of the normalized observation."""
    reward_scale: float = 1.0
    """Weight of the reward loss."""
    continue_scale: float = 1.0
    """Weight of the continue loss."""
    kl_scale: float = 1.0
    kl_balance: float = 0.8
    """Share of the KL's gradient that trains the prior; the rest regularizes the posterior."""
    free_nats: float = 1.0
    """KL below which it is not penalized."""
    blindness: float = 0.0
    """While training, each window is blind to a random share of its steps, up to this one. The belief there comes from
    the prior, so that the model learns to dream on, and to recover at its next look."""
    corrects: bool = True
    """False: only an episode's first observation is looked at (in training, a window's first one too)."""
    probes: tuple[Head, ...] = ()
    """Heads that learn to read the belief but do not shape it: no gradient of their loss goes further down."""


class RSSMState(NamedTuple):
    """A belief: what the memory holds, and what the world is taken to be now."""

    deter: Float[Tensor, "*batch deter"]
    stoch: Float[Tensor, "*batch latent"]

    @property
    def features(self) -> Float[Tensor, "*batch feature"]:
        """What every head reads: the two parts side by side."""
        return torch.cat([self.deter, self.stoch], dim=-1)


class RSSMLoss(NamedTuple):
    """The terms of the loss, each a mean over the batch in nats, and the beliefs inferred on the way."""

    total: Float[Tensor, ""]
    observation: Float[Tensor, ""]
    reward: Float[Tensor, ""]
    continues: Float[Tensor, ""]
    kl: Float[Tensor, ""]
    states: RSSMState
    """The posterior beliefs, shape (batch, time, ...)."""


class RSSM(nn.Module):
    """Recurrence h' = GRU(h, [z, a]), prior p(z|h), posterior q(z|h, o), and a head for each thing to predict."""

    def __init__(self, config: RSSMConfig) -> None:
        super().__init__()
        self.config = config
        self.observation_shape = config.observation_shape
        self.action_dim = config.action_dim
        hidden = config.hidden_dim
        self.latent = _latent(config)
        self.feature_dim = config.deter_dim + self.latent.sample_dim
        self.normalizer = Normalizer(config.observation_shape)
        self.pixels = len(config.observation_shape) == 3
        self.encoder: nn.Module
        self.decoder: nn.Module
        if self.pixels:
            self.encoder = ConvEncoder(config.observation_shape[0], hidden, config.conv_width)
            self.decoder = ConvDecoder(self.feature_dim, config.observation_shape[0], config.conv_width)
        else:
            (size,) = config.observation_shape
            self.encoder = mlp(size, hidden, hidden)
            self.decoder = mlp(self.feature_dim, hidden, size)
        self.inflow = nn.Sequential(nn.Linear(self.latent.sample_dim + config.action_dim, hidden), nn.ELU())
        self.gru = nn.GRUCell(hidden, config.deter_dim)
        self.prior_head = mlp(config.deter_dim, hidden, self.latent.parameter_dim)
        self.posterior_head = mlp(config.deter_dim + hidden, hidden, self.latent.parameter_dim)
        self.reward_head = mlp(self.feature_dim, hidden, 1)
        self.continue_head = mlp(self.feature_dim, hidden, 1)

    def initial(self, batch_size: int) -> RSSMState:
        """Zeros: nothing seen, nothing remembered."""
        return RSSMState(
            deter=self.normalizer.mean.new_zeros(batch_size, self.config.deter_dim),
            stoch=self.normalizer.mean.new_zeros(batch_size, self.latent.sample_dim),
        )

    def observe(
        self,
        state: RSSMState,
        action: Float[Tensor, "batch action"] | None,
        observation: Float[Tensor, "batch *observation"],
        temperature: Temperature = 1.0,
    ) -> RSSMState:
        """Advance with `action`, then draw the latent from the posterior given `observation`.

        An episode begins as in training: the recurrence takes one step from zeros, with an action of zeros.
        """
        check_look(self, action, observation)
        looks = self.config.corrects or action is None
        if action is None:
            state = self.initial(len(observation))
            action = state.deter.new_zeros(len(observation), self.action_dim)
        deter = self.recur(state, action)
        belief = self.posterior(deter, self.embed(observation)) if looks else self.prior_head(deter)
        return RSSMState(deter, self.latent.sample(belief, temperature))

    def imagine(
        self, state: RSSMState, action: Float[Tensor, "batch action"], temperature: Temperature = 1.0
    ) -> RSSMState:
        """Advance with `action`, then draw the latent from the prior: nothing is seen."""
        check_action(self, action)
        return self.advance(state, action, temperature)

    def advance(
        self,
        state: RSSMState,
        action: Float[Tensor, "batch action"],
        temperature: Temperature = 1.0,
        generator: Generator | None = None,
    ) -> RSSMState:
        """`imagine` without the check of its input, for the inner loop of training."""
        deter = self.recur(state, action)
        return RSSMState(deter, self.latent.sample(self.prior_head(deter), temperature, generator))

    def decode(self, state: RSSMState) -> Prediction:
        """Expected observation and reward, and the probability that the episode goes on."""
        features = state.features
        return Prediction(
            observation=self.normalizer.inverse(self.reconstruct(features)),
            reward=self.reward_head(features).squeeze(-1),
            continues=self.continue_head(features).squeeze(-1).sigmoid(),
        )

    def recur(self, state: RSSMState, action: Float[Tensor, "batch action"]) -> Float[Tensor, "batch deter"]:
        """The deterministic path: h' = GRU(h, [z, a])."""
        return self.gru(self.inflow(torch.cat([state.stoch, action], dim=-1)), state.deter)

    def posterior(
        self, deter: Float[Tensor, "*batch deter"], embedding: Float[Tensor, "*batch embed"]
    ) -> Float[Tensor, "*batch parameter"]:
        """Parameters of q(z | h, o)."""
        return self.posterior_head(torch.cat([deter, embedding], dim=-1))

    def information_gain(
        self, deter: Float[Tensor, "*batch deter"], observation: Float[Tensor, "*observations"]
    ) -> Float[Tensor, "*batch"]:
        """KL(posterior || prior) in nats, how far a look moves the belief: Bayesian surprise (Itti & Baldi 2009)."""
        return self.latent.kl(self.posterior(deter, self.embed(observation)), self.prior_head(deter))

    def embed(self, observation: Float[Tensor, "*batch"]) -> Float[Tensor, "*lead embed"]:
        """Encode observations given in the environment's units."""
        return over_batch(self.encoder, self.normalizer(observation), len(self.observation_shape))

    def reconstruct(self, features: Float[Tensor, "*batch feature"]) -> Float[Tensor, "*lead"]:
        """Expected observation in normalized units."""
        return over_batch(self.decoder, features, 1)

    def infer(self, batch: Batch, generator: Generator | None = None) -> tuple[RSSMState, Tensor, Tensor]:
        """Run the posterior along windows of experience: beliefs (B, T, ...), prior and posterior parameters.

        Where `is_first`, the belief starts from `initial` again, so nothing leaks from one episode to the next.
        """
        embeddings = self.embed(batch.observation)
        state = self.initial(len(embeddings))
        states, posteriors = [], []
        blind = self.blind_steps(batch.is_first, generator)
        for t in range(embeddings.shape[1]):
            keep = (~batch.is_first[:, t : t + 1]).float()
            deter = self.recur(map_state(lambda field, keep=keep: field * keep, state), batch.action[:, t] * keep)
            posterior = self.posterior(deter, embeddings[:, t])
            believed = posterior
            if blind is not None:
                believed = torch.where(blind[:, t : t + 1], self.prior_head(deter), posterior)
            state = RSSMState(deter, self.latent.sample(believed, generator=generator))
            states.append(state)
            posteriors.append(posterior)
        inferred: RSSMState = map_state(lambda *fields: torch.stack(fields, dim=1), *states)
        return inferred, self.prior_head(inferred.deter), torch.stack(posteriors, dim=1)

    def blind_steps(
        self, is_first: Bool[Tensor, "batch time"], generator: Generator | None = None
    ) -> Bool[Tensor, "batch time"] | None:
        """Steps whose observation is withheld, each window having its own random share of them; None without any."""
        if not self.config.corrects:
            return ~is_first
        if self.config.blindness == 0.0:
            return None
        share = self.config.blindness * uniform(is_first[:, :1], generator)
        return (uniform(is_first, generator) < share) & ~is_first

    def loss(self, batch: Batch, generator: Generator | None = None) -> RSSMLoss:
        """The negative evidence lower bound (Hafner et al. 2021, eq. 2), with balanced KL and free nats."""
        states, prior, posterior = self.infer(batch, generator)
        event = tuple(range(2, batch.observation.dim()))
        error = self.reconstruct(self._read("observation", states)) - self.normalizer(batch.observation)
        observation = 0.5 * (error / self.config.observation_std).square().sum(event).mean()
        arrived = (~batch.is_first).float()  # no reward is earned by starting
        reward_error = (self.reward_head(self._read("reward", states)).squeeze(-1) - batch.reward).square() * arrived
        reward = 0.5 * reward_error.sum() / arrived.sum().clamp_min(1.0)
        logits = self.continue_head(self._read("continues", states)).squeeze(-1)
        continues = F.binary_cross_entropy_with_logits(logits, batch.continues)
        kl = balanced_kl(self.latent, posterior, prior, self.config.kl_balance, self.config.free_nats)
        config = self.config
        total = observation + config.reward_scale * reward + config.continue_scale * continues + config.kl_scale * kl
        return RSSMLoss(total, observation, reward, continues, kl, states)

    def _read(self, head: Head, states: RSSMState) -> Float[Tensor, "batch time feature"]:
        return states.features.detach() if head in self.config.probes else states.features


def _latent(config: RSSMConfig) -> Latent:
    if config.latent == "categorical":
        return CategoricalLatent(config.groups, config.classes, config.unimix)
    if config.latent == "deterministic":
        return DeterministicLatent(config.stoch_dim)
    return GaussianLatent(config.stoch_dim, config.min_std)


def balanced_kl(
    latent: Latent,
    posterior: Float[Tensor, "*batch parameter"],
    prior: Float[Tensor, "*batch parameter"],
    balance: float,
    free_nats: float,
) -> Float[Tensor, ""]:
    """Mean KL(posterior || prior), its gradient split between the two; below `free_nats` it has none.

    The prior learns from a fixed posterior with weight `balance`, the posterior from a fixed prior with the rest
    (Hafner et al. 2021, algorithm 2). Free nats are those of Hafner et al. 2019, here of the mean over the batch.
    """
    towards_posterior = latent.kl(posterior.detach(), prior).mean().clamp_min(free_nats)
    towards_prior = latent.kl(posterior, prior.detach()).mean().clamp_min(free_nats)
    return balance * towards_posterior + (1 - balance) * towards_prior
