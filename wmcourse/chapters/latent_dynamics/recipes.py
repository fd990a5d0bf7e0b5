"""The models of chapter 02: a latent of one frame, of two, and one that remembers."""

from wmcourse.recipes.latent_dynamics import ONE_STEP, RECURRENT, TWO_FRAMES

RECIPES = (ONE_STEP, TWO_FRAMES, RECURRENT)
