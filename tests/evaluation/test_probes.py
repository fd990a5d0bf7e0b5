"""Probes: least squares against numpy, and shares of variance against the definition, row by row."""

import numpy as np
import pytest
import torch

from wmcourse.evaluation.probes import Probe, ProbeTraining, linear_probe, mlp_probe, r_squared

SHORT = ProbeTraining(hidden_dim=16, updates=300, batch_size=64, lr=1e-2)


def data(rows=200, seed=0):
    """Features in very different units, two noisy linear quantities of them."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, 3, generator=generator) * torch.tensor([1e-3, 1.0, 1e3]) + torch.tensor([0.0, 5.0, -1e3])
    weights = torch.tensor([[500.0, 0.0], [0.5, -2.0], [0.0, 1e-3]])
    y = x @ weights + torch.tensor([7.0, -3.0]) + 0.3 * torch.randn(rows, 2, generator=generator)
    return x, y, torch.arange(rows) % 10


def least_squares(x, y):
    design = np.c_[x.double().numpy(), np.ones(len(x))]
    return design @ np.linalg.lstsq(design, y.double().numpy(), rcond=None)[0]


class Answer(Probe):
    """A probe whose answers are known beforehand."""

    def __init__(self, answer):
        torch.nn.Module.__init__(self)
        self.answer = answer

    def forward(self, features):
        return self.answer


def test_the_linear_probe_is_least_squares_with_an_intercept():
    x, y, _ = data()
    np.testing.assert_allclose(linear_probe(x, y)(x).numpy(), least_squares(x, y), rtol=1e-4, atol=1e-4)


def test_features_that_never_change_or_repeat_each_other_do_no_harm():
    x, y, _ = data()
    redundant = torch.cat([x, x[:, :1], torch.full((len(x), 1), 4.0)], 1)
    probe = linear_probe(redundant, y)
    np.testing.assert_allclose(probe(redundant).numpy(), least_squares(x, y), rtol=1e-4, atol=1e-4)


def test_a_probe_reads_any_number_of_axes():
    x, y, _ = data()
    probe = linear_probe(x, y)
    torch.testing.assert_close(probe(x.view(10, 20, 3)), probe(x).view(10, 20, 2))


def test_r_squared_is_the_share_of_variance_that_is_explained():
    x, y, episode = data()
    probe = linear_probe(x, y)
    oracle = 1 - ((least_squares(x, y) - y.numpy()) ** 2).sum(0) / ((y - y.mean(0)).numpy() ** 2).sum(0)
    measured = r_squared(probe, x, y, episode)
    assert [each.value for each in measured] == pytest.approx(oracle, abs=1e-5)
    assert all(each.low < each.value < each.high for each in measured)


def test_all_is_one_the_mean_is_zero_and_worse_than_the_mean_is_less():
    x, y, episode = data()
    whole, mean = (r_squared(Answer(answer), x, y, episode) for answer in (y, y.mean(0).expand_as(y)))
    for column in range(2):
        assert whole[column] == (1.0, 1.0, 1.0)
        assert mean[column].value == pytest.approx(0.0, abs=1e-6)
    assert all(each.high < 0 for each in r_squared(Answer(-2 * y), x, y, episode))


def test_intervals_come_from_whole_episodes():
    """One episode cannot say how much episodes differ; with many, a resample of them is another sum of their rows."""
    x, y, episode = data()
    probe = linear_probe(x, y)
    assert len(set(r_squared(probe, x, y, torch.zeros(200, dtype=torch.long))[0])) == 1
    picks = np.random.default_rng(0).integers(10, size=(500, 10))  # as all intervals of the course draw them
    off, around = ((probe(x) - y).double() ** 2)[:, 0], ((y - y.mean(0)).double() ** 2)[:, 0]
    sums = [[part[episode == n].sum().item() for n in range(10)] for part in (off, around)]
    drawn = 1 - np.array(sums[0])[picks].sum(1) / np.array(sums[1])[picks].sum(1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    measured = r_squared(probe, x, y, episode)[0]
    assert (measured.low, measured.high) == pytest.approx((low, high), abs=1e-6)


def test_a_probe_with_hidden_layers_reads_what_a_linear_one_cannot():
    x = torch.linspace(-2, 2, 400)[:, None]
    y = torch.cat([x.square(), x], 1) * torch.tensor([1e-2, 1e3])
    episode = torch.arange(400) % 8
    linear, curved = (
        r_squared(probe, x, y, episode) for probe in (linear_probe(x, y), mlp_probe(x, y, training=SHORT))
    )
    assert linear[0].value == pytest.approx(0.0, abs=0.01) and linear[1].value == pytest.approx(1.0)
    assert min(each.value for each in curved) > 0.97


def test_a_trained_probe_repeats_with_its_seed_and_leaves_the_global_luck_alone():
    x, y, _ = data()
    few = ProbeTraining(hidden_dim=4, updates=3)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with torch.no_grad():  # gradients are on inside, whatever they are outside
        first, second, other = (mlp_probe(x, y, seed=seed, training=few)(x) for seed in (0, 0, 1))
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(first, second) and not torch.equal(first, other)


def test_probes_are_finished_and_ask_for_no_gradient():
    x, y, _ = data()
    for probe in (linear_probe(x, y), mlp_probe(x, y, training=ProbeTraining(hidden_dim=4, updates=2))):
        assert not any(parameter.requires_grad for parameter in probe.parameters())
        assert not probe(x).requires_grad
