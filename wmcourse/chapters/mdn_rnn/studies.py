"""Study of chapter 05: what each part of the MDN-RNN is good for, from seeds nothing was tuned with."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from wmcourse.chapters.mdn_rnn.recipes import DODGE_MDN_RNN, EVALUATION_SEED
from wmcourse.recipes.mdn_rnn import MDNTraining
from wmcourse.recipes.measure_dreams import PROTOCOL
from wmcourse.recipes.vae import cached_vae
from wmcourse.studies.results import Run
from wmcourse.studies.study import Study

EPISODES = 200


def ablated(*, draws_codes: bool = True, **model: Any) -> Callable[[int], Run]:
    """Train with fields of the configuration changed, and measure."""

    def run(seed: int) -> Run:
        config: MDNTraining = DODGE_MDN_RNN.config
        changed = replace(config, seed=seed, draws_codes=draws_codes, model=replace(config.model, **model))
        return DODGE_MDN_RNN.run(changed, episodes=EPISODES, seed=EVALUATION_SEED, progress=False)

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
    seeds=(40, 41, 42),
    before=lambda seed: cached_vae(replace(DODGE_MDN_RNN.config.vision, seed=seed), progress=False),
)
STUDIES = (ABLATIONS,)
