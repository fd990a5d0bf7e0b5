import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from wmcourse.viz.animation import Film
from wmcourse.viz.style import IMAGINED


def blocks(level: int, steps: int = 6) -> np.ndarray:
    frames = np.full((steps, 20, 20, 3), 255, dtype=np.uint8)
    for step in range(steps):
        frames[step, :, 3 * step : 3 * step + 3] = level
    return frames


def test_a_film_shows_both_tracks_moving_side_by_side():
    film = Film({"real": blocks(0), "dream": blocks(120)}, alt="A bar moves.", width=100)
    movie = Image.open(io.BytesIO(film.webp))
    assert movie.n_frames == 6
    for step in range(6):
        movie.seek(step)
        row = np.asarray(movie.convert("L")).astype(int)[70]
        left, right = row[8:104], row[116:212]  # panels of 100 pixels between gaps of 8, less their right edge
        center = 15 * step + 7
        assert abs(np.flatnonzero(left < 60).mean() - center) < 3
        assert abs(np.flatnonzero(right < 180).mean() - center) < 3
        assert right.min() > left.min() + 60


def test_a_film_is_one_element_with_a_text_and_a_still_for_readers_who_want_no_motion():
    html = Film({"real": blocks(0), "dream": blocks(9)}, alt='A "bar" moves.')._repr_mimebundle_()["text/html"]
    assert 'alt="A &quot;bar&quot; moves."' in html
    assert not re.search(r"https?://|<script", html)
    still = re.search(r'reduce\)" srcset="data:image/webp;base64,([^"]+)"', html)
    assert still is not None
    assert getattr(Image.open(io.BytesIO(base64.b64decode(still[1]))), "n_frames", 1) == 1


def test_the_dream_carries_its_color():
    film = Film({"real": blocks(0), "dream": blocks(0)}, alt="Bars.", width=100)
    bar = np.asarray(film.pages[0].convert("RGB"))[24, 150]
    assert tuple(bar) == tuple(int(IMAGINED[i : i + 2], 16) for i in (1, 3, 5))


def test_a_film_refuses_what_it_cannot_show():
    with pytest.raises(ValueError, match="equally long"):
        Film({"real": blocks(0, 4), "dream": blocks(0, 6)}, alt="Bars.")
    with pytest.raises(ValueError, match="alt is empty"):
        Film({"real": blocks(0)}, alt=" ")
    with pytest.raises(ValueError, match="fps"):
        Film({"real": blocks(0)}, alt="Bars.", fps=0)
    noise = np.random.default_rng(0).integers(0, 256, (40, 64, 64, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match="weighs"):
        Film({"real": noise}, alt="Noise.", width=400)
