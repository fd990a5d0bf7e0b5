"""Dreamers with one part taken out, each trained again from nothing: the break-it lab of chapter 08."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from wmcourse.agents.dreamer import DreamerConfig
from wmcourse.chapters.rssm.recipes.galton import GALTON_DREAMER
from wmcourse.evaluation.cartpole import measure_cartpole_heads
from wmcourse.recipes.cartpole_dreamer import CARTPOLE_DREAMER
from wmcourse.recipes.dreamer import agent_measure, change_world, with_agent
from wmcourse.recipes.recipe import Recipe

Change = Callable[[DreamerConfig], DreamerConfig]


REMOVALS: dict[str, Change] = {
    "whole": change_world(),
    "no-correction": change_world(corrects=False),
    "no-stochastic-path": change_world(latent="deterministic"),
    "no-reconstruction": change_world(probes=("observation",)),
    "no-reward-loss": change_world(probes=("reward",)),
    "no-kl": change_world(kl_scale=0.0),
    "no-balancing": change_world(kl_balance=0.5),
    "no-slow-critic": lambda agent: replace(agent, slow_mix=1.0),
}
"""What is taken out, and how. A head whose loss is taken out goes on learning as a probe, so that it can be read."""

ABLATIONS: dict[str, tuple[Recipe, Mapping[str, Change]]] = {
    "cartpole": (
        replace(CARTPOLE_DREAMER, measure=agent_measure(measure_cartpole_heads)),
        REMOVALS
        | {
            "no-free-nats": change_world(free_nats=0.0),
            "sighted": change_world(blindness=0.0),
            "sighted-no-kl": change_world(blindness=0.0, kl_scale=0.0),
            "categorical": change_world(latent="categorical", groups=8, classes=8),
        },
    ),
    "galton": (
        GALTON_DREAMER,
        REMOVALS
        | {"one-free-nat": change_world(free_nats=1.0), "gaussian": change_world(latent="gaussian", stoch_dim=8)},
    ),
}
"""For each world, the whole recipe and everything that is compared with it."""


WORDS = {
    "whole": "nothing taken out",
    "no-correction": "belief never corrected after the first look",
    "no-stochastic-path": "deterministic latent",
    "no-reconstruction": "no reconstruction loss",
    "no-reward-loss": "no reward loss",
    "no-kl": "no KL",
    "no-balancing": "no KL balancing",
    "no-slow-critic": "no slow critic",
    "no-free-nats": "no free nats",
    "sighted": "never blind in training",
    "sighted-no-kl": "no KL, and never blind in training",
    "categorical": "categorical latent",
    "one-free-nat": "one free nat",
    "gaussian": "Gaussian latent",
}
"""Each change in words, for `wmcourse list`."""


def ablated(world: str, name: str) -> Recipe:
    """The recipe of one world with one thing changed."""
    whole, changes = ABLATIONS[world]
    subject, _, _ = whole.description.partition(":")
    description = f"{subject}, for comparison: {WORDS[name]}"
    return whole.variant(f"{whole.name}-{name}", description, with_agent(whole.config, changes[name]))


CARTPOLE_CATEGORICAL = CARTPOLE_DREAMER.variant(
    "cartpole-dreamer-categorical",
    "Dreamer on CartPole-v1 states: categorical RSSM, actor and critic trained in imagination",
    with_agent(CARTPOLE_DREAMER.config, ABLATIONS["cartpole"][1]["categorical"]),
)
"""The CartPole Dreamer with eight one-hot groups of eight classes, all else as it was (Hafner et al. 2021)."""

SHIPPED = (
    *(
        ablated("cartpole", name)
        for name in (
            "no-correction",
            "no-stochastic-path",
            "no-reconstruction",
            "no-kl",
            "sighted-no-kl",
            "no-slow-critic",
        )
    ),
    *(ablated("galton", name) for name in ABLATIONS["galton"][1] if name != "whole"),
)
"""Those whose weights the course ships: each part is taken out where its loss can be seen."""
