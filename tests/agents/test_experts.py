"""Rules of thumb for the pole: each pushes where it says, and balances as long as it should."""

import pytest
import torch

from wmcourse.agents.experts import LOOK_AHEAD, Expert, angle_and_velocity, sign_of_angle
from wmcourse.data import collect
from wmcourse.data.collect import Policy

LEFT, RIGHT = [1.0, 0.0], [0.0, 1.0]


def test_each_pushes_to_the_side_it_looks_at():
    states = torch.tensor(
        [
            [9.0, 9.0, 0.1, -9.0],  # leans right, swings left
            [-9.0, -9.0, -0.1, 9.0],
            [9.0, -9.0, 0.1, 1.0],
            [0.0, 0.0, 0.01, -0.01 / LOOK_AHEAD - 0.1],
            [0.0, 0.0, 0.01, -0.01 / LOOK_AHEAD + 0.1],
        ]
    )
    assert sign_of_angle(states).tolist() == [RIGHT, LEFT, RIGHT, RIGHT, RIGHT]
    assert angle_and_velocity(states).tolist() == [LEFT, RIGHT, RIGHT, LEFT, RIGHT]


@pytest.mark.parametrize("rule", [sign_of_angle, angle_and_velocity])
def test_a_mirrored_state_gets_the_mirrored_push_wherever_the_cart_is(rule):
    states = torch.randn(3, 50, 4)
    moved = states * torch.tensor([7.0, -2.0, 1.0, 1.0])
    assert torch.equal(rule(-states), rule(states).flip(-1))
    assert torch.equal(rule(moved), rule(states))
    assert torch.equal(rule(states).sum(-1), torch.ones(3, 50))


def test_the_angle_alone_is_not_enough_and_its_velocity_is():
    assert isinstance(Expert(sign_of_angle), Policy)
    returns = [
        torch.stack([each.rewards.sum() for each in collect("CartPole-v1", Expert(rule), episodes=100, seed=1)])
        for rule in (sign_of_angle, angle_and_velocity)
    ]
    assert returns[0].mean().item() == pytest.approx(42, abs=3)
    assert returns[0].max() < 100
    assert returns[1].min() == 500


def test_an_expert_has_no_memory():
    expert, states = Expert(angle_and_velocity), torch.randn(6, 4)
    action, memory = expert.act(expert.initial(6), states)
    assert memory is None
    assert torch.equal(action, angle_and_velocity(states))
    assert torch.equal(expert.act(memory, states.flip(0), greedy=False)[0], action.flip(0))
