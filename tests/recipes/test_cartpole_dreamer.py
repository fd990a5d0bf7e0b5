"""The recipe: repeatable, honest about its seeds, and measured by metrics that tell good from bad."""

from dataclasses import replace

import pytest
import torch

from wmcourse.evaluation.cartpole import measure_cartpole
from wmcourse.recipes import dreamer
from wmcourse.recipes.cartpole_dreamer import CARTPOLE_DREAMER as recipe

SHORT = recipe.configured(seed=3, updates=4, validate_every=2, validation_episodes=4, collect_every=2, seed_episodes=4)


def test_the_same_seed_trains_the_same_weights() -> None:
    first, second = (recipe.train(SHORT, progress=False) for _ in range(2))
    for name, value in first.module.state_dict().items():
        torch.testing.assert_close(second.module.state_dict()[name], value, rtol=0, atol=0, msg=name)
    assert first.environment_steps == second.environment_steps


def test_another_seed_trains_other_weights() -> None:
    first, second = (recipe.train(replace(SHORT, seed=seed), progress=False) for seed in (3, 4))
    assert not torch.equal(first.module.actor.net[0].weight, second.module.actor.net[0].weight)


def test_training_moves_every_part_and_only_the_ema_moves_the_slow_critic() -> None:
    torch.manual_seed(SHORT.seed)
    before = recipe.build(SHORT).state_dict()
    after = recipe.train(replace(SHORT, updates=2), progress=False).module.state_dict()
    still = [name for name, value in after.items() if torch.equal(value, before[name])]
    assert all(name.startswith("world.normalizer") for name in still), still


def test_on_update_gets_each_validation_and_the_history_keeps_it() -> None:
    seen = []
    trained = recipe.train(SHORT, progress=False, on_update=lambda update, row: seen.append((update, row)))
    assert [update for update, _ in seen] == [2, 4]
    assert [row for _, row in seen] == trained.history
    assert trained.kept_update in (2, 4)
    best = max(row["return"] for row in trained.history)
    assert best == next(row["return"] for row in trained.history if row["update"] == trained.kept_update)


def test_training_stops_at_the_first_solved_validation_if_asked() -> None:
    easy = replace(SHORT, solved=1.0, stop_when_solved=True)
    trained = recipe.train(easy, progress=False)
    assert trained.solved is not None
    assert trained.solved.update == 2
    assert len(trained.history) == 1


def test_training_and_evaluation_draw_different_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[int] = []
    real = dreamer.collect

    def spy(*args, seed: int, **options):
        used.append(seed)
        return real(*args, seed=seed, **options)

    monkeypatch.setattr(dreamer, "collect", spy)
    recipe.train(SHORT, progress=False)
    assert used
    assert min(used) >= 1_000_000  # evaluation seeds are small
    validation = 1_000_000 * (SHORT.seed + 1)
    assert used.count(validation) == 2
    assert len(set(used)) == len(used) - 1  # every other seed is used once


def test_the_metrics_of_an_untrained_agent_are_bad_and_finite() -> None:
    torch.manual_seed(0)
    agent = recipe.build(recipe.config).eval()
    metrics = measure_cartpole(agent, agent.world, episodes=12, seed=5)
    assert metrics["return_mean"].value < 100
    assert metrics["solved_share"].value == 0
    assert metrics["pole_angle_error_rad_h5_random"].value > 0.02
    assert all(torch.isfinite(torch.tensor(metric)).all() for metric in metrics.values())
    assert not any(name.startswith("drift") for name in metrics)  # no episode of 500 steps to follow
