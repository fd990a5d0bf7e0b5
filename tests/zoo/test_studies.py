"""Studies: results round-trip with the command that made them."""

import os
from pathlib import Path

import pytest
import torch

from wmcourse import zoo
from wmcourse.evaluation.statistics import Interval
from wmcourse.zoo import registry, studies


def test_results_round_trip_with_command_and_versions(tmp_path: Path) -> None:
    results = {"returns": torch.tensor([[1.0, 2.0]]), "mean": Interval(1.5, 1.0, 2.0), "seeds": (0, 1)}
    returned = zoo.save_study("dreamer-seeds", results, command="wmcourse study dreamer-seeds", directory=tmp_path)
    loaded = zoo.load_study("dreamer-seeds", directory=tmp_path)
    assert loaded == returned
    assert loaded["returns"] == [[1.0, 2.0]]
    assert loaded["mean"] == {"value": 1.5, "low": 1.0, "high": 2.0}
    assert loaded["seeds"] == [0, 1]
    assert loaded["command"] == "wmcourse study dreamer-seeds"
    assert loaded["versions"]["torch"] == torch.__version__
    assert [path.name for path in tmp_path.iterdir()] == ["dreamer-seeds.json"]


def test_unknown_unrun_and_damaged_studies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zoo.save_study("dreamer-seeds", {}, command="x", directory=tmp_path)
    with pytest.raises(zoo.UnknownStudy, match="did you mean 'dreamer-seeds'"):
        zoo.load_study("dreamer-seed", directory=tmp_path)
    monkeypatch.setitem(registry.STUDIES, "not-run", "nowhere")
    with pytest.raises(zoo.UnknownStudy, match="wmcourse study not-run"):
        zoo.load_study("not-run", directory=tmp_path)
    for damage, message in (("{", "not valid JSON"), ("[]", "is not a study"), ("{}", "is not a study")):
        (tmp_path / "dreamer-seeds.json").write_text(damage)
        with pytest.raises(zoo.CorruptWeights, match=message):
            zoo.load_study("dreamer-seeds", directory=tmp_path)


def test_what_cannot_be_stored_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="dreamer-seeds.a is nan"):
        zoo.save_study("dreamer-seeds", {"a": float("nan")}, command="x", directory=tmp_path)
    with pytest.raises(ValueError, match="'command' is added"):
        zoo.save_study("dreamer-seeds", {"command": "y"}, command="x", directory=tmp_path)
    with pytest.raises(ValueError, match="lower-case words"):
        zoo.save_study("a/b", {}, command="x", directory=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_error_leaves_the_old_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zoo.save_study("dreamer-seeds", {"a": 1}, command="x", directory=tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(zoo.CannotSave, match="No space left on device; an older file is intact"):
        zoo.save_study("dreamer-seeds", {"a": 2}, command="x", directory=tmp_path)
    assert zoo.load_study("dreamer-seeds", directory=tmp_path)["a"] == 1
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("path", sorted(studies.FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_each_shipped_study_can_be_read_and_repeated(path: Path) -> None:
    assert zoo.load_study(path.stem)["command"]
    assert path.stem in registry.STUDIES
    assert callable(registry.study(path.stem).main)
