"""Figures of chapter 02 show the pictures and the numbers that they are given, at every point of their sliders."""

import base64
import io
from itertools import product

import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from PIL import Image

from wmcourse.agents.imitation import Controller, Imitated
from wmcourse.chapters.latent_dynamics import figures
from wmcourse.evaluation.calibration import Bin

SIDE, PITCH = 8, 14
"""Pixels of a toy picture, and from one to the next in a sheet of films."""


def flat(*levels: float) -> torch.Tensor:
    """Pictures (T, 1, 8, 8), each of one gray level."""
    return torch.tensor(levels).view(-1, 1, 1, 1).expand(-1, 1, SIDE, SIDE)


def sheet(figure: go.Figure) -> np.ndarray:
    """Red of the figure's picture, 0 to 1: (height, width)."""
    png = base64.b64decode(figure.data[0].source.split(",")[1])
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))[..., 0] / 255


def cells(figure: go.Figure) -> np.ndarray:
    """The middle of each picture in a sheet of films, (rows, columns)."""
    return sheet(figure)[PITCH // 2 :: PITCH, PITCH // 2 :: PITCH]


def test_differences_stand_below_the_films() -> None:
    figure = figures.redrawn_pictures(flat(0.2, 0.6), {"bad": flat(0.9, 0.1), "good": flat(0.2, 0.5)})
    np.testing.assert_allclose(cells(figure), [[0.2, 0.6], [0.9, 0.1], [0.2, 0.5], [1.0, 0.95]], atol=0.01)
    films = {"falling": flat(0.5, 0.5, 1.0, 1.0), "rising": flat(0.5, 0.5, 0.9, 0.0)}
    same, little, much = cells(figures.two_futures(films, steps=[0, 2, 3]))[2]
    assert same == 1.0 > little > much


def test_loss_stands_left_and_accuracy_right() -> None:
    history = [{"update": 1, "loss": 0.7, "accuracy": 0.5}, {"update": 50, "loss": 0.1, "accuracy": 0.95}]
    figure = figures.learning_curves({"code z": Imitated(Controller(1, 1), history)})
    loss, accuracy = figure.data
    assert (loss.y, loss.xaxis, accuracy.y, accuracy.xaxis) == ((0.7, 0.1), "x", (0.5, 0.95), "x2")
    assert loss.x == accuracy.x == (1, 50) and (loss.showlegend, accuracy.showlegend) == (True, False)
    assert figure.layout.yaxis.title.text == "loss (nats)" and figure.layout.yaxis2.title.text == "accuracy"


def test_a_bin_of_few_steps_is_no_point() -> None:
    bins = [Bin(0.55, 0.2, 9), Bin(0.75, 0.7, 10), Bin(0.95, 0.9, 400)]
    diagonal, curve = figures.reliability_diagram({"true state": bins}).data
    assert diagonal.x == diagonal.y == (0.5, 1)
    assert (curve.x, curve.y, curve.text) == ((0.75, 0.95), (0.7, 0.9), ("10 steps", "400 steps"))


def test_every_step_of_the_walk_is_drawn_large_and_stands_in_the_strip() -> None:
    explorer = figures.walk_explorer(lambda direction, steps: flat(*(0.5 + direction * steps / 20)), directions=3)
    for direction, steps in product(*(explorer.controls[name].live_points for name in ("direction", "steps"))):
        picture = sheet(figure := explorer.figure(direction=direction, steps=steps))
        assert picture[2 * SIDE, picture.shape[1] // 2] == pytest.approx(0.5 + direction * steps / 20, abs=0.01)
        levels = 0.5 + direction * np.array([float(tick) for tick in figure.layout.xaxis.ticktext]) / 20
        np.testing.assert_allclose(picture[-SIDE // 2, list(figure.layout.xaxis.tickvals)], levels, atol=0.01)


def test_films_of_a_plan_end_at_the_horizon_with_the_error_there() -> None:
    real, dreams = torch.zeros(21), {"calm": torch.zeros(21), "wild": torch.arange(21) / 40}
    films = {plan: (flat(*real), flat(*dream)) for plan, dream in dreams.items()}
    explorer = figures.plan_explorer(films.__getitem__, list(films), default="wild", variance=0.5)
    for plan, horizon in product(films, explorer.controls["horizon"].values):
        figure, last = explorer.figure(plan=plan, horizon=horizon), float(dreams[plan][horizon])
        assert figure.layout.xaxis.ticktext[0] == "0" and figure.layout.xaxis.ticktext[-1] == str(horizon)
        assert cells(figure)[1, -1] == pytest.approx(last, abs=0.01)
        assert f"pushes: {plan}. At the last step the normalized squared error is {last**2 / 0.5:.2g}." in (
            explorer.describe(plan=plan, horizon=horizon)
        )
