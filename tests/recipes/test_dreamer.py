"""The shared training loop: which agent it keeps, and what it gives a task."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from wmcourse.agents import Dreamer, DreamerConfig
from wmcourse.models import RSSMConfig
from wmcourse.recipes import dreamer
from wmcourse.recipes.recipe import Training

WORLD = RSSMConfig(deter_dim=8, stoch_dim=4, hidden_dim=8)
TINY = dreamer.Config(
    seed=3,
    updates=3,
    batch_size=2,
    length=6,
    starts=4,
    seed_episodes=2,
    collect_every=2,
    validate_every=1,
    validation_episodes=2,
    agent=DreamerConfig(world=WORLD, hidden_dim=8, horizon=2),
)
TASK = dreamer.Task("CartPole-v1")

Scripted = Callable[..., tuple[Training, list[dict[str, Tensor]]]]


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """Train with validations that return what the script says; with it, the agent as it was at each of them."""
    real = dreamer.collect

    def train(returns: list[float], **options) -> tuple[Training, list[dict[str, Tensor]]]:
        seen: list[dict[str, Tensor]] = []

        def collect(env_id, policy, *, greedy=True, **arguments):
            played = real(env_id, policy, greedy=greedy, **arguments)
            if not (greedy and isinstance(policy, Dreamer)):
                return played
            seen.append({name: value.clone() for name, value in policy.state_dict().items()})
            share = returns[len(seen) - 1]
            return [replace(ep, rewards=torch.full_like(ep.rewards, share / len(ep))) for ep in played]

        monkeypatch.setattr(dreamer, "collect", collect)
        return dreamer.train(replace(TINY, **options), TASK, progress=False), seen

    return train


def same(module: Dreamer, weights: dict[str, Tensor]) -> bool:
    return all(torch.equal(value, weights[name]) for name, value in module.state_dict().items())


@pytest.mark.parametrize(
    ("keep", "returns", "kept"),
    [
        ("best", [1.0, 3.0, 2.0], 2),
        ("best", [3.0, 2.0, 1.0], 1),
        ("last", [1.0, 3.0, 2.0], 3),
        ("last", [3.0, 2.0, 1.0], 3),
        ("best", [-5.0, -3.0, -4.0], 2),
    ],
)
def test_the_agent_kept_is_the_one_that_was_asked_for(scripted, keep, returns, kept) -> None:
    trained, seen = scripted(returns, keep=keep)
    assert trained.kept_update == kept
    assert [same(trained.module, weights) for weights in seen] == [update == kept for update in (1, 2, 3)]
    assert [row["return"] for row in trained.history] == pytest.approx(returns)
    assert not trained.module.training


def test_of_equal_returns_the_agent_that_reconstructs_best_is_kept(scripted) -> None:
    trained, seen = scripted([2.0, 2.0, 2.0], keep="best")
    losses = [row["observation_loss"] for row in trained.history]
    assert trained.kept_update == 1 + losses.index(min(losses))
    assert same(trained.module, seen[trained.kept_update - 1])


def test_the_last_agent_is_kept_even_if_training_ends_between_validations(scripted) -> None:
    trained, seen = scripted([9.0, 1.0], keep="last", validate_every=2)
    assert [row["update"] for row in trained.history] == [2, 3]
    assert trained.kept_update == 3
    assert same(trained.module, seen[1])


def test_solved_is_the_first_validation_that_reaches_the_level(scripted) -> None:
    trained, _ = scripted([1.0, 3.0, 4.0], solved=2.5, keep="last")
    assert trained.solved is not None
    assert trained.solved.update == 2
    assert trained.kept_update == 3  # solved is when, not which
    stopped, seen = scripted([1.0, 3.0, 4.0], solved=2.5, keep="last", stop_when_solved=True)
    assert (stopped.kept_update, len(seen)) == (2, 2)


def test_units_divide_the_observations_and_without_them_nothing_does() -> None:
    units = dreamer.Task("CartPole-v1", units=(1.0, 2.0, 0.1, 5.0))
    observation = torch.randn(6, 4)
    scaled = dreamer.build(TINY, units).world.normalizer(observation)
    torch.testing.assert_close(scaled, observation / torch.tensor([1.0, 2.0, 0.1, 5.0]))
    assert torch.equal(dreamer.build(TINY, TASK).world.normalizer(observation), observation)


def test_a_task_may_watch_each_validation() -> None:
    task = TASK._replace(watch=lambda played: {"longest": float(max(map(len, played)))})
    trained = dreamer.train(TINY, task, progress=False)
    assert all(row["longest"] >= row["return"] for row in trained.history)
    assert "longest" not in dreamer.train(TINY, TASK, progress=False).history[0]


def test_environment_steps_are_those_of_random_and_exploring_episodes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    counted, real = [], dreamer.collect

    def collect(env_id, policy, *, greedy=True, **arguments):
        played = real(env_id, policy, greedy=greedy, **arguments)
        if not (greedy and isinstance(policy, Dreamer)):
            counted.extend(map(len, played))
        return played

    monkeypatch.setattr(dreamer, "collect", collect)
    assert dreamer.train(TINY, TASK, progress=False).environment_steps == sum(counted)
    assert len(counted) == 3  # two random ones, and one after the second update
