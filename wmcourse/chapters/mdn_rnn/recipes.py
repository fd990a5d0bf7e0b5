"""Recipes of chapter 05: the MDN-RNN in the code of the VAE."""

from wmcourse.models.mdn_rnn import MDNRNN
from wmcourse.recipes.mdn_rnn import MDNTraining, train
from wmcourse.recipes.measure_dreams import PROTOCOL, measure_dreams
from wmcourse.recipes.recipe import Recipe

EVALUATION_SEED = 550_055
"""For manifests and studies: neither a training nor the tuning of a recipe has looked at it."""

DODGE_MDN_RNN = Recipe(
    name="dodge-mdn-rnn",
    description="MDN-RNN that dreams Dodge: LSTM of 256, 5 Gaussians per latent (Ha & Schmidhuber 2018)",
    config=MDNTraining(),
    build=lambda config: MDNRNN(config.model),
    train=train,
    measure=measure_dreams,
    headline="nll_nats_per_dim",
    protocol=PROTOCOL,
    evaluation_seed=EVALUATION_SEED,
    episodes=200,
    shares=("vae",),
)
RECIPES = (DODGE_MDN_RNN,)
