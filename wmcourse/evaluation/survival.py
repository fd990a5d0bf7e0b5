"""How long controllers survive in Dodge, and in a model's dream of it; whole populations of them at once."""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from wmcourse.agents.controller import Controller, act_each
from wmcourse.agents.dodge_oracle import oracle
from wmcourse.data.games import Choose, at, play, uniform_actions
from wmcourse.envs.dodge import LIMIT, STAY, DodgeGames, as_observation, pictures
from wmcourse.models.dream_vector import DreamVectorEnv
from wmcourse.models.mdn_rnn import MDNRNN
from wmcourse.models.protocol import first_look, map_state


def survival_of_rule(choose: Choose, *, games: int, seed: int) -> Float[Tensor, " game"]:
    """Steps survived, of at most `LIMIT`, by a rule that sees everything there is to know."""
    log = play(choose, games=games, seed=seed)
    return torch.from_numpy(log.lengths - log.died).float()


def random_survival(*, games: int, seed: int) -> Float[Tensor, " game"]:
    """Steps survived by the random policy."""
    return survival_of_rule(uniform_actions(seed), games=games, seed=seed)


def oracle_survival(*, games: int, seed: int) -> Float[Tensor, " game"]:
    """Steps survived by the oracle."""
    return survival_of_rule(lambda scene, running: oracle(scene), games=games, seed=seed)


@torch.no_grad()
def real_survival(
    world: MDNRNN, population: Float[Tensor, "member parameter"], *, games: int, seed: int, limit: int = LIMIT
) -> Float[Tensor, "member game"]:
    """Steps survived in real games by linear controllers that see what `world` makes of the pictures."""
    members = len(population)
    count = members * games
    real = DodgeGames(count, np.random.default_rng(seed))
    state = first_look(world, start_observation().expand(count, -1, -1, -1))
    running, survived = np.arange(count), torch.zeros(count)
    for _ in range(limit):
        features = torch.zeros(count, state.features.shape[1])
        features[running] = state.features
        action = act_each(population, features.view(members, games, -1), world.action_dim).view(-1)
        hit = real.step(np.where(np.isin(np.arange(count), running), action.numpy(), STAY))[running]
        taken, state = action[running][~hit], map_state(lambda field, hit=hit: field[~hit], state)
        running = running[~hit]
        survived[running] += 1
        if not len(running):
            break
        seen = as_observation(pictures(at(real.scene, running)))
        state = world.observe(state, F.one_hot(taken, world.action_dim).float(), seen)
    return survived.view(members, games)


def dream_survival(
    world: MDNRNN,
    population: Float[Tensor, "member parameter"],
    *,
    temperature: float,
    dreams: int,
    seed: int,
    limit: int = LIMIT,
) -> Float[Tensor, "member dream"]:
    """Steps survived in dreams that begin at the one real picture with which every game begins."""
    members = len(population)
    env = DreamVectorEnv(
        world,
        members * dreams,
        start_observations=start_observation(),
        temperature=temperature,
        max_episode_steps=limit,
    )
    features, _ = env.reset(seed=seed)
    running, survived = np.ones(members * dreams, dtype=bool), np.zeros(members * dreams, dtype=np.float32)
    while running.any():
        seen = torch.from_numpy(features).view(members, dreams, -1)
        actions = act_each(population, seen, world.action_dim).view(-1)
        features, _, terminated, truncated, _ = env.step(actions.numpy())
        survived += running & ~terminated
        running &= ~(terminated | truncated)
    return torch.from_numpy(survived).view(members, dreams)


def start_observation() -> Float[Tensor, "1 3 64 64"]:
    """The picture with which every game begins."""
    return as_observation(DodgeGames(1, np.random.default_rng(0)).pictures())


def as_population(controller: Controller) -> Float[Tensor, "1 parameter"]:
    """A controller as a population of one."""
    linear = controller.actor.linear
    return torch.cat([linear.weight, linear.bias[:, None]], dim=1).view(1, -1)
