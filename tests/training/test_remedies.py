"""Each remedy is one change: a variant differs from the one-step model in the fields that it names, and no others."""

from dataclasses import fields, is_dataclass

import pytest

from wmcourse.models import Ensemble, LatentDynamics, LatentDynamicsConfig
from wmcourse.models.coded_rssm import CodedRSSM
from wmcourse.training import coded_rssm, compounding_error, latent_dynamics, remedies
from wmcourse.training.remedies import CODED_RSSM, ENSEMBLE, REMEDIES

FRAMES, STEPS = ("model.autoencoder.frames", 2), ("model.transition.loss_steps", 5)
NOISE, MEMORY = ("model.transition.noise", remedies.NOISE["noise"]), ("model.transition.memory_dim", 128)
CHANGES = {
    "latent-dynamics": {},
    "latent-dynamics-two-frames": dict([FRAMES]),
    "latent-dynamics-multi-step": dict([STEPS]),
    "latent-dynamics-noise": dict([NOISE]),
    "latent-dynamics-recurrent": dict([MEMORY]),
    "latent-dynamics-recurrent-multi-step": dict([MEMORY, STEPS]),
    "latent-dynamics-all": dict([FRAMES, STEPS, NOISE, MEMORY]),
    "latent-dynamics-clock": {**dict([STEPS, MEMORY]), "model.transition.clock": True},
}


def values(config, prefix=""):
    """All numbers of a config and of those inside it, by their path."""
    found = {}
    for field in fields(config):
        value = getattr(config, field.name)
        path = f"{prefix}{field.name}"
        found |= values(value, f"{path}.") if is_dataclass(value) else {path: value}
    return found


def changes(config, base):
    ours, theirs = values(config), values(base)
    assert set(ours) >= set(theirs)
    return {path: value for path, value in ours.items() if path not in theirs or theirs[path] != value}


def test_every_variant_is_listed_here():
    assert set(CHANGES) == set(REMEDIES)


@pytest.mark.parametrize("name", CHANGES)
def test_a_variant_changes_what_it_names_and_nothing_else(name):
    recipe = REMEDIES[name]
    assert name == recipe.NAME
    assert changes(recipe.Config(), latent_dynamics.Config()) == CHANGES[name]
    assert recipe.train is latent_dynamics.train
    model = recipe.build(recipe.Config())
    assert isinstance(model, LatentDynamics) and model.config == recipe.Config().model


def test_the_one_step_model_has_no_remedy():
    plain = LatentDynamicsConfig()
    assert REMEDIES["latent-dynamics"].Config().model == plain
    transition = plain.transition
    assert (transition.loss_steps, transition.noise, transition.memory_dim, transition.clock) == (1, 0.0, 0, False)
    assert plain.autoencoder.frames == 1 and not plain.autoencoder.color


def test_the_ensemble_is_the_recurrent_model_five_times():
    recurrent = REMEDIES["latent-dynamics-recurrent"].Config()
    assert changes(ENSEMBLE.Config(), recurrent) == {"members": 5}
    model = ENSEMBLE.build(ENSEMBLE.Config())
    assert isinstance(model, Ensemble) and len(model.members) == 5
    assert ENSEMBLE.train is latent_dynamics.train_ensemble


def test_the_rssm_is_that_of_its_recipe():
    assert CODED_RSSM.Config is coded_rssm.Config and CODED_RSSM.train is coded_rssm.train
    model = CODED_RSSM.build(CODED_RSSM.Config())
    assert isinstance(model, CodedRSSM) and model.observation_shape == (1, 64, 64)


def test_names_are_their_own_and_seeds_of_the_comparison_were_not_for_tuning():
    recipes = [*REMEDIES.values(), ENSEMBLE, CODED_RSSM]
    assert len({recipe.NAME for recipe in recipes}) == len({recipe.DESCRIPTION for recipe in recipes}) == len(recipes)
    assert set(compounding_error.COMPARED) == {*REMEDIES, CODED_RSSM.NAME}
    assert min(compounding_error.SEEDS) >= latent_dynamics.Config().seed
    assert compounding_error.EVALUATION_SEED < 1_000_000  # the seeds of training start there
