"""Vision and memory (Ha & Schmidhuber 2018): a VAE's code, an LSTM, and a mixture density for the next code."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from wmcourse.models.protocol import Prediction
from wmcourse.models.vae import VAE, VAEConfig
from wmcourse.models.validation import check_action, check_look
from wmcourse.nets.latents import Temperature
from wmcourse.nets.mixture import Mixture


@dataclass(frozen=True)
class MDNRNNConfig:
    """Sizes, and what an ablation takes away."""

    vae: VAEConfig = field(default_factory=VAEConfig)
    action_dim: int = 3
    hidden_dim: int = 256
    components: int = 5
    """Gaussians per latent dimension."""
    remembers: bool = True
    """Else the LSTM starts from nothing at every step."""
    sees_action: bool = True
    """Else it is told zeros."""


class MDNState(NamedTuple):
    """The code of the picture now, and what the LSTM remembers of those before it."""

    latent: Float[Tensor, "batch latent"]
    hidden: Float[Tensor, "batch hidden"]
    cell: Float[Tensor, "batch hidden"]

    @property
    def features(self) -> Float[Tensor, "batch feature"]:
        """What a controller sees: [z, h]."""
        return torch.cat([self.latent, self.hidden], dim=-1)


class MDNLoss(NamedTuple):
    """Means over the real steps of a batch."""

    nll: Float[Tensor, ""]
    """Of the next code, in nats per latent dimension."""
    ending: Float[Tensor, ""]
    """Cross-entropy of whether the game goes on, in nats."""


class MDNRNN(nn.Module):
    """h' = LSTM([z, a], h), z' ~ sum_k pi_k(h') N(mu_k(h'), sigma_k(h')), continues ~ Bernoulli(h')."""

    def __init__(self, config: MDNRNNConfig) -> None:
        super().__init__()
        self.config = config
        self.observation_shape: tuple[int, ...] = (3, 64, 64)
        self.action_dim = config.action_dim
        self.vae = VAE(config.vae).requires_grad_(False)
        self.lstm = nn.LSTM(config.vae.latent_dim + config.action_dim, config.hidden_dim, batch_first=True)
        self.mixture = nn.Linear(config.hidden_dim, 3 * config.vae.latent_dim * config.components)
        self.goes_on = nn.Linear(config.hidden_dim, 1)

    def initial(self, batch_size: int) -> MDNState:
        """Zeros: the mean code, nothing remembered."""
        sizes = (self.config.vae.latent_dim, self.config.hidden_dim, self.config.hidden_dim)
        return MDNState(*(self.goes_on.weight.new_zeros(batch_size, size) for size in sizes))

    def observe(
        self,
        state: MDNState,
        action: Float[Tensor, "batch action"] | None,
        observation: Float[Tensor, "batch *observation"],
        temperature: Temperature = 1.0,
    ) -> MDNState:
        """Remember the code that was and what was done, then encode what is seen."""
        check_look(self, action, observation)
        latent = self.vae.encode(observation)
        if action is None:
            return self.initial(len(latent))._replace(latent=latent)
        return self.remember(state, action)._replace(latent=latent)

    def imagine(
        self, state: MDNState, action: Float[Tensor, "batch action"], temperature: Temperature = 1.0
    ) -> MDNState:
        """Remember, then draw the next code; temperature as in `Mixture.sample`."""
        check_action(self, action)
        after = self.remember(state, action)
        return after._replace(latent=self.expected(after.hidden).sample(temperature))

    def decode(self, state: MDNState) -> Prediction:
        """The picture of the code, and whether the game goes on."""
        return self.outlook(state)._replace(observation=self.vae.decode(state.latent))

    def outlook(self, state: MDNState) -> Prediction:
        """What the memory alone tells: the probability that the game goes on, for which a survivor is paid 1 a step.

        Where nothing is remembered the game has just begun, and goes on for certain.
        """
        begun = (state.hidden.abs().sum(-1) == 0).to(state.hidden.dtype)
        continues = torch.maximum(begun, torch.sigmoid(self.goes_on(state.hidden).squeeze(-1)))
        return Prediction(reward=continues, continues=continues)

    def remember(self, state: MDNState, action: Float[Tensor, "batch action"]) -> MDNState:
        """h' = LSTM([z, a], h); the code is left as it was."""
        known = torch.cat([state.latent, action if self.config.sees_action else torch.zeros_like(action)], dim=-1)
        before = (state.hidden, state.cell) if self.config.remembers else self.initial(len(known))[1:]
        weights: Any = self.lstm.all_weights[0]
        hidden, cell = torch.lstm_cell(known, before, *weights)
        return MDNState(state.latent, hidden, cell)

    def expected(self, hidden: Float[Tensor, "*batch hidden"]) -> Mixture:
        """The distribution of the next code, from the output of the LSTM."""
        return Mixture.of(self.mixture(hidden), self.config.components)

    def follow(
        self, latents: Float[Tensor, "batch time latent"], actions: Float[Tensor, "batch time action"]
    ) -> Float[Tensor, "batch time hidden"]:
        """`remember` along whole sequences, from their start: the hidden state after each step."""
        known = torch.cat([latents, actions if self.config.sees_action else torch.zeros_like(actions)], dim=-1)
        if self.config.remembers:
            return self.lstm(known)[0]
        return self.lstm(known.flatten(0, 1).unsqueeze(1))[0].view(*known.shape[:2], -1)

    def loss(
        self,
        latents: Float[Tensor, "batch steps latent"],
        actions: Float[Tensor, "batch time action"],
        continues: Float[Tensor, "batch time"],
        real: Bool[Tensor, "batch time"],
    ) -> MDNLoss:
        """Of the next code and of the end, given the real codes so far. Where `real` is False there is only padding.

        The last term of `ending` teaches what an empty memory is to say: a game that has just begun goes on.
        """
        hidden = self.follow(latents[:, :-1], actions)
        weight = real / real.sum()
        nll = (self.expected(hidden).nll(latents[:, 1:]) * weight).sum() / self.config.vae.latent_dim
        logit = self.goes_on(hidden).squeeze(-1)
        ending = (F.binary_cross_entropy_with_logits(logit, continues, reduction="none") * weight).sum()
        begun = F.softplus(-self.goes_on(torch.zeros_like(hidden[0, 0])).squeeze()) / continues.shape[1]
        return MDNLoss(nll, ending + begun)
