"""Noise with a memory: its variance and its spectrum, from the periodogram."""

import numpy as np
import pytest
import torch

from wmcourse.planning import colored_noise
from wmcourse.planning.colored_noise import plan_noise


@pytest.mark.parametrize("horizon", [1, 2, 3, 12, 15])
@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0, 2.0, 4.0])
def test_every_step_has_unit_variance(horizon, beta, seeded):
    noise = colored_noise(40_000, horizon=horizon, beta=beta, generator=seeded(0))
    assert noise.shape == (40_000, horizon)
    torch.testing.assert_close(noise.square().mean(0), torch.ones(horizon), atol=5 * (2 / 40_000) ** 0.5, rtol=0)
    assert noise.mean(0).abs().max() < 5 / 200


@pytest.mark.parametrize("horizon", [64, 65])
@pytest.mark.parametrize("beta", [0.0, 1.0, 2.0])
def test_power_falls_with_frequency_as_it_should(horizon, beta, seeded):
    noise = colored_noise(20_000, horizon=horizon, beta=beta, generator=seeded(1)).double().numpy()
    power = (np.abs(np.fft.rfft(noise)) ** 2).mean(0)
    slope, _ = np.polyfit(np.log(np.fft.rfftfreq(horizon)[1:]), np.log(power[1:]), 1)
    assert abs(slope + beta) < 0.02
    assert abs(power[0] / power[1] - 1) < 0.05  # the constant has the power of the slowest wave


def test_beta_0_is_white_noise(seeded):
    white = colored_noise(3, 4, horizon=5, beta=0.0, generator=seeded(0))
    assert torch.equal(white, torch.randn(3, 4, 5, generator=seeded(0)))


@pytest.mark.parametrize("beta", [0.0, 2.0])
def test_in_a_plan_each_number_of_an_action_has_a_memory_of_its_own(beta, seeded):
    noise = plan_noise(2, 5000, like=torch.zeros(12, 3), beta=beta, generator=seeded(0))
    assert noise.shape == (2, 5000, 12, 3)
    frequency = np.abs(np.fft.fftfreq(12))
    power = np.where(frequency == 0, 1 / 12, frequency) ** -beta
    expected = (power * np.cos(2 * np.pi * frequency)).sum() / power.sum()  # Wiener-Khinchin, one step later
    assert abs((noise[:, :, 1:] * noise[:, :, :-1]).mean() - expected) < 0.03
    assert abs((noise[..., 0] * noise[..., 1]).mean()) < 0.05 and abs((noise[0] * noise[1]).mean()) < 0.05
