"""Latent dynamics of CartPole's pictures, each with its own remedies against compounding errors, and an RSSM."""

from wmcourse.chapters.compounding_error.coded_rssm import CODED_RSSM
from wmcourse.models.autoencoder import AutoencoderConfig
from wmcourse.models.latent_dynamics import Ensemble, LatentDynamicsConfig
from wmcourse.models.transition import TransitionConfig
from wmcourse.recipes.latent_dynamics import RECURRENT, EnsembleConfig, latent_dynamics, train_ensemble

MULTI_STEP = latent_dynamics(
    "latent-dynamics-multi-step",
    "loss over 5 steps of free rollout",
    LatentDynamicsConfig(transition=TransitionConfig(loss_steps=5)),
)
NOISE = latent_dynamics(
    "latent-dynamics-noise",
    "trained from noisy latents",
    LatentDynamicsConfig(transition=TransitionConfig(noise=0.2)),
)
RECURRENT_MULTI_STEP = latent_dynamics(
    "latent-dynamics-recurrent-multi-step",
    "a GRU, and a loss over 5 steps",
    LatentDynamicsConfig(transition=TransitionConfig(loss_steps=5, memory_dim=128)),
)
ALL = latent_dynamics(
    "latent-dynamics-all",
    "two frames, loss over 5 steps, noise, and a GRU",
    LatentDynamicsConfig(AutoencoderConfig(frames=2), TransitionConfig(loss_steps=5, noise=0.2, memory_dim=128)),
)
CLOCK = latent_dynamics(
    "latent-dynamics-clock",
    "a GRU, a loss over 5 steps, and an output layer for each number of steps since the last look",
    LatentDynamicsConfig(transition=TransitionConfig(loss_steps=5, memory_dim=128, clock=True)),
)
ENSEMBLE = RECURRENT.variant(
    "latent-dynamics-ensemble",
    "Latent dynamics of CartPole's pictures: five transitions with GRUs in one code",
    EnsembleConfig(model=RECURRENT.config.model),
    build=lambda config: Ensemble(config.model, config.members),
    train=train_ensemble,
)

RECIPES = (MULTI_STEP, NOISE, RECURRENT_MULTI_STEP, ALL, CLOCK, ENSEMBLE, CODED_RSSM)
