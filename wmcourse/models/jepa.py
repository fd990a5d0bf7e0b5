"""A joint-embedding predictive architecture with actions: predict the embedding of what comes next, not its picture.

LeCun 2022 for the idea; PLDM (Sobal et al. 2025) and EB-JEPA (Terver et al. 2026) for a JEPA that is planned with.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from wmcourse.models.protocol import Prediction
from wmcourse.models.validation import check_action, check_look
from wmcourse.nets.conv import PatchEncoder
from wmcourse.nets.latents import Temperature
from wmcourse.nets.mlp import mlp

CONTRAST = 3.0
"""What the difference to the mean picture is multiplied by: a dot is a small part of it."""


@dataclass(frozen=True)
class JEPAConfig:
    """An encoder and a predictor."""

    embedding_dim: int = 32
    width: int = 16
    """Channels of the encoder's patches."""
    hidden_dim: int = 128
    """Of the predictor's two layers."""
    action_dim: int = 2
    action_scale: float = 4.0
    """What an action is divided by."""


class JEPAState(NamedTuple):
    """The embedding of what is seen, or of what would be."""

    embedding: Float[Tensor, "batch latent"]

    @property
    def features(self) -> Float[Tensor, "batch latent"]:
        """The embedding."""
        return self.embedding


class JEPA(nn.Module):
    """z = encode(o), and z' = z + f(z, a). It draws no picture: wrap it in `Probed` with whatever shall be read off."""

    mean: Tensor

    def __init__(self, config: JEPAConfig) -> None:
        super().__init__()
        self.config = config
        self.observation_shape: tuple[int, ...] = (3, 64, 64)
        self.action_dim = config.action_dim
        self.encoder = PatchEncoder(3, config.embedding_dim, config.width)
        inputs = config.embedding_dim + config.action_dim
        self.predictor = mlp(inputs, config.hidden_dim, config.embedding_dim, layers=2, out_scale=0.1)
        self.register_buffer("mean", torch.zeros(self.observation_shape))

    @torch.no_grad()
    def fit_pictures(self, observation: Float[Tensor, "batch channel 64 64"]) -> None:
        """Take over the mean picture, in half precision: a page carries it."""
        self.mean.copy_(observation.mean(0).half())

    def normalize(self, observation: Float[Tensor, "*batch channel 64 64"]) -> Float[Tensor, "*batch channel 64 64"]:
        """The difference to the mean picture, three times as strong."""
        return (observation - self.mean).mul_(CONTRAST)

    def encode(self, observation: Float[Tensor, "batch channel 64 64"]) -> Float[Tensor, "batch latent"]:
        """Pictures in [0, 1] to embeddings."""
        return self.encoder(self.normalize(observation))

    def predict(
        self, embedding: Float[Tensor, "batch latent"], action: Float[Tensor, "batch action"]
    ) -> Float[Tensor, "batch latent"]:
        """The embedding of what is seen after `action`."""
        return embedding + self.predictor(torch.cat([embedding, action / self.config.action_scale], dim=-1))

    def initial(self, batch_size: int) -> JEPAState:
        """Nothing seen."""
        return JEPAState(self.mean.new_zeros(batch_size, self.config.embedding_dim))

    def observe(
        self,
        state: JEPAState,
        action: Float[Tensor, "batch action"] | None,
        observation: Float[Tensor, "batch *observation"],
        temperature: Temperature = 1.0,
    ) -> JEPAState:
        """Embed what is seen: one picture says where the dot is, so that nothing else need be remembered."""
        check_look(self, action, observation)
        return JEPAState(self.encode(observation))

    def imagine(
        self, state: JEPAState, action: Float[Tensor, "batch action"], temperature: Temperature = 1.0
    ) -> JEPAState:
        """One step of the predictor. It has no noise, so that temperature changes nothing."""
        check_action(self, action)
        return JEPAState(self.predict(state.embedding, action))

    def decode(self, state: JEPAState) -> Prediction:
        """Nothing: it predicts neither pictures nor rewards, nor an end."""
        return Prediction()
