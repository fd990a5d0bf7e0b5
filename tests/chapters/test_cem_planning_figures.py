"""Figures of chapter 12 show the searches, doubts and scores that they are given."""

import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from torch.nn.functional import linear

from wmcourse.chapters.cem_planning import budget, figures, figures_learned
from wmcourse.evaluation.pendulum import TORQUE
from wmcourse.evaluation.statistics import Interval
from wmcourse.models.ensemble import EnsembleConfig, ProbabilisticEnsemble
from wmcourse.models.known import known_pendulum
from wmcourse.models.protocol import first_look
from wmcourse.planning import CEM, MPPI, Imagination
from wmcourse.studies.results import Results, Run

HANGING = torch.tensor([[-1.0, 0.0, 0.0]])


def traces(figure: go.Figure, name: str) -> list[np.ndarray]:
    """The points (N, 2) of all traces of a name; gaps are NaN."""
    return [np.array([each.x, each.y], dtype=float).T for each in figure.data if each.name == name]


def trace(figure: go.Figure, name: str) -> np.ndarray:
    (found,) = traces(figure, name)
    return found


def test_each_iteration_shows_what_was_drawn_and_what_it_left() -> None:
    planner = CEM(TORQUE, horizon=5, samples=40, elites=4, iterations=3)
    truth = known_pendulum()
    explorer = figures.iterations_explorer(truth, first_look(truth, HANGING), planner, seed=4)
    score = Imagination(truth).score(first_look(truth, HANGING))
    search = planner.plan(score, generator=torch.Generator().manual_seed(4)).search
    for number, iteration in enumerate(search, start=1):
        figure = explorer.figure(iteration=number)
        np.testing.assert_allclose(trace(figure, "next: mean")[:, 1], iteration.mean[0, :, 0], atol=6e-4)
        drawn = trace(figure, "drawn")[:, 1].reshape(figures.DRAWN, -1)[:, :-1]
        np.testing.assert_allclose(drawn, iteration.candidates[0, : figures.DRAWN, :, 0], atol=6e-4)
        upper = np.clip((iteration.mean + iteration.std)[0, :, 0], -2, 2)
        np.testing.assert_allclose(trace(figure, "next: mean ± std")[:5, 1], upper, atol=1e-3)
        assert trace(figure, "plans")[:, 1].sum() == 40
        assert f"Iteration {number}:" in explorer.describe(iteration=number)


def test_tried_draws_every_search_and_the_means() -> None:
    figure = figures.tried({"CEM": {100: [-3.0, -5.0], 1000: [-1.0, -2.0]}})
    np.testing.assert_array_equal(trace(figure, "CEM"), [[100, -4], [1000, -1.5]])
    dots = np.array([figure.data[0].x, figure.data[0].y]).T
    assert {tuple(each) for each in dots} == {(100, -3), (100, -5), (1000, -1), (1000, -2)}


def test_weights_are_those_of_the_search_that_they_explain() -> None:
    truth = known_pendulum()
    planner = MPPI(TORQUE, horizon=5, samples=30)
    explorer = figures.weights_explorer(truth, first_look(truth, HANGING), planner, rounds=2)
    score = Imagination(truth).score(first_look(truth, HANGING))
    drawn = planner.plan(score, generator=torch.Generator().manual_seed(0)).search[0]
    cold, hot = (trace(explorer.figure(temperature=t), "weight")[:, 1] for t in (0.01, 100.0))
    expected = torch.softmax(drawn.values[0] / 0.01, dim=0).sort(descending=True).values
    np.testing.assert_allclose(cold, 100 * expected, atol=1e-3)
    assert hot.sum() == pytest.approx(100, abs=0.1) and hot.max() < 1.2 * 100 / 30
    (words,) = explorer.figure(temperature=0.01).layout.annotations
    assert f"the best plan: {drawn.values.max():.0f}".replace("-", "−") in words.text


def test_replanning_shows_means_of_episodes() -> None:
    returns = {"a": {1: torch.tensor([-100.0, -300.0]), 10: torch.tensor([-500.0, -700.0])}}
    figure = figures.replanning(returns, chance=-1200.0)
    np.testing.assert_array_equal(trace(figure, "a"), [[1, -200], [10, -600]])
    assert figure.layout.shapes[0].y0 == -1200


@pytest.mark.parametrize("latent", [64, 256])
def test_operations_are_those_of_the_layers(latent: int) -> None:
    inputs = latent + budget.ACTION
    step = 2 * (inputs * 2 * latent + 2 * latent * 2 * latent + 2 * latent * latent)
    reward = 2 * (latent * latent + latent)
    look, imagined, _, policy = budget.operations(latent)
    assert imagined == step + reward and policy == 2 * (latent * latent + latent * budget.ACTION)
    one, two = (budget.counted(lambda n=n: linear(torch.ones(n, 3), torch.ones(4, 3))) for n in (1, 2))
    assert (one, two) == (24, 48)
    search = next(iter(budget.SEARCHES))
    parts = budget.costs(latent=latent, search=search, networks=5)
    assert parts == {"look": look, "imagine": 512 * 12 * 3 * 5 * imagined}


def test_a_budget_says_whether_it_fits() -> None:
    figure = figures.budget({"look": 1e9, "imagine": 3e9}, gflops=100)
    ends = [each.x[-1] for each in figure.data]
    assert ends == [10, 30, 40] and figure.data[2].line.color == figures.CORRECTED
    late = figures.budget({"look": 1e9, "imagine": 3e12}, gflops=100)
    assert late.data[2].line.color == figures.MUTED and late.layout.yaxis.ticktext[1] == "imagine: 30 s"


def test_doubts_are_noise_and_disagreement_in_rad_per_s() -> None:
    torch.manual_seed(0)
    model = ProbabilisticEnsemble(EnsembleConfig(members=3, hidden_dim=4)).eval()
    model.fit_normalizers(torch.randn(50, 4), 3.0 * torch.randn(50, 4))
    found = figures_learned.doubts(model)
    state = first_look(model, torch.tensor([[1.0, 0.0, 0.0]]), 0.0)
    upright = figures_learned.ANGLES // 2
    speeds = model.imagine(state, torch.zeros(1, 1), 0.0).observation[0, :, 2]
    torch.testing.assert_close(found["disagreement"][upright], speeds.std(correction=0).detach(), rtol=1e-4, atol=1e-6)
    draws = torch.stack([model.imagine(state, torch.zeros(1, 1)).observation[0, :, 2] for _ in range(4000)])
    noise = draws.var(dim=0).mean().sqrt()
    assert found["expected noise"][upright].item() == pytest.approx(noise.item(), rel=0.05)
    figure = figures_learned.two_doubts({"before": model, "after": model})
    assert len(traces(figure, "disagreement")) == 2
    np.testing.assert_allclose(traces(figure, "disagreement")[1][:, 1], found["disagreement"])


def test_gains_begin_at_nothing() -> None:
    def run(seed: int, values: dict[int, float]) -> Run:
        metrics = {f"one_promised_{n}": Interval(v, v, v) for n, v in values.items()}
        return Run(seed, metrics=metrics | {f"one_earned_{n}": Interval(v / 2, v, v) for n, v in values.items()})

    study = Results("s", "p", {"100 steps": [run(1, {1: -8.0, 10: -2.0}), run(2, {1: -6.0, 10: -4.0})]})
    found = figures_learned.gains(study, "100 steps", "one", [1, 10])
    np.testing.assert_array_equal(found["promised"], [[0, 0], [6, 2]])
    np.testing.assert_array_equal(found["earned"], [[0, 0], [3, 1]])
    figure = figures_learned.exploitation({"one": found}, [0.0, 5.0], searches=[1, 10])
    np.testing.assert_array_equal(trace(figure, "promised"), [[1, 0], [10, 4]])
    np.testing.assert_array_equal(trace(figure, "possible"), [[1, 0], [10, 5]])


def test_learning_curves_and_dots_show_every_training() -> None:
    rows = [
        {"environment_steps": 200, "validation_return": -500.0},
        {"environment_steps": 400, "validation_return": -200.0},
    ]
    kinds = {"five": [rows, rows], "one": [rows], "none": [rows]}
    curves = figures_learned.learning_curves(kinds, oracle=-150.0, chance=-1200.0)
    assert len(traces(curves, "five")) == 2 and {shape.y0 for shape in curves.layout.shapes} == {-150, -1200}
    np.testing.assert_array_equal(traces(curves, "one")[0], [[200, -500], [400, -200]])
    dots = figures_learned.dots(
        {"a": [Interval(1.0, 0.5, 2.0), Interval(3.0, 3.0, 3.0)], "b": [Interval(4.0, 4.0, 4.0)]}, unit="u"
    )
    np.testing.assert_array_equal(trace(dots, "a")[:, 0], [1, 3])
    assert [round(y) for y in trace(dots, "a")[:, 1]] == [0, 0] and trace(dots, "b")[0, 1] == 1
    assert dots.data[0].error_x.array[0] == 1 and dots.data[0].error_x.arrayminus[0] == 0.5
