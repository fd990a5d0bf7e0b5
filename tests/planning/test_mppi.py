

def test_a_mean_that_rounding_puts_out_of_bounds_can_be_started_from():
    planner = MPPI(Box(-2.0, 2.0), horizon=3, samples=7, iterations=1)
    start = torch.full((1, 3, 1), 2.0 + 1e-6)
    assert (planner.plan(lambda plans: plans.sum((2, 3)), start=start).search[0].candidates <= 2).all()
    with pytest.raises(ValueError, match="out of bounds"):
        planner.plan(lambda plans: plans.sum((2, 3)), start=start + 0.01)
