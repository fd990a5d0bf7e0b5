"""Recipes of chapter 06: controllers that grew up in dreams of two temperatures."""

from wmcourse.agents.controller import Controller
from wmcourse.recipes.dream_controller import PROTOCOL, ControllerTraining, measure, train
from wmcourse.recipes.recipe import Recipe

EVALUATION_SEED = 660_066
"""For manifests and studies: neither a training nor the tuning of a recipe has looked at it."""

DODGE_CONTROLLER = Recipe(
    name="dodge-controller",
    description="Linear controller of 867 parameters, evolved by CMA-ES inside the dream (Ha & Schmidhuber 2018)",
    config=ControllerTraining(),
    build=lambda config: Controller(config.memory.model, sees_memory=config.sees == "zh"),
    train=train,
    measure=measure,
    headline="real_steps",
    protocol=PROTOCOL,
    evaluation_seed=EVALUATION_SEED,
    episodes=200,
    shares=("world",),
)
COLD = DODGE_CONTROLLER.variant(
    "dodge-controller-cold",
    "The same, evolved in a dream of temperature 0.1, where nothing is thrown",
    ControllerTraining(temperature=0.1),
)
RECIPES = (DODGE_CONTROLLER, COLD)
