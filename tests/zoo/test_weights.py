"""Weights and manifests: they round-trip, they stay a pair whatever happens, and damage is named."""

import hashlib
import json
import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import wmcourse
from wmcourse import zoo
from wmcourse.errors import CourseError
from wmcourse.evaluation.statistics import Interval
from wmcourse.zoo import registry, weights

FILES = ["tiny-model.json", "tiny-model.safetensors"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def filled(recipe: Any, value: float, config: Any = None) -> nn.Module:
    module = recipe.build(config or recipe.config)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(value)
    return module


def first(module: nn.Module) -> float:
    return float(next(module.parameters()).detach().flatten()[0])


# The happy path -------------------------------------------------------------------------------------------------------


def test_a_loaded_model_is_the_saved_one_in_eval_mode_with_its_manifest(tiny, arguments, tmp_path) -> None:
    layers = replace(tiny.config.layers, sizes=(4, 5, 2), bias=False)
    config = tiny.configured(seed=3, layers=layers, limits=(-1.0, 2.0), mode="b", clip=0.5)
    module = tiny.build(config)
    returned = zoo.save("tiny-model", module, **{**arguments, "config": config, "seed": 3}, directory=tmp_path)
    loaded = wmcourse.load("tiny-model", directory=tmp_path)
    assert names(tmp_path) == FILES
    assert not loaded.training
    for key, value in module.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[key], value, rtol=0, atol=0)
    assert loaded.manifest == returned
    assert loaded.manifest.seed == 3
    assert loaded.manifest.metrics["return_mean"] == Interval(1.0, 0.5, 1.5)
    assert zoo.weights.from_plain(type(tiny.config), loaded.manifest.config) == config


def test_the_manifest_says_how_the_model_was_made(saved) -> None:
    manifest = json.loads((saved / "tiny-model.json").read_text())
    content = (saved / "tiny-model.safetensors").read_bytes()
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
    assert manifest["command"] == "wmcourse train tiny-model --seed 0"
    assert manifest["versions"]["torch"] == torch.__version__
    assert manifest["versions"]["python"] == platform.python_version()
    assert set(manifest["versions"]) == {"python", "torch", "numpy", "gymnasium"}
    assert manifest["metrics"] == {"return_mean": {"value": 1.0, "low": 0.5, "high": 1.5}}
    assert manifest["config"]["layers"] == {"sizes": [3, 2], "bias": True}
    assert load_file(saved / "tiny-model.safetensors").keys() == {"0.weight", "0.bias"}


def test_loading_leaves_the_random_state_alone(saved) -> None:
    before = torch.random.get_rng_state()
    wmcourse.load("tiny-model", directory=saved)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_tied_weights_survive(tiny, arguments, tmp_path, monkeypatch) -> None:
    def build(config):
        module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        module[1].weight = module[0].weight
        return module

    monkeypatch.setitem(
        sys.modules["wmcourse.chapters.tiny.recipes"].__dict__, "RECIPES", (replace(tiny, build=build),)
    )
    zoo.save("tiny-model", build(None), **arguments, directory=tmp_path)
    loaded = wmcourse.load("tiny-model", directory=tmp_path)
    assert loaded[0].weight is loaded[1].weight


def test_a_recipe_may_gain_an_option(saved) -> None:
    path = saved / "tiny-model.json"
    manifest = json.loads(path.read_text())
    del manifest["config"]["clip"]
    path.write_text(json.dumps(manifest))
    assert wmcourse.load("tiny-model", directory=saved).manifest.config == manifest["config"]


def test_list_models_has_the_trained_and_the_untrained(tiny, saved, tmp_path) -> None:
    (trained,) = [manifest for manifest in zoo.list_models(directory=saved) if manifest.name == "tiny-model"]
    assert trained.trained
    assert trained.headline_metric == Interval(1.0, 0.5, 1.5)
    (untrained,) = [m for m in zoo.list_models(directory=tmp_path / "empty") if m.name == "tiny-model"]
    assert not untrained.trained
    assert untrained.headline_metric is None
    assert untrained.command == f"wmcourse train tiny-model --output-dir {tmp_path / 'empty'}"


def test_the_package_exports_the_zoo_lazily() -> None:
    assert wmcourse.load is zoo.load
    assert wmcourse.list_models is zoo.list_models
    assert {"load", "list_models", "__version__"} <= set(dir(wmcourse))
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        wmcourse.lod  # noqa: B018
    code = "import wmcourse, wmcourse.cli, sys; assert 'torch' not in sys.modules"
    root = Path(wmcourse.__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(root)})


# Bad names and damage -------------------------------------------------------------------------------------------------


def test_an_unknown_name_brings_the_nearest_ones(tiny) -> None:
    with pytest.raises(zoo.UnknownModel, match=r"unknown model 'tiny-modle': did you mean 'tiny-model'\?"):
        wmcourse.load("tiny-modle")
    with pytest.raises(zoo.UnknownModel, match="'Tiny_Model': did you mean 'tiny-model'"):
        wmcourse.load("Tiny_Model")
    with pytest.raises(zoo.UnknownModel, match=r"choose from .*tiny-model"):
        wmcourse.load("../../etc/passwd")


def test_missing_weights_bring_the_command(tiny, tmp_path) -> None:
    with pytest.raises(zoo.MissingWeights, match="wmcourse train tiny-model --output-dir"):
        wmcourse.load("tiny-model", directory=tmp_path)
    with pytest.raises(zoo.MissingWeights, match=r"tiny-model.json does not exist: .*wmcourse train tiny-model$"):
        wmcourse.load("tiny-model")


@pytest.mark.parametrize("file", FILES)
def test_half_a_pair_is_missing_weights(saved, file: str) -> None:
    (saved / file).unlink()
    with pytest.raises(zoo.MissingWeights, match=f"{file} does not exist.*wmcourse train tiny-model"):
        wmcourse.load("tiny-model", directory=saved)


@pytest.mark.parametrize("damage", [lambda data: data[:-7], lambda data: b"", lambda data: data[:-1] + b"\x17"])
def test_damaged_weights_name_both_checksums(saved, damage) -> None:
    path = saved / "tiny-model.safetensors"
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(damage(path.read_bytes()))
    actual = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(zoo.CorruptWeights, match=f"expected sha256 {expected}, got {actual}"):
        wmcourse.load("tiny-model", directory=saved)


def change(**values: Any):
    return lambda text: json.dumps({**json.loads(text), **values})


def without(key: str):
    return lambda text: json.dumps({name: value for name, value in json.loads(text).items() if name != key})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], "not valid JSON"),
        (lambda text: "", "not valid JSON"),
        (lambda text: "[]", "not a manifest"),
        (without("sha256"), "lacks sha256"),
        (change(seed="zero"), "seed is 'zero', must be int"),
        (change(metrics={"return_mean": {"value": 1.0}}), "must hold value, low and high"),
        (change(metrics={"return_mean": {"value": "x", "low": 0, "high": 1}}), "metrics.return_mean.value"),
        (change(metrics=7), "tiny-model.json"),
        (change(metrics={}), "headline 'return_mean' is not among"),
        (change(name="other"), "manifest of 'other'"),
        (change(sha256="0" * 64), f"expected sha256 {'0' * 64}, got [0-9a-f]{{64}}"),
        (
            change(config={"layers": {"sizes": [3, 3], "bias": True}}),
            "does not fit the recipe of tiny-model.*size mismatch",
        ),
        (change(config={"layers": {"sizes": [3, 2], "bias": False}}), "Unexpected key"),
        (change(config={"depth": 3}), "has the field 'depth'"),
        (change(config={"rate": "fast"}), "config.rate is 'fast', must be float"),
        (change(config={"limits": [1.0]}), "config.limits has 1 entries, must have 2"),
        (change(config={"mode": "c"}), r"config.mode is 'c', must be one of \['a', 'b'\]"),
        (change(config={"layers": 3}), "must hold the fields of Layers"),
        (change(config=[]), "config is .*must be dict"),
    ],
)
def test_a_damaged_manifest_says_where(saved, damage, message: str) -> None:
    path = saved / "tiny-model.json"
    path.write_text(damage(path.read_text()))
    with pytest.raises(zoo.CorruptWeights, match=f"(?s){message}") as caught:
        wmcourse.load("tiny-model", directory=saved)
    assert "tiny-model" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("garbage", [b"", b"\xff\xfe\x00", b"version https://git-lfs.github.com/spec/v1"])
def test_a_manifest_of_garbage_is_corrupt(saved, garbage: bytes) -> None:
    (saved / "tiny-model.json").write_bytes(garbage)
    with pytest.raises(zoo.CorruptWeights, match="not valid JSON"):
        wmcourse.load("tiny-model", directory=saved)


def test_a_file_that_matches_its_checksum_but_is_no_safetensors(saved) -> None:
    (saved / "tiny-model.safetensors").write_bytes(b"pickle")
    path = saved / "tiny-model.json"
    path.write_text(change(sha256=hashlib.sha256(b"pickle").hexdigest())(path.read_text()))
    with pytest.raises(zoo.CorruptWeights, match="does not fit the recipe"):
        wmcourse.load("tiny-model", directory=saved)


# Saving: an old pair or a new one, at every moment --------------------------------------------------------------------


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


@pytest.mark.parametrize(("step", "calls"), [("fsync", 2), ("replace", 3)])
def test_a_process_killed_while_saving_leaves_a_complete_pair(saved, tiny, arguments, monkeypatch, step, calls) -> None:
    """The child really dies, without cleanup, at each step in turn; the old or the new model loads, never a mixture."""
    outcomes = []
    for call in range(1, calls + 1):
        zoo.save("tiny-model", filled(tiny, 1.0), **{**arguments, "seed": 1}, directory=saved)
        child = os.fork()
        if child == 0:
            fail_at(monkeypatch, step, call, lambda: os._exit(9))
            try:
                zoo.save("tiny-model", filled(tiny, 2.0), **{**arguments, "seed": 2}, directory=saved)
            finally:
                os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        loaded = wmcourse.load("tiny-model", directory=saved)
        assert first(loaded) == loaded.manifest.seed
        outcomes.append(loaded.manifest.seed)
        # And the next save finds its way.
        zoo.save("tiny-model", filled(tiny, 3.0), **{**arguments, "seed": 3}, directory=saved)
        assert first(wmcourse.load("tiny-model", directory=saved)) == 3.0
        assert not (saved / "tiny-model.safetensors.next").exists()
    assert outcomes == ([1, 1] if step == "fsync" else [1, 1, 2])


def disk_full() -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(("step", "call"), [("fsync", 1), ("fsync", 2), ("replace", 1), ("replace", 2), ("replace", 3)])
@pytest.mark.parametrize("fresh", [False, True])
def test_a_disk_error_leaves_the_old_pair_and_no_litter(
    saved, tiny, arguments, monkeypatch, tmp_path, step: str, call: int, fresh: bool
) -> None:
    folder = tmp_path / "fresh" if fresh else saved
    before = {} if fresh else {name: (saved / name).read_bytes() for name in FILES}
    fail_at(monkeypatch, step, call, disk_full)
    message = "nothing was saved" if fresh else "the old weights are unchanged"
    with pytest.raises(zoo.CannotSave, match=f"No space left on device; {message}"):
        zoo.save("tiny-model", filled(tiny, 2.0), **arguments, directory=folder)
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


@pytest.mark.parametrize(("step", "call"), [("fsync", 1), ("fsync", 2), ("replace", 1), ("replace", 2), ("replace", 3)])
def test_an_interrupt_while_saving_leaves_a_complete_pair(saved, tiny, arguments, monkeypatch, step, call) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    old = wmcourse.load("tiny-model", directory=saved)
    with monkeypatch.context() as patch:
        fail_at(patch, step, call, interrupt)
        with pytest.raises(KeyboardInterrupt):
            zoo.save("tiny-model", filled(tiny, 2.0), **{**arguments, "seed": 2}, directory=saved)
    loaded = wmcourse.load("tiny-model", directory=saved)
    expected = 2.0 if (step, call) == ("replace", 3) else first(old)
    assert first(loaded) == expected
    assert not [name for name in names(saved) if name.endswith(".tmp")]
    assert ("tiny-model.safetensors.next" in names(saved)) == ((step, call) == ("replace", 3))


def test_a_folder_that_cannot_be_written(tiny, arguments, tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(zoo.CannotSave, match="nothing was saved"):
        zoo.save("tiny-model", filled(tiny, 1.0), **arguments, directory=tmp_path / "file")
    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
        with pytest.raises(zoo.CannotSave, match="Permission denied; nothing was saved"):
            zoo.save("tiny-model", filled(tiny, 1.0), **arguments, directory=tmp_path / "new")
    assert names(tmp_path / "new") == []


def test_the_errors_are_one_line_for_the_reader() -> None:
    for error in (zoo.UnknownModel, zoo.MissingWeights, zoo.CorruptWeights, zoo.CannotSave, zoo.Diverged):
        assert issubclass(error, CourseError)
        assert str(error("a line")) == "a line"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_diverged_training_is_not_saved(saved, tiny, arguments, value: float) -> None:
    with pytest.raises(zoo.Diverged, match="0.weight holds NaN or infinite weights; the old weights are unchanged"):
        zoo.save("tiny-model", filled(tiny, value), **arguments, directory=saved)
    metrics = {"return_mean": Interval(value, 0.0, 1.0)}
    with pytest.raises(zoo.Diverged, match="metric 'return_mean'"):
        zoo.save("tiny-model", filled(tiny, 1.0), **{**arguments, "metrics": metrics}, directory=saved)
    assert names(saved) == FILES
    wmcourse.load("tiny-model", directory=saved)


def test_wrong_arguments_of_save(tiny, arguments, tmp_path) -> None:
    module = filled(tiny, 1.0)
    with pytest.raises(ValueError, match="lower-case words"):
        zoo.save("../tiny", module, **arguments, directory=tmp_path)
    with pytest.raises(ValueError, match="headline 'speed' is not among"):
        zoo.save("tiny-model", module, **{**arguments, "headline": "speed"}, directory=tmp_path)
    with pytest.raises(TypeError, match="config is a object"):
        zoo.save("tiny-model", module, **{**arguments, "config": object()}, directory=tmp_path)
    assert names(tmp_path) == []


# What ships -----------------------------------------------------------------------------------------------------------


def shipped() -> list[Path]:
    return sorted(weights.WEIGHTS.glob("*.safetensors"))


def test_all_shipped_weights_together_stay_below_60_mb() -> None:
    assert sum(path.stat().st_size for path in weights.WEIGHTS.iterdir()) < 60e6


def test_only_complete_pairs_of_registered_models_ship() -> None:
    stems = {path.stem for path in shipped()}
    assert stems <= set(registry.model_names())
    allowed = {f"{stem}{ending}" for stem in stems for ending in (".json", ".safetensors")} | {".gitkeep"}
    assert set(names(weights.WEIGHTS)) <= allowed


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_each_shipped_model_matches_its_checksum_and_its_recipe(path: Path) -> None:
    manifest = json.loads(path.with_suffix(".json").read_text())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == manifest["sha256"]
    module = wmcourse.load(path.stem)
    source = registry.recipe(path.stem)
    assert module.manifest.headline == source.headline
    assert module.manifest.command.startswith(f"wmcourse train {path.stem}")
    assert module.manifest.wall_s > 0
    assert module.manifest.environment_steps > 0
    assert replace(module.manifest, seed=0).name == path.stem
