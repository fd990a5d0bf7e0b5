"""Weights that 16 bits hold."""

import pytest
import torch
from torch import nn

from wmcourse.nets.half import round_to_half


def test_every_weight_becomes_the_nearest_that_16_bits_hold_and_stays_a_float():
    torch.manual_seed(0)
    module = nn.Linear(30, 20)
    before = module.weight.detach().clone()
    round_to_half(module)
    assert module.weight.dtype == torch.float32
    torch.testing.assert_close(module.weight, module.weight.half().float(), rtol=0, atol=0)
    torch.testing.assert_close(module.weight, before, rtol=2**-11, atol=1e-7)


def test_a_weight_that_is_too_large_is_named():
    module = nn.Linear(2, 2)
    nn.init.constant_(module.bias, 1e5)
    with pytest.raises(ValueError, match=r"bias does not fit into 16 bits: its largest number is 1e\+05"):
        round_to_half(module)
