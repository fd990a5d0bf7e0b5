"""The training of a small V-JEPA and of its twin, at a size that takes seconds."""

from dataclasses import replace

import pytest
import torch
from torch import Generator

from wmcourse.models.video_jepa import VideoConfig, VideoJEPA
from wmcourse.nets.tubes import SHORT_RANGE, draw_tubes
from wmcourse.recipes import cartpole_clips
from wmcourse.recipes import video_jepa as recipe
from wmcourse.recipes.video_jepa import QUANTITIES, VideoTraining, measure, monitors, train

SMALL = VideoConfig(tubelet=(2, 16, 16), width=16, depth=1, heads=2, predictor_width=16, predictor_depth=1)
TINY = VideoTraining(seed=3, updates=4, batch_size=4, clips=6, log_every=2, masks=(SHORT_RANGE,), model=SMALL)
TWIN = replace(TINY, model=replace(SMALL, target="pixels"))


@pytest.fixture(autouse=True)
def few_clips(tmp_path, monkeypatch):
    monkeypatch.setenv("WMCOURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(cartpole_clips, "SHARD", 6)
    monkeypatch.setattr(recipe, "WATCHED", 6)
    monkeypatch.setattr(recipe, "PROBED", 12)


@pytest.mark.parametrize("config", [TINY, TWIN], ids=["embedding", "pixels"])
def test_a_training_repeats_watches_collapse_and_fits_into_half(config):
    one, two = (train(config, progress=False) for _ in range(2))
    for left, right in zip(one.module.state_dict().values(), two.module.state_dict().values(), strict=True):
        torch.testing.assert_close(left, right, rtol=0, atol=0)
    assert [row["update"] for row in one.history] == [2, 4]
    assert {"loss", "rank", "std"} <= set(one.history[0])
    assert all(torch.equal(each, each.half().float()) for each in one.module.parameters())
    found = measure(one.module, episodes=6, seed=7)
    assert {f"{probe}_{what}_r2" for probe in ("attentive", "pooled") for what in QUANTITIES} < set(found)


def test_twins_are_given_the_same_clips_and_masks(monkeypatch):
    seen = []
    monkeypatch.setattr(
        VideoJEPA,
        "errors",
        lambda self, clip, tubes: seen.append((clip, tubes)) or self.encoder.embed.weight.sum()[None],
    )
    for config in (TINY, TWIN):
        train(config, progress=False)
    for (clip, tubes), (other_clip, other_tubes) in zip(seen[:4], seen[4:], strict=True):
        assert torch.equal(clip, other_clip)
        assert all(torch.equal(*pair) for pair in zip(tubes, other_tubes, strict=True))


def test_the_twin_learns_to_draw_one_clip():
    config = replace(TWIN, updates=300, clips=1, lr=5e-3, hold=0.0)
    trained = train(config, progress=False)
    clip = cartpole_clips.cartpole_clips(1, frames=4, seed=recipe.TrainingSeeds(3).next()).frames / 255.0
    tubes = draw_tubes(1, SMALL.grid, SHORT_RANGE, Generator().manual_seed(0))
    errors = [each.errors(clip, tubes).mean().item() for each in (untrained(config, clip), trained.module)]
    assert errors[1] < 0.5 * errors[0]


def test_the_jepa_learns_to_foresee_its_own_copy():
    trained = train(replace(TINY, updates=150, clips=1, lr=3e-3, hold=0.0, log_every=10), progress=False)
    losses = [row["loss"] for row in trained.history]
    assert losses[-1] < 0.5 * losses[0]


def test_monitors_tell_a_collapse_from_a_code():
    same = torch.randn(1, 8, 16).expand(50, -1, -1)
    assert monitors(same)["std"] < 1e-6
    found = monitors(torch.randn(50, 1, 16).expand(-1, 8, -1))
    assert found["std"] > 0.8 and found["rank"] > 10


def untrained(config, clip):
    torch.manual_seed(0)
    model = VideoJEPA(config.model)
    model.fit_pixels(clip)
    return model.eval()
