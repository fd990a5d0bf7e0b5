"""A model with a wish: its rewards are minus distances, and a planner comes to the goal by them."""

import pytest
import torch

from wmcourse.models import WorldModel, features_of, first_look, map_state
from wmcourse.models.towards_goal import TowardsGoal
from wmcourse.planning import CEM, Box, Imagination, RecedingHorizon


@torch.no_grad()
def test_every_model_earns_minus_the_distance_of_its_features(small_model):
    """And is otherwise what it was: the same states, by the same draws, and one field more."""
    wishes = torch.rand(3, *small_model.observation_shape)
    model = TowardsGoal(small_model, wishes)
    goals = features_of(first_look(small_model, wishes, 0.0))
    seen, action = torch.rand(3, *small_model.observation_shape), torch.randn(3, 2)
    histories = []
    for each in (model, small_model):
        torch.manual_seed(1)
        begun = first_look(each, seen)
        imagined = each.imagine(begun, action)
        histories.append([begun, imagined, each.observe(imagined, action, seen)])
    for ours, own in zip(*histories, strict=True):
        assert all(torch.equal(*pair) for pair in zip(ours[:-1], own, strict=True))
        assert torch.equal(ours.goal, goals)
        distance = (features_of(own).double() - goals.double()).square().sum(-1).sqrt()
        told, asked, plain = model.decode(ours), model.outlook(ours), small_model.decode(own)
        torch.testing.assert_close(told.reward, -distance.float())
        assert torch.equal(told.reward, asked.reward) and asked.observation is None and asked.continues is None
        assert all(
            left is right or torch.equal(left, right)
            for left, right in ((told.observation, plain.observation), (told.continues, plain.continues))
        )
    assert isinstance(model, WorldModel)


def test_at_the_goal_the_reward_is_0_and_nowhere_more(rotation):
    goal = torch.tensor([[3.0, -1.0]])
    model = TowardsGoal(rotation, goal)
    assert model.decode(first_look(model, goal)).reward == 0
    elsewhere = first_look(model, torch.tensor([[3.0, 1.0], [0.0, -1.0], [0.0, 3.0]]))
    torch.testing.assert_close(model.decode(elsewhere).reward, -torch.tensor([2.0, 3.0, 5.0]))


@pytest.fixture
def glider(linear_world):
    """A point that goes where it is pushed."""
    return linear_world(torch.eye(2), torch.eye(2))


@pytest.mark.parametrize("goals", [1, 3])
def test_plans_are_worth_the_sum_of_their_distances_each_to_its_own_goal(glider, goals):
    wishes, starts = 5 * torch.randn(goals, 2), torch.randn(3, 2)
    plans = torch.randn(3, 4, 6, 2)
    model = TowardsGoal(glider, wishes)
    values = Imagination(model).score(first_look(model, starts))(plans)
    for row in range(3):
        for sample in range(4):
            place, total = starts[row].double(), 0.0
            for push in plans[row, sample].double():
                place = place + push
                total -= (place - wishes[row % goals].double()).norm()
            torch.testing.assert_close(values[row, sample].double(), total, atol=1e-4, rtol=1e-5)


def test_rows_that_are_taken_apart_keep_their_goals(glider):
    wishes = torch.randn(4, 2)
    model = TowardsGoal(glider, wishes)
    some = map_state(lambda field: field[[2, 0]], first_look(model, torch.zeros(4, 2)))
    torch.testing.assert_close(model.decode(some).reward, -wishes[[2, 0]].norm(dim=-1))


def test_a_receding_horizon_takes_each_row_to_its_goal(glider):
    wishes = torch.tensor([[4.0, 0.0], [0.0, -3.0], [0.0, 0.0]])
    planner = CEM(Box([-1.0] * 2, [1.0] * 2), horizon=6, samples=64, elites=8, iterations=6)
    policy = RecedingHorizon(Imagination(TowardsGoal(glider, wishes)), planner)
    place = torch.zeros(3, 2)
    memory = policy.initial(3)
    for _ in range(6):
        action, memory = policy.act(memory, place)
        place = place + action
    left = (place - wishes).norm(dim=-1)
    assert (left < 0.5).all()  # of 4, 3 and 0


def test_another_number_of_rows_than_goals_is_named(glider):
    model = TowardsGoal(glider, torch.zeros(3, 2))
    with pytest.raises(ValueError, match="3 goals are for one row each, or one for all; got 2 rows"):
        first_look(model, torch.zeros(2, 2))
    assert first_look(TowardsGoal(glider, torch.zeros(1, 2)), torch.zeros(5, 2)).goal.shape == (5, 2)


def test_a_goal_is_not_learned_from(glider):
    wish = torch.randn(1, 2, requires_grad=True)
    assert not TowardsGoal(glider, wish).goal.requires_grad
