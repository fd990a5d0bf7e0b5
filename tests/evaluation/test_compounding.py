"""How errors compound, in linear worlds where their growth is known: loops, spectral norms, geometric sums."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wmcourse.evaluation.compounding import as_vector, chance_of_failure, error_bound, error_growth, expansion
from wmcourse.models import LatentDynamics, LatentDynamicsConfig, LatentState
from wmcourse.models.autoencoder import AutoencoderConfig
from wmcourse.models.transition import TransitionConfig


def test_errors_equal_a_naive_loop(rotation, drifting_rotation, play_episodes):
    """Each start by itself; a model of gain 1 believes exactly what it sees."""
    episodes = play_episodes(rotation, [7, 12])
    growth = error_growth(drifting_rotation, episodes, horizon=5, stride=3)
    row = 0
    for episode in episodes:
        for start in range(0, len(episode), 3):
            x = episode.observations[start]
            for h in range(1, 6):
                if start + h > len(episode):
                    assert growth.errors[row, h - 1 :].isnan().all()
                    break
                x = drifting_rotation.transition @ x + drifting_rotation.control @ episode.actions[start + h - 1]
                torch.testing.assert_close(growth.errors[row, h - 1], (x - episode.observations[start + h]).norm())
            row += 1
    assert row == len(growth.errors)
    torch.testing.assert_close(growth.one_step, growth.errors[:, 0])
    torch.testing.assert_close(growth.mean, torch.from_numpy(np.nanmean(growth.errors.numpy(), 0)))


def test_errors_are_distances_to_what_the_model_believes_and_not_to_what_it_sees(rotation, play_episodes, linear_world):
    """With a gain below 1 the closed loop is a belief of its own, and the right model comes to agree with it."""
    careful = linear_world(rotation.transition, rotation.control, gain=0.2)
    growth = error_growth(careful, play_episodes(rotation, [60]), horizon=3, stride=1)
    first, last = growth.one_step[:3].mean(), growth.one_step[-20:].mean()
    assert last < 0.01 * first


def test_the_expansion_of_a_linear_model_is_its_spectral_norm(linear_world, play_episodes):
    for seed in range(3):
        matrix = torch.randn(3, 3, generator=torch.Generator().manual_seed(seed)) / 3
        world = linear_world(matrix, torch.randn(3, 2))
        growth = error_growth(world, play_episodes(world, [20, 30]), horizon=2, stride=1, points=9)
        assert len(growth.expansion) == 9
        oracle = np.linalg.svd(matrix.numpy(), compute_uv=False)[0]
        np.testing.assert_allclose(growth.expansion.numpy(), oracle, rtol=1e-5)


def test_the_expansion_of_cartpoles_physics_is_that_of_numeric_differences(cartpole_world):
    generator = torch.Generator().manual_seed(0)
    states = torch.randn(5, 4, generator=generator) * 0.3
    action = torch.eye(2)[[0, 1, 1, 0, 1]]
    start = cartpole_world.initial(5)
    measured = expansion(cartpole_world, start._replace(x=states), action)
    step = 1e-2
    columns = []
    for dimension in range(4):
        aside = step * torch.eye(4)[dimension]
        ahead, behind = (cartpole_world.imagine(start._replace(x=states + s * aside), action).x for s in (1, -1))
        columns.append((ahead - behind) / (2 * step))
    jacobian = torch.stack(columns, -1).numpy()
    np.testing.assert_allclose(measured, [np.linalg.norm(each, 2) for each in jacobian], rtol=1e-3)


def test_the_expansion_of_a_state_of_many_fields_is_that_of_all_of_them_together():
    """One row at a time, with PyTorch's Jacobian of a function of one flat vector."""
    torch.manual_seed(0)
    config = LatentDynamicsConfig(
        AutoencoderConfig(width=2, latent_dim=3, frames=2), TransitionConfig(memory_dim=4, hidden_dim=8)
    )
    model = LatentDynamics(config).requires_grad_(False)
    state = LatentState(torch.randn(3, 3), torch.eye(2)[[0, 1, 1]], torch.randn(3, 4), torch.zeros(3, 0))
    action = torch.eye(2)[[1, 1, 0]]
    assert torch.equal(as_vector(state), state.features)
    for row, measured in enumerate(expansion(model, state, action)):

        def step(latent, push, memory, row=row):
            moved = model.imagine(LatentState(latent, push, memory, torch.zeros(1, 0)), action[row : row + 1], 0.0)
            return moved.latent, moved.push, moved.memory

        parts = tuple(part[row : row + 1] for part in state[:3])
        blocks = torch.autograd.functional.jacobian(step, parts)
        whole = torch.cat([torch.cat([block[0, :, 0] for block in line], 1) for line in blocks], 0)
        assert measured.item() == pytest.approx(np.linalg.norm(whole.numpy(), 2), rel=1e-4)


@given(st.floats(0.0, 2.0), st.floats(0.0, 1.5), st.integers(1, 30))
def test_the_bound_is_the_geometric_sum(epsilon, lipschitz, horizon):
    bound = error_bound(epsilon, lipschitz, horizon)
    if abs(lipschitz - 1) > 1e-3:
        closed = [epsilon * (lipschitz**h - 1) / (lipschitz - 1) for h in range(1, horizon + 1)]
        assert bound.tolist() == pytest.approx(closed, rel=1e-9, abs=1e-12)
    worst, last = [], 0.0
    for _ in range(horizon):
        last = lipschitz * last + epsilon
        worst.append(last)
    assert bound.tolist() == pytest.approx(worst, rel=1e-9, abs=1e-12)


def test_without_expansion_errors_add_up_and_with_contraction_they_stop_growing():
    assert error_bound(0.5, 1.0, 4).tolist() == [0.5, 1.0, 1.5, 2.0]
    assert error_bound(0.5, 0.0, 3).tolist() == [0.5, 0.5, 0.5]
    assert error_bound(1.0, 0.9, 1000)[-1].item() == pytest.approx(10.0)


@given(st.integers(0, 10_000), st.floats(0.2, 1.3), st.floats(0.0, 0.3))
def test_no_error_of_a_linear_model_is_above_the_bound(linear_world, play_episodes, seed, size, wrong):
    """A random world, a random wrong model of it: its largest one-step error and its expansion bound all horizons."""
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(3, 3, generator=generator)
    matrix *= size / torch.linalg.matrix_norm(matrix, ord=2)
    world = linear_world(matrix, torch.randn(3, 1, generator=generator))
    model = linear_world(
        matrix + wrong * torch.randn(3, 3, generator=generator), world.control + wrong * torch.randn(3, 1)
    )
    growth = error_growth(model, play_episodes(world, [15, 9], seed=seed), horizon=12, stride=1)
    bound = error_bound(growth.one_step.max().item(), growth.expansion.max().item(), 12)
    assert (growth.errors.nan_to_num(0.0).double() <= bound * 1.001 + 1e-4).all()


def test_the_bound_is_reached_where_all_errors_point_the_same_way(linear_world, play_episodes):
    """x' = 1.2 x, modelled as x' = 1.2 x + 0.1 from a state of its own: no smaller bound would do."""
    world = linear_world(torch.diag(torch.tensor([1.2, 1.0])), torch.zeros(2, 1))
    model = linear_world(torch.tensor([[1.2, 0.1], [0.0, 1.0]]), torch.zeros(2, 1))
    (episode,) = play_episodes(world, [10])
    growth = error_growth(model, [episode], horizon=8, stride=20)
    epsilon = 0.1 * abs(episode.observations[0, 1].item())
    torch.testing.assert_close(growth.errors[0].double(), error_bound(epsilon, 1.2, 8), rtol=1e-3, atol=1e-5)


@given(st.floats(0.0, 1.0), st.integers(1, 40))
def test_the_chance_of_failure_is_that_of_independent_steps(per_step, horizon):
    """Step by step: it has failed already, or it has not and fails now."""
    failed, oracle = 0.0, []
    for _ in range(horizon):
        failed += (1 - failed) * per_step
        oracle.append(failed)
    assert chance_of_failure(per_step, horizon).tolist() == pytest.approx(oracle, abs=1e-12)


def test_a_rare_failure_becomes_likely():
    assert chance_of_failure(0.01, 100)[-1].item() == pytest.approx(1 - math.exp(100 * math.log(0.99)))


@pytest.mark.usefixtures("unchecked_shapes")
def test_unfit_episodes_are_named(rotation):
    with pytest.raises(ValueError, match="no episodes"):
        error_growth(rotation, [], horizon=3)
