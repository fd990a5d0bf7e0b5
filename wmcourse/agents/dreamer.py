"""Dreamer: an actor and a critic that learn in the dreams of an RSSM (Hafner et al. 2020, 2021, 2023)."""

import copy
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from wmcourse.agents.actor import ActorStep, ContinuousActor, DiscreteActor
from wmcourse.agents.critic import Critic
from wmcourse.agents.returns import ReturnNormalizer, lambda_return, reach_weights
from wmcourse.models.protocol import map_state
from wmcourse.models.rssm import RSSM, RSSMConfig, RSSMState
from wmcourse.nets.noise import uniform


@dataclass(frozen=True)
class DreamerConfig:
    """The world model's configuration, and how behavior is learned in it."""

    world: RSSMConfig = field(default_factory=RSSMConfig)
    actions: Literal["discrete", "continuous"] = "discrete"
    hidden_dim: int = 128
    horizon: int = 15
    """Imagined steps."""
    discount: float = 0.99
    lambda_: float = 0.95
    entropy_scale: float = 3e-3
    slow_mix: float = 0.02
    """Share of the critic that enters the slow critic at each update."""
    gradient: Literal["dynamics", "reinforce"] = "dynamics"
    """Actor's gradient: through the dynamics (Dreamer v1) or the score function (v3)."""
    normalize_returns: bool = False
    """Divide returns by their 5-95 percentile range (v3)."""
    explore: float = 0.0
    """Share of uniformly random actions when acting to explore (not greedily); discrete actions only."""


class Dream(NamedTuple):
    """H imagined steps from a batch of beliefs."""

    features: Float[Tensor, "batch horizon_plus_one feature"]
    reward: Float[Tensor, "batch horizon"]
    continues: Float[Tensor, "batch horizon"]
    entropy: Float[Tensor, "batch horizon"]
    log_prob: Float[Tensor, "batch horizon"]


class BehaviorLoss(NamedTuple):
    """The two losses of behavior learning, and what to watch while they are minimized."""

    actor: Float[Tensor, ""]
    critic: Float[Tensor, ""]
    imagined_return: Float[Tensor, ""]
    entropy: Float[Tensor, ""]


class Memory(NamedTuple):
    """What the agent carries while acting: its belief and the action it took last, `None` before the first."""

    state: RSSMState
    action: Float[Tensor, "batch action"] | None


class Dreamer(nn.Module):
    """World model, actor, critic and slow critic. It is a `Policy`, so it can be collected with and evaluated."""

    def __init__(self, config: DreamerConfig) -> None:
        super().__init__()
        self.config = config
        self.world = RSSM(config.world)
        actor = DiscreteActor if config.actions == "discrete" else ContinuousActor
        self.actor = actor(self.world.feature_dim, config.hidden_dim, config.world.action_dim)
        self.critic = Critic(self.world.feature_dim, config.hidden_dim, scale=1 / (1 - config.discount))
        self.slow_critic = copy.deepcopy(self.critic).requires_grad_(False)
        self.normalizer = ReturnNormalizer()

    def initial(self, batch_size: int) -> Memory:
        """Nothing seen, nothing done."""
        return Memory(self.world.initial(batch_size), None)

    def act(
        self, memory: Memory, observation: Float[Tensor, "batch *observation"], *, greedy: bool = True
    ) -> tuple[Float[Tensor, "batch action"], Memory]:
        """Correct the belief with `observation`, then act on it. Greedy also takes the mean of the posterior.

        The observation may be on another device than the agent, as those that `collect` brings.
        """
        seen = observation.to(memory.state.deter.device)
        state = self.world.observe(memory.state, memory.action, seen, temperature=0.0 if greedy else 1.0)
        action = self.actor(state.features, greedy=greedy).action
        if not greedy and self.config.explore > 0.0:
            choice = torch.randint(action.shape[-1], (len(action),), device=action.device)
            anything = torch.eye(action.shape[-1], device=action.device)[choice]
            action = torch.where(uniform(action[:, :1]) < self.config.explore, anything, action)
        return action, Memory(state, action)

    def dream(self, start: RSSMState, *, horizon: int, generator: Generator | None = None) -> Dream:
        """Imagine `horizon` steps from the beliefs `start` (B, ...), the actor choosing every action."""
        through = self.config.gradient == "dynamics"  # the score function needs no path through the dream
        state, states, steps = start, [start], []
        for _ in range(horizon):
            seen = state.features if through else state.features.detach()
            step: ActorStep = self.actor(seen, generator=generator)
            state = self.world.advance(state, step.action, generator=generator)
            states.append(state)
            steps.append(step)
        features = map_state(lambda *fields: torch.stack(fields, dim=1), *states).features
        arrived = features[:, 1:]
        return Dream(
            features=features,
            reward=self.world.reward_head(arrived).squeeze(-1),
            continues=self.world.continue_head(arrived).squeeze(-1).sigmoid(),
            entropy=torch.stack([step.entropy for step in steps], dim=1),
            log_prob=torch.stack([step.log_prob for step in steps], dim=1),
        )

    def loss(
        self, start: RSSMState, continues: Float[Tensor, " batch"], generator: Generator | None = None
    ) -> BehaviorLoss:
        """Losses of actor and critic over dreams from real beliefs; `continues` is 0 for a terminal belief.

        Minimize the first with respect to the actor alone and the second with respect to the critic alone.
        """
        config = self.config
        dream = self.dream(map_state(torch.detach, start), horizon=config.horizon, generator=generator)
        value = self.slow_critic(dream.features)
        target = lambda_return(dream.reward, dream.continues, value, discount=config.discount, lambda_=config.lambda_)
        weight = reach_weights(continues, dream.continues, discount=config.discount).detach()
        scale = target.new_ones(())
        if config.normalize_returns:
            self.normalizer.update(target)
            scale = self.normalizer.scale
        if config.gradient == "dynamics":
            gain = target / scale
        else:
            gain = dream.log_prob * ((target - value[:, :-1]) / scale).detach()
        actor = -(weight * (gain + config.entropy_scale * dream.entropy)).mean()
        error = (self.critic(dream.features[:, :-1].detach()) - target.detach()) / self.critic.scale
        critic = 0.5 * (weight * error.square()).mean()
        return BehaviorLoss(actor, critic, target.mean().detach(), dream.entropy.mean().detach())

    @torch.no_grad()
    def update_slow_critic(self) -> None:
        """Move the slow critic a share `slow_mix` of the way to the critic."""
        for slow, fast in zip(self.slow_critic.parameters(), self.critic.parameters(), strict=True):
            slow.lerp_(fast, self.config.slow_mix)
