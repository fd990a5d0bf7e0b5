"""Random shooting, CEM and MPPI: known optima, and every round against NumPy in double precision."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wmcourse.planning import CEM, MPPI, Box, Choices, GradientPlanner, RandomShooting, path_weights

HORIZON = 3
ROUNDS = {
    "cem": lambda box: CEM(box, horizon=HORIZON, samples=300, elites=30, iterations=12, init_std=1.0, min_std=1e-4),
    "icem": lambda box: CEM(
        box, horizon=HORIZON, samples=300, elites=30, iterations=15, init_std=1.0, min_std=1e-4, momentum=0.1,
        noise_beta=1.0, keep=0.3,
    ),
    "mppi": lambda box: MPPI(box, horizon=HORIZON, samples=3000, iterations=25, temperature=0.01, std=0.15),
    "gradient": lambda box: GradientPlanner(box, horizon=HORIZON, samples=8, iterations=200, lr=0.05),
}  # fmt: skip
PLANNERS = ROUNDS | {"shooting": lambda box: RandomShooting(box, horizon=HORIZON, samples=50)}


@pytest.mark.parametrize("name", ROUNDS)
@pytest.mark.parametrize("batch", [1, 3])
def test_the_top_of_a_hill_is_found_by_each_problem_of_the_batch(name, batch, box, hill, seeded):
    target = box.middle + 0.8 * box.half * (2 * torch.rand(batch, HORIZON, 3, generator=seeded(1)) - 1)
    plan = ROUNDS[name](box).plan(hill(target, box), batch=batch, generator=seeded(2))
    assert plan.actions.shape == (batch, HORIZON, 3)
    assert ((plan.actions - target) / box.half).abs().max() < 0.03
    torch.testing.assert_close(plan.value, hill(target, box)(plan.actions[:, None])[:, 0])


@pytest.mark.parametrize("name", ["cem", "icem", "gradient"])
def test_a_top_out_of_bounds_is_approached_at_the_bounds(name, box, hill, seeded):
    target = box.middle.repeat(1, HORIZON, 1) + 2 * box.half * torch.tensor([1.0, -1.0, 1.0])
    plan = ROUNDS[name](box).plan(hill(target, box), generator=seeded(0))
    assert ((plan.actions - box.clip(target)) / box.half).abs().max() < 0.03
    for each in plan.search:
        assert torch.equal(each.candidates, box.clip(each.candidates))


def test_the_best_of_n_random_numbers_is_as_high_as_order_statistics_say(seeded):
    """The maximum of N uniform numbers is N / (N + 1) on average, with variance N / ((N + 1)^2 (N + 2))."""
    batch, n = 5000, 9
    plan = RandomShooting(Box(0.0, 1.0), horizon=1, samples=n).plan(
        lambda plans: plans[..., 0, 0], batch=batch, generator=seeded(0)
    )
    error = plan.value.mean().item() - n / (n + 1)
    assert abs(error) < 4 * (n / ((n + 1) ** 2 * (n + 2)) / batch) ** 0.5
    assert torch.equal(plan.value, plan.search[0].candidates.amax((1, 2, 3)))
    assert torch.equal(plan.actions[:, 0, 0], plan.value)


@pytest.mark.parametrize(("momentum", "min_std"), [(0.0, 0.01), (0.3, 0.4)])
def test_each_round_of_cem_fits_the_elites_of_the_round_before(momentum, min_std, box, hill, seeded):
    planner = CEM(box, horizon=HORIZON, samples=40, elites=7, init_std=0.6, min_std=min_std, momentum=momentum)
    plan = planner.plan(hill(box.middle.repeat(2, HORIZON, 1), box), batch=2, generator=seeded(0))
    half = box.half.double().numpy()
    mean, std = box.middle.double().numpy() + np.zeros((2, HORIZON, 3)), 0.6 * half + np.zeros((2, HORIZON, 3))
    for each in plan.search:
        for problem in range(2):
            order = np.argsort(-each.values[problem].numpy())[:7]
            elites = each.candidates[problem].double().numpy()[order]
            mean[problem] = momentum * mean[problem] + (1 - momentum) * elites.mean(0)
            std[problem] = np.maximum(momentum * std[problem] + (1 - momentum) * elites.std(0), min_std * half)
        np.testing.assert_allclose(each.mean.numpy(), mean, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(each.std.numpy(), std, rtol=1e-4)
    assert torch.equal(plan.actions, plan.search[-1].mean)


@pytest.mark.parametrize("planner", [CEM, MPPI])
def test_candidates_are_drawn_as_the_round_before_left_them(planner, seeded):
    """Far from the bounds, so that nothing is clipped."""
    box = Box([-100.0, -10.0], [100.0, 10.0])
    options = {"init_std": 0.1, "elites": 5000} if planner is CEM else {"std": 0.1}
    plan = planner(box, horizon=2, samples=20_000, iterations=2, **options).plan(
        lambda plans: plans[..., 0] @ torch.tensor([0.1, -0.1]), generator=seeded(0)
    )
    first, second = plan.search
    for mean, std, candidates in (
        (torch.zeros(2, 2), (0.1 * box.half).expand(2, 2), first.candidates[0]),
        (first.mean[0], first.std[0], second.candidates[0]),
    ):
        assert ((candidates.mean(0) - mean).abs() < 4 * std / 20_000**0.5).all()
        torch.testing.assert_close(candidates.std(0), std, atol=0, rtol=0.03)


def test_kept_elites_stand_again_and_the_best_one_never_gets_worse(box, seeded):
    """On noise as a landscape; without the option it does get worse."""

    def rough(plans):
        return (plans * 1000).sin().sum((-1, -2))

    for keep, carried in ((0.0, 0), (0.01, 1), (0.5, 3)):
        planner = CEM(box, horizon=2, samples=20, elites=6, iterations=10, keep=keep)
        search = planner.plan(rough, batch=4, generator=seeded(0)).search
        for before, after in zip(search, search[1:], strict=False):
            order = before.values.argsort(dim=1, descending=True)[:, :carried]
            for problem in range(4):
                assert torch.equal(after.candidates[problem, :carried], before.candidates[problem, order[problem]])
        tops = torch.stack([each.values.amax(1) for each in search])
        assert bool((tops.diff(dim=0) >= 0).all()) == (carried > 0)


@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
def test_the_mean_of_mppi_is_a_sum_weighted_by_the_exponent_of_the_value(temperature, box, hill, seeded):
    planner = MPPI(box, horizon=HORIZON, samples=30, iterations=3, temperature=temperature)
    plan = planner.plan(hill(box.low.repeat(2, HORIZON, 1), box), batch=2, generator=seeded(0))
    for each in plan.search:
        for problem in range(2):
            total, mean = 0.0, np.zeros((HORIZON, 3))
            highest = each.values[problem].double().max().item()
            for value, candidate in zip(each.values[problem], each.candidates[problem], strict=True):
                weight = np.exp((value.item() - highest) / temperature)
                total, mean = total + weight, mean + weight * candidate.double().numpy()
            np.testing.assert_allclose(each.mean[problem].numpy(), mean / total, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(each.std, (0.5 * box.half).expand(2, HORIZON, 3))


def test_near_temperature_0_the_best_takes_all_and_a_large_one_averages(box, hill, seeded):
    planner = MPPI(box, horizon=HORIZON, samples=30, iterations=1)
    score = hill(box.low.repeat(2, HORIZON, 1), box)
    for temperature in (1e-6, 1e-300):
        (tried,) = replace(planner, temperature=temperature).plan(score, batch=2, generator=seeded(0)).search
        top = tried.candidates[torch.arange(2), tried.values.argmax(1)]
        torch.testing.assert_close(tried.mean, top)
    (tried,) = replace(planner, temperature=1e9).plan(score, batch=2, generator=seeded(0)).search
    torch.testing.assert_close(tried.mean, tried.candidates.mean(1))


def test_path_weights_are_stable_and_shift_with_no_value():
    values = torch.tensor([[1e30, -1e30, 1e30], [-1e-30, 0.0, -torch.inf], [5.0, 5.0, 5.0]])
    for temperature in (1e-300, 1e-30, 1.0, 1e6):
        weights = path_weights(values, temperature)
        torch.testing.assert_close(weights.sum(1), torch.ones(3))
        torch.testing.assert_close(weights[0], torch.tensor([0.5, 0.0, 0.5]))
        assert weights[1, 2] == 0
    torch.testing.assert_close(path_weights(values[2:] + 1000, 0.1), path_weights(values[2:], 0.1))


@pytest.mark.parametrize("name", PLANNERS)
def test_the_same_seed_finds_the_same_plan_and_leaves_torchs_own_stream_alone(name, box, hill, seeded):
    score, planner, before = hill(box.low.repeat(1, HORIZON, 1), box), PLANNERS[name](box), torch.get_rng_state()
    first, again, other = (planner.plan(score, generator=seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first.actions, again.actions) and torch.equal(first.value, again.value)
    assert not torch.equal(first.search[0].candidates, other.search[0].candidates)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", PLANNERS)
def test_candidates_without_a_finite_value_are_dropped(name, box, hill, seeded):
    """Half of the box has no value, and the hill's top lies in it: the best of the other half is at the border."""
    target = box.middle.repeat(2, HORIZON, 1) + 0.5 * box.half

    def holey(plans):
        values, wrong = hill(target, box)(plans), plans[..., 0, 0] > 0
        return torch.where(wrong, torch.tensor([torch.nan, torch.inf])[:, None], values)

    plan = PLANNERS[name](box).plan(holey, batch=2, generator=seeded(0))
    assert (plan.actions[:, 0, 0] <= 0.02).all() and plan.value.isfinite().all()
    for each in plan.search:
        assert torch.equal(each.values == -torch.inf, each.candidates[..., 0, 0] > 0)
        assert each.mean.isfinite().all()


def test_fewer_finite_values_than_elites(box, seeded):
    """The one candidate that has a value stands for all."""

    def only_the_fourth(plans):
        return torch.where(torch.arange(plans.shape[1]) == min(3, plans.shape[1] - 1), 1.0, torch.nan).expand(2, -1)

    plan = CEM(box, horizon=1, samples=10, elites=5, iterations=1).plan(only_the_fourth, batch=2, generator=seeded(0))
    torch.testing.assert_close(plan.actions, plan.search[0].candidates[:, 3])


@pytest.mark.parametrize("name", PLANNERS)
def test_a_search_begins_where_it_is_told(name, box, seeded):
    """Every plan is worth the same: what is tried is the start, and what surrounds it; NaN is the middle."""
    start = box.low.repeat(1, HORIZON, 1)
    start[0, -1] = torch.nan
    planner = PLANNERS[name](box)
    (first, *_) = planner.plan(lambda plans: 0 * plans.sum((-1, -2)), start=start, generator=seeded(0)).search
    known = torch.cat([start[:, :-1], box.middle.repeat(1, 1, 1)], dim=1)
    if name in ("shooting", "gradient"):
        torch.testing.assert_close(first.candidates[:, 0], known)
    else:
        tried = first.candidates[0].quantile(0.5, dim=0)
        assert ((tried - known[0]).abs() / box.half < 0.35).all()


def test_discrete_plans_of_random_shooting_are_one_hot_whatever_they_begin_with(seeded):
    planner = RandomShooting(Choices(3), horizon=4, samples=5)
    start = torch.tensor([[[0.0, 1.0, 0.0]] * 2 + [[0.5, 0.5, 0.0]] + [[torch.nan] * 3]])
    thirds = []
    for seed in range(40):
        (search,) = planner.plan(lambda plans: plans[..., 0].sum(-1), start=start, generator=seeded(seed)).search
        assert ((search.candidates == 0) | (search.candidates == 1)).all() and (search.candidates.sum(-1) == 1).all()
        assert search.candidates[0, 0, :2].argmax(-1).tolist() == [1, 1]
        thirds.append(search.candidates[0, 0, 2].argmax().item())
    assert set(thirds) == {0, 1}


def test_nothing_of_a_search_holds_on_to_a_graph(box, hill, seeded):
    weight = torch.ones((), requires_grad=True)
    score = hill(box.low.repeat(1, HORIZON, 1), box)
    for planner in PLANNERS.values():
        plan = planner(box).plan(lambda plans: weight * score(plans), generator=seeded(0))
        tensors = [plan.actions, plan.value, *(each.values for each in plan.search)]
        assert not any(each.requires_grad for each in tensors)
