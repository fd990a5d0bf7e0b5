"""Actors, against torch.distributions."""

import pytest
import torch
from torch.distributions import Categorical, Normal, TransformedDistribution
from torch.distributions.transforms import TanhTransform
from torch.nn.functional import softplus

from wmcourse.agents import RandomPolicy
from wmcourse.agents.actor import ContinuousActor, DiscreteActor


def discrete(unimix=0.0):
    actor = DiscreteActor(6, 16, 3, unimix=unimix)
    for parameter in actor.parameters():
        parameter.data.mul_(3)
    return actor


@pytest.mark.parametrize("unimix", [0.0, 0.1])
def test_discrete_actor_equals_a_categorical(unimix):
    actor, features = discrete(unimix), torch.randn(50, 6)
    step = actor(features)
    oracle = Categorical(probs=(1 - unimix) * actor.net(features).softmax(-1) + unimix / 3)
    torch.testing.assert_close(step.entropy, oracle.entropy())
    torch.testing.assert_close(step.log_prob, oracle.log_prob(step.action.argmax(-1)))
    assert torch.equal(step.action.detach().sum(-1), torch.ones(50))


def test_discrete_actions_are_drawn_as_often_as_they_are_likely():
    actor, features = discrete(), torch.randn(1, 6).expand(30_000, 6)
    probs = actor.net(features[:1]).softmax(-1)[0]
    counts = actor(features).action.detach().sum(0)
    assert ((counts - 30_000 * probs).square() / (30_000 * probs)).sum() < 18.4  # 2 degrees, 99.99 %


def test_greedy_takes_the_likeliest_action():
    actor, features = discrete(), torch.randn(50, 6)
    assert torch.equal(actor(features, greedy=True).action.argmax(-1), actor.net(features).argmax(-1))


def test_continuous_actor_equals_a_squashed_normal():
    actor, features = ContinuousActor(6, 16, 2).double(), torch.randn(50, 6).double()
    torch.manual_seed(0)
    step = actor(features)
    mean, raw = actor.net(features).chunk(2, -1)
    gaussian = Normal(mean, softplus(raw) + 0.1)
    oracle = TransformedDistribution(gaussian, TanhTransform())
    torch.testing.assert_close(step.log_prob, oracle.log_prob(step.action).sum(-1), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(step.entropy, gaussian.entropy().sum(-1))
    assert (step.action.abs() < 1).all()
    torch.testing.assert_close(actor(features, greedy=True).action, mean.tanh())


def test_continuous_actor_is_reparameterized():
    """d action / d mean = 1 - action^2, whatever noise was drawn."""
    actor, features = ContinuousActor(6, 16, 1), torch.randn(20, 6)
    step = actor(features)
    bias = actor.net[-1].bias
    (gradient,) = torch.autograd.grad(step.action.sum(), bias)
    torch.testing.assert_close(gradient[0], (1 - step.action.square()).sum().detach())


def test_random_policy_is_uniform_one_hot_and_seeded():
    policy = RandomPolicy(4, seed=3)
    observation = torch.zeros(40_000, 2)
    action, memory = policy.act(policy.initial(40_000), observation)
    assert memory is None and torch.equal(action.sum(-1), torch.ones(40_000))
    assert ((action.sum(0) - 10_000).square() / 10_000).sum() < 21.1  # 3 degrees of freedom, 99.99 %
    again, _ = RandomPolicy(4, seed=3).act(None, observation)
    assert torch.equal(action, again)
