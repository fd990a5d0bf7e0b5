"""Figures of chapter 14 show the terms, distances, costs and scores that they are given."""

import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from torch import Generator

from wmcourse.chapters.jepa import distances, figures, figures_rooms, figures_walks, slowness
from wmcourse.data.walks import Walks, take_walks
from wmcourse.envs.two_rooms import move
from wmcourse.evaluation.statistics import Interval
from wmcourse.models.jepa import JEPA, JEPAConfig
from wmcourse.studies.results import Results, Run


def trace(figure: go.Figure, name: str) -> np.ndarray:
    """The points (N, 2) of the only trace of a name; gaps are NaN."""
    (found,) = (each for each in figure.data if each.name == name)
    return np.array([found.x, found.y], dtype=float).T


@pytest.fixture(scope="module")
def model() -> JEPA:
    torch.manual_seed(0)
    return JEPA(JEPAConfig(embedding_dim=4, width=2, hidden_dim=4)).eval()


def test_the_way_around_is_the_shortest_of_many_walks_through_the_door() -> None:
    start, goal = torch.tensor([[10.0, 50.0], [60.0, 20.0]]), torch.tensor([[50.0, 50.0], [5.0, 20.0]])
    ways = distances.around(start, goal)
    corners = [((10, 50), (28, 24)), ((28, 24), (36, 24)), ((36, 24), (50, 50))]  # a taut string bends at corners
    taut = sum(np.hypot(x1 - x0, y1 - y0) for (x0, y0), (x1, y1) in corners)
    assert ways[0].item() == pytest.approx(taut, abs=1e-3)
    assert ways[1].item() == pytest.approx(55, abs=0.01)  # the door is right between them
    torch.testing.assert_close(distances.around(goal, start), ways)
    assert (ways >= (start - goal).norm(dim=1) - 1e-4).all()


def test_a_ruler_follows_the_line_and_a_path_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "seen_distance", lambda model, start, goal: 3 * (start - goal).norm(dim=1) + 1)
    found = distances.correlations(None, pairs=200)
    assert found["straight"] == pytest.approx(1, abs=1e-4) and abs(found["around"]) < 0.9
    monkeypatch.setattr(distances, "seen_distance", lambda model, start, goal: distances.around(start, goal))
    assert distances.correlations(None, pairs=200)["around"] == pytest.approx(1, abs=1e-4)


def test_the_slowest_direction_is_found_in_a_mixture() -> None:
    generator = Generator().manual_seed(1)
    slow = torch.randn(300, 1, 1, generator=generator).expand(-1, 6, -1) + torch.linspace(0, 0.1, 6)[None, :, None]
    mixed = torch.cat([slow, torch.randn(300, 6, 3, generator=generator)], dim=-1) @ torch.randn(
        4, 4, generator=generator
    )
    number = mixed @ slowness.slowest(mixed)
    assert number.var().item() == pytest.approx(1, abs=1e-3)
    assert torch.corrcoef(torch.stack([number.flatten(), slow.flatten()]))[0, 1].abs() > 0.99


def test_places_are_signed_by_their_room() -> None:
    places = torch.tensor([[29.0, 24.0], [40.0, 26.0], [20.0, 4.0], [62.0, 60.0]])
    way = slowness.way_to_door(places)
    torch.testing.assert_close(way, torch.tensor([-5.0, 10.0, -20.0, 50.0]))
    assert slowness.within_a_room(places, way, -way) == pytest.approx(-1)


def test_forces_do_what_they_are_called() -> None:
    pairs = torch.randn(2, 20, 2, generator=Generator().manual_seed(0)) @ torch.tensor([[0.5, 0.45], [0.0, 0.1]])

    def after(force: str) -> torch.Tensor:
        return figures.descend(pairs, figures.FORCES[force], updates=100)[-1]

    def apart(points: torch.Tensor) -> float:
        return (points[0] - points[1]).norm(dim=-1).mean().item()

    assert apart(after("pull together")) < 0.1 * apart(pairs)
    assert after("keep apart").flatten(0, 1).std(dim=0).min() > 0.95
    coupled, free = (torch.cov(each.flatten(0, 1).T)[0, 1].abs() for each in (pairs, after("uncouple")))
    assert free < 0.6 * coupled
    drawn = figures.cloud(pairs)
    np.testing.assert_allclose(trace(drawn, "came"), pairs[1], atol=1e-3)
    np.testing.assert_allclose(trace(drawn, "predicted"), pairs[0], atol=1e-3)


def test_collapse_draws_both_meters() -> None:
    rows = [{"update": 10.0, "std": 0.5, "rank": 20.0}, {"update": 20.0, "std": 0.1, "rank": 30.0}]
    figure = figures.collapse({"alone": rows})
    drawn = [list(each.y) for each in figure.data]
    assert drawn == [[0.5, 0.1], [20.0, 30.0]] and figure.layout.yaxis.type == "log"


def test_weights_show_the_training_that_is_asked_for() -> None:
    def run(spread: float) -> Run:
        rows = [{"x": 10.0, "y": 20.0, "first": spread, "second": 0.0}]
        metrics = {name: Interval(spread, spread, spread) for name in ("std", "rank", "mlp_r2")}
        return Run(1, metrics=metrics, curves={"map": rows})

    grid = {f"{variance} 8 1": [run(float(variance))] for variance in (0, 16)}
    explorer = figures.weights_explorer(Results("s", "p", grid | {"0 0 0": [run(5.0)], "16 0 0": [run(6.0)]}))
    figure = explorer.figure(variance=0.0)
    assert trace(figure, "embeddings").tolist() == [[0, 0]] and trace(figure, "places").tolist() == [[10, 20]]
    assert trace(explorer.figure(variance=16.0), "embeddings")[0, 0] == 16


def test_success_is_drawn_by_series_and_row() -> None:
    found = {
        "CEM": {"a": [Interval(0.5, 0.4, 0.7)], "b": [Interval(1.0, 1.0, 1.0)]},
        "MPPI": {"b": [Interval(0, 0, 0)]},
    }
    figure = figures.success_dots(found)
    np.testing.assert_allclose(trace(figure, "CEM")[:, 0], [50, 100])
    np.testing.assert_array_equal(trace(figure, "CEM")[:, 1].round(), [0, 1])
    assert round(trace(figure, "MPPI")[0, 1]) == 1 and list(figure.layout.yaxis.ticktext) == ["a", "b"]
    assert figure.data[0].error_x.array[0] == pytest.approx(20)


def test_reach_reads_the_study() -> None:
    metrics = {f"horizon_{steps}_success": Interval(steps / 10, 0, 1) for steps in (2, 8)}
    figure = figures.reach(
        Results("s", "p", {"v": [Run(0, metrics=metrics)]}), "horizon", (2, 8), labels={"v": "V"}, unit="u"
    )
    np.testing.assert_allclose(trace(figure, "V"), [[2, 20], [8, 80]])


def test_a_map_is_downhill_to_its_goal() -> None:
    goal = (50.0, 50.0)
    share = figures_rooms.distance_map(figures_rooms.straight, goal)
    assert np.nanmax(share) == 1 and np.isnan(share[0]).all()
    row, column = np.unravel_index(np.nanargmin(share), share.shape)
    assert abs(2 * column + 1 - 50) <= 1 and abs(2 * row + 1 - 50) <= 1
    tails, heads = figures_rooms.downhill(figures_rooms.straight, goal)
    there = torch.tensor(goal)
    away = (tails - there).norm(dim=1)
    assert ((heads - there).norm(dim=1) <= away)[away > 4].all() and len(tails) > 20
    tails, _ = figures_rooms.downhill(lambda start, goal: torch.ones(len(start)), goal)
    assert len(tails) == 0


def test_pixels_know_no_distance_but_overlap(model: JEPA) -> None:
    spots = torch.tensor([[10.0, 10.0]]).expand(3, 2), torch.tensor([[10.0, 10.0], [10.0, 30.0], [55.0, 55.0]])
    same, near, far = distances.seen_distance(None, *spots)
    assert same == 0 and near.item() == pytest.approx(far.item(), rel=0.05)
    torch.testing.assert_close(figures_rooms.by(model)(*spots), distances.seen_distance(model, *spots))


def test_a_landscape_holds_every_action(model: JEPA) -> None:
    _, ruler = figures_rooms.landscape(model, (10.0, 30.0), (26.0, 30.0), 4)
    assert figures_rooms.best_action(ruler) == pytest.approx((4, 0), abs=0.3)  # 16 pixels to the right
    held = np.linspace(-4, 4, figures_rooms.HELD)
    place = torch.tensor([10.0, 30.0])
    for _ in range(4):
        place = move(place, torch.tensor([held[3], held[9]], dtype=torch.float32))
    rough = (place - torch.tensor([26.0, 30.0])).norm().item()
    still = torch.tensor(16.0).item()
    middle = figures_rooms.HELD // 2
    assert (ruler[9, 3] > ruler[middle, middle]) == (rough > still)
    figure = figures_rooms.landscapes({"a": ruler})
    np.testing.assert_array_equal(figure.data[0].z, ruler)


def test_a_followed_walk_is_corrected_where_it_looks(model: JEPA) -> None:
    walks = take_walks(1, 8, Generator().manual_seed(0))
    told: list[torch.Tensor] = []

    def probe(embedding: torch.Tensor) -> torch.Tensor:
        told.append(embedding)
        return embedding[:, :2]

    read, looked = figures_walks.follow(model, probe, Walks(*walks), 4)
    np.testing.assert_array_equal(np.flatnonzero(looked), [0, 4, 8])
    seen = model.encode(figures_rooms.draw_rooms(walks.positions[0]))
    torch.testing.assert_close(told[0][4], seen[4], rtol=1e-3, atol=1e-4)
    assert not torch.allclose(told[0][3], seen[3])
    figure = figures_walks.followed_walk(walks.positions[0].numpy(), read, looked)
    np.testing.assert_allclose(trace(figure, "real"), walks.positions[0], atol=0.01)
    assert len(trace(figure, "a look")) == 3
