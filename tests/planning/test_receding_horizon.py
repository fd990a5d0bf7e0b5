"""Plan, act, look, plan again: when it plans, with what it begins, and what it remembers."""

from dataclasses import dataclass, field

import pytest
import torch

from wmcourse.agents.random_policy import UniformPolicy
from wmcourse.data.collect import collect
from wmcourse.models.ensemble import EnsembleConfig, ProbabilisticEnsemble
from wmcourse.models.known import known_pendulum
from wmcourse.planning import CEM, Box, Imagination, Iteration, Plan, RecedingHorizon


@dataclass
class Diary:
    """A planner whose n-th plan is n.0, n.1, n.2 ...; it keeps what it was told."""

    horizon: int = 4
    starts: list = field(default_factory=list)

    def plan(self, score, *, batch=1, start=None, generator=None):
        self.starts.append(start)
        steps = len(self.starts) + torch.arange(self.horizon) / 10
        actions = steps[:, None].repeat(batch, 1, 1)
        values = score(actions[:, None])
        search = [Iteration(actions[:, None], values, -actions)] * 3
        return Plan(actions, values[:, 0], search)


@pytest.fixture
def counter(linear_world):
    """A world that adds the actions up, with a tenth of trust in what it sees."""
    return linear_world(torch.eye(1), torch.ones(1, 1), gain=0.1, reward=lambda x: x[:, 0])


@pytest.mark.parametrize(
    ("every", "expected"),
    [(1, [1.0, 2.0, 3.0, 4.0, 5.0]), (3, [1.0, 1.1, 1.2, 2.0, 2.1]), (4, [1.0, 1.1, 1.2, 1.3, 2.0])],
)
@pytest.mark.parametrize("warm", [True, False])
def test_a_plan_is_followed_and_made_anew_when_it_is_due(counter, every, expected, warm):
    planner = Diary()
    policy = RecedingHorizon(Imagination(counter), planner, replan_every=every, warm_start=warm)
    memory, taken, belief = policy.initial(2), [], torch.zeros(2, 1)
    for t in range(5):
        seen = torch.full((2, 1), 10.0 * t)
        belief = 0.1 * seen if t == 0 else belief + taken[-1] + 0.1 * (seen - belief - taken[-1])
        action, memory = policy.act(memory, seen)
        torch.testing.assert_close(memory.state.x, belief)  # it looks at each step, also where it does not plan
        taken.append(action)
    torch.testing.assert_close(torch.stack(taken)[:, :, 0], torch.tensor(expected)[:, None].expand(5, 2))
    assert len(planner.starts) == -(-5 // every) and planner.starts[0] is None
    for number, start in enumerate(planner.starts[1:], 1):
        if not warm:
            assert start is None
            continue
        mean = -(number + torch.arange(4) / 10)
        assert torch.equal(start[:, : 4 - every, 0], mean[every:].expand(2, -1)) and start[:, 4 - every :].isnan().all()


def test_an_episode_begins_with_nothing_planned(counter):
    planner = Diary()
    policy = RecedingHorizon(Imagination(counter), planner)
    for _ in range(2):
        memory = policy.initial(1)
        for _ in range(2):
            _, memory = policy.act(memory, torch.zeros(1, 1))
    assert [start is None for start in planner.starts] == [True, False, True, False]


@pytest.mark.parametrize("kind", ["known", "ensemble"])
def test_the_same_seed_acts_the_same_whatever_else_is_drawn(kind):
    """Also where the model itself draws."""
    model = known_pendulum() if kind == "known" else ProbabilisticEnsemble(EnsembleConfig(hidden_dim=8)).eval()
    imagination = Imagination(model, temperature=1.0)
    planner = CEM(Box(-2.0, 2.0), horizon=3, samples=8, elites=2)

    def acts(seed):
        policy, memory = RecedingHorizon(imagination, planner, seed=seed), None
        memory, taken = policy.initial(2), []
        for _ in range(3):
            torch.randn(5)
            before = torch.get_rng_state()
            action, memory = policy.act(memory, torch.tensor([[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]))
            assert torch.equal(torch.get_rng_state(), before)
            taken.append(action)
        return torch.stack(taken)

    assert torch.equal(acts(1), acts(1)) and not torch.equal(acts(1), acts(2))


def test_each_problem_of_a_batch_gets_a_plan_of_its_own(counter):
    """Where the reward is minus the distance from 0, each belief is pushed back to it."""
    counter.reward = lambda x: -x[:, 0].abs()
    policy = RecedingHorizon(Imagination(counter), CEM(Box(-3.0, 3.0), horizon=1, samples=64, elites=8, iterations=8))
    action, _ = policy.act(policy.initial(3), torch.tensor([[10.0], [-20.0], [0.0]]))
    torch.testing.assert_close(action[:, 0], torch.tensor([-1.0, 2.0, 0.0]), atol=0.1, rtol=0)


def test_on_the_true_pendulum_it_swings_up_and_stays():
    planner = CEM(Box(-2.0, 2.0), horizon=12, samples=50, elites=6, iterations=2, init_std=1.0)
    policy = RecedingHorizon(Imagination(known_pendulum()), planner, replan_every=3)
    planned, chance = (
        collect("Pendulum-v1", each, episodes=4, seed=0) for each in (policy, UniformPolicy([-2.0], [2.0]))
    )
    assert min(episode.observations[0, 0] for episode in planned) < -0.8  # it hangs
    for ours, theirs in zip(planned, chance, strict=True):
        assert torch.equal(ours.observations[0], theirs.observations[0])
        assert ours.observations[-50:, 0].min() > 0.99 and ours.rewards.sum() > theirs.rewards.sum() + 300
