"""The interface itself."""

from typing import NamedTuple

import torch
from torch import Tensor

from wmcourse.models.protocol import WorldModel, map_state


class Pair(NamedTuple):
    left: Tensor
    right: Tensor


def test_map_state_keeps_the_type_and_matches_fields():
    states = [Pair(torch.full((2, 3), float(t)), torch.full((2,), 10.0 * t)) for t in range(4)]
    stacked = map_state(lambda *fields: torch.stack(fields, dim=1), *states)
    assert isinstance(stacked, Pair)
    assert stacked.left.shape == (2, 4, 3) and stacked.right.tolist() == [[0.0, 10.0, 20.0, 30.0]] * 2


def test_a_class_with_the_four_methods_is_a_world_model(rotation):
    assert isinstance(rotation, WorldModel)
    assert not isinstance(torch.nn.Linear(1, 1), WorldModel)
