"""The studies behind chapters 02 and 03: on seeds nothing was tuned with, and as good as the chapters say."""

import pytest

from wmcourse.training import compounding_error, latent_control, noise_scale, preprocessing
from wmcourse.training.compounding_error import COMPARED, SEEDS
from wmcourse.training.pixel_recipe import EPISODES, EVALUATION_SEED
from wmcourse.zoo import load_study
from wmcourse.zoo.weights import load_manifest

STUDIES = (compounding_error, latent_control, preprocessing)


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.NAME)
def test_the_study_used_seeds_that_nothing_was_tuned_with(study):
    assert study.SEEDS == SEEDS and noise_scale.SEED not in SEEDS
    stored = load_study(study.NAME)
    assert f"seed {EVALUATION_SEED}" in stored["protocol"]
    groups = [group for group in stored.values() if isinstance(group, list)]
    assert groups and all([run["seed"] for run in group] == list(SEEDS) for group in groups)


@pytest.mark.parametrize("name", COMPARED)
def test_the_shipped_model_is_the_studys_first(name):
    manifest, run = load_manifest(name), load_study("compounding-error")[name][0]
    assert manifest.seed == run["seed"] and manifest.protocol.startswith(
        f"{EPISODES} episodes, seed {EVALUATION_SEED};"
    )
    assert {key: metric._asdict() for key, metric in manifest.metrics.items()} == run["metrics"]


def test_the_best_remedy_cuts_the_error_at_25_steps_fivefold_in_every_seed():
    study = load_study("compounding-error")
    plain, memory = (
        [run["metrics"]["nmse_h25_random"] for run in study[name]]
        for name in ("latent-dynamics", "latent-dynamics-recurrent")
    )
    assert all(a["low"] / b["high"] > 5 for a, b in zip(plain, memory, strict=True))


def test_the_noise_was_chosen_on_validation_episodes():
    study = load_study("latent-noise-scale")
    best = min(study["runs"], key=lambda run: run["metrics"]["nmse_h10_random"]["value"])
    assert best["noise"] == study["chosen"] == COMPARED["latent-dynamics-noise"].Config().model.transition.noise


def test_probes_find_what_the_pictures_show_and_nothing_else():
    for run in load_study("latent-control")["runs"]:
        found = {
            view: {name: score["value"] for name, score in kinds["mlp_in_sight"].items()}
            for view, kinds in run["probes"].items()
        }
        assert min(found["single_frame"][name] for name in ("position", "angle")) >= 0.97
        assert max(found["single_frame"][name] for name in ("velocity", "angular_velocity")) < 0.6
        assert min(found["two_frames"][name] for name in ("velocity", "angular_velocity")) >= 0.9


def test_only_a_latent_that_knows_the_velocities_imitates_the_better_expert():
    for run in load_study("latent-control")["runs"]:
        returns = {view: scores["return"] for view, scores in run["controllers"]["angle_and_velocity"].items()}
        assert returns["single_frame"]["high"] < 100 < 250 < returns["two_frames"]["low"]
        assert returns["memory"]["low"] > 390
