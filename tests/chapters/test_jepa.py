"""What chapter 14's studies measure, and that what ships is what they measured."""

from dataclasses import replace

import pytest

from wmcourse.chapters.jepa import reach, studies
from wmcourse.chapters.jepa.recipes import EPISODES, EVALUATION_SEED, ROOMS, ROOMS_JEPA
from wmcourse.studies import load_study
from wmcourse.zoo.weights import load_manifest

VARIANTS = {
    "rooms-jepa": "all terms",
    "rooms-jepa-no-variance": "no variance",
    "rooms-jepa-no-similarity": "no similarity",
    "rooms-autoencoder": "reconstruction",
}


@pytest.mark.parametrize("recipe", ROOMS, ids=lambda recipe: recipe.name)
def test_the_shipped_model_is_the_studys_first(recipe):
    manifest, run = load_manifest(recipe.name), load_study("jepa-terms").runs[VARIANTS[recipe.name]][0]
    assert manifest.seed == run.seed == recipe.config.seed == studies.SEEDS[0] > 0
    assert manifest.protocol.startswith(f"{EPISODES} episodes, seed {EVALUATION_SEED};")
    assert manifest.metrics == run.metrics


@pytest.mark.parametrize("planner", ["cem", "mppi"])
def test_97_of_100_goals_are_reached_by_each_training(planner):
    study = load_study("jepa-terms")
    assert study.runs["all terms"][0].metrics.keys() >= {"cem_success", "mppi_success", "rank", "mlp_r2"}
    assert all(value >= 0.97 for value in study.values("all terms", f"{planner}_success"))
    assert study.metrics[f"{planner}_success"].value < min(study.values("all terms", f"{planner}_success"))


def test_a_short_training_is_drawn_where_its_embedding_puts_the_dot(monkeypatch):
    monkeypatch.setattr(studies, "GRID_UPDATES", 2)
    small = replace(ROOMS_JEPA, config=ROOMS_JEPA.configured(batch_size=2, steps=2))
    monkeypatch.setattr(studies, "ROOMS_JEPA", small)
    run = studies.weighed(5, variance=0.0, covariance=1.0, inverse=0.0)
    assert len(run.curves["map"]) == studies.DRAWN and {"rank", "std", "mlp_r2"} <= set(run.metrics)
    assert sum(row["first"] for row in run.curves["map"]) == pytest.approx(0, abs=0.1)


def test_each_horizon_and_each_look_is_measured_from_the_same_starts(monkeypatch):
    for name, value in {"PAIRS": 1, "HORIZONS": (4, 20), "LOOKS": (4,)}.items():
        monkeypatch.setattr(reach, name, value)
    run = reach.reaching(0, name=None)
    assert {f"horizon_{steps}_success" for steps in reach.HORIZONS} <= set(run.metrics)
    assert {f"look_{steps}_success" for steps in reach.LOOKS} <= set(run.metrics)
    assert run["horizon_20_success"] == run["look_4_success"]
