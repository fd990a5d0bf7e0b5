"""Recipes of chapter 14: a small V-JEPA, and its twin that predicts the pixels of what is hidden."""

from wmcourse.models.video_jepa import VideoConfig, VideoJEPA
from wmcourse.recipes.recipe import Recipe
from wmcourse.recipes.video_jepa import PROTOCOL, VideoTraining, measure, train

EVALUATION_SEED = 140_014
"""For manifests and studies: neither a training nor the tuning of a recipe has looked at it."""

VIDEO_JEPA = Recipe(
    name="video-jepa",
    description="Masked clips of CartPole: predict the representation of what is hidden (Bardes et al. 2024)",
    config=VideoTraining(),
    build=lambda config: VideoJEPA(config.model),
    train=train,
    measure=measure,
    headline="attentive_cart_velocity_r2",
    protocol=PROTOCOL,
    evaluation_seed=EVALUATION_SEED,
    episodes=500,
)
VIDEO_PIXELS = VIDEO_JEPA.variant(
    "video-pixels",
    "The same clips, masks and encoder, but the pixels of what is hidden are predicted (as by VideoMAE)",
    VideoTraining(model=VideoConfig(target="pixels")),
)
RECIPES = (VIDEO_JEPA, VIDEO_PIXELS)
