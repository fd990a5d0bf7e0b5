"""Runs of a study: each of them kept as soon as it is done, and handed back in order."""

import math

import pytest

from wmcourse.training.pool import one_per_core, resumable


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WMCOURSE_CACHE", str(tmp_path))
    return tmp_path


def test_a_finished_run_is_read_and_not_repeated(folder):
    calls = []

    def run():
        calls.append(1)
        return {"metrics": {"nmse": [0.1, 1e-12, 3]}, "history": [], "seed": None}

    assert resumable("study-1", run) == resumable("study-1", run) == run()
    assert len(calls) == 2  # once for the study, once by hand
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("*.json")] == ["runs/study-1.json"]


def test_a_run_that_diverged_or_broke_is_not_kept(folder):
    with pytest.raises(ValueError, match="not JSON compliant"):
        resumable("study-1", lambda: {"loss": math.nan})

    def broken():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        resumable("study-1", broken)
    assert not [path for path in folder.rglob("*") if path.is_file()]
    assert resumable("study-1", lambda: {"loss": 1.0}) == {"loss": 1.0}


def test_results_come_in_the_order_of_the_jobs():
    assert one_per_core(math.sqrt, [9.0, 1.0, 4.0]) == [3.0, 1.0, 2.0]
