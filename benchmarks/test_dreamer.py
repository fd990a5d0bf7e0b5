"""Dreamer at the sizes of the recipe `cartpole-dreamer`: learning, acting, imagining."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from wmcourse.agents.random_policy import RandomPolicy
from wmcourse.data.collect import collect
from wmcourse.data.replay import Batch, ReplayBuffer
from wmcourse.models.protocol import map_state
from wmcourse.nets.optimize import clipped_step
from wmcourse.recipes.cartpole_dreamer import CARTPOLE, CARTPOLE_DREAMER, Config

CONFIG = Config()


@pytest.fixture(scope="module")
def buffer() -> ReplayBuffer:
    """What the recipe has seen before its first update."""
    world = CONFIG.agent.world
    buffer = ReplayBuffer(10_000, world.observation_shape, world.action_dim)
    random = RandomPolicy(world.action_dim, seed=0)
    for episode in collect(CARTPOLE.env_id, random, episodes=CONFIG.seed_episodes, seed=0):
        buffer.add(episode)
    return buffer


def learner(config: Config) -> Callable[[Batch], None]:
    """Steps 1 and 2 of the recipe's loop, for a batch: world model, dreams, actor, critic, slow critic."""
    agent = CARTPOLE_DREAMER.build(config)
    parts = {agent.world: config.model_lr, agent.actor: config.actor_lr, agent.critic: config.critic_lr}
    adam = {part: torch.optim.Adam(part.parameters(), lr=lr, eps=1e-5) for part, lr in parts.items()}

    def update(batch: Batch) -> None:
        model = agent.world.loss(batch)
        clipped_step(adam[agent.world], model.total, agent.world, clip=config.clip)
        chosen = torch.randperm(batch.continues.numel())[: config.starts]
        start = map_state(lambda part: part.detach().flatten(0, 1)[chosen], model.states)
        behavior = agent.loss(start, batch.continues.flatten()[chosen])
        clipped_step(adam[agent.actor], behavior.actor, agent.actor, clip=config.clip)
        clipped_step(adam[agent.critic], behavior.critic, agent.critic, clip=config.clip)
        agent.update_slow_critic()

    return update


def size(parameters: Iterable[Tensor]) -> int:
    return sum(parameter.numel() for parameter in parameters)


@pytest.mark.parametrize("length", [CONFIG.length, 64])
def test_update(ratio, buffer, length):
    update = learner(CONFIG)
    ratio.to_matrix_products(lambda: update(buffer.sample(CONFIG.batch_size, length, newest=CONFIG.newest)))


@pytest.mark.parametrize("length", [CONFIG.length, 64])
def test_update_beside_torchrl(ratio, buffer, length):
    """The recipe, but with the latent that torchrl has, and blind to nothing, as its windows are."""
    torchrl = pytest.importorskip("torchrl", reason="torchrl is not installed: `make bench` does that where it can")
    from torchrl_peer import Peer, experience

    world = replace(CONFIG.agent.world, latent="categorical", blindness=0.0)
    config = replace(CONFIG, agent=replace(CONFIG.agent, world=world))
    batch = buffer.sample(config.batch_size, length, newest=config.newest)
    update, peer, same = learner(config), Peer(config), experience(batch, world)
    peer.update(same)
    for part, parameters in peer.parameters.items():
        assert size(parameters) == size(getattr(CARTPOLE_DREAMER.build(config), part).parameters()), part
        assert all(parameter.grad is not None for parameter in parameters), f"no gradient reaches all of the {part}"
    ratio.to_peer(f"torchrl {torchrl.__version__}", lambda: peer.update(same), lambda: update(batch))


@pytest.mark.parametrize("batch", [1, 1024])
@torch.no_grad()
def test_act(ratio, batch):
    agent = CARTPOLE_DREAMER.build(CONFIG)
    memory, observation = agent.initial(batch), torch.randn(batch, *CONFIG.agent.world.observation_shape)
    ratio.to_matrix_products(lambda: agent.act(memory, observation))


@pytest.mark.parametrize("batch", [1, 1024])
@torch.no_grad()
def test_imagine(ratio, batch):
    world = CARTPOLE_DREAMER.build(CONFIG).world
    state, action = world.initial(batch), F.one_hot(torch.arange(batch) % 2, world.action_dim).float()
    ratio.to_matrix_products(lambda: world.imagine(state, action))
