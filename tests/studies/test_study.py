"""A study: every variant from every seed, each run kept as soon as it is done, and handed back in order."""

import json
import math

import cloudpickle
import pytest
import torch

from wmcourse.evaluation.statistics import Interval
from wmcourse.studies import Run, Study, load_study
from wmcourse.zoo import registry


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WMCOURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path


def train(factor):
    def run(seed):
        value = float(factor * seed)
        return Run(seed, metrics={"nmse": Interval(value, value - 1, value + 1)}, numbers={"threads": 1.0})

    return run


def study(**options):
    variants = {"plain": train(1), "twice": train(2)}
    given = {"protocol": "as said", "variants": variants, "seeds": (3, 4), **options}
    return Study("toy-study", "wmcourse.nets.optimize", **given)


def test_every_variant_is_trained_from_every_seed_and_stored_with_its_command(folder):
    found = study(fewer={"twice": (4,)}, facts={"bar": 2.0}).run(directory=folder, workers=1)
    assert found.runs == {"plain": [train(1)(3), train(1)(4)], "twice": [train(2)(4)]}
    assert load_study("toy-study", directory=folder) == found
    assert (found.command, found.protocol, found.facts["bar"]) == ("wmcourse study toy-study", "as said", 2.0)
    assert found.versions["torch"] == torch.__version__


def test_many_processes_find_what_one_finds(folder):
    """Each with one thread, whatever it was given before."""
    found = study(variants={"plain": threads}, seeds=(1, 2, 3)).run(directory=folder, workers=2)
    assert [run.numbers["threads"] for run in found.runs["plain"]] == [1.0] * 3
    assert found.seeds("plain") == [1, 2, 3]


def threads(seed):
    return Run(seed, numbers={"threads": float(torch.get_num_threads())})


def test_a_finished_run_is_read_and_not_repeated(folder):
    calls = []

    def counted(seed):
        calls.append(seed)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return Run(seed, history=[{"loss": 1e-12}])

    broken = study(variants={"plain": counted}, seeds=(3, 4, 5))
    with pytest.raises(KeyboardInterrupt):
        broken.run(directory=folder, workers=1)
    assert not (folder / "toy-study.json").exists()
    found = broken.run(directory=folder, workers=1)
    assert calls == [3, 4, 5, 5] and found.seeds("plain") == [3, 4, 5]


def test_another_protocol_is_another_run(folder):
    study().run(directory=folder, workers=1)
    before = len(list((folder / "cache").rglob("*.json")))
    study(protocol="otherwise").run(directory=folder, workers=1)
    assert len(list((folder / "cache").rglob("*.json"))) == 2 * before == 8


def test_a_run_that_diverged_is_not_kept(folder):
    diverged = study(variants={"plain": lambda seed: Run(seed, numbers={"loss": math.nan})})
    with pytest.raises(ValueError, match="nan"):
        diverged.run(directory=folder, workers=1)
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_what_all_share_is_made_before_any(folder):
    seen = []

    def late(seed):
        assert sorted(seen) == [3, 4]
        return Run(seed)

    study(variants={"plain": late}, before=seen.append).run(directory=folder, workers=1)


def test_the_stored_file_can_be_read_by_people(folder):
    study().run(directory=folder, workers=1)
    data = json.loads((folder / "toy-study.json").read_text())
    assert data["runs"]["twice"][1]["metrics"]["nmse"] == {"value": 8.0, "low": 7.0, "high": 9.0}
    assert "solved" not in data["runs"]["twice"][1]  # what there is not is not written


@pytest.mark.parametrize("name", registry.study_names())
def test_every_study_of_the_course_can_be_sent_to_another_process(name):
    sent = cloudpickle.loads(cloudpickle.dumps(registry.study(name)))
    assert (sent.name, list(sent.variants)) == (name, list(registry.study(name).variants))
