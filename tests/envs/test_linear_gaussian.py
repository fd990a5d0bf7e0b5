"""Linear-Gaussian worlds: the moments theory gives them, and seeds."""

import pytest
import torch

from wmcourse.envs.linear_gaussian import (
    DAMPING,
    STIFFNESS,
    TIME_STEP,
    LinearGaussian,
    cart_on_a_spring,
    random_actions,
    random_episodes,
    simulate,
    square_root,
)


def pushes(batch, steps, *, right):
    return torch.tensor([0.0, 1.0] if right else [1.0, 0.0]).expand(batch, steps, 2)


def test_without_noise_the_cart_follows_its_equation_of_motion():
    """Semi-implicit Euler written out: velocity first, then the position moves with the new velocity."""
    cart = cart_on_a_spring()
    x, v = 1.5, -0.4
    state = torch.tensor([x, v])
    for push in (0, 1, 1, 0):
        action = torch.eye(2)[push]
        state = cart.transition @ state + cart.control @ action
        v = v + TIME_STEP * (-STIFFNESS * x - DAMPING * v + (1.0 if push else -1.0))
        x = x + TIME_STEP * v
        torch.testing.assert_close(state, torch.tensor([x, v]))


def test_the_cart_is_stable_and_swings():
    eigenvalues = torch.linalg.eigvals(cart_on_a_spring().transition)
    assert (eigenvalues.abs() < 1).all()
    assert (eigenvalues.imag != 0).all()


def test_simulated_moments_are_those_of_the_recursion():
    """Mean and covariance of the state after 12 steps, and of the observation, against A P A^T + Q step by step."""
    cart, count = cart_on_a_spring(), 100_000
    actions = pushes(count, 12, right=True)
    hidden, observations = simulate(cart, actions, torch.Generator().manual_seed(0))
    mean, covariance = cart.initial_mean, cart.initial_covariance
    for t in range(12):
        mean = cart.transition @ mean + cart.control @ actions[0, t]
        covariance = cart.transition @ covariance @ cart.transition.T + cart.process_noise
    torch.testing.assert_close(hidden[:, 12].mean(0), mean, atol=0.03, rtol=0)
    torch.testing.assert_close(hidden[:, 12].T.cov(), covariance, atol=0.0, rtol=0.03)
    torch.testing.assert_close(hidden[:, 0].T.cov(), cart.initial_covariance, atol=0.03, rtol=0.03)
    noise = observations - hidden[..., :1]
    assert noise.mean().abs() < 0.005
    torch.testing.assert_close(noise.var(), cart.observation_noise[0, 0], atol=0.0, rtol=0.01)
    assert noise[:, 3].squeeze().dot(noise[:, 4].squeeze()).abs() / count < 0.005  # fresh at each step


def test_the_gust_moves_velocity_and_position_together():
    cart = cart_on_a_spring()
    hidden, _ = simulate(cart, pushes(1000, 5, right=False), torch.Generator().manual_seed(0))
    gust = hidden[:, 1:] - hidden[:, :-1] @ cart.transition.T - cart.control[:, 0]
    torch.testing.assert_close(gust[..., 0], TIME_STEP * gust[..., 1], atol=1e-4, rtol=0)


def test_square_root_of_singular_and_regular_covariances():
    for factor in (torch.tensor([[0.2], [1.0]]), torch.randn(3, 3)):
        covariance = factor @ factor.T
        root = square_root(covariance)
        torch.testing.assert_close(root @ root.T, covariance)


def test_random_episodes_repeat_with_their_seed_and_fit_their_hidden_states():
    cart = cart_on_a_spring()
    (episodes, hidden), (again, hidden_again), (other, _) = (
        random_episodes(cart, episodes=3, steps=7, seed=seed) for seed in (5, 5, 6)
    )
    assert len(episodes) == 3
    assert hidden.shape == (3, 8, 2)
    assert torch.equal(hidden, hidden_again)
    for first, second, third in zip(episodes, again, other, strict=True):
        assert first.observations.shape == (8, 1)
        assert len(first) == 7
        assert torch.equal(first.observations, second.observations) and torch.equal(first.actions, second.actions)
        assert not torch.equal(first.observations, third.observations)
        assert not first.terminated
        assert (first.actions.sum(-1) == 1).all()


def test_random_actions_are_equally_likely():
    actions = random_actions(2000, 10, 4, torch.Generator().manual_seed(0))
    torch.testing.assert_close(actions.mean((0, 1)), torch.full((4,), 0.25), atol=0.02, rtol=0)


@pytest.mark.usefixtures("unchecked_shapes")
def test_bad_input_is_named():
    cart = cart_on_a_spring()
    with pytest.raises(ValueError, match=r"actions must be \(batch, time, 2\)"):
        simulate(cart, torch.zeros(3, 4, 3), torch.Generator())
    with pytest.raises(ValueError, match="at least 1; got 0 and 5"):
        random_episodes(cart, episodes=0, steps=5, seed=0)
    with pytest.raises(ValueError, match="process_noise must be a covariance"):
        LinearGaussian(**{**vars(cart), "process_noise": torch.tensor([[1.0, 2.0], [2.0, 1.0]])})
