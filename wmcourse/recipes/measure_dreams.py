"""How an MDN-RNN is measured: its codes on held-out games, and what happens in its dreams beside what happens."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from wmcourse.data.games import play, restless, uniform_actions
from wmcourse.envs.dodge import LIMIT
from wmcourse.evaluation.objects import ball_area
from wmcourse.evaluation.statistics import Interval, bootstrap_mean, bootstrap_ratio
from wmcourse.evaluation.survival import start_observation
from wmcourse.models.dream_vector import DreamVectorEnv
from wmcourse.models.mdn_rnn import MDNRNN
from wmcourse.recipes.encoded_games import Sequences, encode_games, sequences

TEMPERATURES = (0.1, 0.5, 0.8, 1.0, 1.15, 1.3, 1.5)
WATCHED = 80
"""Steps of a game or a dream in which balls are counted."""
PROTOCOL = (
    "codes drawn from q(z|x) of games of the restless random policy, which the LSTM follows from their start; inside: "
    "share of the codes inside the central interval of that probability; chance_steps, balls: games and dreams of the "
    "random policy, steps survived and ball-colored area per picture in areas of a ball, first 80 steps; 95% bootstrap "
    "intervals over games"
)


@torch.no_grad()
def measure_dreams(module: MDNRNN, *, episodes: int, seed: int) -> dict[str, Interval]:
    """Likelihood and calibration of the next code, and dreams of the random policy at each temperature."""
    found = measure_codes(module, held_out(module, episodes=episodes, seed=seed))
    steps, balls = real_chance(games=episodes, seed=seed)
    found |= {"chance_steps_real": bootstrap_mean(steps), "balls_real": bootstrap_mean(balls)}
    for temperature in TEMPERATURES:
        steps, balls = dreamed_chance(module, temperature=temperature, dreams=episodes, seed=seed)
        found[f"chance_steps_tau_{temperature:g}"] = bootstrap_mean(steps)
        found[f"balls_tau_{temperature:g}"] = bootstrap_mean(balls)
    return found


def held_out(module: MDNRNN, *, episodes: int, seed: int) -> Sequences:
    """Fresh games in the model's code."""
    data = encode_games(module.vae, play(restless(episodes, seed), games=episodes, seed=seed))
    generator = Generator().manual_seed(seed)
    return sequences(data, torch.arange(episodes), length=LIMIT, draws=True, generator=generator)


def probability_integral(module: MDNRNN, games: Sequences) -> Float[Tensor, "game time latent"]:
    """The rank, 0 to 1, of each code in the distribution expected for it: uniform if that is right (Dawid 1984)."""
    hidden = module.follow(games.latents[:, :-1], games.actions)
    return module.expected(hidden).cdf(games.latents[:, 1:])


def measure_codes(module: MDNRNN, games: Sequences) -> dict[str, Interval]:
    """Nats per latent dimension, nats of the end per step, and the share of codes inside central intervals."""
    hidden = module.follow(games.latents[:, :-1], games.actions)
    real = games.real.float()
    steps, size = real.sum(1), games.latents.shape[-1]
    nll = (module.expected(hidden).nll(games.latents[:, 1:]) * real).sum(1)
    ending = torch.nn.functional.binary_cross_entropy_with_logits(
        module.goes_on(hidden).squeeze(-1), games.continues, reduction="none"
    )
    off_center = (probability_integral(module, games) - 0.5).abs()
    inside = {f"inside_{share}": (((off_center < share / 200).sum(-1)) * real).sum(1) for share in (50, 90)}
    return {
        "nll_nats_per_dim": bootstrap_ratio(nll, steps * size),
        "ending_nats": bootstrap_ratio((ending * real).sum(1), steps),
        **{name: bootstrap_ratio(count, steps * size) for name, count in inside.items()},
    }


def real_chance(*, games: int, seed: int) -> tuple[Float[Tensor, " game"], Float[Tensor, " game"]]:
    """Steps that the random policy survives, and balls per picture in the first steps."""
    log = play(uniform_actions(seed), games=games, seed=seed)
    owners = np.repeat(np.arange(games), log.lengths + 1)
    since = np.arange(len(owners)) - np.repeat(np.cumsum(log.lengths + 1) - log.lengths - 1, log.lengths + 1)
    early = np.flatnonzero((since > 0) & (since <= WATCHED))
    area = torch.cat([ball_area(log.observations(part)) for part in np.array_split(early, max(1, len(early) // 500))])
    total = np.bincount(owners[early], area.numpy(), minlength=games) / np.bincount(owners[early], minlength=games)
    return torch.from_numpy(log.lengths - log.died).float(), torch.from_numpy(total)


@torch.no_grad()
def dreamed_chance(
    module: MDNRNN, *, temperature: float, dreams: int, seed: int
) -> tuple[Float[Tensor, " dream"], Float[Tensor, " dream"]]:
    """The same in dreams, which last `LIMIT` steps at most."""
    env = DreamVectorEnv(
        module, dreams, start_observations=start_observation(), temperature=temperature, max_episode_steps=LIMIT
    )
    env.reset(seed=seed)
    random = np.random.default_rng((seed, 1))
    running, survived, area, seen = np.ones(dreams, dtype=bool), *np.zeros((3, dreams))
    while running.any():
        _, _, terminated, truncated, info = env.step(random.integers(3, size=dreams))
        survived += running & ~terminated
        running &= ~(terminated | truncated)
        still = info["running"]
        if info["step"] <= WATCHED and len(still):
            area[still] += ball_area(module.vae.decode(env.beliefs.latent)).numpy()
            seen[still] += 1
    return torch.from_numpy(survived), torch.from_numpy(area / np.maximum(seen, 1))
