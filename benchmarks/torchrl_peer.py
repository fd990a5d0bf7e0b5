"""The same update with torchrl's DreamerV3: its RSSM, its imagination environment, its three losses."""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from tensordict import TensorDict
from tensordict.nn import (
    ProbabilisticTensorDictModule,
    ProbabilisticTensorDictSequential,
    TensorDictModule,
    TensorDictSequential,
)
from torch import Tensor, nn
from torchrl.data import Composite, OneHot, Unbounded
from torchrl.envs.model_based import DreamerEnv
from torchrl.modules import MLP, OneHotCategorical, RSSMPosteriorV3, RSSMPriorV3, RSSMRolloutV3, WorldModelWrapper
from torchrl.objectives import DreamerV3ActorLoss, DreamerV3ModelLoss, DreamerV3ValueLoss, SoftUpdate, ValueEstimators

from wmcourse.data.replay import Batch
from wmcourse.models.rssm import RSSMConfig
from wmcourse.recipes.dreamer import Config

BELIEF = ["state", "belief"]
"""torchrl's words: the state is what the course calls the latent, the belief is the GRU's memory."""
ARRIVED = [("next", "state"), ("next", "belief")]


def dense(inputs: int, hidden: int, outputs: int, *, layers: int = 1) -> MLP:
    """The widths and depth of `wmcourse.nets.mlp.mlp`, with the activation of torchrl's RSSM."""
    return MLP(in_features=inputs, num_cells=hidden, out_features=outputs, depth=layers, activation_class=nn.SiLU)


class Peer:
    """torchrl's world model, actor, critic and slow critic, in the sizes of a `Config` with a categorical latent."""

    def __init__(self, config: Config) -> None:
        self.config = config
        agent, world = config.agent, config.agent.world
        feature = world.groups * world.classes + world.deter_dim
        prior = RSSMPriorV3(
            action_shape=(world.action_dim,),
            hidden_dim=world.hidden_dim,
            rnn_hidden_dim=world.deter_dim,
            num_categoricals=world.groups,
            num_classes=world.classes,
            action_dim=world.action_dim,
            unimix=world.unimix,
        )
        reward, continues = dense(feature, world.hidden_dim, 1), dense(feature, world.hidden_dim, 1)
        self.world = world_model(world, prior, reward, continues)
        self.actor = ProbabilisticTensorDictSequential(
            TensorDictModule(
                dense(feature, agent.hidden_dim, world.action_dim, layers=2), in_keys=BELIEF, out_keys=["logits"]
            ),
            ProbabilisticTensorDictModule(
                in_keys=["logits"], out_keys=["action"], distribution_class=OneHotCategorical
            ),
        )
        self.critic = TensorDictModule(
            dense(feature, agent.hidden_dim, 1, layers=2), in_keys=BELIEF, out_keys=["state_value"]
        )

        self.model_loss = DreamerV3ModelLoss(
            self.world,
            reward_two_hot=False,
            lambda_continue=1.0,
            kl_mode="separate",
            unimix=world.unimix,
            free_bits=world.free_nats,
        )
        self.model_loss.set_keys(pixels="observation")
        self.actor_loss = DreamerV3ActorLoss(
            self.actor,
            self.critic,
            imagination(world, prior, reward),
            continuation_model=TensorDictSequential(
                TensorDictModule(continues, in_keys=BELIEF, out_keys=["logits"]),
                TensorDictModule(nn.Sigmoid(), in_keys=["logits"], out_keys=["continuation"]),
            ),
            imagination_horizon=agent.horizon,
            entropy_bonus=agent.entropy_scale,
            use_reinforce=True,
        )
        self.actor_loss.make_value_estimator(ValueEstimators.TDLambda, gamma=agent.discount, lmbda=agent.lambda_)
        self.critic_loss = DreamerV3ValueLoss(self.critic, actor_loss=self.actor_loss, slow_critic_regularization=1.0)
        self.slow_critic = SoftUpdate(self.critic_loss, tau=agent.slow_mix)

        self.parameters = {
            "world": list(self.world.parameters()),
            "actor": list(self.actor.parameters()),
            "critic": [p for p in self.critic_loss.parameters() if p.requires_grad],
        }
        rates = {"world": config.model_lr, "actor": config.actor_lr, "critic": config.critic_lr}
        self.adam = {part: torch.optim.Adam(self.parameters[part], lr=lr, eps=1e-5) for part, lr in rates.items()}

    def update(self, batch: TensorDict) -> dict[str, Float[Tensor, ""]]:
        """One step of each of the three optimizers; the losses before it."""
        model, believed = self.model_loss(batch)
        self.step("world", losses(model))
        chosen = torch.randperm(batch.numel())[: self.config.starts]
        actor, dreamed = self.actor_loss(believed["next"].select(*BELIEF).flatten()[chosen])
        self.step("actor", losses(actor))
        critic, _ = self.critic_loss(dreamed)
        self.step("critic", losses(critic))
        self.slow_critic.step()
        return {name: loss.detach().squeeze() for part in (model, actor, critic) for name, loss in part.items()}

    def step(self, part: str, loss: Float[Tensor, ""]) -> None:
        self.adam[part].zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters[part], self.config.clip)
        self.adam[part].step()


def world_model(world: RSSMConfig, prior: RSSMPriorV3, reward: MLP, continues: MLP) -> TensorDictSequential:
    """Encoder, rollout and the three heads. With these keys the rollout takes its faster path, on plain tensors."""
    (observation,) = world.observation_shape
    posterior = RSSMPosteriorV3(
        hidden_dim=world.hidden_dim,
        num_categoricals=world.groups,
        num_classes=world.classes,
        rnn_hidden_dim=world.deter_dim,
        obs_embed_dim=world.hidden_dim,
        unimix=world.unimix,
    )
    encoder = dense(observation, world.hidden_dim, world.hidden_dim)
    decoder = dense(reward.in_features, world.hidden_dim, observation)
    return TensorDictSequential(
        TensorDictModule(encoder, in_keys=[("next", "observation")], out_keys=[("next", "encoded_latents")]),
        RSSMRolloutV3(
            TensorDictModule(prior, in_keys=[*BELIEF, "action"], out_keys=[("next", "prior_logits"), *ARRIVED]),
            TensorDictModule(
                posterior,
                in_keys=[("next", "belief"), ("next", "encoded_latents")],
                out_keys=[("next", "posterior_logits"), ("next", "state")],
            ),
        ),
        TensorDictModule(decoder, in_keys=ARRIVED, out_keys=[("next", "reco_pixels")]),
        TensorDictModule(reward, in_keys=ARRIVED, out_keys=[("next", "reward")]),
        TensorDictModule(continues, in_keys=ARRIVED, out_keys=[("next", "continue_pred")]),
    )


def imagination(world: RSSMConfig, prior: RSSMPriorV3, reward: MLP) -> DreamerEnv:
    """The environment in which torchrl dreams."""
    latent = world.groups * world.classes
    transition = TensorDictModule(prior, in_keys=[*BELIEF, "action"], out_keys=["_", *BELIEF])
    model = WorldModelWrapper(transition, TensorDictModule(reward, in_keys=BELIEF, out_keys=["reward"]))
    env = DreamerEnv(model, prior_shape=(latent,), belief_shape=(world.deter_dim,))
    env.observation_spec = Composite(state=Unbounded(latent), belief=Unbounded(world.deter_dim))
    env.state_spec = env.observation_spec.clone()
    env.action_spec = OneHot(world.action_dim)
    env.reward_spec = Unbounded((1,))
    return env


def experience(batch: Batch, world: RSSMConfig) -> TensorDict:
    """The same windows in torchrl's words: what was found on arrival is `next`."""
    shape = batch.reward.shape
    terminated = (batch.continues == 0).unsqueeze(-1)
    arrived = {"observation": batch.observation, "reward": batch.reward.unsqueeze(-1)}
    return TensorDict(
        {
            "state": torch.zeros(*shape, world.groups * world.classes),
            "belief": torch.zeros(*shape, world.deter_dim),
            "action": batch.action,
            "is_init": batch.is_first.unsqueeze(-1),
            "next": {**arrived, "terminated": terminated, "done": terminated},
        },
        shape,
    )


def losses(terms: TensorDict) -> Float[Tensor, ""]:
    """torchrl's way to tell what is minimized from what is only reported."""
    minimized: Iterable[Tensor] = (term.squeeze() for name, term in terms.items() if name.startswith("loss_"))
    return torch.stack(list(minimized)).sum()
