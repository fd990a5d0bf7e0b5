"""Ensembles and forecasts, on a Kalman filter made to draw: its mixture has to approach the exact density."""

import pytest
import torch

from wmcourse.envs.linear_gaussian import cart_on_a_spring, random_actions, simulate
from wmcourse.evaluation import ensemble, forecast, gaussian_nll, mixture_nll, rollout
from wmcourse.models import KalmanFilter, map_state


def scene(batch=6, steps=12, seed=0):
    cart, generator = cart_on_a_spring(), torch.Generator().manual_seed(seed)
    actions = random_actions(batch, steps, 2, generator)
    return cart, actions, simulate(cart, actions, generator)[1]


@pytest.mark.parametrize("peek_every", [1, 4, None])
def test_the_mixture_of_many_particles_has_the_exact_negative_log_likelihood(drawing_kalman, peek_every):
    cart, actions, observations = scene()
    std = cart.observation_noise.sqrt().item()
    drawn = ensemble(drawing_kalman(cart), actions, observations, particles=4000, peek_every=peek_every, seed=1)
    assert drawn.expected.observation.shape == (4000, 6, 13, 1)
    assert drawn.state.drawn.shape == (4000, 6, 13, 2)
    score = mixture_nll(drawn.expected.observation[:, :, 1:], std, observations[:, 1:])

    kalman = KalmanFilter(cart)
    before = map_state(
        lambda field: field[:, :-1].flatten(0, 1), rollout(kalman, actions, observations, peek_every=peek_every).state
    )
    expected = kalman.imagine(before, actions.flatten(0, 1))
    mean, covariance = kalman.decode(expected).observation, kalman.observation_covariance(expected)
    oracle = gaussian_nll(mean, covariance, observations[:, 1:].flatten(0, 1)).unflatten(0, (6, 12))
    torch.testing.assert_close(score.mean(), oracle.mean(), atol=0.01, rtol=0)
    torch.testing.assert_close(score, oracle, atol=0.25, rtol=0)


def test_what_an_ensemble_expects_is_fixed_before_the_look(drawing_kalman):
    cart, actions, observations = scene()
    model = drawing_kalman(cart)
    other = observations.clone()
    other[:, 5] += 3.0
    first, second = (
        ensemble(model, actions, seen, particles=7, peek_every=1, seed=1) for seen in (observations, other)
    )
    assert torch.equal(first.expected.observation[:, :, 1:6], second.expected.observation[:, :, 1:6])
    assert not torch.equal(first.believed.observation[:, :, 5], second.believed.observation[:, :, 5])


def test_particles_differ_from_each_other_and_repeat_with_their_seed(drawing_kalman):
    cart, actions, observations = scene()
    draws = [
        ensemble(drawing_kalman(cart), actions, observations, particles=3, seed=seed).expected.observation
        for seed in (1, 1, 2)
    ]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert not torch.equal(draws[0][0], draws[0][1])


def test_an_ensemble_at_temperature_zero_is_the_rollout(rotation):
    actions, observations = torch.randn(4, 9, 1), torch.randn(4, 10, 2)
    single = rollout(rotation, actions, observations, peek_every=3)
    many = ensemble(rotation, actions, observations, particles=2, peek_every=3, temperature=0.0)
    for copy in range(2):
        torch.testing.assert_close(many.expected.observation[copy], single.expected.observation)
        torch.testing.assert_close(many.state.x[copy], single.state.x)
    assert torch.equal(many.peeked, single.peeked)


def test_a_forecast_draws_from_the_exact_open_loop_belief(drawing_kalman):
    cart, actions, observations = scene(batch=3, steps=10)
    model, kalman = drawing_kalman(cart), KalmanFilter(cart)
    state = model.observe(model.initial(3), torch.zeros(3, 2), observations[:, 0])
    ahead = forecast(model, state, actions, particles=20_000, seed=0)
    assert ahead.expected.shape == (20_000, 3, 10, 1)
    assert torch.equal(ahead.expected, ahead.believed)
    blind = rollout(kalman, actions, observations).state
    torch.testing.assert_close(ahead.expected.mean(0)[..., 0], blind.mean[:, 1:, 0], atol=0.06, rtol=0)
    torch.testing.assert_close(ahead.expected.var(0)[..., 0], blind.covariance[:, 1:, 0, 0], atol=0.0, rtol=0.05)


def test_a_forecast_that_looks_expects_first_and_believes_afterwards(drawing_kalman):
    cart, actions, observations = scene(batch=3, steps=4)
    model, kalman = drawing_kalman(cart), KalmanFilter(cart)
    state = model.observe(model.initial(3), torch.zeros(3, 2), observations[:, 0])
    looked = forecast(model, state, actions, observations[:, 1:], particles=20_000, seed=0)
    exact = rollout(kalman, actions, observations, peek_every=1)
    torch.testing.assert_close(looked.expected.mean(0), exact.expected.observation[:, 1:], atol=0.03, rtol=0)
    torch.testing.assert_close(looked.believed.mean(0), exact.believed.observation[:, 1:], atol=0.03, rtol=0)
    spread = looked.believed.var(0)[..., 0]
    torch.testing.assert_close(spread, exact.state.covariance[:, 1:, 0, 0], atol=0.0, rtol=0.05)


def test_no_particles_are_refused(rotation):
    with pytest.raises(ValueError, match="at least 1"):
        ensemble(rotation, torch.zeros(2, 3, 1), torch.zeros(2, 4, 2), particles=0)
    with pytest.raises(ValueError, match="at least 1"):
        forecast(rotation, rotation.initial(2), torch.zeros(2, 3, 1), particles=0)
