"""CEM over discrete actions: a secret to guess, and its probabilities counted by hand."""

import pytest
import torch

from wmcourse.planning import CategoricalCEM, Choices

ACTIONS, HORIZON = 4, 6


def matches(secret):
    """How many of a plan's actions are those of `secret` (B, H)."""
    return lambda plans: (plans.argmax(-1) == secret[:, None]).float().sum(-1)


@pytest.mark.parametrize("batch", [1, 3])
def test_a_secret_sequence_is_found_by_each_problem_of_the_batch(batch, seeded):
    secret = torch.randint(ACTIONS, (batch, HORIZON), generator=seeded(5))
    planner = CategoricalCEM(Choices(ACTIONS), horizon=HORIZON, samples=128, elites=12, iterations=6)
    plan = planner.plan(matches(secret), batch=batch, generator=seeded(0))
    assert torch.equal(plan.actions.argmax(-1), secret) and plan.value.tolist() == [HORIZON] * batch
    assert torch.equal(plan.actions.sum(-1), torch.ones(batch, HORIZON)) and plan.actions.max() == 1
    assert max(each.values.shape[1] for each in plan.search) * 6 < ACTIONS**HORIZON / 5  # it cannot have tried all


@pytest.mark.parametrize("momentum", [0.0, 0.4])
def test_probabilities_are_the_elites_shares_and_never_too_small(momentum, seeded):
    planner = CategoricalCEM(Choices(ACTIONS), horizon=HORIZON, samples=50, elites=8, min_prob=0.02, momentum=momentum)
    secret = torch.randint(ACTIONS, (2, HORIZON), generator=seeded(1))
    plan = planner.plan(
        lambda plans: matches(secret)(plans) + 0.01 * plans[..., 0, 0], batch=2, generator=seeded(0)
    )  # fmt: skip
    probs = torch.full((2, HORIZON, ACTIONS), 0.25)
    for each in plan.search:
        for problem in range(2):
            order = each.values[problem].topk(8).indices
            for step in range(HORIZON):
                counts = torch.bincount(each.candidates[problem, order, step].argmax(-1), minlength=ACTIONS) / 8
                mixed = momentum * probs[problem, step] + (1 - momentum) * counts
                probs[problem, step] = 0.92 * mixed + 0.02
        torch.testing.assert_close(each.mean, probs)
        assert each.mean.min() >= 0.02 - 1e-6 and each.std is None


def test_candidates_are_drawn_with_the_probabilities_it_begins_with(seeded):
    start = torch.tensor([[[0.7, 0.2, 0.1, 0.0], [torch.nan] * 4]])
    planner = CategoricalCEM(Choices(4), horizon=2, samples=20_000, iterations=1, min_prob=0.0)
    (search,) = planner.plan(lambda plans: plans[..., 0, 0], start=start, generator=seeded(0)).search
    expected = torch.tensor([[0.7, 0.2, 0.1, 0.0], [0.25] * 4])
    torch.testing.assert_close(search.candidates[0].mean(0), expected, atol=0.015, rtol=0)


def test_what_was_left_over_begins_the_next_search(seeded):
    planner = CategoricalCEM(Choices(ACTIONS), horizon=HORIZON, samples=64, elites=8, iterations=5)
    secret = torch.randint(ACTIONS, (1, HORIZON), generator=seeded(2))
    plan = planner.plan(matches(secret), generator=seeded(0))
    warm = plan.warm(2)
    assert torch.equal(warm[:, :-2], plan.search[-1].mean[:, 2:]) and warm[:, -2:].isnan().all()
    later = torch.cat([secret[:, 2:], torch.zeros(1, 2, dtype=torch.long)], 1)
    once = CategoricalCEM(Choices(ACTIONS), horizon=HORIZON, samples=64, elites=8, iterations=1)
    cold, begun = (once.plan(matches(later), start=start, generator=seeded(1)) for start in (None, warm))
    assert begun.search[0].values.mean() > cold.search[0].values.mean() + 1.5
