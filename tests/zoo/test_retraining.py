"""Two models made again from nothing: as good as the manifest says. For `make nightly`, as it takes minutes."""

import os

import pytest

from wmcourse.zoo import recipe
from wmcourse.zoo.weights import load_manifest


@pytest.mark.skipif(os.environ.get("WMCOURSE_NIGHTLY") != "1", reason="for make nightly")
@pytest.mark.parametrize("name", ["cartpole-dreamer", "linear-gaussian-rssm"])
def test_a_model_trained_again_is_as_good_as_its_manifest_says(name: str, tmp_path) -> None:
    manifest, source = load_manifest(name), recipe(name)
    made = source.make(tmp_path)
    promised, found = manifest.metrics[manifest.headline], made.metrics[manifest.headline]
    slack = 0.02 * abs(promised.value)  # another machine rounds otherwise, and ends elsewhere
    assert found.low - slack <= promised.high and found.high + slack >= promised.low, (promised, found)
    assert made.command == manifest.command
