"""Policies that see what models see, in an environment that shows what people see."""

from typing import Any

from jaxtyping import Float
from torch import Tensor

from wmcourse.data.collect import Policy
from wmcourse.envs.dodge import as_observation


class FromPictures:
    """A `Policy` over observations (B, 3, 64, 64) in [0, 1], such as a `Controller`, as one over pictures.

    >>> collect("wmcourse/Dodge-v0", FromPictures(controller), episodes=20, seed=0)
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def initial(self, batch_size: int) -> Any:
        """The policy's own."""
        return self.policy.initial(batch_size)

    def act(
        self, memory: Any, observation: Float[Tensor, "batch 64 64 3"], *, greedy: bool = True
    ) -> tuple[Float[Tensor, "batch action"], Any]:
        """Act on pictures of 0..255, as `collect` passes them on."""
        return self.policy.act(memory, as_observation(observation), greedy=greedy)
