"""Figures of chapter 08 show the numbers that they are given, at every point of their sliders."""

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from wmcourse.chapters.rssm import figures_belief, figures_board
from wmcourse.envs import galton
from wmcourse.evaluation.rollout import peek_times


@pytest.mark.parametrize(("horizon", "peek_every"), [(40, 1), (10, 5), (30, None)])
def test_both_beliefs_are_drawn_with_their_own_doubt(horizon: int, peek_every: int | None) -> None:
    time = torch.arange(41.0)

    def believe(every: int | None) -> figures_belief.Beliefs:
        return figures_belief.Beliefs((time, 1 + time), (-time, 2 + time), peek_times(40, peek_every=every))

    explorer = figures_belief.beliefs_explorer(believe, position=time / 2, readings=time / 4)
    drawn = {trace.name: trace for trace in explorer.figure(horizon=horizon, peek_every=peek_every).data}
    shown = time[: horizon + 1].numpy()
    np.testing.assert_allclose(drawn["true position"].y, shown / 2)
    for name, mean, std in (("Kalman filter", shown, 1 + shown), ("RSSM", -shown, 2 + shown)):
        np.testing.assert_allclose(drawn[name].y, mean)
        upper, lower = np.split(drawn[f"{name}, 95%"].y, 2)
        np.testing.assert_allclose(upper - lower[::-1], 2 * 1.96 * std, rtol=1e-5)
    looks = drawn["sensor, when looked at"]
    assert list(looks.x) == list(range(0, horizon + 1, peek_every or 100))
    np.testing.assert_allclose(looks.y, looks.x / 4)


def test_the_words_of_the_bound_add_up_and_the_truth_closes_the_gap() -> None:
    prior, posterior = Normal(torch.tensor(0.0), torch.tensor(2.0)), Normal(torch.tensor(1.0), torch.tensor(0.45))

    def terms(guess: Normal) -> tuple[torch.Tensor, torch.Tensor]:
        """As if the evidence were -1: what the guess is from the truth is missing."""
        kl = kl_divergence(guess, prior)
        return kl - 1 - kl_divergence(guess, posterior), kl

    explorer = figures_belief.bound_explorer(terms, prior=prior, posterior=posterior, evidence=torch.tensor(-1.0))
    for mean, gap in ((1.0, "gap 0.00"), (0.0, "gap 2.47")):
        words = explorer.figure(mean=mean, spread=0.45).layout.annotations[0].text.split("<br>")
        kept, paid, bound = (float(line.split()[-1]) for line in words[:3])
        assert kept - paid == pytest.approx(bound, abs=0.011) and words[3:] == ["evidence -1.00", gap]


def test_each_picture_stands_at_its_row_and_step() -> None:
    side, steps = galton.SIDE, range(galton.STEPS + 1)
    pictures = torch.zeros(2, 11, side, side)
    pictures[0, steps, 0, steps] = pictures[1, steps, 1, steps] = 1.0  # the column is the step, the row tells the ball
    figure = figures_board.boards({"first": pictures[0].flatten(1), "second": pictures[1].flatten(1)})
    columns = figure.layout.xaxis
    for which, middle in enumerate(figure.layout.yaxis.tickvals):
        for step, center in zip(columns.ticktext, columns.tickvals, strict=True):
            top, left = round(middle - (side - 1) / 2), round(center - (side - 1) / 2)
            tile = figure.data[0].z[top : top + side, left : left + side]
            assert tile[which, int(step)] == tile.sum() == 1.0


def test_dreams_and_looks_are_cut_at_the_horizon_and_apart() -> None:
    def dream(model: str, temperature: float, peek_every: int | None) -> tuple[torch.Tensor, torch.Tensor]:
        rows = torch.arange(11.0) + 100 * torch.arange(3.0).unsqueeze(1) + (50 if model == "odd" else 0)
        return rows + 1000 * temperature, peek_times(10, peek_every=peek_every)

    explorer = figures_board.ways_explorer(dream, torch.arange(11.0), ["even", "odd"], default="odd")
    dreams, real, looks = explorer.figure(horizon=4, temperature=2.0, peek_every=3).data
    assert list(looks.x) == [0, 3] and list(real.y) == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(dreams.y.reshape(3, 6)[:, :5], 2050 + np.add.outer([0, 100, 200], range(5)))
    assert np.isnan(dreams.y[5::6]).all() and "3 dreamed ways" in explorer.describe()
    broken = figures_board.broken_board_explorer(dream, torch.arange(11.0), ["even", "odd"], default="even")
    assert broken.figure(taken_out="odd").data[0].y[0] == 1050 and len(broken.figure().data[1].y) == 11


def test_every_push_has_its_own_surprise() -> None:
    explorer = figures_belief.surprise_explorer(lambda kick: torch.tensor([9.0, 1.0, kick]), pushed_at=2)
    for kick in explorer.controls["kick"].values:
        figure = explorer.figure(kick=kick)
        np.testing.assert_allclose(figure.data[0].y, [1.0, max(kick, 0.01)])  # a logarithmic axis
        assert list(figure.data[0].x) == [1, 2] and figure.layout.shapes[0].x0 == 2
