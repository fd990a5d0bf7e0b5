"""Parts that several models share: kept once, by their content, and merged again when a model is loaded."""

import sys
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import wmcourse
from wmcourse import zoo
from wmcourse.zoo import registry


def build(config: Any) -> nn.Module:
    return nn.Sequential(OrderedDict(coder=nn.Linear(3, 2), step=nn.Linear(2, 2)))


@pytest.fixture
def two(tiny, monkeypatch) -> dict[str, Any]:
    """Two recipes whose models have the same coder."""
    recipes = {name: replace(tiny, name=name, build=build, shares=("coder",)) for name in ("one", "other")}
    module: Any = ModuleType("wmcourse.chapters.tiny.recipes")
    module.RECIPES = tuple(recipes.values())
    monkeypatch.setitem(sys.modules, module.__name__, module)
    (chapter,) = [each for each in registry.chapters() if each.topic == "tiny"]
    monkeypatch.setattr(registry, "chapters", lambda: [replace(chapter, recipes=tuple(recipes))])
    return recipes


def save(recipe: Any, module: nn.Module, folder: Path) -> zoo.Manifest:
    return zoo.save(module, recipe.manifest(), folder, shares=recipe.shares)


def parts(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "parts").iterdir())


def same(module: nn.Module, other: nn.Module) -> bool:
    mine, theirs = module.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(value, theirs[name]) for name, value in mine.items())


def test_a_shared_part_is_kept_once_and_each_model_comes_back_whole(two, tmp_path) -> None:
    models = {name: build(None) for name in two}
    models["other"].coder = models["one"].coder
    manifests = [save(two[name], model, tmp_path) for name, model in models.items()]
    sha256 = manifests[0].parts["coder"]
    assert manifests[1].parts == {"coder": sha256}
    assert parts(tmp_path) == [f"coder-{sha256[:12]}.safetensors"]
    assert load_file(tmp_path / "one.safetensors").keys() == {"step.weight", "step.bias"}
    for name, model in models.items():
        assert same(wmcourse.load(name, directory=tmp_path), model)


def test_the_checksum_is_the_same_whether_a_part_is_shared_or_not(two, tmp_path) -> None:
    model = build(None)
    alone = zoo.save(model, two["one"].manifest(), tmp_path)
    assert alone.sha256 == save(two["one"], model, tmp_path).sha256
    model.step.bias.data[0] += 1e-6
    assert alone.sha256 != save(two["one"], model, tmp_path).sha256


def test_a_part_that_is_trained_again_breaks_nobody(two, tmp_path) -> None:
    models = {name: build(None) for name in two}
    models["other"].coder = models["one"].coder
    for name, model in models.items():
        save(two[name], model, tmp_path)
    retrained = build(None)
    save(two["one"], retrained, tmp_path)
    assert len(parts(tmp_path)) == 2
    assert same(wmcourse.load("one", directory=tmp_path), retrained)
    assert same(wmcourse.load("other", directory=tmp_path), models["other"])


def test_a_part_that_is_missing_damaged_or_another_is_named(two, tmp_path) -> None:
    save(two["one"], build(None), tmp_path)
    (path,) = (tmp_path / "parts").iterdir()
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(
        zoo.CorruptWeights, match=f"cannot load .*one.safetensors: .*{path.name} is damaged.*restore it"
    ):
        wmcourse.load("one", directory=tmp_path)
    path.write_bytes(content[:50])
    with pytest.raises(zoo.CorruptWeights, match=f"{path.name} is not a whole safetensors file"):
        wmcourse.load("one", directory=tmp_path)
    path.unlink()
    with pytest.raises(zoo.MissingWeights, match=f"{path.name} does not exist; .*wmcourse train one --output-dir"):
        wmcourse.load("one", directory=tmp_path)


def test_a_part_that_the_model_does_not_have_is_refused(two, tmp_path) -> None:
    with pytest.raises(ValueError, match=r"no part 'encoder' with tensors in \['coder', 'step'\]"):
        zoo.save(build(None), two["one"].manifest(), tmp_path, shares=("encoder",))
    assert not list(tmp_path.iterdir())
