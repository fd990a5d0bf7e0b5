"""The weights in the repository: whole, small, no more than what is referred to, and as good as they say."""

import json
import os
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

import pytest

from wmcourse.zoo import load, model_names, recipe
from wmcourse.zoo.parts import part_path
from wmcourse.zoo.plain import from_plain
from wmcourse.zoo.weights import WEIGHTS, load_manifest

EPISODES = int(os.environ.get("WMCOURSE_EPISODES", "8"))
"""Enough to notice weights that are broken; `make nightly` takes more."""
SEED = 424_242


def test_all_shipped_weights_together_stay_below_60_mb() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.rglob("*")) < 60e6


def test_every_model_ships_and_nothing_else() -> None:
    """Each with the readers' copy of its manifest; a part that no model refers to any more is to be deleted."""
    names = model_names()
    needed = {WEIGHTS / f"{name}.{ending}" for name in names for ending in ("json", "safetensors")}
    for name in names:
        manifest = load_manifest(name)
        assert (WEIGHTS / f"{name}.json").read_text() == manifest.to_json()
        needed |= {part_path(WEIGHTS, *part) for part in manifest.parts.items()}
    assert {path for path in WEIGHTS.rglob("*") if path.is_file()} == needed


@pytest.mark.parametrize("name", model_names())
def test_a_shipped_model_is_as_good_as_its_manifest_says(name: str) -> None:
    model, source = load(name), recipe(name)
    manifest = model.manifest
    assert manifest.command.startswith(f"wmcourse train {name} --seed")
    assert manifest.headline == source.headline and tuple(manifest.parts) == source.shares
    assert manifest.wall_s > 0 and manifest.environment_steps > 0
    measured = source.measure(model, episodes=EPISODES, seed=SEED)
    assert source.headline in measured and set(measured) <= set(manifest.metrics)
    promised, found = manifest.metrics[manifest.headline], measured[manifest.headline]
    # Two measurements agree if their intervals, each widened by a share of the value, overlap.
    slack = (0.02 if EPISODES >= 20 else 0.3) * abs(promised.value)
    assert found.low - slack <= promised.high, (promised, found)
    assert found.high + slack >= promised.low, (promised, found)


def of_each_default(kind: Any, stored: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Where a stored configuration says, at any depth, what a field's default says as well: the place and the field."""
    config = from_plain(kind, stored)
    for field in (field for field in fields(config) if field.name in stored):
        value = getattr(config, field.name)
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if default is not MISSING and value == default:
            yield stored, field.name
        if is_dataclass(value):
            yield from of_each_default(type(value), stored[field.name])


@pytest.mark.parametrize("name", model_names())
def test_a_shipped_manifest_would_outlive_each_of_its_fields_being_new(name: str) -> None:
    """As if the field had come after the training: without it, the model is configured as it was."""
    stored, kind = load_manifest(name).config, type(recipe(name).config)
    before, checked = from_plain(kind, json.loads(json.dumps(stored))), 0
    for place, key in list(of_each_default(kind, stored)):
        kept = place.pop(key)
        assert from_plain(kind, stored) == before, key
        place[key], checked = kept, checked + 1
    assert checked > 5
