"""A Dreamer that opens its eyes only now and then, and acts on what it imagines between looks."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from wmcourse.agents.dreamer import Dreamer
from wmcourse.models.protocol import first_look
from wmcourse.models.rssm import RSSMState


class Dozing(NamedTuple):
    """The belief, the action taken last (None before the first), and the steps taken."""

    state: RSSMState
    action: Float[Tensor, "batch action"] | None
    steps: int


class Blinking:
    """A `Policy`: the agent looks at the first observation, then at every `look_every`-th; None is never again."""

    def __init__(self, agent: Dreamer, look_every: int | None) -> None:
        """Raises `ValueError` for `look_every` < 1."""
        if look_every is not None and look_every < 1:
            raise ValueError(f"look_every must be 1 (always) or more, or None (never again); got {look_every}")
        self.agent, self.look_every = agent, look_every

    def initial(self, batch_size: int) -> Dozing:
        """Nothing seen, nothing done."""
        return Dozing(self.agent.world.initial(batch_size), None, 0)

    @torch.no_grad()
    def act(
        self, memory: Dozing, observation: Float[Tensor, "batch *observation"], *, greedy: bool = True
    ) -> tuple[Float[Tensor, "batch action"], Dozing]:
        """Look or imagine, then act on the belief. Greedy also takes the means of beliefs."""
        world, temperature = self.agent.world, 0.0 if greedy else 1.0
        if memory.action is None:
            state = first_look(world, observation, temperature)
        elif self.look_every is not None and memory.steps % self.look_every == 0:
            state = world.observe(memory.state, memory.action, observation, temperature)
        else:
            state = world.imagine(memory.state, memory.action, temperature)
        action = self.agent.actor(state.features, greedy=greedy).action
        return action, Dozing(state, action, memory.steps + 1)
