"""What a plan is worth in imagination: roll a model forward along it and add up what it expects to earn."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from wmcourse.models.arrival import RewardFunction, TerminationFunction, arrive
from wmcourse.models.protocol import WorldModel, features_of, map_state
from wmcourse.nets.latents import Temperature
from wmcourse.planning.plan import Score

Earned = Callable[[Any, Tensor], tuple[Tensor, Tensor | None]]
"""Rewards (rows, particles) for arriving in a state by an action, and the probability (rows, 1) that it goes on."""

PLANS_AT_ONCE = 2048
"""Of several problems, as many as have no more plans than this are imagined together: more would not fit a cache."""


@dataclass(frozen=True)
class Imagination:
    """The score of plans from a belief, by any world model with a reward head, or with a `reward` function instead.

    A model whose states are clouds of particles (one with `rewards(state)`, such as `ProbabilisticEnsemble`) is asked
    for the return of each, and the functions below about the middle of the cloud; of others, `particles` draws of the
    whole rollout are taken.
    """

    model: WorldModel
    reward: RewardFunction | None = None
    """`reward(observation, action)`: points for arriving there; minus a cost. Instead of the model's head."""
    terminated: TerminationFunction | None = None
    """Where an episode ends, in place of the model's head. After an end, nothing more is earned."""
    value: Callable[[Tensor], Tensor] | None = None
    """`value(features)`: what the last state (rows, F) is worth (rows,), for what comes after the horizon."""
    discount: float = 1.0
    temperature: Temperature = 0.0
    particles: int = 1
    pessimism: float = 0.0
    """Standard deviations between the particles' returns that are taken off their mean."""

    def __post_init__(self) -> None:
        if not 0 <= self.discount <= 1 or self.particles < 1 or self.pessimism < 0:
            raise ValueError(
                "need 0 <= discount <= 1, particles >= 1 and pessimism >= 0; "
                f"got {self.discount}, {self.particles} and {self.pessimism}"
            )

    def score(self, state: Any) -> Score:
        """The score of plans (B, N, H, A) that begin in the beliefs `state` (B, ...)."""

        def score(plans: Tensor) -> Tensor:
            at_once = max(1, PLANS_AT_ONCE // plans.shape[1])
            parts = [
                self.judge(
                    self.returns(map_state(lambda field, i=i: field[i : i + at_once], state), plans[i : i + at_once])
                )
                for i in range(0, len(plans), at_once)
            ]
            return torch.cat(parts)

        return score

    def judge(self, returns: Float[Tensor, "batch sample particle"]) -> Float[Tensor, "batch sample"]:
        """The mean over particles, less `pessimism` standard deviations."""
        mean = returns.mean(dim=-1)
        if self.pessimism == 0 or returns.shape[-1] == 1:
            return mean
        return mean - self.pessimism * returns.std(dim=-1, correction=0)

    def returns(
        self, state: Any, plans: Float[Tensor, "batch sample horizon action"]
    ) -> Float[Tensor, "batch sample particle"]:
        """Discounted sum of rewards along each plan, in each particle's future; gradients flow into the plans.

        Raises:
            ValueError: the plans do not fit the model or the batch, there is no reward to add up, or `value` does not
                answer with one number a row.
        """
        batch, samples, _, dim = plans.shape
        if len(state[0]) != batch or dim != self.model.action_dim:
            raise ValueError(
                f"plans of shape {tuple(plans.shape)} (batch, sample, horizon, action) do not fit "
                f"{len(state[0])} beliefs of a model with actions of {self.model.action_dim} numbers"
            )
        copies = samples * self.particles
        state = map_state(lambda field: field.repeat_interleave(copies, dim=0), state)
        actions = plans.flatten(0, 1).transpose(0, 1)  # (H, B N, A), in memory step by step
        actions = actions.contiguous() if self.particles == 1 else actions.repeat_interleave(self.particles, dim=1)
        earned = self._earned()
        total: Any = None
        alive: Any = 1.0
        for action in actions.unbind():
            state = self.model.imagine(state, action, self.temperature)
            total, alive = self._added(total, alive, *earned(state, action))
        if self.value is not None:
            worth = self.value(features_of(state))
            if worth.shape != (len(state[0]),):
                raise ValueError(
                    f"value(features) must return one number a row, ({len(state[0])},); got {tuple(worth.shape)}"
                )
            total, _ = self._added(total, alive, worth[:, None], None)
        return total.reshape(batch, samples, -1)

    def _added(
        self, total: Tensor | None, alive: float | Tensor, reward: Tensor, continues: Tensor | None
    ) -> tuple[Tensor, float | Tensor]:
        """The sum so far and what a later reward counts for, one step on.

        In place, and no reward is held on to: small tensors that come and go between a model's large ones can make
        the C library give memory back to the system and ask for it again at each step, 5% of a rollout.
        """
        total = torch.zeros_like(reward) if total is None else total
        if isinstance(alive, Tensor):
            total.addcmul_(alive, reward)
        else:
            total.add_(reward, alpha=alive)
        alive = alive * self.discount
        return total, alive if continues is None else alive * continues

    def _earned(self) -> Earned:
        """What is asked in each state that a plan arrives at."""
        model, reward, terminated = self.model, self.reward, self.terminated
        own = None if reward is not None else getattr(model, "rewards", None)
        outlook = getattr(model, "outlook", model.decode)
        asks = reward is not None or terminated is not None

        def earned(state: Any, action: Tensor) -> tuple[Tensor, Tensor | None]:
            if own is not None and not asks:
                return own(state), None
            told = arrive(model, state, action, reward=reward, terminated=terminated) if asks else outlook(state)
            points = told.reward if own is None else own(state)
            if points is None:
                raise ValueError(
                    "this model has no head for the reward: "
                    "give Imagination reward=, a function of observation and action"
                )
            continues = None if told.continues is None else told.continues[:, None]
            return points.reshape(len(points), -1), continues

        return earned
