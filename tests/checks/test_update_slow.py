"""Exercise 9.4: plausible mistakes are named, and right answers written differently pass."""

from typing import Any

import pytest
import torch

from wmcourse.checks import dreamer as check
from wmcourse.checks.check import CheckFailed


def pairs(slow, critic):
    return zip(slow.parameters(), critic.parameters(), strict=True)


@torch.no_grad()
def wrong_way_round(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.copy_(mix * old + (1 - mix) * new)


@torch.no_grad()
def copies(slow, critic, mix):
    slow.load_state_dict(critic.state_dict())


def rebinds(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old = (1 - mix) * old + mix * new


@torch.no_grad()
def forgets_biases(slow, critic, mix):
    for old, new in pairs(slow, critic):
        if old.dim() > 1:
            old.lerp_(new, mix)


@torch.no_grad()
def first_only(slow, critic, mix):
    next(slow.parameters()).lerp_(next(critic.parameters()), mix)


@torch.no_grad()
def only_adds(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.add_(mix * new)


@torch.no_grad()
def only_shrinks(slow, critic, mix):
    for old in slow.parameters():
        old.mul_(1 - mix)


@torch.no_grad()
def flees(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.add_(mix * (old - new))


def with_gradient(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.mul_(1 - mix).add_(mix * new)


@torch.no_grad()
def moves_the_critic(slow, critic, mix):
    for old, new in pairs(slow, critic):
        new.lerp_(old, mix)


@torch.no_grad()
def replaces(slow, critic, mix):
    for layer, other in zip(slow, critic, strict=True):
        if hasattr(layer, "weight"):
            layer.weight = torch.nn.Parameter((1 - mix) * layer.weight + mix * other.weight)


@torch.no_grad()
def hard_coded_mix(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.lerp_(new, 0.25)


def shares_memory(slow, critic, mix):
    for old, new in pairs(slow, critic):
        new.data = (old.data + mix * (new.data - old.data)) if mix == 2.0 else new.data
        old.data = new.data


def needs_a_frozen_slow(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.mul_(1 - mix).add_(mix * new.detach())


@torch.no_grad()
def freezes(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.lerp_(new, mix)
    slow.requires_grad_(False)


@torch.no_grad()
def outermost_layers(slow, critic, mix):
    for layer, other in zip(slow, critic, strict=True):
        if hasattr(layer, "weight"):
            layer.weight.lerp_(other.weight, mix)
            layer.bias.lerp_(other.bias, mix)


@torch.no_grad()
def not_in_place(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.lerp(new, mix)


@torch.no_grad()
def only_what_is_trained(slow, critic, mix):
    for old, new in pairs(slow, critic):
        if old.requires_grad:
            old.lerp_(new, mix)


@torch.no_grad()
def shrinks_first(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.mul_(1 - mix).add_(mix * (new - old))


@torch.no_grad()
def other_share(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.lerp_(new, 0.02)


@torch.no_grad()
def scales_the_critic(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.mul_(1 - mix).add_(new.mul_(mix))


def copies_by_reference(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.data = new.data if mix == 1 else (1 - mix) * old.data + mix * new.data


def unfreezes(slow, critic, mix):
    wrong_flags(slow, critic, mix, slow)


def freezes_the_critic(slow, critic, mix):
    wrong_flags(slow, critic, mix, critic)


@torch.no_grad()
def wrong_flags(slow, critic, mix, module):
    for old, new in pairs(slow, critic):
        old.lerp_(new, mix)
    module.requires_grad_(module is slow)


def switches_gradients_off(slow, critic, mix):
    torch.set_grad_enabled(False)
    for old, new in pairs(slow, critic):
        old.lerp_(new, mix)


@torch.no_grad()
def walks_over_layers(slow, critic, mix):
    for old, new in zip(slow, critic, strict=True):
        old.lerp_(new, mix)


WRONG_UPDATES = {
    wrong_way_round: "wrong way round",
    copies: "slow became the critic",
    rebinds: "binds a new name",
    forgets_biases: "biases are left behind",
    first_only: "only the first parameter",
    only_adds: "the sum grows",
    only_shrinks: "slow fades away",
    flees: "moves away from the critic",
    with_gradient: "no_grad",
    moves_the_critic: "a changed critic",
    replaces: "in place",
    hard_coded_mix: "hard-coded",
    shares_memory: "slow became the critic",
    needs_a_frozen_slow: "no_grad",
    freezes: "requires_grad as it was",
    outermost_layers: "layers within layers",
    not_in_place: "makes a new tensor",
    only_what_is_trained: "whether or not they require a gradient",
    shrinks_first: "take it from the old slow",
    other_share: "moved by the share 0.02",
    scales_the_critic: "a changed critic",
    copies_by_reference: "a slow critic with its own memory",
    unfreezes: "requires_grad as it was in `slow`",
    freezes_the_critic: "requires_grad as it was in `critic`",
    switches_gradients_off: "gradients switched off everywhere",
    walks_over_layers: "a module is no tensor",
}


@pytest.mark.parametrize("wrong", WRONG_UPDATES, ids=lambda wrong: wrong.__name__)
def test_update_slow_names_the_mistake(wrong: Any) -> None:
    with pytest.raises(CheckFailed, match=WRONG_UPDATES[wrong]):
        check.update_slow(wrong)


@torch.no_grad()
def by_state_dict(slow, critic, mix):
    new = critic.state_dict()
    slow.load_state_dict({name: torch.lerp(old, new[name], mix) for name, old in slow.state_dict().items()})


@torch.no_grad()
def as_one_vector(slow, critic, mix):
    flat = torch.nn.utils.parameters_to_vector
    mixed = (1 - mix) * flat(slow.parameters()) + mix * flat(critic.parameters())
    torch.nn.utils.vector_to_parameters(mixed, slow.parameters())


RIGHT = [by_state_dict, as_one_vector]


@pytest.mark.parametrize("answer", RIGHT)
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.update_slow(answer)


def test_in_place_arithmetic_on_data_is_right_too() -> None:
    def on_data(slow, critic, mix):
        for old, new in pairs(slow, critic):
            old.data.mul_(1 - mix).add_(mix * new.data)

    check.update_slow(on_data)
