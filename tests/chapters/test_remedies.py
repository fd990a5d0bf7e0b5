"""Each remedy is one change: a variant differs from the one-step model in the fields that it names, and no others."""

from dataclasses import fields, is_dataclass

import pytest

from wmcourse.chapters.compounding_error.recipes import (
    ALL,
    CLOCK,
    CODED_RSSM,
    ENSEMBLE,
    MULTI_STEP,
    NOISE,
    RECURRENT_MULTI_STEP,
)
from wmcourse.models import Ensemble, LatentDynamics, LatentDynamicsConfig
from wmcourse.models.coded_rssm import CodedRSSM
from wmcourse.recipes.latent_dynamics import ONE_STEP, RECURRENT, TWO_FRAMES, train_ensemble

FRAMES, STEPS = {"model.autoencoder.frames": 2}, {"model.transition.loss_steps": 5}
QUIET, MEMORY = {"model.transition.noise": 0.2}, {"model.transition.memory_dim": 128}
CHANGES = [
    (ONE_STEP, {}),
    (TWO_FRAMES, FRAMES),
    (MULTI_STEP, STEPS),
    (NOISE, QUIET),
    (RECURRENT, MEMORY),
    (RECURRENT_MULTI_STEP, MEMORY | STEPS),
    (ALL, FRAMES | STEPS | QUIET | MEMORY),
    (CLOCK, STEPS | MEMORY | {"model.transition.clock": True}),
]


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


@pytest.mark.parametrize(("recipe", "change"), CHANGES, ids=lambda each: getattr(each, "name", ""))
def test_a_variant_changes_what_it_names_and_nothing_else(recipe, change):
    assert changes(recipe.config, ONE_STEP.config) == change
    assert recipe.train is ONE_STEP.train
    model = recipe.build(recipe.config)
    assert isinstance(model, LatentDynamics) and model.config == recipe.config.model


def test_the_one_step_model_has_no_remedy():
    plain = LatentDynamicsConfig()
    assert ONE_STEP.config.model == plain
    transition = plain.transition
    assert (transition.loss_steps, transition.noise, transition.memory_dim, transition.clock) == (1, 0.0, 0, False)
    assert plain.autoencoder.frames == 1 and not plain.autoencoder.color


def test_the_ensemble_is_the_recurrent_model_five_times():
    assert changes(ENSEMBLE.config, RECURRENT.config) == {"members": 5}
    model = ENSEMBLE.build(ENSEMBLE.config)
    assert isinstance(model, Ensemble) and len(model.members) == 5
    assert ENSEMBLE.train is train_ensemble


def test_the_rssm_sees_one_frame():
    model = CODED_RSSM.build(CODED_RSSM.config)
    assert isinstance(model, CodedRSSM) and model.observation_shape == (1, 64, 64)
