"""An RSSM that does not see pictures but their code, by an autoencoder that was trained before."""

from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor, nn

from wmcourse.models.autoencoder import Autoencoder, AutoencoderConfig
from wmcourse.models.protocol import Prediction
from wmcourse.models.rssm import RSSM, RSSMConfig, RSSMState
from wmcourse.models.validation import check_observation
from wmcourse.nets.latents import Temperature


@dataclass(frozen=True)
class CodedRSSMConfig:
    """An autoencoder, and an RSSM whose observations are its latents."""

    autoencoder: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    rssm: RSSMConfig = field(
        default_factory=lambda: RSSMConfig(
            observation_shape=(24,),
            stoch_dim=16,
            observation_std=0.05,
            reward_scale=0.0,
            continue_scale=0.0,
        )
    )


class CodedRSSM(nn.Module):
    """encode, then the RSSM; the RSSM, then decode."""

    def __init__(self, config: CodedRSSMConfig) -> None:
        """Build it; raises `ValueError` if the RSSM does not fit the code."""
        super().__init__()
        if config.rssm.observation_shape != (config.autoencoder.latent_dim,):
            shape, dim = config.rssm.observation_shape, config.autoencoder.latent_dim
            raise ValueError(f"an RSSM of observations {shape} does not fit a code of {dim} numbers")
        self.config = config
        self.observation_shape: tuple[int, ...] = config.autoencoder.observation_shape
        self.action_dim = config.rssm.action_dim
        self.autoencoder = Autoencoder(config.autoencoder).requires_grad_(False)
        self.rssm = RSSM(config.rssm)

    def initial(self, batch_size: int) -> RSSMState:
        """Nothing seen, nothing remembered."""
        return self.rssm.initial(batch_size)

    def observe(
        self,
        state: RSSMState,
        action: Float[Tensor, "batch action"] | None,
        observation: Float[Tensor, "batch *observation"],
        temperature: Temperature = 1.0,
    ) -> RSSMState:
        """Encode what is seen, then the RSSM's posterior."""
        check_observation(self, observation)
        return self.rssm.observe(state, action, self.autoencoder.encode(observation), temperature)

    def imagine(
        self, state: RSSMState, action: Float[Tensor, "batch action"], temperature: Temperature = 1.0
    ) -> RSSMState:
        """The RSSM's prior."""
        return self.rssm.imagine(state, action, temperature)

    def decode(self, state: RSSMState) -> Prediction:
        """The picture of the latent that the RSSM expects."""
        expected = self.rssm.decode(state)
        return expected._replace(observation=self.autoencoder.decode(expected.require_observation()))
