"""Each term against loops in double precision, and which gradients reach whom."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wmcourse.data.walks import film, take_walks
from wmcourse.models.embedding_objective import DRAWN, FORGET, EmbeddingObjective, ObjectiveConfig
from wmcourse.models.jepa import JEPAConfig
from wmcourse.nets.optimize import clipped_step

WEIGHTS = {"prediction": 0.7, "variance": 3.0, "covariance": 0.2, "similarity": 5.0, "inverse": 1.5}
SMALL = ObjectiveConfig(**WEIGHTS, model=JEPAConfig(embedding_dim=4, width=2, hidden_dim=6))
KINDS = {
    "online": SMALL,
    "ema": replace(SMALL, target="ema", decay=0.75),
    "reconstruction": replace(SMALL, reconstruction=2.0),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def objective(request):
    return started(request.param)


def started(config):
    """Some weights, a slow copy that is not the encoder, and a mean picture."""
    torch.manual_seed(3)
    objective = EmbeddingObjective(config)
    objective.jepa.fit_pictures(torch.rand(4, 3, 64, 64))
    for parameter in objective.jepa.encoder.parameters():
        parameter.data.add_(0.02 * torch.randn_like(parameter))
    return objective


@pytest.fixture(scope="module")
def walk():
    dice = torch.Generator().manual_seed(0)
    walks = take_walks(3, 4, dice)
    return film(walks.positions, "plain", dice), walks.actions


def slow_terms(objective, pictures, actions):
    """Picture by picture, row by row, number by number."""
    slow = EmbeddingObjective(objective.config).double()
    slow.load_state_dict(objective.state_dict())
    jepa, pictures, actions = slow.jepa, pictures.double(), actions.double()
    walks, steps = actions.shape[:2]
    look = [[jepa.encode(pictures[b, t][None])[0] for t in range(steps + 1)] for b in range(walks)]
    targets, starts = look, [walk[0] for walk in look]
    if slow.target is not None:
        targets = [[slow.target(jepa.normalize(p[None]))[0] for p in pictures[b]] for b in range(walks)]
    rows = np.array([each.tolist() for walk in look for each in walk])
    covariance, dim = np.cov(rows, rowvar=False), rows.shape[1]
    if slow.decoder is not None:  # a code that has no scale of its own: by a running mean and spread, just begun
        center, scale = FORGET * rows.mean(0), 1 + FORGET * (rows.std(0, ddof=1) - 1)
        targets = [[(each - torch.tensor(center)) / torch.tensor(scale) for each in walk] for walk in look]
        starts = [walk[0] for walk in targets]
    missed, change, misread = [], [], []
    for b in range(walks):
        embedding = starts[b]
        for t in range(steps):
            embedding = jepa.predict(embedding[None], actions[b, t][None])[0]
            missed += [(float(x) - float(y)) ** 2 for x, y in zip(embedding, targets[b][t + 1], strict=True)]
            change += [(float(x) - float(y)) ** 2 for x, y in zip(look[b][t], look[b][t + 1], strict=True)]
            read = slow.inverse(torch.cat([look[b][t], look[b][t + 1]])[None])[0]
            misread += [(float(x) - float(y) / 4) ** 2 for x, y in zip(read, actions[b, t], strict=True)]
    terms = {
        "prediction": np.mean(missed),
        "variance": np.mean([max(0.0, 1 - np.sqrt(covariance[i, i] + 1e-4)) for i in range(dim)]),
        "covariance": np.mean([covariance[i, j] ** 2 for i in range(dim) for j in range(dim) if i != j]),
        "similarity": np.mean(change),
        "inverse": np.mean(misread),
    }
    if slow.decoder is not None:
        drawn = [
            slow.decoder(each[None])[0] - jepa.normalize(p[None])[0]
            for each, p in list(zip(sum(look, []), pictures.flatten(0, 1), strict=True))[::DRAWN]
        ]
        terms["reconstruction"] = np.mean([float(each.square().mean()) for each in drawn])
    return terms


@torch.no_grad()
def test_each_term_is_what_a_slow_loop_says(objective, walk):
    found, expected = objective.terms(*walk), slow_terms(objective, *walk)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name].item(), value, rtol=1e-3, atol=1e-7, err_msg=name)
        assert value > 0, name


def test_the_loss_is_the_weighted_sum(objective, walk):
    terms = objective.terms(*walk)
    weights = WEIGHTS
    if objective.decoder is not None:  # whose encoder learns from the drawing alone
        weights = {"prediction": WEIGHTS["prediction"], "reconstruction": 2.0}
    expected = sum(weights[name] * terms[name].item() for name in weights)
    assert objective.loss(terms).item() == pytest.approx(expected, rel=1e-5)


@torch.no_grad()
def test_a_code_that_says_nothing_is_foreseen_perfectly_and_pays_for_its_variance_alone(walk):
    """What the similarity and the prediction would choose, and why there has to be something else."""
    objective = started(SMALL)
    for parameter in (*objective.jepa.encoder.parameters(), *objective.jepa.predictor.parameters()):
        parameter.zero_()
    terms = objective.terms(*walk)
    assert terms["prediction"] == terms["similarity"] == terms["covariance"] == 0
    assert terms["variance"].item() == pytest.approx(1 - 0.01)  # all of it but the root of epsilon
    assert terms["inverse"] > 0


def reaches(loss, module):
    """Whether a gradient of `loss` reaches each parameter of `module`."""
    slopes = torch.autograd.grad(loss, list(module.parameters()), allow_unused=True, retain_graph=True)
    return {slope is not None and bool(slope.abs().sum() > 0) for slope in slopes}


def test_with_a_drawing_the_encoder_learns_from_it_alone(walk):
    objective = started(KINDS["reconstruction"])
    terms = objective.terms(*walk)
    jepa, loss = objective.jepa, objective.loss(terms)
    assert reaches(terms["prediction"], jepa.encoder) == {False} and reaches(terms["prediction"], jepa.predictor) == {
        True
    }
    drawing = torch.autograd.grad(2.0 * terms["reconstruction"], list(jepa.encoder.parameters()), retain_graph=True)
    whole = torch.autograd.grad(loss, list(jepa.encoder.parameters()), retain_graph=True)
    assert all(torch.equal(*pair) for pair in zip(drawing, whole, strict=True))
    assert reaches(loss, objective.inverse) == {False} and reaches(loss, objective.decoder) == {True}


@pytest.mark.parametrize("kind", ["online", "ema"])
def test_only_without_a_slow_copy_are_targets_moved_towards_predictions(kind, walk):
    """The pictures that are predicted get a gradient of the prediction term, or none."""
    pictures, actions = walk
    pictures = pictures.clone().requires_grad_()
    objective = started(KINDS[kind])
    (slope,) = torch.autograd.grad(objective.terms(pictures, actions)["prediction"], pictures)
    assert slope[:, 0].abs().sum() > 0
    assert (slope[:, 1:].abs().sum() > 0) == (kind == "online")


def test_the_slow_copy_follows_exactly_and_learns_nothing(walk):
    objective = started(KINDS["ema"])
    before = [each.clone() for each in objective.target.parameters()]
    adam = torch.optim.Adam(objective.parameters(), lr=1e-2)
    clipped_step(adam, objective.loss(objective.terms(*walk)), objective, clip=1.0)
    slow = list(objective.target.parameters())
    assert all(torch.equal(*pair) for pair in zip(slow, before, strict=True))
    assert all(each.grad is None for each in slow)
    for times in range(1, 4):
        objective.follow()
        for old, now, fast in zip(before, slow, objective.jepa.encoder.parameters(), strict=True):
            torch.testing.assert_close(now.double(), fast.double() + 0.75**times * (old.double() - fast.double()))


def test_the_slow_copy_begins_as_the_encoder_and_without_one_nothing_follows(walk):
    torch.manual_seed(0)
    objective = EmbeddingObjective(KINDS["ema"])
    pictures = walk[0][:, 0]
    assert torch.equal(objective.target(pictures), objective.jepa.encoder(pictures))
    alone = started(SMALL)
    before = {name: value.clone() for name, value in alone.state_dict().items()}
    alone.follow()
    assert alone.target is None and all(torch.equal(value, before[name]) for name, value in alone.state_dict().items())
