"""Recipes of chapter 04: the VAE, and the plain autoencoder that it is held against."""

from dataclasses import replace

from wmcourse.models.vae import VAE
from wmcourse.recipes.recipe import Recipe
from wmcourse.recipes.vae import PROTOCOL, VAETraining, measure, train

EVALUATION_SEED = 440_044
"""For manifests and studies: neither a training nor the tuning of a recipe has looked at it."""

DODGE_VAE = Recipe(
    name="dodge-vae",
    description="VAE of Dodge's pictures: 12,288 numbers become 32 (Kingma & Welling 2014)",
    config=VAETraining(),
    build=lambda config: VAE(config.model),
    train=train,
    measure=measure,
    headline="ball_recall",
    protocol=PROTOCOL,
    evaluation_seed=EVALUATION_SEED,
    episodes=200,
)
DODGE_AUTOENCODER = DODGE_VAE.variant(
    "dodge-autoencoder",
    "The same without noise and without the KL: a plain autoencoder",
    VAETraining(model=replace(DODGE_VAE.config.model, beta=0.0)),
)
RECIPES = (DODGE_VAE, DODGE_AUTOENCODER)
