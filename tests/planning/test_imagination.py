"""What a plan is worth: one plan, one step, one number at a time, in worlds made by hand, and in models of the zoo."""

import itertools

import pytest
import torch

import wmcourse
from wmcourse.models import Probed, features_of, first_look, map_state
from wmcourse.models.ensemble import EnsembleConfig, ProbabilisticEnsemble
from wmcourse.models.known import known_pendulum
from wmcourse.planning import Box, CategoricalCEM, Choices, Imagination, RandomShooting

TURN, PUSH = torch.tensor([[0.9, 0.3], [-0.3, 0.9]]), torch.tensor([[0.5, 0.0, 0.1], [0.0, 1.0, -0.4]])


def earns(x):
    return x[:, 0] - x[:, 1].square()


def goes_on(x):
    return torch.sigmoid(2 + x[:, 1])


def naive(model, state, plan, *, reward, continues, value, discount):
    """Of a single plan (H, A) from a single belief, as the definition has it, in Python's numbers."""
    total, alive = 0.0, 1.0
    for action in plan:
        state = model.imagine(state, action[None], 0.0)
        total += alive * reward(state, action[None]).item()
        alive *= discount * (1.0 if continues is None else continues(state).item())
    return total + (0.0 if value is None else alive * value(features_of(state)).item())


@pytest.mark.parametrize(
    ("discount", "ends", "judged", "asked"),
    list(itertools.product([1.0, 0.8], ["never", "head", "function"], [False, True], ["head", "function"])),
)
def test_returns_are_those_of_a_naive_loop(linear_world, discount, ends, judged, asked):
    world = linear_world(TURN, PUSH, reward=earns, continues=goes_on if ends == "head" else None)
    plans, start = torch.randn(2, 5, 4, 3), torch.randn(2, 2)

    def fallen(x):
        return x[:, 0] > 0.8

    def cost(x, action):
        return -x.square().sum(-1) - action[:, 2]

    def last(features):
        return 3 * features[:, 1]

    imagination = Imagination(
        world,
        reward=cost if asked == "function" else None,
        terminated=fallen if ends == "function" else None,
        value=last if judged else None,
        discount=discount,
    )
    state = world.initial(2)._replace(x=start)
    returns = imagination.returns(state, plans)
    continues = {"never": None, "head": lambda s: goes_on(s.x), "function": lambda s: 1 - fallen(s.x).float()}[ends]
    for b, n in itertools.product(range(2), range(5)):
        expected = naive(
            world,
            world.initial(1)._replace(x=start[b : b + 1]),
            plans[b, n],
            reward=(lambda s, a: cost(s.x, a)) if asked == "function" else lambda s, a: earns(s.x),
            continues=continues,
            value=last if judged else None,
            discount=discount,
        )
        assert abs(returns[b, n, 0].item() - expected) < 1e-4
    assert returns.shape == (2, 5, 1)
    assert torch.equal(imagination.score(state)(plans), returns[..., 0])


def test_particles_are_whole_futures_spread_by_the_temperature(linear_world):
    """x' = x + T e, reward x: after H steps the return has variance T² (1² + 2² + ... + H²)."""
    world = linear_world(torch.eye(1), torch.zeros(1, 1), noise=1.0, reward=lambda x: x[:, 0])
    for temperature in (1.0, 0.5):
        imagination = Imagination(world, temperature=temperature, particles=20_000)
        returns = imagination.returns(world.initial(2), torch.zeros(2, 1, 3, 1))
        assert returns.shape == (2, 1, 20_000)
        std = temperature * (1 + 4 + 9) ** 0.5
        torch.testing.assert_close(returns.std(-1), torch.full((2, 1), std), rtol=0.03, atol=0)
        assert returns.mean(-1).abs().max() < 5 * std / 20_000**0.5
        assert abs(torch.corrcoef(returns[:, 0])[0, 1]) < 0.03


def test_each_belief_meets_its_own_plans_and_particles(linear_world):
    world = linear_world(torch.eye(1), torch.ones(1, 1), reward=lambda x: x[:, 0])
    state = world.initial(2)._replace(x=torch.tensor([[100.0], [200.0]]))
    plans = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])[..., None, None]
    returns = Imagination(world, particles=2).returns(state, plans)
    assert returns.tolist() == [[[101.0] * 2, [102.0] * 2, [103.0] * 2], [[204.0] * 2, [205.0] * 2, [206.0] * 2]]


def test_pessimism_takes_standard_deviations_off_the_mean(linear_world):
    returns = torch.tensor([[[1.0, 3.0], [2.0, 2.0]]])
    world = linear_world(TURN, PUSH)
    assert Imagination(world).judge(returns).tolist() == [[2.0, 2.0]]
    assert Imagination(world, pessimism=0.5).judge(returns).tolist() == [[1.5, 2.0]]
    assert Imagination(world, pessimism=9.0).judge(returns[..., :1]).tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize("ends", [False, True])
def test_an_ensemble_gives_each_networks_return(ends):
    """At temperature 0 each member alone would say the same; an end is seen in the middle of the cloud."""
    model = ProbabilisticEnsemble(EnsembleConfig(members=3, hidden_dim=8, particles=2)).eval()
    observation, plans = torch.randn(2, 3), torch.randn(2, 4, 5, 1)

    def never(observation):
        return observation[:, 0] > 1e6

    def at_once(observation):
        return observation[:, 0] < 1e6

    together = Imagination(model, discount=0.9, terminated=never if ends else None)
    returns = together.returns(first_look(model, observation), plans)
    assert returns.shape == (2, 4, 6)
    for particle in range(6):
        one = model.member(particle // 2)
        alone = Imagination(one, discount=0.9).returns(first_look(one, observation), plans)
        torch.testing.assert_close(returns[..., particle], alone[..., particle % 2])
    ended = Imagination(model, terminated=at_once).returns(first_look(model, observation), plans)
    once = Imagination(model).returns(first_look(model, observation), plans[:, :, :1])
    torch.testing.assert_close(ended, once)


def test_a_gradient_reaches_every_step_of_a_plan_and_equals_finite_differences(linear_world):
    world = linear_world(TURN.double(), PUSH.double(), reward=earns, continues=goes_on)
    state = world.initial(1)._replace(x=torch.randn(1, 2, dtype=torch.float64))
    imagination = Imagination(world, discount=0.9, value=lambda features: features[:, 0], particles=2)
    plans = torch.randn(1, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda plans: imagination.returns(state, plans), plans)


def zoo_rssm():
    return wmcourse.load("cartpole-dreamer").world


@pytest.mark.parametrize("kind", ["rssm", "probed", "reward function"])
def test_any_world_model_can_be_asked(kind, hidden_world):
    """An RSSM of the zoo with its three heads; a model without observations, probed; points for what is decoded."""
    model = zoo_rssm() if kind != "probed" else Probed(hidden_world, torch.nn.Linear(3, 4))
    seen, plans = 0.05 * torch.randn(2, 4), torch.eye(2)[torch.randint(2, (2, 3, 6))]

    def upright(observation, action):
        return -observation[:, 2].abs() + 0.1 * action[:, 0]

    imagination = Imagination(model, reward=upright if kind == "reward function" else None, discount=0.95)
    with torch.no_grad():
        states = first_look(model, seen, 0.0)
        returns = imagination.returns(states, plans)
        for b, n in itertools.product(range(2), range(3)):
            expected = naive(
                model,
                map_state(lambda field, b=b: field[b : b + 1], states),
                plans[b, n],
                reward=(lambda s, a: upright(model.decode(s).observation, a))
                if kind == "reward function"
                else lambda s, a: model.decode(s).reward,
                continues=None if kind == "probed" else lambda s: model.decode(s).continues,
                value=None,
                discount=0.95,
            )
            torch.testing.assert_close(returns[b, n, 0].item(), expected, rtol=1e-4, atol=1e-4)


def test_the_rssm_of_the_zoo_knows_which_plans_keep_the_pole_up():
    """Tilted to the right, the best plan pushes right first."""
    model = zoo_rssm()
    tilted = torch.tensor([[0.0, 0.0, 0.15, 0.6], [0.0, 0.0, -0.15, -0.6]])
    planner = CategoricalCEM(Choices(2), horizon=12, samples=128, elites=16)
    plan = planner.plan(
        Imagination(model).score(first_look(model, tilted, 0.0)), batch=2, generator=torch.Generator().manual_seed(0)
    )
    assert plan.actions[:, :2].argmax(-1).tolist() == [[1, 1], [0, 0]]


def test_what_is_promised_in_the_true_world_comes_true():
    import gymnasium as gym

    env, model = gym.make("Pendulum-v1"), known_pendulum()
    observation, _ = env.reset(seed=3)
    planner = RandomShooting(Box.of(env.action_space), horizon=10, samples=100)
    plan = planner.plan(Imagination(model).score(first_look(model, torch.from_numpy(observation)[None])))
    earned = sum(env.step(action.numpy())[1] for action in plan.actions[0])
    assert abs(plan.value.item() - earned) < 1e-3 * abs(earned)
