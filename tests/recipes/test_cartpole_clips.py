"""Clips of CartPole: true to its physics, drawn so that a place says nothing of a speed, and made once."""

import torch
from torch import Generator
from torch.nn.functional import one_hot

from wmcourse.envs.cartpole import cartpole_dynamics
from wmcourse.envs.cartpole_pixels import Camera
from wmcourse.recipes import cartpole_clips as recipe
from wmcourse.recipes.cartpole_clips import SPREAD, STRIDE, Clips, cartpole_clips, film


def test_each_frame_follows_from_the_one_before_by_some_pushes():
    clips = film(5, 3, Generator().manual_seed(0))
    left, right = one_hot(torch.arange(2), 2).float()
    state = clips.states[:, 0]
    pushed = [
        cartpole_dynamics(cartpole_dynamics(state, one.expand(5, -1)), two.expand(5, -1))
        for one in (left, right)
        for two in (left, right)
    ]
    assert STRIDE == 2
    apart = torch.stack([(clips.states[:, 1] - each).abs().amax(dim=1) for each in pushed])
    assert apart.min(dim=0).values.max() < 1e-5
    torch.testing.assert_close(clips.frames, Camera()(clips.states).squeeze(2))


def test_starts_fill_their_ranges_and_place_says_nothing_of_speed(monkeypatch):
    monkeypatch.setattr(recipe, "Camera", lambda: lambda states: torch.zeros(*states.shape[:2], 1, 64, 64).byte())
    starts = film(4000, 1, Generator().manual_seed(0)).states[:, 0]
    assert (starts.abs().amax(dim=0) <= torch.tensor(SPREAD)).all()
    torch.testing.assert_close(starts.std(dim=0), torch.tensor(SPREAD) / 3**0.5, rtol=0.05, atol=0)
    assert (torch.corrcoef(starts.T) - torch.eye(4)).abs().max() < 0.06


def test_shards_are_made_once_and_more_begin_as_fewer(tmp_path, monkeypatch):
    monkeypatch.setenv("WMCOURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(recipe, "SHARD", 3)
    few = cartpole_clips(4, frames=2, seed=1)
    assert len(few) == 4 and len(list(tmp_path.rglob("*.npz"))) == 2
    monkeypatch.setattr(recipe, "film", None)
    again = cartpole_clips(6, frames=2, seed=1)
    assert torch.equal(again.frames[:4], few.frames) and torch.equal(again.states[:4], few.states)
    assert not torch.equal(again.states[:3], again.states[3:])


def test_some_are_mirrored():
    frames = torch.zeros(1, 2, 64, 64).byte()
    frames[..., :10] = 255
    some = Clips(frames, torch.zeros(1, 2, 4)).sample(200, Generator().manual_seed(0))
    left, right = some[..., 0].mean((1, 2)), some[..., -1].mean((1, 2))
    torch.testing.assert_close(left + right, torch.ones(200))
    assert 0.35 < left.mean() < 0.65
