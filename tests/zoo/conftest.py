"""A recipe small enough to train in a test, registered while the test runs."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest
import torch
from torch import nn

from wmcourse.evaluation.statistics import Interval
from wmcourse.zoo import registry


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


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    recipe: Any = ModuleType("tiny_recipe")
    recipe.NAME, recipe.HEADLINE = "tiny-model", "return_mean"
    recipe.DESCRIPTION, recipe.PROTOCOL = "A tiny model.", "2 episodes"
    recipe.Config, recipe.Layers, recipe.build = Config, Layers, build
    recipe.evaluate = lambda module, *, episodes, seed: {"return_mean": Interval(1.0, 0.5, 1.5)}
    recipe.main = lambda config, *, directory=None: None
    monkeypatch.setitem(sys.modules, "tiny_recipe", recipe)
    monkeypatch.setitem(registry.RECIPES, "tiny-model", "tiny_recipe")
    yield recipe


@pytest.fixture
def arguments() -> dict[str, Any]:
    """What `save` wants to know besides name and module."""
    return {
        "config": Config(),
        "seed": 0,
        "command": "wmcourse train tiny-model --seed 0",
        "wall_s": 1.234,
        "environment_steps": 10,
        "metrics": {"return_mean": Interval(1.0, 0.5, 1.5)},
        "protocol": "2 episodes",
        "headline": "return_mean",
        "description": "A tiny model.",
    }


@pytest.fixture
def saved(tiny: Any, arguments: dict[str, Any], tmp_path: Path) -> Path:
    """A folder with one trained model."""
    from wmcourse.zoo import save

    torch.manual_seed(1)
    save("tiny-model", build(Config()), **arguments, directory=tmp_path)
    return tmp_path
