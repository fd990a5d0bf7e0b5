"""A recipe small enough to train in a test, registered while the test runs."""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest
import torch
from torch import nn

from wmcourse.chapter import PARTS, Chapter
from wmcourse.evaluation.statistics import Interval
from wmcourse.recipes.recipe import Recipe, Training
from wmcourse.zoo import Manifest, registry, save


@dataclass(frozen=True)
class Layers:
    sizes: tuple[int, ...] = (3, 2)
    bias: bool = True


@dataclass(frozen=True)
class Config:
    seed: int = 0
    layers: Layers = field(default_factory=Layers)
    rate: float = 1e-3
    limits: tuple[float, float] = (0.0, 1.0)
    mode: Literal["a", "b"] = "a"
    clip: float | None = None


def build(config: Config) -> nn.Module:
    sizes = config.layers.sizes
    layers = [nn.Linear(a, b, bias=config.layers.bias) for a, b in zip(sizes, sizes[1:], strict=False)]
    return nn.Sequential(*layers, nn.Dropout(0.5))


def train(config: Config, *, progress: bool = True, on_update: Any = None) -> Training:
    return Training(build(config).eval(), 1, 1, 0.1, [])


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """A chapter of one model and one study that nobody has run."""
    recipe = Recipe(
        name="tiny-model",
        description="A tiny model.",
        config=Config(),
        build=build,
        train=train,
        measure=lambda module, *, episodes, seed: {"return_mean": Interval(1.0, 0.5, 1.5)},
        headline="return_mean",
        protocol="2 episodes",
        evaluation_seed=1,
    )
    module: Any = ModuleType("wmcourse.chapters.tiny.recipes")
    module.RECIPES = (recipe,)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    chapter = Chapter(99, "tiny", "Tiny", PARTS[0], recipes=("tiny-model",), studies=("tiny-study",))
    others = registry.chapters()
    monkeypatch.setattr(registry, "chapters", lambda: [*others, chapter])
    return recipe


@pytest.fixture
def manifest(tiny: Recipe) -> Manifest:
    """Of a training of the tiny model, measured."""
    took = Training(None, kept_update=1, environment_steps=10, wall_s=1.234, history=[])
    return replace(tiny.manifest(trained=took), metrics={"return_mean": Interval(1.0, 0.5, 1.5)})


@pytest.fixture
def saved(manifest: Manifest, tmp_path: Path) -> Path:
    """A folder with one trained model."""
    torch.manual_seed(1)
    save(build(Config()), manifest, tmp_path)
    return tmp_path
