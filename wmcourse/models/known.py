"""A world whose equations are known, as a world model: the oracle for planners."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from wmcourse.envs import two_rooms
from wmcourse.envs.pendulum import pendulum_dynamics, pendulum_reward
from wmcourse.models.protocol import Prediction
from wmcourse.models.validation import check_action, check_look
from wmcourse.nets.latents import Temperature


class KnownState(NamedTuple):
    """The world's own state, which is observed, and what arriving in it has earned."""

    observation: Float[Tensor, "batch *observation"]
    reward: Float[Tensor, " batch"]

    @property
    def features(self) -> Float[Tensor, "batch feature"]:
        """The observation as a vector."""
        return self.observation.flatten(1)


class KnownWorld(nn.Module):
    """The truth behind the interface: `dynamics(observation, action)` and `reward(observation, action)`.

    Both are asked about the observation *before* the action, as the environment pays it. Nothing is random, so
    temperature changes nothing.
    """

    nothing: Tensor

    def __init__(
        self,
        dynamics: Callable[[Tensor, Tensor], Tensor],
        reward: Callable[[Tensor, Tensor], Tensor],
        *,
        observation_shape: tuple[int, ...],
        action_dim: int,
    ) -> None:
        super().__init__()
        self.dynamics, self.reward = dynamics, reward
        self.observation_shape, self.action_dim = observation_shape, action_dim
        self.register_buffer("nothing", torch.zeros(1, *observation_shape), persistent=False)

    def initial(self, batch_size: int) -> KnownState:
        """Zeros: nothing was seen."""
        observation = self.nothing.repeat_interleave(batch_size, dim=0)
        return KnownState(observation, observation.new_zeros(batch_size))

    def observe(
        self,
        state: KnownState,
        action: Float[Tensor, "batch action"] | None,
        observation: Float[Tensor, "batch *observation"],
        temperature: Temperature = 1.0,
    ) -> KnownState:
        """What is seen is all there is; the reward is that of the step."""
        check_look(self, action, observation)
        earned = torch.zeros_like(state.reward) if action is None else self.reward(state.observation, action)
        return KnownState(observation, earned)

    def imagine(
        self, state: KnownState, action: Float[Tensor, "batch action"], temperature: Temperature = 1.0
    ) -> KnownState:
        """The step that the world will take."""
        check_action(self, action)
        return KnownState(self.dynamics(state.observation, action), self.reward(state.observation, action))

    def decode(self, state: KnownState) -> Prediction:
        """The state as it is."""
        return Prediction(state.observation, state.reward)


def known_pendulum() -> KnownWorld:
    """Pendulum-v1 as it is."""
    return KnownWorld(pendulum_dynamics, pendulum_reward, observation_shape=(3,), action_dim=1)


def known_two_rooms() -> KnownWorld:
    """Two rooms as they are, the dot's position (x, y) in pixels as observation; it earns nothing by itself."""
    return KnownWorld(
        two_rooms.move, lambda position, _: torch.zeros_like(position[:, 0]), observation_shape=(2,), action_dim=2
    )
