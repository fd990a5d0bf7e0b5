"""Studies: how good the CartPole Dreamer is, on seeds nobody had looked at, and what two of its ingredients are worth.

The recipe was chosen while looking at the seeds of `SEEDS_STUDY`, which can therefore only compare variants.
"""

from collections.abc import Callable
from dataclasses import replace

from wmcourse.agents.dreamer import DreamerConfig
from wmcourse.recipes.cartpole_dreamer import CARTPOLE_DREAMER
from wmcourse.recipes.dreamer import change_world, with_agent
from wmcourse.studies.results import Run
from wmcourse.studies.study import Study

EPISODES = 1000
TUNING_EVALUATION_SEED = 0


def through_dynamics(agent: DreamerConfig) -> DreamerConfig:
    """Dreamer v1's gradient for the actor."""
    return replace(agent, gradient="dynamics")


def as_it_is(agent: DreamerConfig) -> DreamerConfig:
    """The recipe's own agent."""
    return agent


sighted = change_world(blindness=0.0)
"""A world model that sees every step while it is trained."""


def measured(change: Callable[[DreamerConfig], DreamerConfig], evaluation_seed: int) -> Callable[[int], Run]:
    """Train the recipe with a changed agent, and measure it on fresh episodes."""
    config = with_agent(CARTPOLE_DREAMER.config, change)
    return lambda seed: CARTPOLE_DREAMER.run(
        replace(config, seed=seed), episodes=EPISODES, seed=evaluation_seed, progress=False
    )


def protocol(evaluation_seed: int) -> str:
    """How the agents of a study are measured."""
    return f"{EPISODES} episodes per agent, seed {evaluation_seed}; {CARTPOLE_DREAMER.protocol}"


CONFIRMATION = Study(
    name="cartpole-dreamer-confirmation",
    module=__name__,
    protocol=protocol(CARTPOLE_DREAMER.evaluation_seed),
    variants={"default": measured(as_it_is, CARTPOLE_DREAMER.evaluation_seed)},
    seeds=(10, 11, 12, 13, 14),
    facts={"solved_at": CARTPOLE_DREAMER.config.solved},
)

SEEDS_STUDY = Study(
    name="cartpole-dreamer-seeds",
    module=__name__,
    protocol=protocol(TUNING_EVALUATION_SEED),
    variants={
        "default": measured(as_it_is, TUNING_EVALUATION_SEED),
        "dynamics": measured(through_dynamics, TUNING_EVALUATION_SEED),
        "sighted": measured(sighted, TUNING_EVALUATION_SEED),
    },
    seeds=(0, 1, 2, 3, 4),
    fewer={"sighted": (0, 1, 2)},
    facts={"solved_at": CARTPOLE_DREAMER.config.solved},
)

STUDIES = (CONFIRMATION, SEEDS_STUDY)
