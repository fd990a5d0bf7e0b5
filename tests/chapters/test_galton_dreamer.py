"""The Galton recipe: repeatable, whole episodes, honest about its seeds, and graded by what it does not know yet."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wmcourse.agents import Dreamer
from wmcourse.chapters.rssm.recipes.galton import GALTON_DREAMER as recipe
from wmcourse.envs.galton import BEST_RETURN, SIGNLESS_RETURN, STEPS, GaltonBoard
from wmcourse.recipes import dreamer

DEFAULT = recipe.configured(seed=3)
SHORT = replace(
    DEFAULT,
    updates=2,
    batch_size=4,
    starts=8,
    seed_episodes=4,
    collect_every=1,
    validate_every=1,
    validation_episodes=3,
    agent=replace(DEFAULT.agent, horizon=3),
)


@pytest.fixture(scope="module")
def trained():
    return recipe.train(SHORT, progress=False)


def test_the_same_seed_trains_the_same_weights_and_another_seed_others(trained) -> None:
    again, other = (recipe.train(replace(SHORT, seed=seed), progress=False) for seed in (3, 4))
    for name, value in trained.module.state_dict().items():
        assert torch.equal(again.module.state_dict()[name], value), name
    assert not torch.equal(other.module.actor.net[0].weight, trained.module.actor.net[0].weight)


def test_training_moves_every_part(trained) -> None:
    torch.manual_seed(SHORT.seed)
    before = recipe.build(SHORT).state_dict()
    still = [name for name, value in trained.module.state_dict().items() if torch.equal(value, before[name])]
    assert all("normalizer." in name for name in still), still  # of pictures and of returns: both are as they are


def test_all_episodes_are_whole_and_counted(trained) -> None:
    explored = SHORT.updates // SHORT.collect_every
    assert trained.environment_steps == STEPS * (SHORT.seed_episodes + explored)
    assert DEFAULT.length == STEPS + 1  # rows of the replay buffer: one more picture than steps


def test_it_keeps_the_last_agent_so_that_no_luck_of_a_validation_chooses(trained) -> None:
    assert trained.kept_update == SHORT.updates == trained.history[-1]["update"]


def test_solved_needs_the_sign() -> None:
    assert SIGNLESS_RETURN < DEFAULT.solved < BEST_RETURN


def test_the_metrics_of_an_untrained_agent_are_bad_and_finite() -> None:
    torch.manual_seed(0)
    agent = recipe.build(DEFAULT).eval()
    metrics = recipe.measure(agent, episodes=5, seed=5)
    assert recipe.headline in metrics
    assert all(np.isfinite(metric).all() for metric in metrics.values())
    assert metrics["peg_nll_nats"].value > metrics["peg_nll_best_nats"].value + 0.1
    assert metrics["landing_crps_px"].value > metrics["landing_crps_best_px"].value
    assert metrics["landed_share"].value < 0.9
    assert metrics["drift_closed_nmse"].value > 0.9


def board_seeds(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[int]]:
    """Which seed each board got, in a short training, apart for training and validation."""
    used: dict[str, list[int]] = {"training": [], "validation": []}
    real_collect, real_reset, kind = dreamer.collect, GaltonBoard.reset, ["training"]

    def collect(env_id, policy, *, greedy=True, **arguments):
        kind[0] = "validation" if greedy and isinstance(policy, Dreamer) else "training"
        return real_collect(env_id, policy, greedy=greedy, **arguments)

    def reset(self, *, seed=None, options=None):
        if seed is not None:
            used[kind[0]].append(seed)
        return real_reset(self, seed=seed, options=options)

    monkeypatch.setattr(dreamer, "collect", collect)
    monkeypatch.setattr(GaltonBoard, "reset", reset)
    recipe.train(SHORT, progress=False)
    return used


def test_training_and_evaluation_never_play_the_same_board(monkeypatch: pytest.MonkeyPatch) -> None:
    used = board_seeds(monkeypatch)
    evaluated = range(recipe.evaluation_seed, recipe.evaluation_seed + recipe.episodes)
    assert len(used["training"]) == 6
    assert not set(evaluated) & {*used["training"], *used["validation"]}
    assert min(used["training"] + used["validation"]) >= 1_000_000
