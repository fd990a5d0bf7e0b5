"""What a warm start saves: returns on the true pendulum by rounds of CEM, with one and without; prints a table."""

from itertools import product

import torch

from wmcourse.envs.pendulum import ENV_ID
from wmcourse.evaluation.pendulum import TORQUE
from wmcourse.evaluation.returns import episode_returns
from wmcourse.evaluation.statistics import Interval, bootstrap_mean
from wmcourse.models.known import known_pendulum
from wmcourse.planning import CEM, Imagination, RecedingHorizon

EPISODES, SEED = 50, 246_801
SAMPLES, ROUNDS = (20, 50), (1, 2, 3, 5)


def returned(samples: int, rounds: int, *, warm_start: bool) -> Interval:
    """Mean return of the same episodes for all."""
    planner = CEM(TORQUE, horizon=20, samples=samples, elites=samples // 5, iterations=rounds)
    policy = RecedingHorizon(Imagination(known_pendulum()), planner, warm_start=warm_start, seed=SEED)
    return bootstrap_mean(episode_returns(ENV_ID, policy, episodes=EPISODES, seed=SEED))


def main() -> None:
    torch.set_num_threads(1)
    print("| samples | rounds | plans tried | return, from the middle each time | return, warm start |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for samples, rounds in product(SAMPLES, ROUNDS):
        cold, warm = (
            f"{found.value:.0f} ({found.low:.0f} to {found.high:.0f})"
            for found in (returned(samples, rounds, warm_start=warm) for warm in (False, True))
        )
        print(f"| {samples} | {rounds} | {samples * rounds} | {cold} | {warm} |", flush=True)


if __name__ == "__main__":
    main()
