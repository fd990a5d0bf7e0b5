"""The one interface: what every world model in the course can be asked.

Axis legend, used in every signature of the package: `batch`, `time`, `horizon`, `action`, `latent`.
"""

from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from wmcourse.nets.latents import Temperature

State = TypeVar("State")


class Prediction(NamedTuple):
    """What a model expects to see in a state. Heads that a model lacks are `None`."""

    observation: Float[Tensor, "batch *observation"] | None = None
    """Expected observation, in the environment's own units."""
    reward: Float[Tensor, " batch"] | None = None
    """Expected reward for arriving in the state."""
    continues: Float[Tensor, " batch"] | None = None
    """Probability that the episode goes on after the state; 0 means terminal."""

    def require_observation(self) -> Float[Tensor, "batch *observation"]:
        """The expected observation; raises `ValueError` if the model predicts none."""
        if self.observation is None:
            raise ValueError(
                "this model predicts no observation, and one is needed here: "
                "wrap it in Probed(model, probe), with a probe that reads one from its features"
            )
        return self.observation


@runtime_checkable
class WorldModel(Protocol[State]):
    """Four questions: where do I start, what do I believe now, what comes next, what would I see there.

    A `State` is a `NamedTuple` of tensors, batch axis first, on the device of the module. Actions are float vectors; a
    discrete action is one-hot, so that gradients can pass through it. A vector of zeros is an action like any other.
    """

    observation_shape: tuple[int, ...]
    action_dim: int

    def initial(self, batch_size: int) -> State:
        """The belief before anything was seen."""
        ...

    def observe(
        self,
        state: State,
        action: Float[Tensor, "batch action"] | None,
        observation: Float[Tensor, "batch *observation"],
        temperature: Temperature = 1.0,
    ) -> State:
        """Closed loop: advance with `action`, then correct the belief with a real observation.

        The action is `None` at an episode's first observation, before which nothing was done: the belief is then that
        of `initial`, corrected, and whatever `state` holds is forgotten. See `first_look`.
        """
        ...

    def imagine(self, state: State, action: Float[Tensor, "batch action"], temperature: Temperature = 1.0) -> State:
        """Open loop: advance with `action` alone. Temperature 0 takes the mode or mean instead of a sample."""
        ...

    def decode(self, state: State) -> Prediction:
        """What the model expects there: observation, reward and continuation, each if it has the head."""
        ...


def first_look(
    model: WorldModel[State], observation: Float[Tensor, "batch *observation"], temperature: Temperature = 1.0
) -> State:
    """The belief at an episode's first observation, before which nothing was done."""
    return model.observe(model.initial(len(observation)), None, observation, temperature)


def features_of(state: Any) -> Float[Tensor, "batch feature"]:
    """A state as one vector a row, for a probe or a policy: its own `features`, else all fields side by side."""
    parts = [state.features] if hasattr(state, "features") else list(state)
    rows = [part.reshape(len(part), -1) for part in parts]
    return rows[0] if len(rows) == 1 else torch.cat(rows, dim=-1)  # no copy where there is nothing to put together


def map_state(function: Any, *states: Any) -> Any:
    """Apply `function` to each field of one state, or to the matching fields of several.

    >>> stacked = map_state(lambda *fields: torch.stack(fields, dim=1), *states)  # (B, T, ...)
    """
    return type(states[0])(*(function(*fields) for fields in zip(*states, strict=True)))
