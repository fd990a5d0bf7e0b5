"""The marks of models of pictures: of one that knows what comes, and of one that always says the mean."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from wmcourse.agents.experts import angle_and_velocity
from wmcourse.data.frames import FrameEpisodes
from wmcourse.models.protocol import Prediction
from wmcourse.recipes import measure_pixels as measure
from wmcourse.recipes.pixel_episodes import pixel_episodes

EPISODES, SEED = 6, 11


class Row(NamedTuple):
    number: Tensor


class Seer:
    """It has read the book: it knows an episode by its first picture, and each picture after that by its number."""

    action_dim = 2

    def __init__(self, data, frames):
        self.data, self.observation_shape = data, (frames, 64, 64)

    def initial(self, batch_size):
        return Row(torch.zeros(batch_size, 1))

    def observe(self, state, action, observation, temperature=1.0):
        firsts = self.data.stacks(self.data.firsts, 1)
        known = (observation[:, None, -1:] - firsts).abs().sum((2, 3, 4))
        started = self.data.firsts[known.argmin(1)][:, None].float()
        return Row(started if action is None else state.number + 1)

    def imagine(self, state, action, temperature=1.0):
        return Row(state.number + 1)

    def decode(self, state):
        last = len(self.data.frames) - 1
        newest = self.data.stacks(state.number[:, 0].long().clamp(max=last), 1)
        nonsense = torch.full_like(newest, 7.0).expand(-1, self.observation_shape[0] - 1, -1, -1)
        return Prediction(torch.cat([nonsense, newest], 1))


@pytest.fixture
def seen(monkeypatch):
    """All that will be measured on. The expert starts elsewhere, or one first picture would have two stories."""
    expert = measure.balanced_episodes(EPISODES, seed=SEED + 1)
    monkeypatch.setattr(measure, "balanced_episodes", lambda episodes, *, seed: expert)
    return FrameEpisodes.join([pixel_episodes(EPISODES, seed=SEED), expert])


@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.usefixtures("unchecked_shapes")
def test_who_knows_the_newest_frame_makes_no_error_whatever_it_says_of_older_ones(seen, frames):
    metrics = measure.measure_pixels(Seer(seen, frames), episodes=EPISODES, seed=SEED)
    errors = {name: metric for name, metric in metrics.items() if name.startswith("nmse")}
    assert all(metric == (0.0, 0.0, 0.0) for metric in errors.values())
    assert metrics["vpt80_steps_balanced"].value == 50


@pytest.mark.usefixtures("unchecked_shapes")
def test_horizons_that_no_episode_reaches_are_left_out(seen):
    metrics = measure.measure_pixels(Seer(seen, 1), episodes=EPISODES, seed=SEED)
    longest = int(pixel_episodes(EPISODES, seed=SEED).lengths.max())
    assert longest < 50
    reached = [h for h in (1, 5, 10, 25, 50) if h <= longest]
    assert list(metrics) == [
        *(f"nmse_h{h}_random" for h in reached),
        "vpt80_steps_random",
        *(f"nmse_h{h}_balanced" for h in (1, 5, 10, 25, 50)),
        "vpt80_steps_balanced",
    ]
    assert metrics["vpt80_steps_random"].value == reached[-1]


def test_the_mean_picture_scores_one(constant_world):
    data = pixel_episodes(EPISODES, seed=SEED)
    mean = data.stacks(torch.arange(len(data.frames)), 1).mean(0)
    metrics = measure.measure_pixels(constant_world(mean, action_dim=2), episodes=EPISODES, seed=SEED)
    assert metrics["nmse_h1_random"].value == pytest.approx(1.0, abs=0.3)
    assert metrics["vpt80_steps_random"].value == 0


def test_the_expert_balances_for_a_hundred_steps_and_does_what_it_says():
    data = measure.balanced_episodes(3, seed=SEED)
    assert data.lengths.tolist() == [100] * 3 and not data.terminated.any()
    for episode in data.state_episodes():
        assert torch.equal(angle_and_velocity(episode.observations[:-1]), episode.actions)


def test_the_experts_episodes_are_kept(monkeypatch):
    data = measure.balanced_episodes(2, seed=SEED)

    def again(*_, **__):
        raise AssertionError("made twice")

    monkeypatch.setattr(measure, "record", again)
    assert torch.equal(measure.balanced_episodes(2, seed=SEED).frames, data.frames)
    with pytest.raises(AssertionError, match="made twice"):
        measure.balanced_episodes(2, seed=SEED + 1)
