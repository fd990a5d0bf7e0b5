"""Stored results: they come back as they were, typed, with the command that makes them again."""

import os
from pathlib import Path

import pytest

from wmcourse import zoo
from wmcourse.chapter import PARTS, Chapter
from wmcourse.evaluation.statistics import Interval
from wmcourse.studies import Results, Run, Solved, load_study
from wmcourse.studies.results import FOLDER
from wmcourse.zoo import registry


def run(seed: int, value: float, **options) -> Run:
    return Run(seed, metrics={"error": Interval(value, value - 1, value + 2)}, **options)


RESULTS = Results(
    "toy-seeds",
    "two episodes",
    {
        "plain": [
            run(0, 3.0, solved=Solved(1, 700, 2.5), history=[{"update": 1, "loss": 0.5}]),
            run(1, 5.0, solved=Solved(3, 900, 2.5), numbers={"share": 0.25}),
            run(2, 4.0, environment_steps=5, parameters=12, curves={"bins": [{"low": 0.0}]}),
        ],
        "broken": [Run(0)],
    },
    {"bar": 475.0},
    {"return": Interval(1.0, 0.0, 2.0)},
    "wmcourse study toy-seeds",
    {"torch": "2.13.0"},
)


def test_results_come_back_as_they_were(tmp_path: Path) -> None:
    RESULTS.save(tmp_path)
    assert load_study("toy-seeds", directory=tmp_path) == RESULTS
    assert [path.name for path in tmp_path.iterdir()] == ["toy-seeds.json"]


def test_results_can_be_asked() -> None:
    assert RESULTS.values("plain", "error") == [3.0, 5.0, 4.0]
    assert RESULTS.values("plain", "share") == [0.25]
    assert RESULTS.intervals("plain", "error")[1] == Interval(5.0, 4.0, 7.0)
    assert RESULTS.across("plain", "error") == Interval(4.0, 2.0, 7.0)
    assert RESULTS.spread("plain", "error") == Interval(4.0, 3.0, 5.0)
    assert RESULTS.median_to_solve("plain") == 900  # one of three never did
    assert [solved.update for solved in RESULTS.solved("plain")] == [1, 3]
    assert RESULTS.side_by_side("plain", "error", digits=1) == "3.0, 5.0, 4.0"
    assert RESULTS.side_by_side("broken", "error") == "not measurable"
    assert RESULTS.seeds("plain") == [0, 1, 2]
    assert RESULTS.runs["plain"][0]["error"].low == 2.0


def test_unknown_unrun_and_damaged_studies(monkeypatch, tmp_path: Path) -> None:
    chapter = Chapter(99, "tiny", "Tiny", PARTS[0], studies=("tiny-study",))
    monkeypatch.setattr(registry, "chapters", lambda: [chapter])
    RESULTS.save(tmp_path)
    with pytest.raises(zoo.UnknownStudy, match="did you mean 'toy-seeds'"):
        load_study("toy-seed", directory=tmp_path)
    with pytest.raises(zoo.UnknownStudy, match="wmcourse study tiny-study"):
        load_study("tiny-study", directory=tmp_path)
    for damage in ("{", "[]", "{}", '{"name": "toy-seeds", "protocol": "x", "runs": {"a": 3}}'):
        (tmp_path / "toy-seeds.json").write_text(damage)
        with pytest.raises(zoo.CorruptWeights, match="is not a study"):
            load_study("toy-seeds", directory=tmp_path)


def test_what_cannot_be_stored_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="numbers.a is nan"):
        Results("toy-seeds", "", {"a": [Run(0, numbers={"a": float("nan")})]}).save(tmp_path)
    with pytest.raises(ValueError, match="lower-case words"):
        Results("a/b", "", {}).save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_error_leaves_the_old_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RESULTS.save(tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(zoo.CannotSave, match="No space left on device; an older file is intact"):
        Results("toy-seeds", "changed", {}).save(tmp_path)
    assert load_study("toy-seeds", directory=tmp_path) == RESULTS
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_shipped_study_is_what_its_definition_says(path: Path) -> None:
    found, study = load_study(path.stem), registry.study(path.stem)
    assert (found.name, found.command) == (study.name, f"wmcourse study {study.name}")
    assert found.protocol == study.protocol
    assert list(found.runs) == list(study.variants)
    for variant in found.runs:
        assert found.seeds(variant) == list(study.fewer.get(variant, study.seeds))
    assert {**found.facts, "threads": 1.0} == {**study.facts, "threads": 1.0}


def test_every_study_has_been_run() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(registry.study_names())


@pytest.mark.parametrize("name", registry.study_names())
def test_every_run_is_a_training_of_its_own(name: str) -> None:
    runs = dict(load_study(name).runs)
    if name == "rssm-ablations-cartpole":  # the recipe's free nats never acted: without them, every bit is the same
        without = runs.pop("no-free-nats")
        assert [run.metrics for run in without] == [run.metrics for run in runs["whole"]]
    found = [str((run.metrics, run.numbers)) for group in runs.values() for run in group]
    assert len(set(found)) == len(found) > 0
