"""The Kalman filter, against brute-force conditioning of one big Gaussian, and its own theory."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import MultivariateNormal

from wmcourse.envs.linear_gaussian import LinearGaussian, cart_on_a_spring, random_actions, simulate
from wmcourse.evaluation import peek_times, rollout
from wmcourse.evaluation.scores import gaussian_nll
from wmcourse.models import KalmanFilter, KalmanState, WorldModel, first_look


def random_system(seed, state=3, action=2, observation=2):
    """Stable, with correlated noise, a biased start and a singular process noise."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator)

    transition, gust, sensor, start = (
        draw(state, state),
        draw(state, 2),
        draw(observation, observation),
        draw(state, state),
    )
    return LinearGaussian(
        transition=0.9 * transition / torch.linalg.matrix_norm(transition, ord=2),
        control=draw(state, action),
        emission=draw(observation, state),
        process_noise=0.3 * gust @ gust.T,
        observation_noise=sensor @ sensor.T + 0.2 * torch.eye(observation),
        initial_mean=draw(state),
        initial_covariance=start @ start.T + 0.1 * torch.eye(state),
    )


def joint(system, actions):
    """Mean and covariance, in float64, of [x_0..x_T] stacked, and the map from it to the observations' means.

    Every x_t is written as a sum over x_0 and the gusts, so that no recursion of the filter is used.
    """
    steps, n = len(actions), system.state_dim
    a, b = system.transition.double(), system.control.double()
    powers = [torch.linalg.matrix_power(a, k) for k in range(steps + 1)]
    spread = torch.zeros((steps + 1) * n, (steps + 1) * n, dtype=torch.float64)  # of sources [x_0, w_1, .., w_T] to x
    for t in range(steps + 1):
        for source in range(t + 1):
            spread[t * n : (t + 1) * n, source * n : (source + 1) * n] = powers[t - source]
    pushes = [system.initial_mean.double(), *(b @ action.double() for action in actions)]
    sources = torch.block_diag(system.initial_covariance, *[system.process_noise] * steps).double()
    look = torch.block_diag(*[system.emission] * (steps + 1)).double()
    return spread @ torch.cat(pushes), spread @ sources @ spread.T, look


@given(st.integers(0, 10_000), st.sets(st.integers(0, 6)))
def test_belief_is_the_joint_gaussian_conditioned_on_all_that_was_seen(seed, seen):
    """At each step, for any pattern of looks, and in the original linear algebra: Bishop 2006, eq. 2.81 and 2.82."""
    system, steps = random_system(seed), 6
    generator = torch.Generator().manual_seed(seed)
    actions = random_actions(1, steps, 2, generator)
    actions[:, 2] = 0.0  # coasting is an action too
    hidden, observations = simulate(system, actions, generator)
    model = KalmanFilter(system)
    mean, covariance, look = joint(system, actions[0])
    n, m = system.state_dim, system.observation_dim

    state, looked = model.initial(1), []
    for t in range(steps + 1):
        action = None if t == 0 else actions[:, t - 1]
        if t in seen:
            state = model.observe(state, action, observations[:, t])
            looked.append(t)
        elif action is not None:
            state = model.imagine(state, action)
        here = slice(t * n, (t + 1) * n)
        oracle_mean, oracle_covariance = mean[here], covariance[here, here]
        if looked:
            rows = torch.cat([torch.arange(s * m, (s + 1) * m) for s in looked])
            c = look[rows]
            total = c @ covariance @ c.T + torch.block_diag(*[system.observation_noise] * len(looked)).double()
            gain = covariance[here] @ c.T @ total.inverse()
            data = observations[0, looked].flatten().double()
            oracle_mean = oracle_mean + gain @ (data - c @ mean)
            oracle_covariance = oracle_covariance - gain @ c @ covariance[:, here]
        torch.testing.assert_close(state.mean[0].double(), oracle_mean, atol=2e-4, rtol=2e-4)
        torch.testing.assert_close(state.covariance[0].double(), oracle_covariance, atol=2e-4, rtol=2e-4)
    assert hidden.shape == (1, 7, 3)


@pytest.mark.parametrize("seed", range(5))
def test_the_sum_of_its_scores_is_the_joint_likelihood_of_all_observations(seed):
    system = random_system(seed)
    generator = torch.Generator().manual_seed(seed)
    actions = random_actions(1, 8, 2, generator)
    _, observations = simulate(system, actions, generator)
    model = KalmanFilter(system)
    mean, covariance, look = joint(system, actions[0])
    noise = torch.block_diag(*[system.observation_noise] * 9).double()
    oracle = -MultivariateNormal(look @ mean, look @ covariance @ look.T + noise).log_prob(
        observations.flatten().double()
    )

    state, total = model.initial(1), 0.0
    for t in range(9):
        expected = state if t == 0 else model.imagine(state, actions[:, t - 1])
        predicted = model.decode(expected).observation
        total += gaussian_nll(predicted, model.observation_covariance(expected), observations[:, t]).item()
        state = model.correct(expected, observations[:, t])
    assert total == pytest.approx(oracle.item(), abs=1e-3)


def test_the_gain_settles_at_the_solution_of_the_riccati_equation():
    cart = cart_on_a_spring()
    a, c, q, r = (m.double() for m in (cart.transition, cart.emission, cart.process_noise, cart.observation_noise))
    prior = torch.eye(2, dtype=torch.float64)
    for _ in range(2000):  # P = A P A^T + Q - A P C^T (C P C^T + R)^-1 C P A^T
        prior = a @ prior @ a.T + q - a @ prior @ c.T @ (c @ prior @ c.T + r).inverse() @ c @ prior @ a.T
    model, state = KalmanFilter(cart), KalmanFilter(cart).initial(1)
    push = torch.tensor([[1.0, 0.0]])
    for _ in range(100):
        state = model.observe(state, push, torch.zeros(1, 1))
    expected = model.imagine(state, push)
    torch.testing.assert_close(expected.covariance[0].double(), prior, atol=1e-5, rtol=1e-5)
    gain = model.gain(expected)[0, 0, 0].item()
    assert gain == pytest.approx((prior[0, 0] / (prior[0, 0] + r[0, 0])).item(), abs=1e-5)
    # What makes the course's world worth filtering: neither deaf nor gullible, and about a nat of doubt a step.
    assert 0.3 < gain < 0.5
    assert 0.8 < 0.5 * math.log(2 * math.pi * math.e * model.observation_covariance(expected).item()) < 1.2


@given(st.integers(0, 10_000))
def test_looking_never_adds_doubt_and_the_gust_never_removes_any(seed):
    system = random_system(seed)
    model = KalmanFilter(system)
    state = model.imagine(model.initial(1), torch.tensor([[1.0, 0.0]]))
    corrected = model.correct(state, torch.randn(1, 2))
    gained = torch.linalg.eigvalsh(state.covariance - corrected.covariance)
    assert (gained >= -1e-4).all()
    assert (torch.linalg.eigvalsh(corrected.covariance) >= -1e-5).all()
    still = LinearGaussian(**{**vars(system), "process_noise": torch.zeros(3, 3)})
    calm = KalmanFilter(still).imagine(corrected, torch.tensor([[0.0, 1.0]]))
    windy = model.imagine(corrected, torch.tensor([[0.0, 1.0]]))
    assert (torch.linalg.eigvalsh(windy.covariance - calm.covariance) >= -1e-4).all()


@given(st.integers(0, 10_000))
def test_doubt_does_not_depend_on_what_was_seen(seed):
    model = KalmanFilter(random_system(seed))
    state = model.imagine(model.initial(2), torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    corrected = model.correct(state, 10 * torch.randn(2, 2))
    torch.testing.assert_close(corrected.covariance[0], corrected.covariance[1])


def test_joseph_form_survives_a_sensor_that_is_nearly_exact():
    """In float32 the short form (I - K C) P would lose the symmetry or the sign here."""
    system = LinearGaussian(**{**vars(cart_on_a_spring()), "observation_noise": torch.tensor([[1e-8]])})
    model = KalmanFilter(system)
    state = KalmanState(torch.zeros(1, 2), 1e3 * torch.tensor([[[1.0, 0.999], [0.999, 1.0]]]))
    for _ in range(200):
        state = model.observe(state, torch.tensor([[1.0, 0.0]]), torch.randn(1, 1))
        assert torch.equal(state.covariance, state.covariance.mT)
        assert torch.linalg.eigvalsh(state.covariance).min() > -1e-6


def test_the_first_look_corrects_the_initial_belief_without_a_step_in_time():
    cart = cart_on_a_spring()
    model = KalmanFilter(cart)
    seen = torch.tensor([[1.3], [-4.0]])
    first = first_look(model, seen)
    share = 4.0 / (4.0 + 0.25)  # START_STD[0]^2 and SENSOR_STD^2
    torch.testing.assert_close(first.mean, torch.cat([share * seen, torch.zeros(2, 1)], 1))
    torch.testing.assert_close(first.covariance[0], torch.diag(torch.tensor([share * 0.25, 1.0])))


def test_time_passes_under_an_action_of_zeros():
    """x' = A x by itself: after h steps of coasting the mean is A^h m, and the doubt the sum of all gusts so far."""
    cart = cart_on_a_spring()
    model, state = KalmanFilter(cart), KalmanState(torch.tensor([[1.0, -0.5]]), torch.eye(2)[None])
    for h in range(1, 6):
        state = model.imagine(state, torch.zeros(1, 2))
        power = torch.linalg.matrix_power(cart.transition, h)
        passed = [torch.linalg.matrix_power(cart.transition, k) for k in range(h)]
        spread = power @ power.mT + sum(each @ cart.process_noise @ each.mT for each in passed)
        torch.testing.assert_close(state.mean, torch.tensor([[1.0, -0.5]]) @ power.mT)
        torch.testing.assert_close(state.covariance[0], spread)


@pytest.mark.parametrize("peek_every", [1, 4, None])
def test_the_packages_rollout_follows_it_at_any_temperature(peek_every):
    cart = cart_on_a_spring()
    model = KalmanFilter(cart)
    assert isinstance(model, WorldModel)
    generator = torch.Generator().manual_seed(0)
    actions = random_actions(3, 10, 2, generator)
    _, observations = simulate(cart, actions, generator)
    cold, warm = (rollout(model, actions, observations, peek_every=peek_every, temperature=t) for t in (0.0, 1.0))
    assert torch.equal(cold.state.mean, warm.state.mean) and torch.equal(cold.state.covariance, warm.state.covariance)
    state = first_look(model, observations[:, 0])
    for t in range(10):
        looked = peek_times(10, peek_every=peek_every)[t + 1]
        state = model.imagine(state, actions[:, t])
        torch.testing.assert_close(cold.expected.observation[:, t + 1], state.mean[:, :1])
        state = model.correct(state, observations[:, t + 1]) if looked else state
        torch.testing.assert_close(cold.believed.observation[:, t + 1], state.mean[:, :1])
        torch.testing.assert_close(cold.state.covariance[:, t + 1], state.covariance)


@pytest.mark.usefixtures("unchecked_shapes")
def test_bad_input_is_named():
    model = KalmanFilter(cart_on_a_spring())
    state = model.initial(2)
    with pytest.raises(ValueError, match=r"observation has shape \(2, 2\); this model needs \(batch, 1\)"):
        model.observe(state, torch.zeros(2, 2), torch.zeros(2, 2))
    with pytest.raises(ValueError, match=r"action has shape \(2, 3\)"):
        model.imagine(state, torch.zeros(2, 3))
