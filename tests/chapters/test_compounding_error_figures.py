"""Figures of chapter 03 show the numbers that they are given, at every point of their sliders."""

import base64
import io

import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from PIL import Image
from torch import Tensor

from wmcourse.chapters.compounding_error import figures
from wmcourse.evaluation.compounding import Growth
from wmcourse.evaluation.self_knowledge import SelfKnowledge
from wmcourse.evaluation.statistics import Interval
from wmcourse.models.protocol import WorldModel

PITCH = 4 + 6  # of frames four pixels wide, and the gap between two


def shades(figure: go.Figure) -> np.ndarray:
    """The gray at the middle of each frame (rows, columns) of a sheet of films."""
    data = figure.data[0].source.partition(",")[2]
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
    return sheet[PITCH // 2 :: PITCH, PITCH // 2 :: PITCH].mean(-1)


def test_films_show_reality_both_predictions_and_how_far_the_free_one_is_off(drifting_rotation) -> None:
    def predict(model: WorldModel, peek_every: int | None) -> Tensor:
        """Right if it may look; with none, too bright by a hundredth more at each step."""
        assert model is drifting_rotation
        brighter = torch.arange(41) / 100 if peek_every is None else torch.zeros(41)
        return brighter[:, None, None, None].expand(41, 1, 4, 4)

    explorer = figures.film_explorer(
        torch.zeros(41, 2, 4, 4), predict, {"GRU": drifting_rotation, "": drifting_rotation}
    )
    for horizon in explorer.controls["horizon"].values:
        real, forced, free, off = shades(explorer.figure(model="GRU", horizon=horizon))
        assert (real == 0).all() and (forced == 0).all() and len(free) == 9
        np.testing.assert_allclose(free / 255, np.rint(np.arange(9) * horizon / 8) / 100, atol=1 / 255)
        assert (np.diff(off) < 0).all()  # white is right
        assert f"at nine of {horizon} steps" in explorer.describe(model="GRU", horizon=horizon)
    assert "free picture: 0.400" in explorer.describe(model="GRU", horizon=40)


@pytest.mark.parametrize("times", [0.5, 2.0])
def test_a_step_that_always_multiplies_errors_follows_the_second_law(times: float) -> None:
    errors = 0.1 * (times ** torch.arange(25)).cumsum(0)
    ended = torch.where(torch.arange(25) < 10, errors, torch.nan)
    growth = Growth(torch.stack([errors, ended]), torch.full((3,), times), torch.ones(3))
    measured, linear, typical, bound = figures.growth_and_laws(growth).data
    np.testing.assert_allclose(measured.y, errors / errors[0], rtol=1e-5)
    np.testing.assert_allclose(typical.y, measured.y, rtol=1e-5)
    np.testing.assert_allclose(bound.y, measured.y, rtol=1e-5)
    assert list(linear.y) == list(linear.x) == list(range(1, 26))
    explorer = figures.laws_explorer({"toy": growth, "other": Growth(errors[None], torch.ones(3), torch.ones(3))})
    assert f"{float(errors[24] / errors[0]):.1f} times that after one" in explorer.describe(model="toy")
    assert explorer.figure(model="other").data[2].name == "median L = 1.00"


def test_bars_reach_from_the_lowest_to_the_highest_bound() -> None:
    found = {"noise": [Interval(2.0, 1.5, 4.0), Interval(3.0, 2.0, 3.5)], "GRU": [Interval(1.0, 0.5, 1.25)] * 2}
    noise, gru = figures.errors_by_horizon((1, 25), found).data
    assert list(noise.x) == [1, 25] and list(noise.y) == [2.0, 3.0] and list(gru.y) == [1.0, 1.0]
    np.testing.assert_allclose(noise.y + noise.error_y.array, [4.0, 3.5])
    np.testing.assert_allclose(noise.y - noise.error_y.arrayminus, [1.5, 2.0])
    assert (noise.line.color, gru.line.color) == (figures.COLORS["noise"], figures.COLORS["GRU"])


def test_forecasts_are_binned_by_their_doubt() -> None:
    doubt = torch.rand(30, 4, generator=torch.Generator().manual_seed(0))
    error = torch.where(doubt > 0.9, torch.nan, 3 * doubt)
    found = SelfKnowledge(error, doubt, torch.zeros(30, dtype=torch.long))
    random, expert = figures.doubt_and_error(found, SelfKnowledge(2 * error, doubt, found.episode), bins=5).data
    assert len(random.x) == 5 and (np.diff(random.x) > 0).all() and max(random.x) < 0.9
    np.testing.assert_allclose(random.y, 3 * np.array(random.x), rtol=1e-5)
    np.testing.assert_allclose(expert.y, 6 * np.array(expert.x), rtol=1e-5)
