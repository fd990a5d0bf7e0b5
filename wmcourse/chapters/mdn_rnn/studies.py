"""Study of chapter 05: what each part of the MDN-RNN is good for, from seeds nothing was tuned with."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from wmcourse.chapters.mdn_rnn.recipes import DODGE_MDN_RNN, EVALUATION_SEED
from wmcourse.recipes.mdn_rnn import MDNTraining, cached_mdn_rnn
from wmcourse.recipes.measure_dreams import PROTOCOL, measure_dreams
from wmcourse.recipes.vae import cached_vae
from wmcourse.studies.results import Run
from wmcourse.studies.study import Study

EPISODES = 100


def ablated(*, draws_codes: bool = True, **model: Any) -> Callable[[int], Run]:
    """Train with fields of the configuration changed, and measure."""

    def run(seed: int) -> Run:
        config: MDNTraining = DODGE_MDN_RNN.config
        changed = replace(config, seed=seed, draws_codes=draws_codes, model=replace(config.model, **model))
        trained = cached_mdn_rnn(changed, progress=False)
        return Run(
            seed=seed,
            wall_s=trained.wall_s,
            metrics=measure_dreams(trained.module, episodes=EPISODES, seed=EVALUATION_SEED),
            history=trained.history,
            environment_steps=trained.environment_steps,
        )

    return run


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
