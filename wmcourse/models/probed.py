"""A world model that predicts no observation, with a probe that reads one from its belief."""

from collections.abc import Callable
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from wmcourse.models.protocol import Prediction, WorldModel, features_of
from wmcourse.nets.latents import Temperature


class Probed(nn.Module):
    """`model` with `decode` completed by `probe`, which learns to read the belief but does not shape it.

    The probe takes the features (B, F) of a state, without their gradient, and returns observations (B, *obs) in the
    environment's units: `linear_probe` or `mlp_probe` for vectors, a decoder for pictures. Whatever the model itself
    would decode as observation is replaced; its reward and its continuation stay.
    """

    def __init__(self, model: WorldModel, probe: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.model, self.probe = model, probe
        self.observation_shape: tuple[int, ...] = tuple(model.observation_shape)
        self.action_dim = model.action_dim

    def initial(self, batch_size: int) -> Any:
        """The model's."""
        return self.model.initial(batch_size)

    def observe(
        self,
        state: Any,
        action: Float[Tensor, "batch action"] | None,
        observation: Float[Tensor, "batch *observation"],
        temperature: Temperature = 1.0,
    ) -> Any:
        """The model's."""
        return self.model.observe(state, action, observation, temperature)

    def imagine(self, state: Any, action: Float[Tensor, "batch action"], temperature: Temperature = 1.0) -> Any:
        """The model's."""
        return self.model.imagine(state, action, temperature)

    def decode(self, state: Any) -> Prediction:
        """The model's prediction, its observation read by the probe.

        Raises:
            ValueError: the probe does not return observations of the model's shape.
        """
        observation = self.probe(features_of(state).detach())
        if tuple(observation.shape[1:]) != self.observation_shape:
            raise ValueError(
                f"the probe returns {tuple(observation.shape)}; this model's observations are "
                f"(batch, {', '.join(map(str, self.observation_shape))})"
            )
        return self.model.decode(state)._replace(observation=observation)
