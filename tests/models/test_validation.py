"""Bad tensors are named at the door."""

import pytest
import torch

from wmcourse.models.validation import check_action, check_observation


def test_good_tensors_pass(rotation):
    check_observation(rotation, torch.zeros(3, 2))
    check_observation(rotation, torch.zeros(3, 9, 2), axes=("batch", "time"))
    check_action(rotation, torch.zeros(3, 1, dtype=torch.float64))


@pytest.mark.parametrize(
    ("observation", "words"),
    [
        (torch.zeros(3, 3), r"observation has shape \(3, 3\); this model needs \(batch, 2\)"),
        (torch.zeros(2), r"shape \(2,\); this model needs \(batch, 2\)"),
        (torch.zeros(3, 2).int(), r"torch.int32; a world model needs floats"),
        (torch.tensor([[0.0, torch.nan]]), "1 NaN or infinite of 2"),
        (torch.tensor([[torch.inf, -torch.inf]]), "2 NaN or infinite of 2"),
    ],
)
def test_bad_observations_are_named(rotation, observation, words):
    with pytest.raises(ValueError, match=words):
        check_observation(rotation, observation)


def test_action_numbers_are_told_how_to_become_vectors(rotation):
    with pytest.raises(ValueError, match=r"one_hot\(action, 1\)"):
        check_action(rotation, torch.tensor([0, 1]))
    with pytest.raises(ValueError, match=r"action has shape \(4, 2\); this model needs \(batch, 1\)"):
        check_action(rotation, torch.zeros(4, 2))
