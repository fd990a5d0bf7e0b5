"""The recipe of a JEPA at a size that takes seconds: it repeats, notes what it does, and shows how it collapses."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Generator

from wmcourse.data.walks import film, take_walks
from wmcourse.models.embedding_objective import ObjectiveConfig
from wmcourse.models.jepa import JEPAConfig
from wmcourse.recipes import jepa as recipe
from wmcourse.recipes.jepa import JEPATraining, train

SMALL = ObjectiveConfig(model=JEPAConfig(embedding_dim=8, width=4, hidden_dim=32))
TINY = JEPATraining(seed=3, updates=4, log_every=2, batch_size=4, steps=3, objective=SMALL)
SHORT = replace(TINY, updates=100, log_every=50, batch_size=6, lr=3e-3)


@pytest.fixture(autouse=True)
def few_walks(monkeypatch):
    monkeypatch.setattr(recipe, "FITTED_ON", 20)
    monkeypatch.setattr(recipe, "WATCHED", 20)


def assert_same(ours, theirs):
    for name, value in ours.state_dict().items():
        assert torch.equal(value, theirs.state_dict()[name]), name


@pytest.mark.parametrize("background", ["plain", "moving"])
def test_the_same_seed_trains_the_same_weights_and_another_seed_others(background):
    config = replace(TINY, background=background)
    one, two, other = (train(replace(config, seed=seed), progress=False).module for seed in (3, 3, 4))
    assert_same(one, two)
    assert not torch.equal(one.predictor[0].weight, other.predictor[0].weight)
    assert not torch.equal(one.mean, other.mean)


def test_it_reports_what_it_did():
    reported = []
    trained = train(
        replace(TINY, updates=5), progress=False, on_update=lambda update, row: reported.append((update, row))
    )
    assert [update for update, _ in reported] == [2, 4, 5] == [row["update"] for row in trained.history]
    assert [row for _, row in reported] == trained.history
    assert trained.kept_update == 5 and trained.environment_steps == 5 * 4 * 3
    assert not trained.module.training
    for row in trained.history:
        assert row.keys() >= {"prediction", "variance", "covariance", "similarity", "inverse", "rank", "std"}
        assert 0 < row["rank"] <= 8 and row["std"] > 0


def test_the_weights_are_kept_as_half_precision_holds_them():
    for value in train(TINY, progress=False).module.state_dict().values():
        assert torch.equal(value, value.half().float())


def test_the_slow_copy_is_moved_by_the_training():
    """With a decay of 1 it stays what it was at the start, and other targets make other weights."""
    fast, stuck = (
        train(replace(TINY, objective=replace(SMALL, target="ema", decay=decay)), progress=False).module
        for decay in (0.5, 1.0)
    )
    assert not torch.equal(fast.predictor[0].weight, stuck.predictor[0].weight)


@cache
def healthy():
    """A training with all terms, done once for the tests below."""
    return train(SHORT, progress=False)


def test_a_little_training_predicts_new_walks_better_than_no_change():
    dice = Generator().manual_seed(9)
    model, walks = healthy().module, take_walks(60, 3, dice)
    embeddings = model.encode(film(walks.positions, "plain", dice).flatten(0, 1)).unflatten(0, (60, -1))
    predicted = embeddings[:, 0]
    for action in walks.actions.unbind(1):
        predicted = model.predict(predicted, action)
    last = embeddings[:, -1]
    assert (predicted - last).square().mean() < 0.9 * (embeddings[:, 0] - last).square().mean()


def test_without_the_variance_term_the_embedding_collapses_and_only_its_spread_says_so():
    """All pictures become nearly one point, which is easily foreseen; the rank of what is left does not fall."""
    alone = replace(SHORT, updates=60, objective=replace(SMALL, variance=0.0))
    collapsed, whole = train(alone, progress=False).history[-1], healthy().history[-1]
    assert whole["std"] > 0.7 and collapsed["std"] < 0.03
    assert collapsed["prediction"] < 0.01 < 0.1 < whole["prediction"]
    assert min(whole["rank"], collapsed["rank"]) > 5
