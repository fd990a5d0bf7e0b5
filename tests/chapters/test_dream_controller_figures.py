"""Figures of chapter 06 show the searches and the scores that they are given."""

import numpy as np
import plotly.graph_objects as go
import pytest

from wmcourse.chapters.dream_controller import figures
from wmcourse.chapters.dream_controller.evolution import (
    CMAES,
    LANDSCAPES,
    STRATEGIES,
    TOP,
    Generation,
    Landscape,
    Recombination,
    evolve,
)


def trace(figure: go.Figure, name: str) -> np.ndarray:
    """The points (N, 2) of a trace; gaps are NaN."""
    (found,) = (each for each in figure.data if each.name == name)
    return np.array([found.x, found.y], dtype=float).T


def test_recombination_is_the_mean_of_the_better_half_by_rank() -> None:
    strategy = Recombination(seed=0)
    candidates, scores = (
        np.array([[0.0, 0.0], [1.0, 5.0], [9.0, 9.0], [-3.0, 2.0], [0.0, 1.0]]),
        np.array([3.0, 9.0, 1.0, 8.0, 2.0]),
    )
    old, first, second = strategy.mean, np.log(3 / 1), np.log(3 / 2)
    strategy.tell(candidates, scores)
    mean = (first * candidates[1] + second * candidates[3]) / (first + second)
    np.testing.assert_allclose(strategy.mean, mean)
    squares = (first * (candidates[1] - old) ** 2 + second * (candidates[3] - old) ** 2) / (first + second)
    assert strategy.spread == pytest.approx(squares.mean() ** 0.5)


@pytest.mark.parametrize("landscape", LANDSCAPES.values(), ids=list(LANDSCAPES))
def test_level_curves_are_level(landscape: Landscape) -> None:
    curve = landscape.level(-3.0)
    np.testing.assert_allclose(landscape.height(curve), -3.0)
    reach = np.linalg.norm(curve - TOP, axis=1)
    assert reach.max() / reach.min() == pytest.approx(landscape.length, rel=0.01)
    assert landscape.height(np.array(TOP)) == 0.0 > landscape.height(np.array(TOP) + 0.1)


def test_on_the_ridge_only_cma_es_turns_its_ellipse() -> None:
    for name, strategy in STRATEGIES.items():
        values, vectors = np.linalg.eigh(
            evolve(strategy(3), LANDSCAPES["a long ridge"], generations=12, seed=3)[-1].covariance
        )
        if name == "CMA-ES":
            assert values[1] > 9 * values[0] and abs(vectors[:, 1] @ [1, 1]) / 2**0.5 > np.cos(np.radians(10))
        else:
            assert values[1] == pytest.approx(values[0])


def test_a_search_is_drawn_as_it_stands() -> None:
    told = evolve(CMAES(1), LANDSCAPES["a long ridge"], generations=6, seed=1)
    figure = figures.search(LANDSCAPES["a long ridge"], told)
    np.testing.assert_allclose(trace(figure, "candidates"), told[-1].candidates, atol=0.006)
    np.testing.assert_allclose(trace(figure, "way of the mean"), [each.mean for each in told], atol=0.006)
    wide = Generation(np.array([1.0, 2.0]), np.array([[5.0, 3.0], [3.0, 4.0]]), told[-1].candidates)
    off = trace(figures.search(Landscape(), [wide]), "where it scatters") - wide.mean
    np.testing.assert_allclose(np.einsum("pi,ij,pj->p", off, np.linalg.inv(wide.covariance), off), 1.0, atol=0.02)


def test_every_generation_of_every_search_can_be_seen() -> None:
    explorer = figures.search_explorer(seed=2)
    for name, place in (("recombination", "luck"), ("CMA-ES", "a round hill")):
        told = evolve(STRATEGIES[name](2), LANDSCAPES[place], generations=figures.GENERATIONS, seed=2)
        for generation in explorer.controls["generation"].values:
            figure = explorer.figure(strategy=name, landscape=place, generation=generation)
            np.testing.assert_allclose(trace(figure, "candidates"), told[generation].candidates, atol=0.006)


def test_each_number_is_a_dot_in_its_row() -> None:
    rows = {"first": {"a": [1.0, 2.0, 9.0]}, "second": {"a": [4.0], "b": [5.0, 7.0]}}
    figure = figures.dots(rows, {"a": "#111111", "b": "#222222"}, unit="steps", marks={"oracle": 8.0})
    at = {kind: trace(figure, kind) for kind in "ab"}
    assert {(x, round(y)) for x, y in at["a"]} == {(1, 0), (2, 0), (9, 0), (4, 1)}
    assert {(x, round(y)) for x, y in at["b"]} == {(5, 1), (7, 1)}
    assert at["a"][3, 1] < at["b"][0, 1]  # side by side in a row
    assert [x for x in trace(figure, "a, median")[:, 0] if x == x] == [2, 2, 4, 4]
    assert figure.layout.shapes[0].x0 == 8.0


def test_dodge_stands_above_the_paper() -> None:
    dreamed, real = (
        {0.5: [290.0, 300.0, 280.0], 1.0: [100.0, 120.0, 110.0]},
        {0.5: [50.0, 60.0, 40.0], 1.0: [200.0, 220.0, 210.0]},
    )
    figure = figures.temperature_table(dreamed, real, chance=40.0, oracle=299.0)
    assert {tuple(p) for p in trace(figure, "in the dream")} == {(t, s) for t, seeds in dreamed.items() for s in seeds}
    assert {tuple(p) for p in trace(figure, "in reality")} == {(t, s) for t, seeds in real.items() for s in seeds}
    np.testing.assert_array_equal(trace(figure, "in reality, mean ± sd")[2:4], [[1.0, 868.0], [1.15, 1092.0]])
    folded = figures.folded_table(dreamed, real, summary="both").data
    assert "| 0.5 | 290 ± 10 | 50 ± 10 | 2060 ± 277 | 196 ± 50 |" in folded and "<summary>both</summary>" in folded
