"""The weights and studies in the repository: whole, small enough, and as good as they say."""

import hashlib

import pytest

from wmcourse.training import cartpole_dreamer
from wmcourse.training import cartpole_dreamer_confirmation as confirmation
from wmcourse.training import cartpole_dreamer_seeds as tuning
from wmcourse.zoo import load, load_study
from wmcourse.zoo.registry import RECIPES, STUDIES, recipe
from wmcourse.zoo.weights import WEIGHTS, load_manifest

EPISODES, SEED = 20, 424_242


@pytest.mark.parametrize("name", RECIPES)
def test_a_shipped_model_matches_its_checksum(name: str) -> None:
    data = (WEIGHTS / f"{name}.safetensors").read_bytes()
    assert hashlib.sha256(data).hexdigest() == load_manifest(name).sha256


@pytest.mark.parametrize("name", RECIPES)
def test_a_shipped_model_is_as_good_as_its_manifest_says(name: str) -> None:
    manifest = load_manifest(name)
    measured = recipe(name).evaluate(load(name), episodes=EPISODES, seed=SEED)
    promised, found = manifest.metrics[manifest.headline], measured[manifest.headline]
    # Two measurements agree if their intervals, each widened by 2% of the value, overlap.
    slack = 0.02 * abs(promised.value)
    assert found.low - slack <= promised.high, (promised, found)
    assert found.high + slack >= promised.low, (promised, found)


@pytest.mark.parametrize("name", RECIPES)
def test_the_manifest_holds_every_metric_of_the_recipe_and_no_other(name: str) -> None:
    measured = recipe(name).evaluate(load(name), episodes=EPISODES, seed=SEED)
    assert set(measured) == set(load_manifest(name).metrics)


@pytest.mark.parametrize("name", STUDIES)
def test_a_shipped_study_was_made_by_its_command(name: str) -> None:
    assert load_study(name)["command"] == f"wmcourse study {name}"


@pytest.mark.parametrize("name", STUDIES)
def test_every_run_of_a_study_is_a_training_of_its_own(name: str) -> None:
    runs = [run for group in load_study(name).values() if isinstance(group, list) for run in group]
    histories = [str([row["return"] for row in run["history"]]) + str(run["environment_steps"]) for run in runs]
    assert len(set(histories)) == len(runs) > 0


def test_the_recipe_is_confirmed_on_seeds_it_was_not_tuned_with() -> None:
    assert not set(confirmation.SEEDS) & set(tuning.SEEDS)
    assert cartpole_dreamer.EVALUATION_SEED != tuning.EVALUATION_SEED
    assert [run["seed"] for run in load_study(confirmation.NAME)["runs"]] == list(confirmation.SEEDS)
    for protocol in (load_study(confirmation.NAME)["protocol"], load_manifest("cartpole-dreamer").protocol):
        assert f"seed {cartpole_dreamer.EVALUATION_SEED};" in protocol


def test_the_seeds_study_used_the_recipe_as_it_is() -> None:
    study, manifest = load_study("cartpole-dreamer-seeds"), load_manifest("cartpole-dreamer")
    run = next(run for run in study["runs"] if run["seed"] == manifest.seed)
    assert run["environment_steps"] == manifest.environment_steps
    assert run["metrics"].keys() == manifest.metrics.keys()
