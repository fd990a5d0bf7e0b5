"""Planning by gradients: where it gets to, and what it needs."""

import torch

from wmcourse.planning import Box, GradientPlanner, Imagination


def test_the_optimum_of_linear_dynamics_is_that_of_linear_algebra(linear_world, seeded):
    """x' = A x + B a, reward -|x|²: least squares over all actions at once, as long as the bounds are far."""
    torch.manual_seed(1)
    transition, control = 0.9 * torch.linalg.qr(torch.randn(3, 3)).Q, torch.randn(3, 2)
    world = linear_world(transition, control, reward=lambda x: -x.square().sum(-1))
    start = torch.randn(2, 3)
    planner = GradientPlanner(Box([-9.0, -9.0], [9.0, 9.0]), horizon=3, samples=3, iterations=400, lr=0.03)
    state = world.initial(2)._replace(x=start)
    plan = planner.plan(Imagination(world).score(state), batch=2, generator=seeded(0))
    powers = [torch.linalg.matrix_power(transition, k) for k in range(4)]
    effect = torch.cat(
        [torch.cat([powers[t - s] @ control if s <= t else 0 * control for s in range(3)], 1) for t in range(3)]
    )  # of all actions on all states
    for problem in range(2):
        drift = torch.cat([powers[t + 1] @ start[problem] for t in range(3)])
        best = torch.linalg.lstsq(effect, -drift[:, None]).solution[:, 0]
        torch.testing.assert_close(plan.actions[problem].flatten(), best, atol=0.02, rtol=0)
        torch.testing.assert_close(plan.value[problem], -(effect @ best + drift).square().sum(), atol=1e-3, rtol=1e-3)


def test_a_gradient_sees_only_its_own_hill_and_many_starts_see_more(seeded):
    """Two hills, the higher one on the right: 2 exp(-(10 (x - 0.7))²) + exp(-(3 (x + 0.5))²)."""

    def hills(plans):
        x = plans[..., 0, 0]
        return 2 * torch.exp(-(10 * (x - 0.7)).square()) + torch.exp(-(3 * (x + 0.5)).square())

    left = torch.tensor([[[-0.3]]])
    box = Box(-1.0, 1.0)
    alone = GradientPlanner(box, horizon=1, samples=1, iterations=100, lr=0.02).plan(hills, start=left)
    many = GradientPlanner(box, horizon=1, samples=40, iterations=100, lr=0.02).plan(
        hills, start=left, generator=seeded(0)
    )
    torch.testing.assert_close(alone.actions.item(), -0.5, atol=0.01, rtol=0)
    torch.testing.assert_close(many.actions.item(), 0.7, atol=0.01, rtol=0)


def test_the_best_plan_that_was_met_is_taken_though_the_climb_goes_past_it():
    plan = GradientPlanner(Box(-1.0, 1.0), horizon=1, samples=2, iterations=7, lr=1.5).plan(
        lambda plans: -plans[..., 0, 0].abs(), generator=torch.Generator().manual_seed(3)
    )
    values = torch.stack([each.values for each in plan.search])
    assert plan.value == values.max() and values[-1].max() < values.max()
    assert plan.value == -plan.actions.abs().sum()
    assert torch.equal(plan.warm(0), plan.actions)
