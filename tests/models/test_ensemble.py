"""A probabilistic ensemble against single networks written out, torch.distributions, and a world it knows a part of."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Normal

from wmcourse.models import first_look
from wmcourse.models.ensemble import VARIANCE_BOUND_WEIGHT, EnsembleConfig, ProbabilisticEnsemble, bootstrap

SIZES = EnsembleConfig(observation_dim=3, action_dim=2, members=4, hidden_dim=8, particles=5)


def build(silent=False, **changes):
    """An ensemble with normalizers that matter; a silent one has next to no variance."""
    model = ProbabilisticEnsemble(replace(SIZES, **changes))
    model.fit_normalizers(3 * torch.randn(50, 5) + 1, 0.5 * torch.randn(50, 4) - 0.2)
    if silent:
        model.max_log_var.data.fill_(-60.0)
        model.min_log_var.data.fill_(-61.0)
    return model.eval()


def alone(model, member, row):
    """Mean and log-variance (normalized) of one network for one row: products of one matrix at a time."""
    hidden = (row - model.inputs.mean) / model.inputs.std
    *inner, last = model.layers
    for layer in inner:
        hidden = F.elu(hidden @ layer.weight[member] + layer.bias[member, 0])
    mean, raw = (hidden @ last.weight[member] + last.bias[member, 0]).chunk(2)
    low, high = model.min_log_var, model.max_log_var
    below = high - torch.log1p(torch.exp(high - raw))
    return mean, low + torch.log1p(torch.exp(below - low))


def step(model, member, observation, action):
    """Where one network expects to arrive, and with which reward."""
    mean, _ = alone(model, member, torch.cat([observation, action]))
    change = mean * model.outputs.std + model.outputs.mean
    return observation + change[:-1], change[-1]


def test_the_loss_is_the_likelihood_under_normal_distributions_within_the_bounds():
    model = build()
    rows, targets, chosen = torch.randn(20, 5), torch.randn(20, 4), torch.randint(20, (4, 7))
    total = VARIANCE_BOUND_WEIGHT * (model.max_log_var - model.min_log_var).sum()
    for member in range(4):
        nats = []
        for row in chosen[member]:
            mean, log_var = alone(model, member, rows[row])
            target = (targets[row] - model.outputs.mean) / model.outputs.std
            nats.append(-Normal(mean, log_var.exp().sqrt()).log_prob(target) - 0.5 * math.log(2 * math.pi))
        total = total + torch.stack(nats).mean()
    torch.testing.assert_close(model.loss(rows, targets, chosen), total)


@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e2, 1e4])
def test_the_log_variance_stays_within_its_bounds(scale):
    """Which are soft: with a gap of 10.5 between them, the upper one gives way by ln(1 + exp(-10.5))."""
    model, give = build(), 3e-5
    _, log_var = model.predict(scale * torch.randn(4, 300, 5))
    assert (log_var >= model.min_log_var).all() and (log_var <= model.max_log_var + give).all()
    if scale == 1e4:  # the networks say more than that
        assert log_var.min() < model.min_log_var.max() + 0.01 and log_var.max() > model.max_log_var.min() - 0.01


def test_a_particle_keeps_its_network_for_the_whole_rollout():
    """TS∞: five particles of each of four networks, against one network and one world at a time."""
    model, observation, actions = build(silent=True), torch.randn(2, 3), torch.randn(6, 2, 2)
    state = first_look(model, observation)
    for t, action in enumerate(actions):
        state = model.imagine(state, action)
        for world in range(2):
            for member in range(4):
                at, reward = observation[world], torch.zeros(())
                for before in actions[: t + 1, world]:
                    at, reward = step(model, member, at, before)
                own = slice(5 * member, 5 * member + 5)
                torch.testing.assert_close(state.observation[world, own], at.expand(5, 3), atol=1e-4, rtol=1e-4)
                torch.testing.assert_close(state.reward[world, own], reward.expand(5), atol=1e-4, rtol=1e-4)
    told = model.decode(state)
    torch.testing.assert_close(told.observation, state.observation.mean(1))
    torch.testing.assert_close(told.reward, model.rewards(state).mean(1))


def who_led(model, before, action, after):
    """(particle before, network) of each particle after a step of one world."""
    found = []
    for place in after.observation[0]:
        errors = {
            (particle, member): (step(model, member, seen, action[0])[0] - place).abs().max().item()
            for particle, seen in enumerate(before.observation[0])
            for member in range(4)
        }
        found.append(min(errors, key=errors.get))
        assert errors[found[-1]] < 1e-4
    return found


def test_networks_are_dealt_anew_at_each_step():
    """TS1: each particle goes on, each network leads as many as before, and not the same ones."""
    model, action = build(silent=True, propagation="TS1", particles=2), torch.randn(1, 2)
    state = model.initial(1)._replace(observation=3 * torch.randn(1, 8, 3))
    hands = []
    for _ in range(3):
        after = model.imagine(state, action)
        pairs = who_led(model, state, action, after)
        assert sorted(particle for particle, _ in pairs) == list(range(8))
        assert [member for _, member in pairs] == [0, 0, 1, 1, 2, 2, 3, 3]
        hands.append([particle for particle, _ in pairs])
    assert hands[0] != hands[1] or hands[1] != hands[2]


def test_at_temperature_0_nothing_is_dealt_and_nothing_drawn():
    torch.manual_seed(1)
    dealt = build(propagation="TS1")
    torch.manual_seed(1)
    kept = build()
    observation, action, before = torch.randn(2, 3), torch.randn(2, 2), torch.get_rng_state()
    for model in (dealt, kept):
        state = model.imagine(first_look(model, observation), action, 0.0)
        state = model.imagine(state, action, 0.0)
        for member in range(4):
            at = observation[1]
            for _ in range(2):
                at, _ = step(model, member, at, action[1])
            torch.testing.assert_close(state.observation[1, 5 * member : 5 * member + 5], at.expand(5, 3))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_draw_spreads_as_the_network_says_times_the_temperature():
    model = build(members=1, particles=40_000)
    observation, action = torch.randn(1, 3), torch.randn(1, 2)
    mean, log_var = alone(model, 0, torch.cat([observation[0], action[0]]))
    for temperature in (1.0, 0.5):
        state = model.imagine(first_look(model, observation), action, temperature)
        drawn = torch.cat([state.observation[0] - observation, state.reward[0, :, None]], -1)
        std = (0.5 * log_var).exp() * model.outputs.std
        torch.testing.assert_close(drawn.std(0), temperature * std, atol=0, rtol=0.03)
        error = (drawn.mean(0) - mean * model.outputs.std - model.outputs.mean).abs()
        assert (error < 5 * temperature * std / 200).all()


def test_a_look_collapses_the_cloud():
    model, action = build(), torch.randn(2, 2)
    state = model.imagine(first_look(model, torch.randn(2, 3)), action)
    assert (model.disagreement(state) > 0.01).all()
    spread = state.observation.var(1, correction=0).sqrt() / model.outputs.std[:3]
    torch.testing.assert_close(model.disagreement(state), spread.mean(-1))
    seen = torch.randn(2, 3)
    looked = model.observe(state, action, seen)
    assert torch.equal(looked.observation, seen[:, None].expand(2, 20, 3))
    assert torch.equal(model.disagreement(looked), torch.zeros(2))
    torch.testing.assert_close(looked.reward, model.imagine(state, action, 0.0).reward)


def test_a_member_alone_does_what_it_did_in_the_ensemble():
    model = build()
    observation, action = torch.randn(2, 3), torch.randn(2, 2)
    together = model.imagine(first_look(model, observation), action, 0.0)
    for index in range(4):
        one = model.member(index)
        assert one.config == replace(SIZES, members=1) and not one.training
        apart = one.imagine(first_look(one, observation), action, 0.0)
        torch.testing.assert_close(apart.observation, together.observation[:, 5 * index : 5 * index + 5])
        torch.testing.assert_close(apart.reward, together.reward[:, 5 * index : 5 * index + 5])
        one.layers[0].weight.data.zero_()  # a copy
    assert torch.equal(model.imagine(first_look(model, observation), action, 0.0).reward, together.reward)


def test_members_disagree_where_they_have_seen_nothing():
    """They learn x' = x + sin x / 2 between -1 and 1; at ±4 each makes up a world of its own."""
    model = ProbabilisticEnsemble(EnsembleConfig(observation_dim=1, members=5, hidden_dim=16))
    rows = torch.cat([2 * torch.rand(100, 1) - 1, torch.zeros(100, 1)], -1)
    targets = torch.cat([rows[:, :1].sin() / 2, rows[:, :1]], -1)
    model.fit_normalizers(rows, targets)
    samples, adam = bootstrap(5, 100), torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(200):
        adam.zero_grad()
        model.loss(rows, targets, samples).backward()
        adam.step()
    with torch.no_grad():
        state = first_look(model.eval(), torch.tensor([[-4.0], [-0.5], [0.5], [4.0]]))
        arrived = model.imagine(state, torch.zeros(4, 1), 0.0)
    unsure = model.disagreement(arrived)
    assert unsure[[0, 3]].min() > 5 * unsure[[1, 2]].max(), unsure
    known = torch.tensor([-0.5, 0.5])
    torch.testing.assert_close(arrived.features[1:3, 0], known + known.sin() / 2, atol=0.03, rtol=0)


def test_each_member_learns_from_a_sample_of_its_own_with_replacement():
    samples = bootstrap(3, 2000, torch.Generator().manual_seed(0))
    assert samples.shape == (3, 2000) and samples.min() >= 0 and samples.max() < 2000
    for mine, other in ((0, 1), (1, 2), (2, 0)):
        unique = set(samples[mine].tolist())
        assert abs(len(unique) / 2000 - (1 - 1 / math.e)) < 0.03
        assert not torch.equal(samples[mine], samples[other])
    assert bootstrap(1, 4).tolist() == [[0, 1, 2, 3]]


def test_what_a_member_was_not_given_does_not_move_it():
    model = build()
    rows, targets = torch.randn(10, 5), torch.randn(10, 4)
    chosen = torch.arange(10).repeat(4, 1)
    (before,) = torch.autograd.grad(model.loss(rows, targets, chosen), model.layers[0].weight)
    chosen[2] = 0
    (after,) = torch.autograd.grad(model.loss(rows, targets, chosen), model.layers[0].weight)
    assert [torch.equal(before[m], after[m]) for m in range(4)] == [True, True, False, True]
