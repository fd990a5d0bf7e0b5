"""Controllers watched at play: in real games, and in dreams of them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from wmcourse.agents.controller import Controller, Memory
from wmcourse.agents.dodge_oracle import oracle
from wmcourse.data.games import Choose
from wmcourse.envs.dodge import (
    AGENT_RADIUS,
    AGENT_ROW,
    BALL_RADIUS,
    LIMIT,
    SIDE,
    STAY,
    STRIDE,
    Scene,
    around,
    as_observation,
    hits,
    pictures,
)
from wmcourse.evaluation.objects import cover
from wmcourse.evaluation.survival import start_observation
from wmcourse.models.dream_vector import DreamVectorEnv
from wmcourse.models.mdn_rnn import MDNRNN
from wmcourse.models.protocol import map_state


def as_rule(controller: Controller, *, games: int) -> Choose:
    """A controller as what `play` asks for, for one `play` of so many games. It sees the pictures alone."""
    memory, before = controller.initial(games), np.arange(games)

    def choose(scene: Scene, running: np.ndarray) -> np.ndarray:
        nonlocal memory, before
        stays = torch.from_numpy(np.isin(before, running))
        taken = None if memory.action is None else memory.action[stays]
        memory = Memory(map_state(lambda field: field[stays], memory.state), taken)
        action, memory = controller.act(memory, as_observation(pictures(scene)))
        before = running
        return action.argmax(-1).numpy()

    return choose


Act = Callable[[Tensor], np.ndarray]
"""The actions (B,) of the dreams that still run, from the features [z, h] of their beliefs."""


def as_act(controller: Controller) -> Act:
    """A controller as what `watch_dreams` asks for."""
    return lambda features: controller.actor(features).action.argmax(-1).numpy()


class Dreams(NamedTuple):
    """Whole dreams, one after the other: T + 1 codes and T actions each."""

    latents: Float[Tensor, "picture latent"]
    actions: Int[np.ndarray, " step"]
    lengths: Int[np.ndarray, " dream"]
    """Steps T of each, the last one included."""
    died: Bool[np.ndarray, " dream"]
    """False if it was cut off."""


@torch.no_grad()
def watch_dreams(
    world: MDNRNN, choose: Act, *, temperature: float, dreams: int, seed: int, limit: int = LIMIT
) -> Dreams:
    """Play in a model's dreams, from the picture with which every game begins."""
    env = DreamVectorEnv(
        world, dreams, start_observations=start_observation(), temperature=temperature, max_episode_steps=limit
    )
    features, _ = env.reset(seed=seed)
    size, running = world.config.vae.latent_dim, np.arange(dreams)
    lengths, died = np.zeros(dreams, dtype=int), np.zeros(dreams, dtype=bool)
    owners, codes, actors, actions = [running], [torch.from_numpy(features[:, :size].copy())], [], []
    while len(running):
        action = np.full(dreams, STAY)
        action[running] = choose(torch.from_numpy(features[running]))
        features, _, terminated, _, info = env.step(action)
        owners.append(running)
        actors.append(running)
        actions.append(action[running])
        codes.append(torch.from_numpy(features[running, :size]))
        lengths[running] += 1
        died |= terminated
        running = info["running"]
    order, acted = (np.argsort(np.concatenate(each), kind="stable") for each in (owners, actors))
    return Dreams(torch.cat(codes)[torch.from_numpy(order)], np.concatenate(actions)[acted], lengths, died)


def last_pictures(lengths: Int[np.ndarray, " game"]) -> Int[np.ndarray, " game"]:
    """The rows of the pictures with which games or dreams of these lengths end, where each has T + 1."""
    return np.cumsum(lengths + 1) - 1


def touched(picture: Float[Tensor, "batch 3 64 64"]) -> Float[Tensor, " batch"]:
    """Ball-colored area so near to the agent that a ball there has hit it, in areas of a ball."""
    pixel = torch.arange(SIDE) + 0.5
    near = torch.hypot(pixel - SIDE / 2, pixel[:, None] - AGENT_ROW) < AGENT_RADIUS + BALL_RADIUS
    return ((cover(picture)[:, 0] > 0.5) & near).float().sum((1, 2)) / (np.pi * BALL_RADIUS**2)


def escapes(scene: Scene, *, steps: int = 25) -> Bool[np.ndarray, " batch"]:
    """Where the oracle would have come away alive, if no more balls were launched."""
    x, y, speed = (part.copy() for part in scene)
    alive = np.ones(len(x), dtype=bool)
    for _ in range(steps):
        x = around(x - STRIDE * (oracle(Scene(x, y, speed)) - STAY)[:, None])
        y = y + speed
        alive &= ~hits(Scene(x, y, speed)).any(1)
    return alive
