"""Dreamer: acting, dreaming, and what each of its two losses may and may not teach."""

import pytest
import torch
from torch import nn

from wmcourse.agents import Dreamer, DreamerConfig
from wmcourse.agents.returns import lambda_return
from wmcourse.data import collect
from wmcourse.models import RSSMConfig, first_look

WORLD = RSSMConfig(deter_dim=12, stoch_dim=5, groups=3, classes=4, hidden_dim=16)


def build(actions="discrete", latent="gaussian", **options):
    torch.manual_seed(2)
    world = RSSMConfig(**{**vars(WORLD), "latent": latent, "action_dim": 2})
    agent = Dreamer(DreamerConfig(world=world, actions=actions, hidden_dim=16, **options))
    with torch.no_grad():  # away from the near-zero start, so that gradients mean something
        for network in (agent.actor, agent.critic, agent.slow_critic):
            for parameter in network.parameters():
                parameter.copy_(0.5 * torch.randn_like(parameter))
    return agent


def beliefs(agent, count=6):
    state = first_look(agent.world, torch.randn(count, 4))
    return type(state)(*(field.detach() for field in state))


def gradients(loss, module):
    found = torch.autograd.grad(loss, list(module.parameters()), allow_unused=True, retain_graph=True)
    return [torch.zeros(()) if gradient is None else gradient for gradient in found]


def total(gradient_list):
    return sum(float(gradient.abs().sum()) for gradient in gradient_list)


KINDS = [
    ("discrete", "gaussian"),
    ("continuous", "gaussian"),
    ("discrete", "categorical"),
    ("continuous", "categorical"),
]


@pytest.mark.parametrize(("actions", "latent"), KINDS)
def test_acting_follows_the_closed_loop_belief(actions, latent):
    agent = build(actions, latent)
    observations = torch.randn(4, 3, 4)
    memory, state, action = agent.initial(3), agent.world.initial(3), None
    for observation in observations:
        chosen, memory = agent.act(memory, observation)
        state = agent.world.observe(state, action, observation, 0.0)
        action = agent.actor(state.features, greedy=True).action
        torch.testing.assert_close(chosen, action)
        torch.testing.assert_close(memory.state.stoch, state.stoch)
    if actions == "discrete":
        assert ((chosen == 0) | (chosen == 1)).all() and (chosen.sum(-1) == 1).all()


def test_greedy_acting_repeats_and_exploring_varies():
    agent = build(explore=0.5)
    observation = torch.randn(200, 4)
    same = [agent.act(agent.initial(200), observation)[0] for _ in range(2)]
    assert torch.equal(*same)
    varied = [agent.act(agent.initial(200), observation, greedy=False)[0] for _ in range(2)]
    assert not torch.equal(*varied)


def test_exploration_mixes_in_its_share_of_uniform_actions():
    agent = build(explore=0.4)
    nn.init.zeros_(agent.actor.net[-1].weight)
    agent.actor.net[-1].bias.data = torch.tensor([50.0, -50.0])  # the actor itself always chooses 0
    actions, _ = agent.act(agent.initial(20_000), torch.zeros(20_000, 4), greedy=False)
    assert actions[:, 1].mean().item() == pytest.approx(0.4 / 2, abs=0.015)
    actions, _ = agent.act(agent.initial(100), torch.zeros(100, 4), greedy=True)
    assert actions[:, 1].sum().item() == 0


def test_it_can_play_a_real_environment():
    (first, _), (again, _) = (collect("CartPole-v1", build(), episodes=2, seed=0) for _ in range(2))
    assert torch.equal(first.observations, again.observations)


@pytest.mark.parametrize(("actions", "latent"), KINDS)
def test_acting_and_learning_assume_no_device(actions, latent):
    """All is on the CPU, but what names no device is made elsewhere: its like would be lost on a GPU."""
    options = {"explore": 0.5 * (actions == "discrete"), "normalize_returns": latent == "gaussian"}
    agent = build(actions, latent, **options)
    start, seen, alive = beliefs(agent), torch.randn(6, 4), torch.ones(6)

    def everything():
        torch.manual_seed(0)
        agent.normalizer.low.zero_(), agent.normalizer.high.zero_()
        action, memory = agent.act(agent.initial(6), seen, greedy=False)
        return [action, *memory.state, *agent.loss(start, alive)]

    expected = everything()
    with torch.device("meta"):
        found = everything()
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize(("actions", "latent"), KINDS)
def test_a_dream_starts_at_its_belief_and_heads_read_the_arrivals(actions, latent):
    agent = build(actions, latent)
    start = beliefs(agent)
    dream = agent.dream(start, horizon=4, generator=torch.Generator().manual_seed(0))
    assert dream.features.shape == (6, 5, agent.world.feature_dim)
    torch.testing.assert_close(dream.features[:, 0], start.features)
    for t in range(4):
        arrived = dream.features[:, t + 1]
        torch.testing.assert_close(dream.reward[:, t], agent.world.reward_head(arrived)[:, 0])
        torch.testing.assert_close(dream.continues[:, t], agent.world.continue_head(arrived)[:, 0].sigmoid())
    again = agent.dream(start, horizon=4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(dream.features, again.features)


@pytest.mark.parametrize(("actions", "latent"), KINDS)
def test_losses_equal_their_definition(actions, latent):
    agent = build(actions, latent, horizon=5, discount=0.9, lambda_=0.8, entropy_scale=0.1)
    start, alive = beliefs(agent), torch.tensor([1.0, 1.0, 0.0, 1.0, 1.0, 0.0])
    loss = agent.loss(start, alive, torch.Generator().manual_seed(0))
    dream = agent.dream(start, horizon=5, generator=torch.Generator().manual_seed(0))
    value = agent.slow_critic(dream.features)
    target = lambda_return(dream.reward, dream.continues, value, discount=0.9, lambda_=0.8)
    actor, critic = 0.0, 0.0
    for b in range(6):
        weight = float(alive[b])
        for t in range(5):
            actor -= weight * (target[b, t] + 0.1 * dream.entropy[b, t]).item() / 30
            error = 0.1 * (agent.critic(dream.features[b, t]) - target[b, t]).item()  # in units of 1 / (1 - 0.9) points
            critic += 0.5 * weight * error**2 / 30
            weight *= 0.9 * dream.continues[b, t].item()
    assert loss.actor.item() == pytest.approx(actor, rel=1e-4, abs=1e-6)
    assert loss.critic.item() == pytest.approx(critic, rel=1e-4)


@pytest.mark.parametrize("gradient", ["dynamics", "reinforce"])
def test_each_loss_teaches_its_own_network_alone(gradient):
    agent = build(gradient=gradient)
    start = beliefs(agent)
    for field in start:
        field.requires_grad_(True)
    loss = agent.loss(start, torch.ones(6))
    assert total(gradients(loss.actor, agent.actor)) > 0
    assert total(gradients(loss.actor, agent.critic)) == 0
    assert total(gradients(loss.critic, agent.critic)) > 0
    assert total(gradients(loss.critic, agent.actor)) == 0
    assert total(gradients(loss.critic, agent.world)) == 0
    assert all(g is None for g in torch.autograd.grad(loss.actor, list(start), allow_unused=True))
    assert not any(parameter.requires_grad for parameter in agent.slow_critic.parameters())


def test_terminal_beliefs_are_not_dreamed_from():
    agent = build()
    loss = agent.loss(beliefs(agent), torch.zeros(6))
    assert loss.actor.item() == loss.critic.item() == 0.0


def test_the_dynamics_gradient_is_the_slope_of_the_imagined_return():
    """Nudge the actor along its gradient, dream with the same noise: the loss changes as the gradient says."""
    agent = build("continuous", horizon=4)
    nn.init.zeros_(agent.world.continue_head[-1].weight)  # constant weights: they are deliberately not differentiated
    start = beliefs(agent)

    def loss():
        return agent.loss(start, torch.ones(6), torch.Generator().manual_seed(0)).actor

    slope = gradients(loss(), agent.actor)
    length = sum(float(g.square().sum()) for g in slope) ** 0.5
    step, values = 3e-3, []
    for sign in (1, -2):
        with torch.no_grad():
            for parameter, direction in zip(agent.actor.parameters(), slope, strict=True):
                parameter.add_(sign * step * direction / length)
        values.append(loss().item())
    assert (values[0] - values[1]) / (2 * step) == pytest.approx(length, rel=0.02)


def test_the_reinforce_gradient_is_the_score_times_the_advantage():
    """-E[w (A grad log pi(a|s) + eta grad H)] with states and actions fixed: none of it flows through the dynamics."""
    agent = build(gradient="reinforce", horizon=5, discount=0.9, lambda_=0.8, entropy_scale=0.1)
    taken = []
    agent.actor.register_forward_hook(lambda _, inputs, step: taken.append((inputs[0].detach(), step.action.detach())))
    start = beliefs(agent)
    loss = agent.loss(start, torch.ones(6), torch.Generator().manual_seed(0))
    got = gradients(loss.actor, agent.actor)

    features = torch.stack([state for state, _ in taken], 1)
    choice = torch.stack([action for _, action in taken], 1).argmax(-1)
    dream = agent.dream(start, horizon=5, generator=torch.Generator().manual_seed(0))
    value = agent.slow_critic(dream.features).detach()
    target = lambda_return(dream.reward, dream.continues, value, discount=0.9, lambda_=0.8).detach()
    weight = torch.cat([torch.ones(6, 1), 0.9 * dream.continues[:, :-1]], 1).cumprod(1).detach()
    policy = torch.distributions.Categorical(logits=agent.actor.net(features))
    oracle = -(weight * (policy.log_prob(choice) * (target - value[:, :-1]) + 0.1 * policy.entropy())).mean()
    for mine, theirs in zip(got, gradients(oracle, agent.actor), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)


def test_normalized_returns_scale_the_actors_gain_and_not_the_critics_target():
    agent = build(normalize_returns=True, entropy_scale=0.0)
    agent.normalizer.low.fill_(-1000.0), agent.normalizer.high.fill_(1000.0)
    plain = build(entropy_scale=0.0)
    start = beliefs(agent)
    losses = [each.loss(start, torch.ones(6), torch.Generator().manual_seed(0)) for each in (agent, plain)]
    assert losses[0].actor.item() == pytest.approx(losses[1].actor.item() / float(agent.normalizer.scale), rel=1e-4)
    assert float(agent.normalizer.scale) > 1900
    assert losses[0].critic.item() == pytest.approx(losses[1].critic.item())


def test_the_slow_critic_follows_by_its_share():
    agent = build(slow_mix=0.1)
    before = [parameter.clone() for parameter in agent.slow_critic.parameters()]
    agent.update_slow_critic()
    for slow, old, fast in zip(agent.slow_critic.parameters(), before, agent.critic.parameters(), strict=True):
        torch.testing.assert_close(slow, 0.9 * old + 0.1 * fast)


def test_the_slow_critic_starts_as_the_critic():
    agent = Dreamer(DreamerConfig(world=WORLD))
    features = torch.randn(3, agent.world.feature_dim)
    assert torch.equal(agent.critic(features), agent.slow_critic(features))
