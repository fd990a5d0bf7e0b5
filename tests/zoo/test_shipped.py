"""The weights in the repository: whole, and as good as they say."""

import hashlib
import os

import pytest

from wmcourse.zoo import load, model_names, recipe
from wmcourse.zoo.weights import WEIGHTS, load_manifest

EPISODES = int(os.environ.get("WMCOURSE_EPISODES", "8"))
"""Enough to notice weights that are broken; `make nightly` takes more."""
SEED = 424_242


@pytest.mark.parametrize("name", model_names())
def test_a_shipped_model_is_as_good_as_its_manifest_says(name: str) -> None:
    manifest = load_manifest(name)
    assert hashlib.sha256((WEIGHTS / f"{name}.safetensors").read_bytes()).hexdigest() == manifest.sha256
    measured = recipe(name).measure(load(name), episodes=EPISODES, seed=SEED)
    assert set(measured) <= set(manifest.metrics)
    promised, found = manifest.metrics[manifest.headline], measured[manifest.headline]
    # Two measurements agree if their intervals, each widened by a share of the value, overlap.
    slack = (0.02 if EPISODES >= 20 else 0.3) * abs(promised.value)
    assert found.low - slack <= promised.high, (promised, found)
    assert found.high + slack >= promised.low, (promised, found)
