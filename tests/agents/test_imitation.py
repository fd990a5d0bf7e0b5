"""Imitation learns what can be learned, says how sure it is, and acts on a belief without losing track of it."""

from dataclasses import replace

import pytest
import torch

from wmcourse.agents.experts import Expert, angle_and_velocity
from wmcourse.agents.imitation import (
    BeliefPolicy,
    Controller,
    ImitationConfig,
    StatePolicy,
    agrees,
    choose,
    held_out_scores,
    imitate,
)
from wmcourse.data import collect
from wmcourse.data.collect import Policy
from wmcourse.models import LatentDynamics, LatentDynamicsConfig
from wmcourse.models.autoencoder import AutoencoderConfig
from wmcourse.models.transition import TransitionConfig

SHORT = ImitationConfig(hidden_dim=16, updates=400, batch_size=64, lr=1e-2)
BELIEVER = LatentDynamicsConfig(
    AutoencoderConfig(width=2, latent_dim=3, frames=2), TransitionConfig(memory_dim=4, hidden_dim=8)
)


def rule(features):
    """Right if the point is above a line, whose units are very unlike."""
    return torch.nn.functional.one_hot((features[:, 0] * 1e3 + features[:, 1] > 5.0).long(), 2).float()


def points(count, seed=0):
    return torch.randn(count, 2, generator=torch.Generator().manual_seed(seed)) * torch.tensor([1e-3, 1.0]) + 2.5


def fixed(probability):
    """A controller that says right with `probability`, whatever it reads."""
    controller = Controller(2, 4).requires_grad_(False)
    controller.network[-1].weight.zero_()
    controller.network[-1].bias.copy_(torch.tensor([1 - probability, probability]).log())
    return controller


def test_it_learns_a_rule_that_can_be_seen_and_is_marked_on_what_it_was_not_shown():
    x, test = points(2000) - torch.tensor([2.5, 0.0]), points(1000, seed=1) - torch.tensor([2.5, 0.0])
    made = imitate(x, rule(x), (test, rule(test)), SHORT)
    assert made.history[-1]["accuracy"] > 0.97 and made.history[-1]["loss"] < 0.1
    assert made.history[0]["accuracy"] < 0.97
    assert [row["update"] for row in made.history] == [1, 100, 200, 300, 400]
    assert made.history[-1] == {"update": 400, **held_out_scores(made.controller, test, rule(test))}
    right = (made.controller(test).argmax(-1) == rule(test).argmax(-1)).float().mean().item()
    assert made.history[-1]["accuracy"] == pytest.approx(right)


def test_of_a_coin_it_learns_the_odds():
    """What cannot be seen in the features can only be guessed: 70 to 30, at the entropy of the coin."""
    actions = torch.eye(2)[(torch.rand(4000) < 0.7).long()]
    made = imitate(torch.randn(4000, 2), actions, (torch.randn(500, 2), actions[:500]), SHORT)
    assert made.controller(torch.zeros(1, 2)).softmax(-1)[0, 1].item() == pytest.approx(0.7, abs=0.1)
    assert made.history[-1]["loss"] == pytest.approx(0.611, abs=0.06)


def test_held_out_scores_are_those_of_a_controller_that_is_known():
    actions = torch.eye(2)[[1, 1, 1, 0]]
    scores = held_out_scores(fixed(0.8), torch.randn(4, 2), actions)
    log = torch.tensor([0.8, 0.8, 0.8, 0.2]).log()
    assert scores == pytest.approx({"loss": -log.mean().item(), "accuracy": 0.75})
    assert agrees(torch.tensor([[0.2, 0.1], [0.1, 0.2]]), torch.eye(2)[[0, 0]]).tolist() == [True, False]


def test_the_same_seed_learns_the_same_and_leaves_the_global_luck_alone():
    x = points(50)
    few = replace(SHORT, updates=3)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with torch.no_grad():  # gradients are on inside, whatever they are outside
        first, second, other = (
            imitate(x, rule(x), (x, rule(x)), replace(few, seed=seed)).controller.state_dict() for seed in (0, 0, 1)
        )
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(second[name], value) for name, value in first.items())
    assert not torch.equal(first["network.0.weight"], other["network.0.weight"])


def test_the_controller_reads_features_in_their_own_units():
    x = points(200)
    controller = imitate(x, rule(x), (x, rule(x)), replace(SHORT, updates=1)).controller
    read = controller.normalizer(x)
    torch.testing.assert_close(read.mean(0), torch.zeros(2), atol=1e-2, rtol=0)
    torch.testing.assert_close(read.std(0), torch.ones(2), atol=1e-2, rtol=0)


def test_greedy_takes_the_likelier_action_and_else_it_draws_by_the_odds():
    logits = torch.tensor([0.2, 0.8]).log().expand(20_000, 2)
    assert torch.equal(choose(logits, True), torch.eye(2)[1].expand(20_000, 2))
    drawn = choose(logits, False)
    assert torch.equal(drawn.sum(-1), torch.ones(20_000))
    assert drawn[:, 1].mean().item() == pytest.approx(0.8, abs=0.015)


def test_who_imitates_the_expert_balances_as_it_does():
    """From states along the expert's own episodes; far from them nothing was learned."""
    episodes = collect("CartPole-v1", Expert(angle_and_velocity), episodes=10, seed=2)
    states = torch.cat([episode.observations for episode in episodes])
    wanted = angle_and_velocity(states)
    controller = imitate(states, wanted, (states[:500], wanted[:500]), SHORT).controller
    policy = StatePolicy(controller)
    assert isinstance(policy, Policy)
    returns = [len(episode) for episode in collect("CartPole-v1", policy, episodes=5, seed=3)]
    assert sum(returns) / 5 > 200


def believer():
    torch.manual_seed(0)
    return LatentDynamics(BELIEVER).eval(), Controller(3 + 2 + 4, 8)


def test_a_belief_policy_keeps_belief_and_last_action_and_is_the_closed_loop():
    model, controller = believer()
    policy = BeliefPolicy(model, controller)
    assert isinstance(policy, Policy)
    pictures = torch.rand(3, 5, 2, 64, 64)
    memory = policy.initial(3)
    state, action = model.initial(3), None
    for t in range(5):
        chosen, memory = policy.act(memory, pictures[:, t])
        with torch.no_grad():
            state = model.observe(state, action, pictures[:, t], 0.0)
            action = torch.eye(2)[controller(state.features).argmax(-1)]
        assert torch.equal(chosen, action) and torch.equal(memory[1], action)
        torch.testing.assert_close(memory[0].features, state.features)


def test_a_belief_policy_asks_for_no_gradient():
    model, controller = believer()
    policy = BeliefPolicy(model, controller)
    _, memory = policy.act(policy.initial(2), torch.rand(2, 2, 64, 64))
    _, (state, action) = policy.act(memory, torch.rand(2, 2, 64, 64))
    assert not any(part.requires_grad for part in (*state, action))


def test_what_is_seen_decides_what_is_done():
    """A controller that reads one latent acts by its sign, picture by picture."""
    model, controller = believer()
    controller.network = torch.nn.Linear(9, 2, bias=False).requires_grad_(False)
    controller.network.weight.zero_()
    controller.network.weight[1, 0] = 1.0
    pictures = torch.rand(40, 2, 64, 64)
    with torch.no_grad():
        latent = model.autoencoder.encode(pictures)[:, 0]
        model.autoencoder.latent.mean[0] += latent.median()
    action, _ = BeliefPolicy(model, controller).act((model.initial(40), None), pictures)
    assert torch.equal(action[:, 1] > 0, latent - latent.median() > 0)
    assert 10 < int(action[:, 1].sum()) < 30
