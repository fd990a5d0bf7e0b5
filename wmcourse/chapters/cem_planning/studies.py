"""Studies of chapter 12: planners and what they plan with, exploitation, and Dreamer's model used at decision time."""

from dataclasses import replace
from functools import partial
from typing import Any

import wmcourse
from wmcourse.chapters.cem_planning.cartpole import LONG, planning, played
from wmcourse.chapters.cem_planning.exploitation import (
    HORIZON,
    PESSIMISM,
    SEARCHES,
    opinions,
    pendulum_starts,
    promised_and_earned,
)
from wmcourse.chapters.cem_planning.recipes import (
    EVALUATION_SEED,
    PENDULUM_EARLY,
    PENDULUM_ENSEMBLE,
    PENDULUM_NETWORK,
    PROTOCOL,
)
from wmcourse.chapters.cem_planning.soft_actor_critic import soft_actor_critic
from wmcourse.data.seeds import TrainingSeeds
from wmcourse.envs.pendulum import ENV_ID
from wmcourse.evaluation.pendulum import PLANNERS, measure_pendulum, planning_policy, share_of_oracle
from wmcourse.evaluation.returns import episode_returns
from wmcourse.evaluation.statistics import Interval, bootstrap_mean
from wmcourse.models.ensemble import ProbabilisticEnsemble
from wmcourse.recipes.recipe import Recipe
from wmcourse.studies.results import Run
from wmcourse.studies.study import Study

EPISODES, WATCHED = 50, 10
MODEL_FREE_STEPS = (2000, 10_000)
STARTS = 40
FEWER = 25
"""Episodes of CartPole with a cost in place of the reward; 100 without."""


def learned(seed: int, *, recipe: Recipe, planners: tuple[str, ...]) -> Run:
    """Train, watched after each round; measure planners, and CEM with other uses of the ensemble."""
    config = recipe.configured(seed=seed, validation_episodes=WATCHED)
    trained = recipe.train(config, progress=False)
    metrics = measure_pendulum(trained.module, episodes=EPISODES, seed=EVALUATION_SEED, planners=planners)
    for name, model, options in uses(trained.module):
        policy = planning_policy(model, seed=EVALUATION_SEED, **options)
        returns = episode_returns(ENV_ID, policy, episodes=EPISODES, seed=EVALUATION_SEED)
        metrics[f"cem_{name}_share"] = share_of_oracle(returns, seed=EVALUATION_SEED)
    return Run(
        seed,
        wall_s=trained.wall_s,
        metrics=metrics,
        history=trained.history,
        environment_steps=trained.environment_steps,
        parameters=sum(each.numel() for each in trained.module.parameters()),
    )


def uses(model: ProbabilisticEnsemble) -> list[tuple[str, ProbabilisticEnsemble, dict[str, Any]]]:
    """Five networks in other ways than TS∞: dealt anew at each step, by their means, with pessimism."""
    if model.config.members == 1:
        return []
    dealt = ProbabilisticEnsemble(replace(model.config, propagation="TS1"))
    dealt.load_state_dict(model.state_dict())
    return [
        ("ts1", dealt.eval(), {}),
        ("means", model, {"temperature": 0.0}),
        ("pessimistic", model, {"pessimism": 1.0}),
    ]


def model_free(seed: int) -> Run:
    """SAC on the same task, watched on the episodes on which the ensemble of that seed is watched."""
    return soft_actor_critic(
        seed,
        steps=MODEL_FREE_STEPS,
        validate_every=500,
        validation=(WATCHED, TrainingSeeds(seed).validation),
        episodes=EPISODES,
        evaluation=EVALUATION_SEED,
    )


def oracle_by_planner() -> dict[str, Interval]:
    """Every planner with the true equations, from the same starts."""
    from wmcourse.models.known import known_pendulum

    found = measure_pendulum(known_pendulum(), episodes=EPISODES, seed=EVALUATION_SEED)
    return {f"true_{name}": value for name, value in found.items()}


def searched(seed: int, *, steps: int) -> Run:
    """Learn from so many steps of chance; then search harder and harder, and compare promise and payment."""
    trained = PENDULUM_EARLY.train(PENDULUM_EARLY.configured(seed=seed, random_steps=steps), progress=False)
    starts, metrics = pendulum_starts(STARTS, seed=EVALUATION_SEED), {}
    for name, model in opinions(trained.module).items():
        for plans, planner in SEARCHES.items():
            pair = promised_and_earned(model, planner, starts, pessimism=PESSIMISM[name], seed=seed)
            for kind, values in zip(("promised", "earned"), pair, strict=True):
                metrics[f"{name}_{kind}_{plans}"] = bootstrap_mean(values)
    return Run(seed, wall_s=trained.wall_s, metrics=metrics, environment_steps=trained.environment_steps)


def cartpole_run(seed: int, *, aim: str, horizon: int | None = None, episodes: int = 100) -> Run:
    """CEM, or Dreamer's policy if `aim` is "policy", on CartPole."""
    dreamer = wmcourse.load("cartpole-dreamer")
    options = {} if horizon is None else {"horizon": horizon}
    policy = dreamer if aim == "policy" else planning(dreamer, aim, seed=seed, **options)
    return played(dreamer, policy, seed=seed, episodes=episodes, evaluation=EVALUATION_SEED)


PENDULUM_PLANNERS = Study(
    name="pendulum-planners",
    module=__name__,
    protocol=f"{EPISODES} episodes, seed {EVALUATION_SEED}; {PROTOCOL}",
    variants={
        "ensemble": partial(learned, recipe=PENDULUM_ENSEMBLE, planners=tuple(PLANNERS)),
        "network": partial(learned, recipe=PENDULUM_NETWORK, planners=("cem",)),
        "model-free": model_free,
    },
    seeds=(50, 51, 52),
    metrics=oracle_by_planner,
)
EXPLOITATION = Study(
    name="pendulum-exploitation",
    module=__name__,
    protocol=f"{STARTS} starts, seed {EVALUATION_SEED}; plans of {HORIZON} steps, followed without a look",
    variants={f"{steps} steps": partial(searched, steps=steps) for steps in (50, 100, 200)},
    seeds=(60, 61, 62),
    fewer={"50 steps": (60,), "200 steps": (60,)},
)
CARTPOLE_PLANNING = Study(
    name="cartpole-planning",
    module=__name__,
    protocol=f"100 whole episodes of CartPole-v1 ({FEWER} with a cost), seed {EVALUATION_SEED}; "
    "the shipped cartpole-dreamer; one thread",
    variants={
        "policy": partial(cartpole_run, aim="policy"),
        "reward head": partial(cartpole_run, aim="reward head"),
        "critic at the end": partial(cartpole_run, aim="critic at the end"),
        "minus a cost": partial(cartpole_run, aim="minus a cost", episodes=FEWER),
        "minus a cost, far": partial(cartpole_run, aim="minus a cost", horizon=LONG, episodes=FEWER),
        "a point minus a cost": partial(cartpole_run, aim="a point minus a cost", episodes=FEWER),
        "a point minus a cost, far": partial(cartpole_run, aim="a point minus a cost", horizon=LONG, episodes=FEWER),
    },
    seeds=(70,),
)
STUDIES = (PENDULUM_PLANNERS, EXPLOITATION, CARTPOLE_PLANNING)
