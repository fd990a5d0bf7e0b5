"""Saving: the old model or the new one, whole, at every moment, and however many save at once."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import wmcourse
from wmcourse import zoo
from wmcourse.evaluation.statistics import Interval
from wmcourse.zoo.atomic import temporary_name

FILES = ["tiny-model.json", "tiny-model.safetensors"]
STEPS = [("fsync", 1), ("replace", 1), ("fsync", 2), ("replace", 2)]
"""The system calls of a save, in order: the first two write the model, the others the readers' copy of its manifest."""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def filled(recipe: Any, value: float) -> nn.Module:
    module = recipe.build(recipe.config)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(value)
    return module


def save(recipe: Any, manifest: zoo.Manifest, value: int, folder: Path) -> None:
    """A model whose weights and whose seed are `value`."""
    zoo.save(filled(recipe, value), replace(manifest, seed=value), folder)


def saved_value(folder: Path) -> int:
    """What `save` was given; asserts that weights and manifest are of one save."""
    model = wmcourse.load("tiny-model", directory=folder)
    assert all(torch.equal(value, torch.full_like(value, model.manifest.seed)) for value in model.parameters())
    return model.manifest.seed


def fail_at(monkeypatch: pytest.MonkeyPatch, step: str, call: int, failure: Any) -> None:
    """Let the `call`-th use of a system call fail."""
    count = {"calls": 0}
    real = getattr(os, step)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        count["calls"] += 1
        if count["calls"] == call:
            failure()
        return real(*args, **kwargs)

    monkeypatch.setattr(os, step, wrapped)


@pytest.mark.parametrize(("step", "call"), STEPS)
def test_a_process_killed_while_saving_leaves_a_whole_model(tiny, manifest, tmp_path, monkeypatch, step, call) -> None:
    """The child really dies, without cleanup, and the next save finds its way."""
    save(tiny, manifest, 1, tmp_path)
    child = os.fork()
    if child == 0:
        fail_at(monkeypatch, step, call, lambda: os._exit(9))
        try:
            save(tiny, manifest, 2, tmp_path)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert saved_value(tmp_path) == (1 if call == 1 else 2)
    save(tiny, manifest, 3, tmp_path)
    assert saved_value(tmp_path) == 3


def disk_full() -> None:
    raise OSError(28, "No space left on device")


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("failure", [disk_full, interrupt])
@pytest.mark.parametrize(("step", "call"), STEPS)
def test_a_failure_while_saving_leaves_a_whole_model_and_no_litter(
    tiny, manifest, tmp_path, monkeypatch, failure, step, call
) -> None:
    save(tiny, manifest, 1, tmp_path)
    with monkeypatch.context() as patch:
        fail_at(patch, step, call, failure)
        with pytest.raises((zoo.CannotSave, KeyboardInterrupt)) as caught:
            save(tiny, manifest, 2, tmp_path)
    if failure is disk_full:
        state = "the old weights are unchanged" if call == 1 else "is saved, but not tiny-model.json"
        assert "No space left on device" in str(caught.value) and state in str(caught.value)
    assert saved_value(tmp_path) == (1 if call == 1 else 2)
    assert names(tmp_path) == FILES


def test_many_threads_that_save_at_once_leave_one_whole_model(tiny, manifest, tmp_path) -> None:
    """Readers meanwhile see whole models, too. A temporary file that two of them share would lose one of the saves."""
    save(tiny, manifest, 0, tmp_path)
    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(save, tiny, manifest, 1 + value % 9, tmp_path) for value in range(60)]
        while not all(each.done() for each in writing):
            saved_value(tmp_path)
    assert [each.exception() for each in writing] == [None] * 60
    assert saved_value(tmp_path) in range(1, 10)
    assert names(tmp_path) == FILES


def test_no_two_calls_write_to_the_same_temporary_file(tmp_path, monkeypatch) -> None:
    """Not even in two processes of one number, as in two containers that share a folder."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    first, second = (temporary_name(tmp_path / "a.npz") for _ in range(2))
    assert first != second
    assert all(path.parent == tmp_path and path.suffix == ".npz" for path in (first, second))


def test_a_folder_that_cannot_be_written(tiny, manifest, tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(zoo.CannotSave, match="nothing was saved"):
        save(tiny, manifest, 1, tmp_path / "file")
    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
        with pytest.raises(zoo.CannotSave, match="Permission denied; nothing was saved"):
            save(tiny, manifest, 1, tmp_path / "new")
    assert names(tmp_path / "new") == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_not_saved(saved, tiny, manifest, value: float) -> None:
    before = (saved / FILES[1]).read_bytes()
    with pytest.raises(zoo.Diverged, match="0.weight holds NaN or infinite weights; the old weights are unchanged"):
        zoo.save(filled(tiny, value), manifest, saved)
    with pytest.raises(ValueError, match="tiny-model.metrics.return_mean.value is (nan|inf)"):
        zoo.save(filled(tiny, 1.0), replace(manifest, metrics={"return_mean": Interval(value, 0.0, 1.0)}), saved)
    assert (saved / FILES[1]).read_bytes() == before


def test_wrong_arguments_of_save(tiny, manifest, tmp_path) -> None:
    module = filled(tiny, 1.0)
    with pytest.raises(ValueError, match="lower-case words"):
        zoo.save(module, replace(manifest, name="../tiny"), tmp_path)
    with pytest.raises(ValueError, match="headline 'speed' is not among"):
        zoo.save(module, replace(manifest, headline="speed"), tmp_path)
    assert names(tmp_path) == []
