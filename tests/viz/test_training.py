import base64
import io
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from wmcourse.viz import training
from wmcourse.viz.picture import Picture
from wmcourse.viz.training import LearningCurve, running_mean


def test_running_mean_matches_a_naive_loop():
    values = np.random.default_rng(0).normal(size=37)
    naive = [values[max(0, i - 9) : i + 1].mean() for i in range(37)]
    np.testing.assert_allclose(running_mean(values, 10), naive)


def test_a_learning_curve_is_displayed_once_and_then_replaced_in_place(monkeypatch: pytest.MonkeyPatch):
    shown: list[Picture] = []
    replaced: list[Picture] = []

    class Handle:
        update = staticmethod(replaced.append)

    def display(picture: Picture, *, display_id: bool) -> Any:
        shown.append(picture)
        return Handle()

    monkeypatch.setattr(training, "display", display)
    curve = LearningCurve(["return"], target={"return": 500}, every_s=0)
    for update in range(3):
        curve(update, {"return": 10.0 * update, "loss": 1.0})
    curve.close()
    assert (len(shown), len(replaced)) == (1, 3)
    assert curve.history == {"return": [(0, 0.0), (1, 10.0), (2, 20.0)]}


def test_a_learning_curve_draws_at_most_once_in_its_interval(monkeypatch: pytest.MonkeyPatch):
    drawn: list[Any] = []
    monkeypatch.setattr(training, "display", lambda picture, display_id: drawn.append(picture))
    curve = LearningCurve(["loss"], every_s=3600)
    for update in range(50):
        curve(update, {"loss": 1.0})
    assert len(drawn) == 1


def test_a_learning_curve_needs_a_metric():
    with pytest.raises(ValueError, match="at least one metric"):
        LearningCurve([])


def test_a_picture_carries_its_text_and_its_pixels():
    figure = Figure(figsize=(2, 1), facecolor="#d9660a")
    bundle = Picture.of(figure, alt='Orange & "flat"')._repr_mimebundle_()
    assert 'alt="Orange &amp; &quot;flat&quot;"' in bundle["text/html"]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).convert("RGB"))
    assert pixels.shape[:2] == (144, 288)
    assert tuple(pixels[70, 100]) == (0xD9, 0x66, 0x0A)
    with pytest.raises(ValueError, match="alt is empty"):
        Picture.of(figure, alt="")
