"""Policies that know nothing."""

import torch

from wmcourse.agents.random_policy import UniformPolicy
from wmcourse.data.collect import collect


def test_uniform_actions_fill_their_bounds_evenly():
    policy = UniformPolicy([-1.0, 10.0], [2.0, 11.0], seed=3)
    actions, memory = policy.act(policy.initial(4000), torch.zeros(4000, 3))
    assert actions.shape == (4000, 2) and actions.dtype == torch.float32 and memory is None
    share = (actions - torch.tensor([-1.0, 10.0])) / torch.tensor([3.0, 1.0])
    for column in share.T:
        expected = (torch.arange(4000) + 0.5) / 4000
        assert (column.sort().values - expected).abs().max() < 1.63 / 4000**0.5  # Kolmogorov-Smirnov, 1%


def test_the_same_seed_makes_the_same_episodes_whatever_else_is_drawn():
    def actions(seed):
        torch.randn(7)
        (episode,) = collect("Pendulum-v1", UniformPolicy([-2.0], [2.0], seed=seed), episodes=1, seed=0)
        return episode.actions

    assert torch.equal(actions(1), actions(1)) and not torch.equal(actions(1), actions(2))
