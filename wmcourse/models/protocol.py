"""The one interface: what every world model in the course can be asked.

Axis legend, used in every signature of the package: `batch`, `time`, `horizon`, `action`, `latent`.
"""

from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from wmcourse.nets.latents import Temperature

State = TypeVar("State")


class Prediction(NamedTuple):
    """What a model expects to see in a state. Heads that a model lacks are `None`."""

    observation: Float[Tensor, "batch *observation"]
    """Expected observation, in the environment's own units."""
    reward: Float[Tensor, " batch"] | None = None
    """Expected reward for arriving in the state."""
    continues: Float[Tensor, " batch"] | None = None
    """Probability that the episode goes on after the state; 0 means terminal."""


@runtime_checkable
class WorldModel(Protocol[State]):
    """Four questions: where do I start, what do I believe now, what comes next, what would I see there.

    A `State` is a `NamedTuple` of tensors, batch axis first. Actions are float vectors; a discrete action is
    one-hot, so that gradients can pass through it. Before an episode's first observation the action is all zeros.
    """

    observation_shape: tuple[int, ...]
    action_dim: int

    def initial(self, batch_size: int) -> State:
        """The belief before anything was seen."""
        ...

    def observe(
        self,
        state: State,
        action: Float[Tensor, "batch action"],
        observation: Float[Tensor, "batch *observation"],
        temperature: Temperature = 1.0,
    ) -> State:
        """Closed loop: advance with `action`, then correct the belief with a real observation."""
        ...

    def imagine(self, state: State, action: Float[Tensor, "batch action"], temperature: Temperature = 1.0) -> State:
        """Open loop: advance with `action` alone. Temperature 0 takes the mode or mean instead of a sample."""
        ...

    def decode(self, state: State) -> Prediction:
        """What the model expects to see there: the observation, and reward and continuation if it has the heads."""
        ...


def map_state(function: Any, *states: Any) -> Any:
    """Apply `function` to each field of one state, or to the matching fields of several.

    >>> stacked = map_state(lambda *fields: torch.stack(fields, dim=1), *states)  # (B, T, ...)
    """
    return type(states[0])(*(function(*fields) for fields in zip(*states, strict=True)))
