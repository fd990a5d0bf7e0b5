"""Latent dynamics of CartPole's pictures, each with its own remedies against compounding errors: chapter 03."""

from dataclasses import field, make_dataclass, replace
from typing import Any

from wmcourse.models.autoencoder import AutoencoderConfig
from wmcourse.models.coded_rssm import CodedRSSM
from wmcourse.models.latent_dynamics import Ensemble, LatentDynamics, LatentDynamicsConfig
from wmcourse.models.transition import TransitionConfig
from wmcourse.training import coded_rssm, latent_dynamics
from wmcourse.training.pixel_recipe import PixelRecipe

TWO_FRAMES = AutoencoderConfig(frames=2)
MULTI_STEP: dict[str, Any] = {"loss_steps": 5}
NOISE: dict[str, Any] = {"noise": 0.2}
MEMORY: dict[str, Any] = {"memory_dim": 128}

ONE_STEP = LatentDynamicsConfig()
VARIANTS: dict[str, tuple[str, LatentDynamicsConfig]] = {
    "latent-dynamics": ("one-step MLP in the code of single frames", ONE_STEP),
    "latent-dynamics-two-frames": ("temporal latent: two frames", replace(ONE_STEP, autoencoder=TWO_FRAMES)),
    "latent-dynamics-multi-step": (
        "loss over 5 steps of free rollout",
        replace(ONE_STEP, transition=TransitionConfig(**MULTI_STEP)),
    ),
    "latent-dynamics-noise": (
        "trained from noisy latents",
        replace(ONE_STEP, transition=TransitionConfig(**NOISE)),
    ),
    "latent-dynamics-recurrent": (
        "recurrent latent: a GRU",
        replace(ONE_STEP, transition=TransitionConfig(**MEMORY)),
    ),
    "latent-dynamics-recurrent-multi-step": (
        "a GRU, and a loss over 5 steps",
        replace(ONE_STEP, transition=TransitionConfig(**MULTI_STEP, **MEMORY)),
    ),
    "latent-dynamics-all": (
        "two frames, loss over 5 steps, noise, and a GRU",
        LatentDynamicsConfig(TWO_FRAMES, TransitionConfig(**MULTI_STEP, **NOISE, **MEMORY)),
    ),
    "latent-dynamics-clock": (
        "a GRU, a loss over 5 steps, and an output layer for each number of steps since the last look",
        replace(ONE_STEP, transition=TransitionConfig(**MULTI_STEP, **MEMORY, clock=True)),
    ),
}
"""Shipped models: what is special about each, and its configuration."""


def with_defaults(base: type, model: LatentDynamicsConfig) -> type:
    """The configuration class `base` with another `model` as its default."""
    return make_dataclass("Config", [("model", LatentDynamicsConfig, field(default=model))], bases=(base,), frozen=True)


REMEDIES: dict[str, PixelRecipe] = {
    name: PixelRecipe(
        NAME=name,
        DESCRIPTION=f"Latent dynamics of CartPole's pictures: {words}",
        Config=with_defaults(latent_dynamics.Config, model),
        build=lambda config: LatentDynamics(config.model),
        train=latent_dynamics.train,
    )
    for name, (words, model) in VARIANTS.items()
}

ENSEMBLE = PixelRecipe(
    NAME="latent-dynamics-ensemble",
    DESCRIPTION="Latent dynamics of CartPole's pictures: five transitions with GRUs in one code",
    Config=with_defaults(latent_dynamics.EnsembleConfig, VARIANTS["latent-dynamics-recurrent"][1]),
    build=lambda config: Ensemble(config.model, config.members),
    train=latent_dynamics.train_ensemble,
)

CODED_RSSM = PixelRecipe(
    NAME="coded-rssm",
    DESCRIPTION="Gaussian RSSM of CartPole's pictures, in the code of an autoencoder",
    Config=coded_rssm.Config,
    build=lambda config: CodedRSSM(config.model),
    train=coded_rssm.train,
)
