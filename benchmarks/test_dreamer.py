"""Dreamer at the sizes of the recipe `cartpole-dreamer`: learning, acting, imagining."""

import pytest
import torch
import torch.nn.functional as F

from wmcourse.agents.random_policy import RandomPolicy
from wmcourse.data.collect import collect
from wmcourse.data.replay import ReplayBuffer
from wmcourse.models.protocol import map_state
from wmcourse.nets.optimize import clipped_step
from wmcourse.training.cartpole_dreamer import ENV_ID, Config, build

CONFIG = Config()


def test_update(ratio):
    """Steps 1 and 2 of the recipe's loop: windows, world model, dreams, actor, critic, slow critic."""
    agent, world = build(CONFIG), CONFIG.agent.world
    buffer = ReplayBuffer(10_000, world.observation_shape, world.action_dim)
    for episode in collect(ENV_ID, RandomPolicy(world.action_dim, seed=0), episodes=CONFIG.seed_episodes, seed=0):
        buffer.add(episode)
    parts = {agent.world: CONFIG.model_lr, agent.actor: CONFIG.actor_lr, agent.critic: CONFIG.critic_lr}
    adam = {part: torch.optim.Adam(part.parameters(), lr=lr, eps=1e-5) for part, lr in parts.items()}

    def update() -> None:
        batch = buffer.sample(CONFIG.batch_size, CONFIG.length, newest=CONFIG.newest)
        model = agent.world.loss(batch)
        clipped_step(adam[agent.world], model.total, agent.world, clip=CONFIG.clip)
        chosen = torch.randperm(batch.continues.numel())[: CONFIG.starts]
        start = map_state(lambda part: part.detach().flatten(0, 1)[chosen], model.states)
        behavior = agent.loss(start, batch.continues.flatten()[chosen])
        clipped_step(adam[agent.actor], behavior.actor, agent.actor, clip=CONFIG.clip)
        clipped_step(adam[agent.critic], behavior.critic, agent.critic, clip=CONFIG.clip)
        agent.update_slow_critic()

    ratio.to_matrix_products(update)


@pytest.mark.parametrize("batch", [1, 1024])
@torch.no_grad()
def test_act(ratio, batch):
    agent = build(CONFIG)
    memory, observation = agent.initial(batch), torch.randn(batch, *CONFIG.agent.world.observation_shape)
    ratio.to_matrix_products(lambda: agent.act(memory, observation))


@pytest.mark.parametrize("batch", [1, 1024])
@torch.no_grad()
def test_imagine(ratio, batch):
    world = build(CONFIG).world
    state, action = world.initial(batch), F.one_hot(torch.arange(batch) % 2, world.action_dim).float()
    ratio.to_matrix_products(lambda: world.imagine(state, action))
