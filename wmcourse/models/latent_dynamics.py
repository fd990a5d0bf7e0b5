"""Latent dynamics: encode a picture, predict in the code, decode. The autoencoder comes first and stays as it is."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor, nn

from wmcourse.models.autoencoder import Autoencoder, AutoencoderConfig
from wmcourse.models.protocol import Prediction, map_state
from wmcourse.models.transition import LatentState, Transition, TransitionConfig
from wmcourse.models.validation import check_action, check_look
from wmcourse.nets.latents import Temperature


@dataclass(frozen=True)
class LatentDynamicsConfig:
    """An autoencoder, and a transition in its code."""

    autoencoder: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    transition: TransitionConfig = field(default_factory=TransitionConfig)
    action_dim: int = 2

    def new_transition(self) -> Transition:
        """An untrained transition. With two frames it keeps the action between them."""
        coder = self.autoencoder
        return Transition(
            self.transition, latent_dim=coder.latent_dim, action_dim=self.action_dim, keeps_push=coder.frames > 1
        )


class LatentDynamics(nn.Module):
    """z = encode(o), z' = z + f(z, a), o' = decode(z')."""

    def __init__(self, config: LatentDynamicsConfig) -> None:
        super().__init__()
        self.config = config
        self.observation_shape: tuple[int, ...] = config.autoencoder.observation_shape
        self.action_dim = config.action_dim
        self.autoencoder = Autoencoder(config.autoencoder).requires_grad_(False)
        self.transition = config.new_transition()

    def initial(self, batch_size: int) -> LatentState:
        """Nothing seen, nothing done."""
        return self.transition.initial(batch_size)

    def observe(
        self,
        state: LatentState,
        action: Float[Tensor, "batch action"] | None,
        observation: Float[Tensor, "batch *observation"],
        temperature: Temperature = 1.0,
    ) -> LatentState:
        """Encode what is seen. Only the memory, if there is one, still knows what was before."""
        check_look(self, action, observation)
        return self.transition.look(state, action, self.autoencoder.encode(observation))

    def imagine(
        self, state: LatentState, action: Float[Tensor, "batch action"], temperature: Temperature = 1.0
    ) -> LatentState:
        """One step in the code; temperature multiplies noise of the size of the model's own one-step error."""
        check_action(self, action)
        return self.transition.perturbed(self.transition.advance(state, action), temperature)

    def decode(self, state: LatentState) -> Prediction:
        """The picture of the latent."""
        return Prediction(observation=self.autoencoder.decode(state.latent))


class Ensemble(nn.Module):
    """Several transitions in one code, each trained from its own start: where they disagree, none of them knows.

    Bootstrapped ensembles for dynamics: Chua et al. 2018. A state's tensors are (B, E, ...), E members side by side,
    each of which goes its own way.
    """

    def __init__(self, config: LatentDynamicsConfig, members: int) -> None:
        """Build it; raises `ValueError` for fewer than two members, which could not disagree."""
        super().__init__()
        if members < 2:
            raise ValueError(f"an ensemble needs at least 2 members, got {members}")
        self.config = config
        self.observation_shape: tuple[int, ...] = config.autoencoder.observation_shape
        self.action_dim = config.action_dim
        self.autoencoder = Autoencoder(config.autoencoder).requires_grad_(False)
        self.members = nn.ModuleList([config.new_transition() for _ in range(members)])

    def initial(self, batch_size: int) -> LatentState:
        """Nothing seen, nothing done."""
        return _side_by_side([member.initial(batch_size) for member in self._transitions()])

    def observe(
        self,
        state: LatentState,
        action: Float[Tensor, "batch action"] | None,
        observation: Float[Tensor, "batch *observation"],
        temperature: Temperature = 1.0,
    ) -> LatentState:
        """All members see the same."""
        check_look(self, action, observation)
        latent = self.autoencoder.encode(observation)
        pairs = zip(self._transitions(), _apart(state), strict=True)
        return _side_by_side([member.look(own, action, latent) for member, own in pairs])

    def imagine(
        self, state: LatentState, action: Float[Tensor, "batch action"], temperature: Temperature = 1.0
    ) -> LatentState:
        """Each member takes its own step."""
        check_action(self, action)
        pairs = zip(self._transitions(), _apart(state), strict=True)
        return _side_by_side([member.perturbed(member.advance(own, action), temperature) for member, own in pairs])

    def decode(self, state: LatentState) -> Prediction:
        """The mean of the members' pictures."""
        return Prediction(observation=self.pictures(state).mean(1))

    def pictures(self, state: LatentState) -> Float[Tensor, "batch member channel 64 64"]:
        """What each member expects to see."""
        batch, members = state.latent.shape[:2]
        return self.autoencoder.decode(state.latent.flatten(0, 1)).unflatten(0, (batch, members))

    def disagreement(self, state: LatentState) -> Float[Tensor, " batch"]:
        """Root of the variance between the members, in the code's units, the mean over latents."""
        return state.latent.var(dim=1).mean(-1).sqrt()

    def _transitions(self) -> list[Transition]:
        return [member for member in self.members if isinstance(member, Transition)]


def _side_by_side(states: list[LatentState]) -> LatentState:
    return map_state(lambda *parts: torch.stack(parts, dim=1), *states)


def _apart(state: LatentState) -> list[LatentState]:
    return [map_state(lambda part, i=i: part[:, i], state) for i in range(state.latent.shape[1])]
