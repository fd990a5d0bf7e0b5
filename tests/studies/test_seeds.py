"""Seeds of tuning, of reporting and of evaluation never meet; and shipped weights are those that were reported."""

import pytest

from wmcourse.chapters.compounding_error.studies import COMPARED, COMPOUNDING_ERROR, NOISE_SCALE
from wmcourse.chapters.dreamer import studies as dreamer
from wmcourse.chapters.latent_dynamics.studies import LATENT_CONTROL, PREPROCESSING
from wmcourse.recipes.cartpole_dreamer import EVALUATION_SEED as CARTPOLE_SEED
from wmcourse.recipes.measure_pixels import EPISODES, EVALUATION_SEED
from wmcourse.studies import load_study
from wmcourse.zoo.weights import load_manifest


@pytest.mark.parametrize("study", [COMPOUNDING_ERROR, LATENT_CONTROL, PREPROCESSING], ids=lambda study: study.name)
def test_the_studies_of_pictures_used_seeds_that_nothing_was_tuned_with(study):
    assert tuple(study.seeds) == (30, 31, 32) and not set(NOISE_SCALE.seeds) & set(study.seeds)
    assert f"seed {EVALUATION_SEED}" in study.protocol


@pytest.mark.parametrize("recipe", COMPARED, ids=lambda recipe: recipe.name)
def test_the_shipped_model_is_the_studys_first(recipe):
    manifest, run = load_manifest(recipe.name), load_study("compounding-error").runs[recipe.name][0]
    assert manifest.seed == run.seed == recipe.config.seed
    assert manifest.protocol.startswith(f"{EPISODES} episodes, seed {EVALUATION_SEED};")
    assert manifest.metrics == run.metrics


def test_the_best_remedy_cuts_the_error_at_25_steps_fivefold_in_every_seed():
    study = load_study("compounding-error")
    plain, memory = (
        study.intervals(name, "nmse_h25_random") for name in ("latent-dynamics", "latent-dynamics-recurrent")
    )
    assert all(a.low / b.high > 5 for a, b in zip(plain, memory, strict=True))


def test_the_noise_was_chosen_on_validation_episodes():
    study = load_study("latent-noise-scale")
    best = min(study.runs, key=lambda scale: study.values(scale, "nmse_h10_random"))
    assert float(best) == study.facts["chosen"] == NOISE_SCALE.facts["chosen"]


def test_the_dreamer_is_confirmed_on_seeds_it_was_not_tuned_with() -> None:
    assert not set(dreamer.CONFIRMATION.seeds) & set(dreamer.SEEDS_STUDY.seeds)
    assert dreamer.TUNING_EVALUATION_SEED != CARTPOLE_SEED
    for protocol in (load_study("cartpole-dreamer-confirmation").protocol, load_manifest("cartpole-dreamer").protocol):
        assert f"seed {CARTPOLE_SEED};" in protocol


def test_the_seeds_study_used_the_recipe_as_it_is() -> None:
    study, manifest = load_study("cartpole-dreamer-seeds"), load_manifest("cartpole-dreamer")
    run = next(run for run in study.runs["default"] if run.seed == manifest.seed)
    assert run.environment_steps == manifest.environment_steps
    assert run.metrics.keys() == manifest.metrics.keys()
