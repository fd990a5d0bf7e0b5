"""Recipes of chapter 12: ensembles that learn the pendulum by planning with what they know of it."""

from functools import partial

from wmcourse.evaluation.pendulum import measure_pendulum
from wmcourse.models.ensemble import EnsembleConfig, ProbabilisticEnsemble
from wmcourse.recipes.pets import PETS, train
from wmcourse.recipes.recipe import Recipe

EVALUATION_SEED = 120_012
"""For manifests and studies: neither a training nor the tuning of a recipe has looked at it."""
PROTOCOL = (
    "whole episodes of Pendulum-v1, 200 steps each, from the same starts for all; a plan is made anew at each step, by "
    "the settings of wmcourse.evaluation.pendulum; share: 0 is a random policy, 1 is CEM on the true dynamics; "
    "95% bootstrap intervals over episodes"
)

PENDULUM_ENSEMBLE = Recipe(
    name="pendulum-ensemble",
    description="Probabilistic ensemble of 5 networks on Pendulum-v1, by planning, acting, learning (Chua et al. 2018)",
    config=PETS(),
    build=lambda config: ProbabilisticEnsemble(config.model),
    train=train,
    measure=partial(measure_pendulum, planners=("cem",)),
    headline="cem_share",
    protocol=PROTOCOL,
    evaluation_seed=EVALUATION_SEED,
    episodes=50,
)
PENDULUM_NETWORK = PENDULUM_ENSEMBLE.variant(
    "pendulum-network", "The same with one network in place of five", PETS(model=EnsembleConfig(members=1))
)
PENDULUM_EARLY = PENDULUM_ENSEMBLE.variant(
    "pendulum-early",
    "The same five networks after 100 steps of chance, which is all they have seen",
    PETS(random_steps=100, rounds=0, last_updates=1500),
)
RECIPES = (PENDULUM_ENSEMBLE, PENDULUM_NETWORK, PENDULUM_EARLY)
