"""The interface itself, and what it promises of every model: an episode's start, no device assumed, graphs."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from wmcourse.models.protocol import Prediction, WorldModel, features_of, first_look, map_state


class Pair(NamedTuple):
    left: Tensor
    right: Tensor


def test_map_state_keeps_the_type_and_matches_fields():
    states = [Pair(torch.full((2, 3), float(t)), torch.full((2,), 10.0 * t)) for t in range(4)]
    stacked = map_state(lambda *fields: torch.stack(fields, dim=1), *states)
    assert isinstance(stacked, Pair)
    assert stacked.left.shape == (2, 4, 3) and stacked.right.tolist() == [[0.0, 10.0, 20.0, 30.0]] * 2


def test_features_are_the_states_own_or_all_of_it_side_by_side():
    class Featured(Pair):
        @property
        def features(self):
            return self.left

    pair = Pair(torch.arange(12.0).view(2, 3, 2), torch.tensor([7.0, 8.0]))
    assert features_of(pair).tolist() == [[0, 1, 2, 3, 4, 5, 7], [6, 7, 8, 9, 10, 11, 8]]
    assert torch.equal(features_of(Featured(*pair)), pair.left.flatten(1))


def test_a_class_with_the_four_methods_is_a_world_model(rotation):
    assert isinstance(rotation, WorldModel)
    assert not isinstance(torch.nn.Linear(1, 1), WorldModel)


def test_who_predicts_no_observation_says_what_would_help():
    assert torch.equal(Prediction(torch.ones(2, 3)).require_observation(), torch.ones(2, 3))
    with pytest.raises(ValueError, match=r"no observation.*Probed\(model, probe\)"):
        Prediction(reward=torch.ones(2)).require_observation()


def situation(model):
    """A belief in mid-episode, an action of zeros, and something seen."""
    state = map_state(lambda part: part + torch.rand_like(part), model.initial(1))
    return state, torch.zeros(1, model.action_dim), torch.rand(1, *model.observation_shape)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_an_episodes_start_forgets_what_was_before_and_an_action_of_zeros_does_not(small_model, remembers, temperature):
    state, zeros, seen = situation(small_model)

    def whole(look):
        torch.manual_seed(0)
        return torch.cat([field.flatten() for field in look()])

    fresh = whole(lambda: first_look(small_model, seen, temperature))
    assert torch.equal(whole(lambda: small_model.observe(state, None, seen, temperature)), fresh)
    later = whole(lambda: small_model.observe(state, zeros, seen, temperature))
    assert torch.allclose(later, fresh) != remembers


def test_no_device_is_assumed(small_model):
    """All is on the CPU, but what names no device is made elsewhere: its like would be lost on a GPU."""
    state, action, seen = situation(small_model)

    def everything():
        torch.manual_seed(0)
        begun = first_look(small_model, seen)
        later = small_model.imagine(small_model.observe(state, action, seen), action)
        told = [part for part in small_model.decode(later) if part is not None]
        return [*small_model.initial(2), *begun, *later, *told]

    expected = everything()
    with torch.device("meta"):
        found = everything()
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("starts", [True, False])
def test_a_look_can_be_traced_with_an_action_and_without(small_model, starts):
    """The graph, traced from one set of numbers, is right for others, zeros among them, and for any temperature."""
    state, zeros, seen = situation(small_model)

    class Look(nn.Module):
        def forward(self, state, action, observation, temperature):
            return tuple(small_model.observe(state, None if starts else action, observation, temperature))

    traced = torch.export.export(Look(), (state, zeros + 0.5, seen, torch.tensor(1.0)), strict=False).module()
    other = map_state(lambda part: part + torch.rand_like(part), state)
    for action, temperature in ((zeros, torch.tensor(0.7)), (zeros + 1.0, torch.tensor(0.0))):
        torch.manual_seed(0)
        expected = small_model.observe(other, None if starts else action, 1 - seen, temperature)
        torch.manual_seed(0)
        for ours, theirs in zip(traced(other, action, 1 - seen, temperature), expected, strict=True):
            torch.testing.assert_close(ours, theirs)


def test_a_step_can_be_traced(small_model):
    """As a look can."""
    state, zeros, _ = situation(small_model)

    class Step(nn.Module):
        def forward(self, state, action, temperature):
            return tuple(small_model.imagine(state, action, temperature))

    traced = torch.export.export(Step(), (state, zeros + 0.5, torch.tensor(1.0)), strict=False).module()
    other = map_state(lambda part: part + torch.rand_like(part), state)
    for action, temperature in ((zeros, torch.tensor(0.7)), (zeros + 1.0, torch.tensor(0.0))):
        torch.manual_seed(0)
        expected = small_model.imagine(other, action, temperature)
        torch.manual_seed(0)
        for ours, theirs in zip(traced(other, action, temperature), expected, strict=True):
            torch.testing.assert_close(ours, theirs)
