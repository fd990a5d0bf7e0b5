"""Chapter 04 counts every ball once, and its figures show the numbers and the pictures that they are given."""

import io
from itertools import product

import numpy as np
import pytest
import torch
from PIL import Image
from torch.distributions import Normal, kl_divergence

from wmcourse.chapters.vae import figures
from wmcourse.chapters.vae.census import Census, census
from wmcourse.data.games import GameLog, at
from wmcourse.envs.dodge import Scene, as_observation, pictures
from wmcourse.evaluation.objects import find_objects
from wmcourse.evaluation.statistics import Interval
from wmcourse.models.vae import VAE, VAEConfig
from wmcourse.studies import Results, Run

NAN = float("nan")


class Forgetful(VAE):
    """Draws every picture as it is, but for its left half, which it leaves black."""

    def __init__(self) -> None:
        super().__init__(VAEConfig(latent_dim=3))

    def posterior(self, observation: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.seen = observation
        return torch.full((len(observation), 3), 2.0), torch.zeros(len(observation), 3)

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        return torch.where(torch.arange(64) < 32, 0.0, self.seen)


@pytest.fixture(scope="module")
def counted() -> tuple[Census, GameLog]:
    """Two games of two pictures and one: balls on the left are lost."""
    x = np.array([[10.0, 50.0], [10.0, NAN], [44.0, 50.0]])
    y = np.array([[20.0, 20.0], [30.0, NAN], [12.0, -3.0]])
    scenes = Scene(x - 32.0, y, np.where(np.isnan(x), NAN, 3.0))
    log = GameLog(scenes, np.ones(1, dtype=int), np.array([1, 0]), np.array([True, False]))
    return census(Forgetful(), log), log


def test_each_ball_is_found_or_lost_and_knows_its_neighbor(counted: tuple[Census, GameLog]) -> None:
    found, log = counted
    assert found.game.tolist() == [0, 0, 1] and found.balls.tolist() == [2, 1, 1]  # one is above the picture
    assert found.picture.tolist() == [0, 0, 1, 2] and found.found.tolist() == [False, True, False, True]
    np.testing.assert_allclose(found.neighbor, [40.0, 40.0, np.inf, np.hypot(6.0, 15.0)])
    np.testing.assert_allclose(found.edge, [10.0, 14.0, 10.0, 12.0])
    np.testing.assert_allclose(found.kl, 3 * 0.5 * 2.0**2)
    totals = find_objects(as_observation(pictures(log.scenes)), at(log.scenes, np.arange(3)))
    assert totals.balls.tolist() == found.balls.tolist()


def test_shares_and_means_are_ratios_over_all_games(counted: tuple[Census, GameLog]) -> None:
    found, _ = counted
    assert found.lost_share(found.edge > 11).value == 0.0
    assert found.lost_share(np.ones(4, dtype=bool)).value == pytest.approx(2 / 4)
    assert found.mean_kl(1).value == pytest.approx(6.0)


def test_pictures_stand_in_the_order_of_rows_and_columns() -> None:
    levels = {"real": [0.1, 0.4], "VAE": [0.7, 1.3]}
    rows = {name: torch.tensor(row).view(-1, 1, 1, 1).expand(-1, 3, 64, 64) for name, row in levels.items()}
    png = figures.picture_rows(rows, title="two rows", alt="gray squares", captions=["a", "b"]).png
    red = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))[..., 0] / 255
    height, width = red.shape
    middles = red[[int(height * 0.3), int(height * 0.75)]][:, [width // 4, 3 * width // 4]]
    np.testing.assert_allclose(middles, [[0.1, 0.4], [0.7, 1.0]], atol=0.01)


def test_a_difference_is_white_where_pictures_agree() -> None:
    real = torch.full((1, 3, 64, 64), 0.5)
    drawn = real.clone()
    drawn[0, 1, :, 32:] += 0.5
    error = figures.difference(real, drawn)
    assert (error[..., :32] == 1).all() and (error[..., 32:] < 1).all()


def test_the_price_explorer_names_the_divergence_at_every_stop() -> None:
    explorer = figures.price_explorer()
    for mean, std in product(*(explorer.controls[name].values for name in ("mean", "std"))):
        nats = kl_divergence(Normal(float(mean), float(std)), Normal(0.0, 1.0)).item()
        after = explorer.figure(mean=mean, std=std).data[1]
        assert f"KL = {nats:.2f} nats" in after.name
        assert after.x[np.argmax(after.y)] == pytest.approx(mean)


def test_each_training_is_a_dot_at_its_price() -> None:
    def run(seed: int, size: float) -> Run:
        interval = Interval(size, size - 0.25, size + 0.5)
        return Run(seed, metrics=dict.fromkeys(("ball_recall", "squared_error", "kl_nats"), interval))

    study = Results("prices", "", {"0": [run(1, 3.0)], "4": [run(1, 1.0), run(2, 2.0)], "9": [run(3, 8.0)]})
    *panels, nats = figures.prices(study, ("0", "4")).data
    for dots in panels:
        assert (dots.x, dots.y) == (("0", "4", "4"), (3.0, 1.0, 2.0))
        assert (dots.error_y.array, dots.error_y.arrayminus) == ((0.5,) * 3, (0.25,) * 3)
    assert (nats.x, nats.y) == (("4", "4"), (1.0, 2.0))  # a plain autoencoder's clouds are never used
