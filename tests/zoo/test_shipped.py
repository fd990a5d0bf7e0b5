"""The weights and studies in the repository: whole, small enough, and as good as they say."""

import hashlib

import pytest

from wmcourse.training import cartpole_dreamer_confirmation as confirmation
from wmcourse.training import cartpole_dreamer_seeds as tuning
from wmcourse.training import rssm_ablations
from wmcourse.training.ablations import ABLATIONS
from wmcourse.training.cartpole_dreamer import EVALUATION_SEED
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
def test_the_manifest_holds_every_metric_that_a_few_episodes_allow(name: str) -> None:
    measured = recipe(name).evaluate(load(name), episodes=EPISODES, seed=SEED)
    assert set(measured) <= set(load_manifest(name).metrics)


@pytest.mark.parametrize("name", STUDIES)
def test_a_shipped_study_was_made_by_its_command(name: str) -> None:
    assert load_study(name)["command"] == f"wmcourse study {name}"


@pytest.mark.parametrize("name", STUDIES)
def test_every_run_of_a_study_is_a_training_of_its_own(name: str) -> None:
    study = load_study(name)
    if name == "rssm-ablations-cartpole":  # the recipe's free nats never acted: without them, every bit is the same
        without = study.pop("no-free-nats")
        assert [run["metrics"] for run in without] == [run["metrics"] for run in study["whole"]]
    runs = [run for group in study.values() if isinstance(group, list) for run in group]
    histories = [str([{key: row[key] for key in row if key != "wall_s"} for row in run["history"]]) for run in runs]
    assert len(set(histories)) == len(runs) > 0


def test_the_recipe_is_confirmed_on_seeds_it_was_not_tuned_with() -> None:
    assert not set(confirmation.SEEDS) & set(tuning.SEEDS)
    assert EVALUATION_SEED != tuning.EVALUATION_SEED
    assert [run["seed"] for run in load_study(confirmation.NAME)["runs"]] == list(confirmation.SEEDS)
    for protocol in (load_study(confirmation.NAME)["protocol"], load_manifest("cartpole-dreamer").protocol):
        assert f"seed {EVALUATION_SEED};" in protocol


@pytest.mark.parametrize("world", ABLATIONS)
def test_the_ablations_are_compared_on_seeds_that_nothing_was_tuned_with(world: str) -> None:
    study = load_study(f"rssm-ablations-{world}")
    assert f"seed {rssm_ablations.EVALUATION_SEED};" in study["protocol"]
    assert rssm_ablations.EVALUATION_SEED not in (0, EVALUATION_SEED)
    for change in ABLATIONS[world][1]:
        assert [run["seed"] for run in study[change]] == list(rssm_ablations.SEEDS)
        assert min(rssm_ablations.SEEDS) > 9  # the smaller ones were for tuning


def test_the_seeds_study_used_the_recipe_as_it_is() -> None:
    study, manifest = load_study("cartpole-dreamer-seeds"), load_manifest("cartpole-dreamer")
    run = next(run for run in study["runs"] if run["seed"] == manifest.seed)
    assert run["environment_steps"] == manifest.environment_steps
    assert run["metrics"].keys() == manifest.metrics.keys()
