import pytest
import torch

import wmcourse
from wmcourse.agents.blinking import Blinking
from wmcourse.data import collect
from wmcourse.evaluation import rollout


@pytest.fixture(scope="module")
def dreamer():
    return wmcourse.load("cartpole-dreamer")


def test_open_eyes_are_the_agents_own(dreamer):
    ours = collect("CartPole-v1", Blinking(dreamer, 1), episodes=3, seed=1)
    theirs = collect("CartPole-v1", dreamer, episodes=3, seed=1)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.actions, other.actions)


@pytest.mark.parametrize("look_every", [4, None])
def test_it_acts_on_what_the_rollout_believes(dreamer, look_every):
    (episode,) = collect("CartPole-v1", Blinking(dreamer, look_every), episodes=1, seed=1)
    told = rollout(dreamer.world, episode.actions[None], episode.observations[None], peek_every=look_every)
    features = torch.cat([told.state.deter, told.state.stoch], dim=-1)[0, :-1]
    torch.testing.assert_close(dreamer.actor(features, greedy=True).action, episode.actions)


def test_never_is_none(dreamer):
    with pytest.raises(ValueError, match="look_every must be 1"):
        Blinking(dreamer, 0)
