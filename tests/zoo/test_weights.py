"""A saved model comes back as it was, with its manifest; bad names and damage are told apart, with what to do."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

import wmcourse
from wmcourse import zoo
from wmcourse.evaluation.statistics import Interval
from wmcourse.zoo.plain import from_plain

FILE = "tiny-model.safetensors"


def change_recipe(monkeypatch: pytest.MonkeyPatch, recipe: Any, **changes: Any) -> Any:
    """Register the recipe with changes."""
    changed = replace(recipe, **changes)
    monkeypatch.setattr(sys.modules["wmcourse.chapters.tiny.recipes"], "RECIPES", (changed,))
    return changed


# The happy path -------------------------------------------------------------------------------------------------------


def test_a_loaded_model_is_the_saved_one_in_eval_mode_with_its_manifest(tiny, manifest, tmp_path) -> None:
    layers = replace(tiny.config.layers, sizes=(4, 5, 2), bias=False)
    config = tiny.configured(seed=3, layers=layers, limits=(-1.0, 2.0), mode="b", clip=0.5)
    module = tiny.build(config)
    metrics = manifest.metrics
    returned = zoo.save(module, replace(tiny.manifest(config), versions={"a": "1"}, metrics=metrics), tmp_path)
    before = torch.random.get_rng_state()
    loaded = wmcourse.load("tiny-model", directory=tmp_path)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not loaded.training
    for key, value in module.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value)
    assert loaded.manifest == returned == zoo.weights.load_manifest("tiny-model", directory=tmp_path)
    assert (loaded.manifest.seed, loaded.manifest.versions, loaded.manifest.metrics) == (3, {"a": "1"}, metrics)
    assert from_plain(type(tiny.config), loaded.manifest.config) == config


def test_the_file_says_how_the_model_was_made_and_so_does_the_readers_copy(saved) -> None:
    with safe_open(saved / FILE, "pt") as file:
        text = file.metadata()["manifest"]
    assert sorted(path.name for path in saved.iterdir()) == ["tiny-model.json", FILE]
    assert (saved / "tiny-model.json").read_text() == text
    manifest = json.loads(text)
    assert manifest["command"] == "wmcourse train tiny-model --seed 0"
    assert manifest["versions"]["torch"] == torch.__version__
    assert manifest["versions"]["python"] == platform.python_version()
    assert set(manifest["versions"]) == {"python", "torch", "numpy", "gymnasium", "pygame-ce"}
    assert (manifest["wall_s"], manifest["environment_steps"]) == (1.2, 10)
    assert manifest["metrics"] == {"return_mean": {"value": 1.0, "low": 0.5, "high": 1.5}}
    assert manifest["config"]["layers"] == {"sizes": [3, 2], "bias": True}
    assert load_file(saved / FILE).keys() == {"0.weight", "0.bias"}


def test_the_readers_copy_is_never_read(saved) -> None:
    (saved / "tiny-model.json").write_text("nonsense")
    wmcourse.load("tiny-model", directory=saved)
    (saved / "tiny-model.json").unlink()
    wmcourse.load("tiny-model", directory=saved)


def test_tied_weights_survive(tiny, manifest, tmp_path, monkeypatch) -> None:
    def build(config):
        module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        module[1].weight = module[0].weight
        return module

    change_recipe(monkeypatch, tiny, build=build)
    zoo.save(build(None), manifest, tmp_path)
    loaded = wmcourse.load("tiny-model", directory=tmp_path)
    assert loaded[0].weight is loaded[1].weight


def test_list_models_has_the_measured_the_unmeasured_and_the_untrained(tiny, saved, tmp_path) -> None:
    def listed(directory: Path) -> zoo.Manifest:
        (found,) = [each for each in zoo.list_models(directory=directory) if each.name == "tiny-model"]
        return found

    assert listed(saved).trained and listed(saved).headline_metric == Interval(1.0, 0.5, 1.5)
    zoo.save(tiny.build(tiny.config), tiny.manifest(), tmp_path / "unmeasured")
    unmeasured, untrained = listed(tmp_path / "unmeasured"), listed(tmp_path / "empty")
    assert unmeasured.trained and unmeasured.headline_metric is None
    assert not untrained.trained and untrained.headline_metric is None


def test_the_package_exports_the_zoo_lazily() -> None:
    assert wmcourse.load is zoo.load
    assert wmcourse.list_models is zoo.list_models
    assert {"load", "list_models", "__version__"} <= set(dir(wmcourse))
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        wmcourse.lod  # noqa: B018
    code = "import wmcourse, wmcourse.cli, sys; assert 'torch' not in sys.modules"
    root = Path(wmcourse.__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(root)})


# A configuration that has changed since the training ------------------------------------------------------------------


def test_a_model_outlives_a_new_field_of_a_nested_config(tiny, saved, monkeypatch) -> None:
    kind = type(tiny.config)
    layers = type(tiny.config.layers)

    @dataclass(frozen=True)
    class LaterLayers(layers):
        scale: float = 0.5

    @dataclass(frozen=True)
    class LaterConfig(kind):
        layers: LaterLayers = field(default_factory=lambda: LaterLayers(sizes=(7, 7), scale=9.0))

    built: list[LaterConfig] = []
    monkeypatch.setitem(LaterConfig.__annotations__, "layers", LaterLayers)
    change_recipe(
        monkeypatch, tiny, config=LaterConfig(), build=lambda config: built.append(config) or tiny.build(config)
    )
    model = wmcourse.load("tiny-model", directory=saved)
    assert built == [LaterConfig(layers=LaterLayers(sizes=(3, 2), scale=0.5))]
    assert "scale" not in model.manifest.config["layers"]  # the manifest stays what it was


# Bad names and damage -------------------------------------------------------------------------------------------------


def test_an_unknown_name_brings_the_nearest_ones(tiny) -> None:
    with pytest.raises(zoo.UnknownModel, match=r"unknown model 'tiny-modle': did you mean 'tiny-model'\?"):
        wmcourse.load("tiny-modle")
    with pytest.raises(zoo.UnknownModel, match="'Tiny_Model': did you mean 'tiny-model'"):
        wmcourse.load("Tiny_Model")
    with pytest.raises(zoo.UnknownModel, match=r"choose from .*tiny-model"):
        wmcourse.load("../../etc/passwd")


def test_missing_weights_bring_the_command(tiny, tmp_path) -> None:
    with pytest.raises(zoo.MissingWeights, match=f"with: wmcourse train tiny-model --output-dir {tmp_path}$"):
        wmcourse.load("tiny-model", directory=tmp_path)
    with pytest.raises(
        zoo.MissingWeights, match=rf"{FILE} does not exist: .*wmcourse train tiny-model --replace-shipp"
    ):
        wmcourse.load("tiny-model")


REMEDY = r"; restore it, or make it again with: wmcourse train tiny-model --output-dir \S+$"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-7], "is not a whole safetensors file"),
        (lambda data: b"", "is not a whole safetensors file"),
        (lambda data: b"version https://git-lfs.github.com/spec/v1", "is not a whole safetensors file"),
        (lambda data: data[:-1] + b"\x17", "its tensors should have sha256 [0-9a-f]{64}, and have [0-9a-f]{64}"),
        (lambda data: data.replace(b'"0.bias"', b'"0.bies"'), "its tensors should have sha256"),
    ],
)
def test_a_damaged_file_says_how_and_what_to_do(saved, damage, message: str) -> None:
    (saved / FILE).write_bytes(damage((saved / FILE).read_bytes()))
    with pytest.raises(zoo.CorruptWeights, match=f"^cannot load .*{FILE}: .*{message}.*{REMEDY}"):
        wmcourse.load("tiny-model", directory=saved)


def change(**values: Any) -> Callable[[str], str]:
    return lambda text: json.dumps({**json.loads(text), **values})


def without(key: str) -> Callable[[str], str]:
    return lambda text: json.dumps({name: value for name, value in json.loads(text).items() if name != key})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], "its manifest is not JSON"),
        (lambda text: "", "it holds no manifest"),
        (lambda text: "[]", "must hold the fields of Manifest"),
        (without("config"), "manifest lacks config"),
        (change(seed="zero"), "seed is 'zero', must be int"),
        (change(color="red"), "manifest has the field 'color', which Manifest does not have"),
        (change(metrics={"return_mean": {"value": 1.0}}), "must hold value, low and high"),
        (change(metrics={"speed": {"value": 1, "low": 0, "high": 1}}), "headline 'return_mean' is not among"),
        (change(name="other"), "it is the model 'other'"),
        (change(sha256="0" * 64), f"should have sha256 {'0' * 64}, and have [0-9a-f]{{64}}"),
        (change(config={"layers": {"sizes": [3, 3], "bias": True}}), "size mismatch"),
        (change(config={"layers": {"sizes": [3, 2], "bias": False}}), "Unexpected key"),
        (change(config={"depth": 3}), "config has the field 'depth', which Config does not have"),
        (change(config={"layers": {"depth": 3}}), "config.layers has the field 'depth', which Layers does not have"),
        (change(config={"rate": "fast"}), "config.rate is 'fast', must be float"),
        (change(config=[]), "config is .*must be dict"),
    ],
)
def test_a_manifest_that_does_not_fit_says_where(saved, damage, message: str) -> None:
    with safe_open(saved / FILE, "pt") as file:
        text = file.metadata()["manifest"]
    save_file(load_file(saved / FILE), saved / FILE, {"manifest": damage(text)})
    with pytest.raises(zoo.CorruptWeights, match=f"^cannot load .*{FILE}: .*{message}.*{REMEDY}") as caught:
        wmcourse.load("tiny-model", directory=saved)
    assert len(str(caught.value).splitlines()) == 1
