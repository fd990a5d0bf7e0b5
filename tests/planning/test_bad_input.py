"""Mistakes are named, each by a word that tells."""

import gymnasium as gym
import pytest
import torch

from wmcourse.agents.random_policy import UniformPolicy
from wmcourse.planning import (
    CEM,
    MPPI,
    Box,
    CategoricalCEM,
    Choices,
    GradientPlanner,
    Imagination,
    RandomShooting,
    RecedingHorizon,
    colored_noise,
)

BOX, DICE = Box([-1.0, 0.0], [1.0, 3.0]), Choices(3)
ALL = (
    RandomShooting(BOX, horizon=2, samples=4),
    CEM(BOX, horizon=2, samples=4, elites=2),
    MPPI(BOX, horizon=2, samples=4),
    GradientPlanner(BOX, horizon=2, samples=4, iterations=2),
)
each_planner = pytest.mark.parametrize("planner", ALL, ids=lambda planner: type(planner).__name__)


@pytest.mark.parametrize(
    ("make", "tells"),
    [
        (lambda: Box([0.0, 1.0], [1.0, 1.0]), "low must be below high"),
        (lambda: Box([0.0], [1.0, 2.0]), "of one length"),
        (lambda: Box(0.0, float("inf")), "finite"),
        (lambda: Box.of(gym.spaces.Discrete(3)), r"flat gymnasium\.spaces\.Box"),
        (lambda: Box.of(gym.spaces.Box(-1, 1, (2, 2))), r"flat gymnasium\.spaces\.Box"),
        (lambda: Choices(1), "at least 2 actions"),
        (lambda: CEM(BOX, horizon=0), "horizon must be a whole number, at least 1; got 0"),
        (lambda: MPPI(BOX, horizon=0), "horizon"),
        (lambda: RandomShooting(BOX, horizon=-1), "horizon"),
        (lambda: GradientPlanner(BOX, horizon=0), "horizon"),
        (lambda: CategoricalCEM(DICE, horizon=0), "horizon"),
        (lambda: CEM(BOX, samples=10, elites=11), "at most the 10 samples; got 11"),
        (lambda: CategoricalCEM(DICE, samples=10, elites=11), "at most the 10 samples; got 11"),
        (lambda: CEM(BOX, iterations=0), "iterations"),
        (lambda: CEM(BOX, elites=0), "elites"),
        (lambda: MPPI(BOX, samples=0), "samples"),
        (lambda: CEM(BOX, init_std=0.01), "min_std <= init_std"),
        (lambda: CEM(BOX, momentum=1.0), "momentum < 1"),
        (lambda: CEM(BOX, keep=1.5), "keep <= 1"),
        (lambda: CEM(BOX, noise_beta=-1.0), "noise_beta"),
        (lambda: MPPI(BOX, noise_beta=-1.0), "noise_beta"),
        (lambda: MPPI(BOX, temperature=0.0), "temperature and std must be above 0"),
        (lambda: GradientPlanner(BOX, lr=0.0), "lr must be above 0"),
        (lambda: CategoricalCEM(DICE, min_prob=0.4), "min_prob < 1/3"),
        (lambda: colored_noise(2, horizon=4, beta=-1.0), "beta >= 0"),
        (lambda: colored_noise(2, horizon=0, beta=1.0), "horizon >= 1"),
        (lambda: Imagination(None, discount=1.1), "discount <= 1"),
        (lambda: Imagination(None, particles=0), "particles >= 1"),
        (lambda: Imagination(None, pessimism=-1.0), "pessimism >= 0"),
        (lambda: RecedingHorizon(None, ALL[0], replan_every=3), "replan_every must be 1..2, the horizon; got 3"),
        (lambda: RecedingHorizon(None, ALL[0], replan_every=0), "replan_every"),
        (lambda: UniformPolicy([0.0, 0.0], [1.0]), "of one length"),
    ],
)
def test_settings(make, tells, unchecked_shapes):
    with pytest.raises(ValueError, match=tells):
        make()


def total(plans):
    return plans.sum((-1, -2))


@each_planner
@pytest.mark.parametrize(
    ("start", "tells"),
    [
        (torch.full((1, 2, 2), 2.0), r"start has actions out of bounds \[-1.0, 0.0\]..\[1.0, 3.0\]"),
        (torch.zeros(1, 3, 2), r"start must have shape \(1, 2, 2\) \(batch, horizon, action\); got \(1, 3, 2\)"),
        (torch.zeros(2, 2, 2), "start must have shape"),
    ],
)
def test_a_start_that_does_not_fit(planner, start, tells, unchecked_shapes):
    with pytest.raises(ValueError, match=tells):
        planner.plan(total, start=start)


def test_a_start_that_is_no_probability():
    for planner in (CategoricalCEM(DICE, horizon=2), RandomShooting(DICE, horizon=2)):
        with pytest.raises(ValueError, match="add up to 1"):
            planner.plan(total, start=torch.ones(1, 2, 3))


@each_planner
def test_a_score_that_answers_otherwise(planner, unchecked_shapes):
    with pytest.raises(ValueError, match=r"one value a plan, \(2, 4\); got \(2,\)"):
        planner.plan(lambda plans: total(plans).mean(1), batch=2)


@each_planner
def test_a_model_that_diverges_along_every_plan(planner):
    with pytest.raises(ValueError, match=r"all 4 candidates .*NaN.* in 1 of 2 problems: the model diverges"):
        planner.plan(lambda plans: total(plans) * torch.tensor([[1.0], [torch.nan]]), batch=2)


def test_a_score_without_a_gradient():
    with pytest.raises(ValueError, match="no gradient .* plan by sampling instead"):
        ALL[-1].plan(lambda plans: total(plans).round().detach())


def test_warm_beyond_the_plan():
    plan = ALL[0].plan(total)
    with pytest.raises(ValueError, match=r"0\.\.2, the plan's length; got 3"):
        plan.warm(3)
    assert plan.warm(2).isnan().all() and torch.equal(plan.warm(0), plan.search[-1].mean)


@pytest.mark.parametrize(
    ("options", "plans", "tells"),
    [
        ({}, torch.zeros(2, 3, 4, 1), r"no head for the reward: give Imagination reward="),
        ({"reward": lambda x, a: x}, torch.zeros(2, 3, 4, 1), r"reward\(observation, action\) must return .* \(6,\)"),
        ({"reward": lambda x, a: x[:, 0]}, torch.zeros(2, 3, 4, 2), "actions of 1 numbers"),
        ({"reward": lambda x, a: x[:, 0]}, torch.zeros(3, 3, 4, 1), "do not fit 2 beliefs"),
        (
            {"reward": lambda x, a: x[:, 0], "value": lambda features: features},
            torch.zeros(2, 3, 4, 1),
            r"value\(features\) must return one number a row, \(6,\); got \(6, 2\)",
        ),
        (
            {"reward": lambda x, a: x[:, 0], "terminated": lambda x: x[:, 0]},
            torch.zeros(2, 3, 4, 1),
            "must return booleans",
        ),
    ],
)
def test_what_imagination_cannot_add_up(options, plans, tells, rotation, unchecked_shapes):
    with pytest.raises(ValueError, match=tells):
        Imagination(rotation, **options).returns(rotation.initial(2), plans)


def test_a_mean_that_rounding_puts_out_of_bounds_can_be_started_from():
    planner = MPPI(Box(-2.0, 2.0), horizon=3, samples=7, iterations=1)
    start = torch.full((1, 3, 1), 2.0 + 1e-6)
    assert (planner.plan(lambda plans: plans.sum((2, 3)), start=start).search[0].candidates <= 2).all()
    with pytest.raises(ValueError, match="out of bounds"):
        planner.plan(lambda plans: plans.sum((2, 3)), start=start + 0.01)
