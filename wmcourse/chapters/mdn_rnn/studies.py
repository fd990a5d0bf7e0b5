"""Study of chapter 05: what each part of the MDN-RNN is good for, from seeds nothing was tuned with."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from wmcourse.chapters.mdn_rnn.recipes import DODGE_MDN_RNN, EVALUATION_SEED
from wmcourse.recipes.mdn_rnn import MDNTraining, cached_mdn_rnn
from wmcourse.recipes.measure_dreams import PROTOCOL, measure_dreams
from wmcourse.recipes.vae import cached_vae
from wmcourse.studies.results import Run
from wmcourse.studies.study import Study

EPISODES = 100


def measured(config: MDNTraining, seed: int) -> Run:
    """Train with a configuration, and measure."""
    trained = cached_mdn_rnn(replace(config, seed=seed), progress=False)
    return Run(
        seed=seed,
        wall_s=trained.wall_s,
        metrics=measure_dreams(trained.module, episodes=EPISODES, seed=EVALUATION_SEED),
        history=trained.history,
        environment_steps=trained.environment_steps,
    )


def ablated(*, draws_codes: bool = True, **model: Any) -> Callable[[int], Run]:
    """The recipe's configuration with some fields changed."""
    config: MDNTraining = DODGE_MDN_RNN.config
    return partial(measured, replace(config, draws_codes=draws_codes, model=replace(config.model, **model)))


ABLATIONS = Study(
    name="mdn-rnn-ablations",
    module=__name__,
    protocol=f"{EPISODES} games or dreams, seed {EVALUATION_SEED}; {PROTOCOL}",
    variants={
        "whole": ablated(),
        "one Gaussian": ablated(components=1),
        "no memory": ablated(remembers=False),
        "no action": ablated(sees_action=False),
        "means as codes": ablated(draws_codes=False),
    },
    seeds=(40,),
    fewer={"whole": (40, 41, 42)},
    before=lambda seed: cached_vae(replace(DODGE_MDN_RNN.config.vision, seed=seed), progress=False),
)
STUDIES = (ABLATIONS,)
