"""What chapter 05 measures with: codes dealt by their rank, and one past with several futures."""

import numpy as np
import pytest
import torch

from wmcourse.chapters.mdn_rnn.agreement import DealtByRank, evened, quantile
from wmcourse.chapters.mdn_rnn.futures import film, lone_balls, other_future, windows
from wmcourse.data.games import at, play, uniform_actions
from wmcourse.models.mdn_rnn import MDNRNN, MDNRNNConfig
from wmcourse.models.vae import VAEConfig
from wmcourse.nets.mixture import Mixture


def test_a_quantile_has_the_rank_that_was_asked_for() -> None:
    torch.manual_seed(0)
    mixture = Mixture.of(2 * torch.randn(50, 3 * 4 * 5), 5)
    rank = torch.rand(50, 4) * 0.98 + 0.01
    torch.testing.assert_close(mixture.cdf(quantile(mixture, rank)), rank, atol=1e-4, rtol=0)


def test_evened_ranks_keep_their_order_and_nothing_else() -> None:
    ranks = torch.rand(40, 3, generator=torch.Generator().manual_seed(0)) ** 3
    flat = evened(ranks)
    assert torch.equal(flat.argsort(0), ranks.argsort(0))
    torch.testing.assert_close(flat.sort(0).values, ((torch.arange(40) + 0.5) / 40)[:, None].expand(40, 3))


@pytest.mark.parametrize("together", [True, False])
@torch.no_grad()
def test_latents_take_their_ranks_from_one_real_step_or_each_from_its_own(together: bool) -> None:
    torch.manual_seed(0)
    model = MDNRNN(MDNRNNConfig(VAEConfig(latent_dim=6, width=2), hidden_dim=8, components=3))
    bank = ((torch.arange(20) + 0.5) / 20)[:, None].expand(20, 6)  # a rank tells its row
    dreamer = DealtByRank(model, bank, together=together)
    state = model.initial(300)._replace(latent=torch.randn(300, 6))
    action = torch.eye(3)[torch.zeros(300, dtype=torch.long)]
    after = dreamer.imagine(state, action)
    torch.testing.assert_close(after.hidden, model.remember(state, action).hidden)
    rows = (model.expected(after.hidden).cdf(after.latent) * 20 - 0.5).round()
    same = (rows == rows[:, :1]).all(1).float().mean()
    assert same == 1.0 if together else same < 0.01
    assert set(rows.flatten().tolist()) == set(range(20))


def test_windows_are_the_first_steps_of_long_games() -> None:
    log = play(uniform_actions(3), games=30, seed=3)
    rows, actions = windows(log, 25, games=4)
    names = np.flatnonzero(log.lengths > 25)[:4]
    for game, frames, done in zip(names, rows, actions, strict=True):
        first = int((log.lengths[:game] + 1).sum())
        np.testing.assert_array_equal(frames, np.arange(first, first + 26))
        begin = int(log.lengths[:game].sum())
        np.testing.assert_array_equal(done.argmax(-1), log.actions[begin : begin + 25])
    with pytest.raises(ValueError, match="last longer than 299 steps, and 31"):
        windows(log, 299, games=31)


def test_other_dice_launch_other_balls_and_leave_those_in_the_air_alone() -> None:
    log = play(uniform_actions(3), games=60, seed=3)
    rows, actions = windows(log, 40, games=10)
    before, real = log.scenes, film(log, rows)[:, 21:]
    other = other_future(at(before, rows[:, 20]), actions[:, 20:], seed=9)
    assert other.shape == real.shape
    launched = 1  # rows of pixels that a ball just launched reaches into
    assert torch.equal(other[:, 0, :, launched:], real[:, 0, :, launched:])
    assert (other[:, -1] != real[:, -1]).flatten(1).any(1).all()
    again = other_future(at(before, rows[:, 20]), actions[:, 20:], seed=9)
    assert torch.equal(again, other)


def test_a_lone_ball_is_told_from_none_and_from_two() -> None:
    none, nan = [np.nan] * 3, np.nan
    x = np.array([none, [3.0, nan, nan], [nan, -5.0, nan], [1.0, 2.0, nan], [40.0, nan, nan]])
    y = np.array([none, [9.0, nan, nan], [nan, 30.0, nan], [5.0, 6.0, nan], [9.0, nan, nan]])
    lone, facts = lone_balls(play(uniform_actions(0), games=1, seed=0).scenes._replace(x=x, y=y, speed=y / 10))
    assert lone.tolist() == [False, True, True, False, False]
    torch.testing.assert_close(facts, torch.tensor([[3.0, 9.0, 0.9], [-5.0, 30.0, 3.0]]))
