"""A model that predicts no observation: what it can do alone, and with a probe that reads one from its belief."""

import pytest
import torch
from torch import nn

from wmcourse.evaluation import drift, forecast, horizon_table, rollout
from wmcourse.evaluation.probes import linear_probe
from wmcourse.models import Probed, WorldModel, features_of, first_look


def batch(episodes):
    return torch.stack([each.actions for each in episodes]), torch.stack([each.observations for each in episodes])


@pytest.fixture
def probed(hidden_world):
    """The probe learns from what the model believes along its episodes; the emission is not told."""
    actions, observations = batch(hidden_world.play([20] * 10))
    features = rollout(hidden_world, actions, observations, peek_every=1).state.x
    return Probed(hidden_world, linear_probe(features.flatten(0, 1), observations.flatten(0, 1)))


def test_a_rollout_needs_no_observation_to_be_predicted(hidden_world):
    actions, observations = batch(hidden_world.play([8, 8]))
    followed = rollout(hidden_world, actions, observations, peek_every=3)
    x = observations[:, 0] @ torch.linalg.pinv(hidden_world.emission).T
    for t in range(9):
        torch.testing.assert_close(followed.expected.reward[:, t], x.sum(-1), atol=1e-4, rtol=1e-4)
        x = x @ hidden_world.transition.T + actions[:, min(t, 7)] @ hidden_world.control.T
    assert followed.expected.observation is None and followed.believed.observation is None


def test_who_compares_observations_says_what_is_missing(hidden_world):
    episodes = hidden_world.play([8, 8])
    state = first_look(hidden_world, torch.stack([each.observations[0] for each in episodes]))
    for measure in (
        lambda: drift(hidden_world, episodes, peek_every=None),
        lambda: horizon_table(hidden_world, episodes, horizons=(1, 2)),
        lambda: forecast(hidden_world, state, torch.zeros(2, 3, 2), particles=2),
    ):
        with pytest.raises(ValueError, match=r"predicts no observation.*Probed\(model, probe\)"):
            measure()


def test_with_a_probe_it_is_measured_like_any_other(probed, hidden_world):
    """The world is its own model, so the only error is the probe's, which on a linear world is none."""
    assert isinstance(probed, WorldModel)
    episodes = hidden_world.play([15, 9])
    for peek_every in (None, 1, 4):
        measured = drift(probed, episodes, peek_every=peek_every)
        assert all(measured.expected.max(dimension).high < 1e-3 for dimension in range(4))
    assert horizon_table(probed, episodes, horizons=(1, 8)).nmse[1].high < 1e-5


def test_a_probes_loss_trains_the_probe_and_no_gradient_reaches_the_model(hidden_world):
    probe = nn.Linear(3, 4)
    model, seen = Probed(hidden_world, probe), torch.randn(5, 4, requires_grad=True)
    prediction = model.decode(first_look(model, seen))
    (slope,) = torch.autograd.grad(prediction.observation.square().sum(), probe.weight, retain_graph=True)
    assert slope.abs().sum() > 0
    assert torch.autograd.grad(prediction.observation.sum(), seen, allow_unused=True, retain_graph=True) == (None,)
    (slope,) = torch.autograd.grad(prediction.reward.sum(), seen)  # the model's own heads are left as they are
    assert slope.abs().sum() > 0


def test_the_probe_replaces_what_the_model_would_decode_and_nothing_else(small_model):
    def double(features):
        return torch.zeros(len(features), *small_model.observation_shape) + features.mean()

    model = Probed(small_model, double)
    state = model.imagine(first_look(model, torch.rand(2, *model.observation_shape)), torch.zeros(2, 2))
    own, read = small_model.decode(state), model.decode(state)
    assert torch.equal(read.observation, double(features_of(state)))
    assert torch.equal(read.reward, own.reward) if own.reward is not None else read.reward is None


def test_a_probe_of_something_else_is_named(hidden_world):
    model = Probed(hidden_world, nn.Linear(3, 2))
    with pytest.raises(ValueError, match=r"returns \(1, 2\); this model's observations are \(batch, 4\)"):
        model.decode(model.initial(1))
