"""Study of chapter 06: the temperature table, and what the dream-trained controller is held against."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from wmcourse.chapters.dream_controller.recipes import DODGE_CONTROLLER, EVALUATION_SEED
from wmcourse.evaluation.statistics import Interval, bootstrap_mean
from wmcourse.evaluation.survival import oracle_survival, random_survival
from wmcourse.recipes.dream_controller import PROTOCOL, TEMPERATURES
from wmcourse.recipes.mdn_rnn import cached_mdn_rnn
from wmcourse.studies.results import Run
from wmcourse.studies.study import Study

EPISODES = 100
FEWER_GAMES = 8
"""Rollouts of each member in reality, where a step costs ten times what it costs in the dream."""


def evolved(**changes: Any) -> Callable[[int], Run]:
    """Evolve with fields of the configuration changed, and measure."""
    return lambda seed: DODGE_CONTROLLER.run(
        DODGE_CONTROLLER.configured(seed=seed, **changes), episodes=EPISODES, seed=EVALUATION_SEED, progress=False
    )


def references() -> dict[str, Interval]:
    """What chance and the oracle come to, in the same games."""
    return {
        "random_steps": bootstrap_mean(random_survival(games=EPISODES, seed=EVALUATION_SEED)),
        "oracle_steps": bootstrap_mean(oracle_survival(games=EPISODES, seed=EVALUATION_SEED)),
    }


DREAM_CONTROLLERS = Study(
    name="dream-controllers",
    module=__name__,
    protocol=f"{EPISODES} games or dreams, seed {EVALUATION_SEED}; {PROTOCOL}",
    variants={
        **{f"dream {temperature:g}": evolved(temperature=temperature) for temperature in TEMPERATURES},
        "dream, z alone": evolved(sees="z"),
        "reality": evolved(where="reality", rollouts=FEWER_GAMES),
        "reality, untrained memory": evolved(where="reality", rollouts=FEWER_GAMES, trained_memory=False),
    },
    seeds=(40, 41, 42),
    fewer={"reality": (40,), "reality, untrained memory": (40,)},
    before=lambda seed: cached_mdn_rnn(replace(DODGE_CONTROLLER.config.memory, seed=seed), progress=False),
    metrics=references,
)
STUDIES = (DREAM_CONTROLLERS,)
