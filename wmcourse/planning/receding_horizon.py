"""Receding-horizon control: plan far, act a little, look, plan again (model predictive control)."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from wmcourse.models.protocol import first_look
from wmcourse.nets.noise import Stream
from wmcourse.planning.imagination import Imagination
from wmcourse.planning.plan import Plan, Planner


class Memory(NamedTuple):
    """What the controller carries from step to step."""

    state: Any
    """The belief; `None` before the first look."""
    plan: Plan | None
    done: int
    """Steps of the plan that were taken."""


class RecedingHorizon:
    """A policy that plans: follows its plan for `replan_every` steps, then searches again from what it has seen.

    It can be collected with and evaluated like any other policy. With `warm_start` a search begins at what is left of
    the plan before. Randomness comes from streams of its own, the model's draws while it plans included.
    """

    def __init__(
        self,
        imagination: Imagination,
        planner: Planner,
        *,
        replan_every: int = 1,
        warm_start: bool = True,
        seed: int = 0,
    ) -> None:
        if not 1 <= replan_every <= planner.horizon:
            raise ValueError(f"replan_every must be 1..{planner.horizon}, the horizon; got {replan_every}")
        self.imagination, self.planner = imagination, planner
        self.replan_every, self.warm_start = replan_every, warm_start
        self.generator = Generator().manual_seed(seed)
        self.draws = Stream(torch.device("cpu"))
        """The model's."""
        self.draws.seed(seed)

    def initial(self, batch_size: int) -> Memory:
        """Nothing seen, nothing planned."""
        return Memory(None, None, 0)

    @torch.no_grad()
    def act(
        self, memory: Memory, observation: Float[Tensor, "batch *observation"], *, greedy: bool = True
    ) -> tuple[Float[Tensor, "batch action"], Memory]:
        """Look, and take the next action of the plan, made anew if it is due."""
        model, plan, done = self.imagination.model, memory.plan, memory.done
        if plan is None:
            state = first_look(model, observation, 0.0)
        else:
            state = model.observe(memory.state, plan.actions[:, done - 1], observation, 0.0)
        if plan is None or done == self.replan_every:
            start = plan.warm(done) if plan is not None and self.warm_start else None
            plan = self.search(state, start)
            done = 0
        return plan.actions[:, done], Memory(state, plan._replace(search=plan.search[-1:]), done + 1)

    def search(self, state: Any, start: Float[Tensor, "batch horizon action"] | None = None) -> Plan:
        """Plan from the beliefs `state` (B, ...)."""
        score = self.imagination.score(state)
        with self.draws.resumed():
            return self.planner.plan(score, batch=len(state[0]), start=start, generator=self.generator)
