"""CartPole's measurements: what the two smaller heads get wrong, of models whose heads are known."""

import pytest
import torch

from wmcourse.agents import RandomPolicy
from wmcourse.envs import cartpole_fallen
from wmcourse.evaluation import cartpole as measure


@pytest.fixture(autouse=True)
def few_episodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "MODEL_EPISODES", 3)


def measured(linear_world, **heads):
    model = linear_world(torch.eye(4), torch.zeros(4, 2), **heads)
    return measure.measure_cartpole_heads(RandomPolicy(2, seed=0), model, episodes=3, seed=4)


def test_true_heads_make_no_error(linear_world) -> None:
    metrics = measured(
        linear_world, reward=lambda x: torch.ones(len(x)), continues=lambda x: (~cartpole_fallen(x)).float()
    )
    assert metrics["reward_error"].value == 0.0
    assert metrics["continue_at_end"] == (0.0, 0.0, 0.0)


def test_a_wrong_reward_is_measured_in_points_and_a_missed_end_as_the_belief_to_go_on(linear_world) -> None:
    metrics = measured(
        linear_world, reward=lambda x: torch.full((len(x),), 0.75), continues=lambda x: torch.full((len(x),), 0.4)
    )
    assert metrics["reward_error"].value == pytest.approx(0.25)
    assert metrics["continue_at_end"].value == pytest.approx(0.4)


def test_the_reward_is_expected_before_the_look_and_the_end_is_judged_after_it(linear_world) -> None:
    """A model that stands still while it imagines does not expect the fall; its look sees it at once."""
    metrics = measured(
        linear_world,
        reward=lambda x: (~cartpole_fallen(x)).float(),
        continues=lambda x: (~cartpole_fallen(x)).float(),
    )
    assert metrics["reward_error"].value == 0.0
    assert metrics["continue_at_end"].value == 0.0


def test_the_other_metrics_are_those_of_every_cartpole_model(linear_world) -> None:
    heads = {"reward": lambda x: torch.ones(len(x)), "continues": lambda x: torch.ones(len(x))}
    with_heads = measured(linear_world, **heads)
    model = linear_world(torch.eye(4), torch.zeros(4, 2))
    plain = measure.measure_cartpole(RandomPolicy(2, seed=0), model, episodes=3, seed=4)
    assert {name: with_heads[name] for name in plain} == plain
    assert set(with_heads) - set(plain) == {"reward_error", "continue_at_end"}
    assert with_heads["continue_at_end"].value == 1.0


def test_a_model_without_heads_is_refused_by_name(linear_world) -> None:
    with pytest.raises(ValueError, match="no head for the reward"):
        measured(linear_world, reward=lambda x: torch.ones(len(x)))
