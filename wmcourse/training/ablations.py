"""Dreamers with one part taken out, each trained again from nothing: the break-it lab of chapter 08."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from wmcourse.agents.dreamer import DreamerConfig
from wmcourse.training.cartpole_categorical import categorical
from wmcourse.training.cartpole_dreamer import CARTPOLE_DREAMER
from wmcourse.training.dreamer_recipe import DreamerRecipe
from wmcourse.training.galton_dreamer import GALTON_DREAMER
from wmcourse.training.measure_cartpole import measure_cartpole_heads

Change = Callable[[DreamerConfig], DreamerConfig]


def _world(**options: Any) -> Change:
    return lambda agent: replace(agent, world=replace(agent.world, **options))


REMOVALS: dict[str, Change] = {
    "whole": _world(),
    "no-correction": _world(corrects=False),
    "no-stochastic-path": _world(latent="deterministic"),
    "no-reconstruction": _world(probes=("observation",)),
    "no-reward-loss": _world(probes=("reward",)),
    "no-kl": _world(kl_scale=0.0),
    "no-balancing": _world(kl_balance=0.5),
    "no-slow-critic": lambda agent: replace(agent, slow_mix=1.0),
}
"""What is taken out, and how. A head whose loss is taken out goes on learning as a probe, so that it can be read."""

ABLATIONS: dict[str, tuple[DreamerRecipe, Mapping[str, Change]]] = {
    "cartpole": (
        replace(CARTPOLE_DREAMER, measure=measure_cartpole_heads),
        REMOVALS
        | {
            "no-free-nats": _world(free_nats=0.0),
            "sighted": _world(blindness=0.0),
            "sighted-no-kl": _world(blindness=0.0, kl_scale=0.0),
            "categorical": categorical,
        },
    ),
    "galton": (
        GALTON_DREAMER,
        REMOVALS | {"one-free-nat": _world(free_nats=1.0), "gaussian": _world(latent="gaussian", stoch_dim=8)},
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


def ablated(world: str, name: str) -> DreamerRecipe:
    """The recipe of one world with one thing changed."""
    whole, changes = ABLATIONS[world]
    subject, _, _ = whole.DESCRIPTION.partition(":")
    return whole.variant(f"{whole.NAME}-{name}", f"{subject}, for comparison: {WORDS[name]}", changes[name])


SHIPPED: dict[str, DreamerRecipe] = {
    recipe.NAME: recipe
    for recipe in (
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
}
"""Those whose weights the course ships: each part is taken out where its loss can be seen."""
