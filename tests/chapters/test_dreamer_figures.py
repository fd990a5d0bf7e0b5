"""Figures of chapter 09 show the numbers that they are given, at every point of their sliders."""

from itertools import product

import numpy as np
import pytest
import torch

from wmcourse.agents.returns import lambda_return
from wmcourse.chapters.dreamer import figures
from wmcourse.evaluation.horizon import HorizonErrors, HorizonTable
from wmcourse.evaluation.statistics import Interval
from wmcourse.studies import Results, Run


@pytest.mark.parametrize("lambda_", [0.0, 0.3, 0.95, 1.0])
def test_the_bars_are_what_each_look_counts_in_the_return(lambda_: float) -> None:
    horizon = 6
    value, ones = torch.zeros(1, horizon + 1, requires_grad=True), torch.ones(1, horizon)
    returns = lambda_return(torch.zeros(1, horizon), ones, value, discount=1.0, lambda_=lambda_)
    (counts,) = torch.autograd.grad(returns[0, 0], value)  # of what the critic says after 0, 1, 2, ... steps
    bars, mean_look = figures.lambda_weights(lambda_, horizon).data
    np.testing.assert_allclose(bars.y, counts[0, 1:], atol=1e-6)
    assert mean_look.x[0] == pytest.approx((counts[0] * torch.arange(7)).sum().item(), abs=1e-5)


def test_every_horizon_of_the_slider_fits_into_the_picture() -> None:
    explorer = figures.lambda_weights_explorer()
    for horizon in explorer.controls["horizon"].values:
        figure = explorer.figure(horizon=horizon, lambda_=1.0)
        assert len(figure.data[0].x) == horizon
        assert figure.layout.xaxis.range[0] < 1 <= horizon < figure.layout.xaxis.range[1]


def test_each_training_has_its_own_curve() -> None:
    def trained(seed: int, returns: list[float]) -> Run:
        rows = [{"environment_steps": 100 * (i + seed), "return": points} for i, points in enumerate(returns)]
        return Run(seed, history=rows)

    runs = {"default": [trained(3, [20.0, 480.0, 500.0]), trained(7, [10.0])], "other": [trained(9, [1.0])]}
    figure = figures.learning_curves(Results("toy", "", runs, {"solved_at": 475.0}))
    first, second = figure.data
    assert (first.name, second.name) == ("seed 3", "seed 7")
    assert list(first.x) == [300, 400, 500] and list(first.y) == [20.0, 480.0, 500.0]
    assert list(second.x) == [700] and first.marker.symbol != second.marker.symbol
    assert figure.layout.shapes[0].y0 == figure.layout.shapes[0].y1 == 475.0


def test_the_angle_is_read_at_the_horizons_asked_for() -> None:
    def measured(scale: float) -> HorizonTable:
        """The error at horizon h in dimension d is scale * (h + d / 10), give or take 0.5."""
        steps, one = (1, 5, 10), Interval(1.0, 1.0, 1.0)
        centers = [[scale * (h + d / 10) for d in range(4)] for h in steps]
        found = tuple(tuple(Interval(c, c - 0.5, c + 0.5) for c in row) for row in centers)
        errors = HorizonErrors(torch.zeros(1, 10), torch.zeros(1, 10, 4), torch.zeros(1, dtype=torch.long))
        return HorizonTable(steps, (one, one, one), found, (1, 1, 1), one, False, errors)

    figure = figures.angle_errors({"calm": measured(1.0), "wild": measured(3.0)}, horizons=[1, 10])
    curves = {trace.name: trace for trace in figure.data}
    np.testing.assert_allclose(curves["calm episodes"].y, [1.2, 10.2])
    np.testing.assert_allclose(curves["wild episodes"].y, [3.6, 30.6])
    np.testing.assert_allclose(curves["wild episodes, interval"].y, [4.1, 31.1, 30.1, 3.1])
    assert list(figure.layout.xaxis.tickvals) == [1, 10]


def test_every_start_of_the_sliders_is_played_from() -> None:
    def play(starts: torch.Tensor, temperature: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Not a game: the angle, the speed, and what must be zero, as if they were three steps."""
        told = torch.stack([starts[:, 2].rad2deg(), starts[:, 1], starts[:, [0, 3]].abs().sum(1)], 1)
        return told, told + temperature

    explorer = figures.own_game_explorer(play)
    angles, speeds, temperatures = (explorer.controls[name].values for name in ("angle", "speed", "temperature"))
    assert (min(angles), max(angles), min(speeds), max(speeds)) == (-10.0, 10.0, -2.0, 2.0)
    for angle, speed, temperature in product(angles, speeds, temperatures):
        real, dreamed = explorer.figure(angle=angle, speed=speed, temperature=temperature).data
        np.testing.assert_allclose(real.y, [angle, speed, 0.0], atol=1e-4)
        np.testing.assert_allclose(dreamed.y - real.y, temperature, atol=1e-4)
    assert "at -4.0 degrees with the cart at 1.5 m/s" in explorer.describe(angle=-4.0, speed=1.5)
