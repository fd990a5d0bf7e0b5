"""Figures of clips show what they are given: what is hidden, what is drawn, where a prediction is off."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Generator

from wmcourse.chapters.jepa import figures_video as figures
from wmcourse.evaluation.statistics import Interval
from wmcourse.models.video_jepa import VideoConfig, VideoJEPA
from wmcourse.nets.patches import clips
from wmcourse.nets.tubes import SHORT_RANGE, draw_tubes

TINY = VideoConfig(
    frames=4, side=16, tubelet=(2, 4, 4), width=16, depth=1, heads=2, predictor_width=16, predictor_depth=1
)


@pytest.fixture
def scene():
    generator = Generator().manual_seed(1)
    clip = torch.rand(4, 16, 16, generator=generator)
    tubes = draw_tubes(1, TINY.grid, SHORT_RANGE, generator)
    hidden = torch.zeros(1, 32).scatter(1, tubes.hidden, 1.0)[..., None].expand(-1, -1, 32)
    models = [VideoJEPA(each).eval() for each in (TINY, replace(TINY, target="pixels"))]
    for each in models:
        each.fit_pixels(clip[None])
    return clip, tubes, clips(hidden, TINY.grid, TINY.tubelet)[0] > 0, models


def test_only_what_is_hidden_is_drawn_anew(scene) -> None:
    clip, tubes, hidden, (_, twin) = scene
    drawn = figures.drawing(twin, clip, tubes)
    torch.testing.assert_close(drawn[~hidden], clip[~hidden], rtol=0, atol=1e-3)
    assert (drawn - clip)[hidden].abs().mean() > 0.05


def test_heat_is_each_tubelets_error(scene) -> None:
    clip, tubes, hidden, (jepa, _) = scene
    heat, largest = figures.heat(jepa, clip, tubes)
    assert torch.equal(heat.isnan(), ~hidden)
    errors = jepa.errors(clip[None], tubes)[0]
    assert largest == pytest.approx(errors.max().item())
    frame, row, column = np.unravel_index(int(tubes.hidden[0, 0]), TINY.grid)
    where = heat[2 * frame : 2 * frame + 2, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
    torch.testing.assert_close(where, (errors[0] / largest).detach().expand(2, 4, 4))
    assert figures.colored(torch.tensor([[[torch.nan, 1.0]]]))[0, 0].tolist() == [[253, 252, 249], [122, 46, 0]]


def test_a_masked_clip_has_four_rows(scene) -> None:
    clip, tubes, _, (jepa, twin) = scene
    figure = figures.masked_clip(jepa, twin, clip, tubes)
    assert list(figure.layout.yaxis.ticktext) == ["clip", "given", "twin draws", "JEPA is off"]
    assert len(figure.layout.xaxis.tickvals) == 4


def test_dots_show_every_training_of_every_encoder() -> None:
    low, high = Interval(0.2, 0.1, 0.4), Interval(0.9, 0.9, 0.9)
    figure = figures.probe_dots({"a": {"p": [low, high], "q": [high, high]}, "b": {"p": [low], "q": [high]}})
    one, two = figure.data
    assert list(one.x) == [0.2, 0.9, 0.9, 0.9] and list(two.x) == [0.2, 0.9]
    assert [round(y) for y in one.y] == [0, 0, 1, 1] and one.marker.color != two.marker.color
    assert one.error_x.array[0] == pytest.approx(0.2) and one.error_x.arrayminus[0] == pytest.approx(0.1)
    assert max(one.y[:2]) < min(two.y[:1])
