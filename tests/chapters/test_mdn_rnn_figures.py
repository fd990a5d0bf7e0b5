"""Figures of chapter 05 show the numbers that they are given; densities are densities, at every temperature."""

from itertools import product

import numpy as np
import pytest
import torch

from wmcourse.chapters.mdn_rnn import figures
from wmcourse.evaluation.statistics import Interval
from wmcourse.nets.mixture import Mixture

FORK = Mixture(torch.tensor([[0.9, 0.1]]).log(), torch.tensor([[-1.0, 2.0]]), torch.tensor([[0.5, 0.2]]).log())


def test_what_happened_is_left_and_dark_what_was_dealt_is_orange() -> None:
    time, place = torch.linspace(-1, 1, 5)[:, None], torch.arange(5.0)[:, None]
    real, dealt, mean = figures.fork({"reality": (time, place), "dealt": (time, -place)}, (time, 0 * time)).data
    assert (real.marker.color, dealt.marker.color) == (figures.REAL, figures.IMAGINED)
    assert real.xaxis == mean.xaxis == "x" and dealt.xaxis == "x2"
    np.testing.assert_allclose([real.y, dealt.y, mean.y], [np.arange(5), -np.arange(5), np.zeros(5)])


def test_each_training_is_a_dot_on_the_line_of_its_row_inside_its_interval() -> None:
    found = {"whole": [Interval(0.2, 0.1, 0.4), Interval(0.3, 0.2, 0.5)], "no memory": [Interval(0.9, 0.8, 1.0)]}
    figure = figures.dots({"nats": {"runs": found}}, {"runs": "#d9660a"}, reference={"nats": 0.7})
    bars, points = figure.data
    assert points.x == (0.2, 0.3, 0.9) and points.text == ("whole", "whole", "no memory")
    names = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
    assert [names[round(height)] for height in points.y] == list(points.text) and points.y[0] != points.y[1]
    assert bars.x == (0.1, 0.4, None, 0.2, 0.5, None, 0.8, 1.0, None)
    assert [height for height in bars.y if height is not None] == list(np.repeat(points.y, 2))
    assert figure.layout.shapes[0].x0 == 0.7


def test_even_ranks_are_a_flat_histogram() -> None:
    (bars,) = figures.rank_histogram((torch.arange(2000) + 0.5).view(-1, 2) / 2000).data
    np.testing.assert_allclose(bars.y, 100 / figures.BINS)
    (bars,) = figures.rank_histogram(torch.full((10, 3), 0.999)).data
    assert bars.y[-1] == pytest.approx(100) and bars.x[-1] > 0.95


@pytest.mark.parametrize("temperature", [0.1, 1.0, 2.0])
def test_a_tempered_mixture_is_where_draws_at_that_temperature_come_from(temperature: float) -> None:
    other, z = figures.tempered(FORK, temperature), torch.linspace(-15, 15, 6001)
    assert np.trapezoid(figures.density(other, z) ** 2, z.numpy()) == pytest.approx(1, abs=1e-4)
    many = Mixture(*(field.expand(40_000, 1, 2) for field in FORK))
    drawn = many.sample(temperature, torch.Generator().manual_seed(0))
    for at in (-1.3, -1.0, 0.5, 1.9):
        share = other.cdf(torch.tensor([at])).item()
        assert (drawn < at).float().mean().item() == pytest.approx(share, abs=0.01)


def test_every_stop_of_the_temperature_shows_its_own_density_beside_the_learned_one() -> None:
    explorer = figures.temperature_explorer({"a fork": (FORK, 2.1), "another": (FORK, 0.3)}, title="?")
    heights = []
    for temperature in explorer.controls["temperature"].values:
        learned, dealt = explorer.figure(temperature=temperature).data
        heights.append(np.max(dealt.y[np.asarray(dealt.x) > 1]))
        assert (temperature == 1) == np.allclose(learned.y, dealt.y)
    assert heights[0] < 1e-3 < 0.1 < heights[4]  # the rare hump is gone at 0.1, and there at 1
    assert [explorer.figure(latent=name).layout.shapes[0].x0 for name in ("a fork", "another")] == [2.1, 0.3]


def test_dreams_are_drawn_against_the_level_of_reality() -> None:
    dreams = {0.1: Interval(0.0, 0.0, 0.1), 1.0: Interval(1.0, 0.8, 1.3)}
    figure = figures.against_temperature({"balls": (dreams, Interval(2.0, 1.9, 2.1)), "steps": (dreams, dreams[1.0])})
    drawn = [trace for trace in figure.data if trace.name == "dream"]
    assert [trace.xaxis for trace in drawn] == ["x", "x2"]
    assert drawn[0].x == (0.1, 1.0) and drawn[0].y == (0.0, 1.0)
    assert [trace.y[0] for trace in figure.data if trace.name == "reality"] == [2.0, 1.0]


def test_errors_begin_one_step_after_the_last_look() -> None:
    figure = figures.errors({"dream": [0.1, 0.2, 0.4]}, {"dream": figures.IMAGINED})
    assert list(figure.data[0].x) == [1, 2, 3] and list(figure.data[0].y) == [0.1, 0.2, 0.4]


def test_a_film_shows_three_steps_and_says_where_it_looked() -> None:
    real = torch.rand(41, 3, 8, 8, generator=torch.Generator().manual_seed(0))

    def films(peek_every: int | None) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return real, 1 - real, torch.arange(41) % (peek_every or 100) == 0

    explorer = figures.film_explorer(films, title="?", steps=40)
    sources = set()
    for after, peek_every in product((0, 20), (None, 10, 1)):
        figure = explorer.figure(after=after, peek_every=peek_every)
        steps = [after + each for each in (5, 10, 20)]
        marked = [f"{s}, looks" if peek_every and s % peek_every == 0 else str(s) for s in steps]
        assert list(figure.layout.xaxis.ticktext) == marked
        sources.add(figure.data[0].source)
    assert len(sources) == 2
    np.testing.assert_allclose(figures.as_frames(real)[3, 2, 5], real[3, :, 2, 5] * 255, atol=figures.STEP / 2 + 1)
    ground = torch.tensor(figures.BACKGROUND).view(1, 3, 1, 1).expand(1, 3, 8, 8)
    assert (figures.as_frames(ground / 255 + 0.04) == figures.BACKGROUND).all()  # noise is no shade
