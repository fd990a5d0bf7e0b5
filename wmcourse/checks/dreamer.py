"""Checkers of chapter 9, Dreamer: `continue_target` to `straight_through_sample`, exercises 9.1 to 9.5."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from wmcourse.checks.check import checker, expect, expect_close, expect_tensor, expect_unchanged
from wmcourse.checks.imagination import imagine_ahead
from wmcourse.checks.returns import lambda_return
from wmcourse.checks.sampling import straight_through_sample

__all__ = ["continue_target", "imagine_ahead", "lambda_return", "straight_through_sample", "update_slow"]

Answer = Callable[..., Any]


@checker("9.1")
def continue_target(answer: Answer) -> None:
    """Oracle: a table of the four cases, written out by hand."""
    # A fall, then a second episode that falls; one out of time; one that falls at the very step its time is up.
    terminated = torch.tensor([[0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 0, 1]]).bool()
    truncated = torch.tensor([[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]).bool()
    expected = torch.tensor([[1.0, 0, 1, 0], [1, 1, 1, 1], [1, 1, 1, 0]])
    before = {"terminated": terminated, "truncated": truncated}
    given = {name: flags.clone() for name, flags in before.items()}
    got = expect_tensor(answer(*given.values()), (3, 4), "the targets")
    expect_unchanged(given, before)
    one, start = 1.0 - terminated.float(), torch.ones(3, 1)
    both_set = "when both flags are set the pole did fall: truncation does not undo a termination"
    mistakes = {
        "truncation is not termination: the clock ran out, the pole still stands, so the target stays 1": (
            1.0 - (terminated | truncated).float()
        ),
        "inverted: this is 1 where the episode ends; the target is the chance to go on": terminated.float(),
        "the ends of episodes are missing: the target is 0 after a termination": torch.ones(3, 4),
        "the two flags are swapped: it is `terminated` that ends the future": 1.0 - truncated.float(),
        both_set: 1.0 - (terminated & ~truncated).float(),
        f"{both_set}, nor does it end a future by itself": 1.0 - (terminated ^ truncated).float(),
        "0 for ever after the first fall: each step answers for itself, a new episode may follow": one.cumprod(1),
        "a step late: c_t is 0 at the very step that terminated": torch.cat([start, one[:, :-1]], 1),
        "a step early: c_t is 0 at the very step that terminated": torch.cat([one[:, 1:], start], 1),
        "only the first fall counts: a new episode may follow, and fall as well": (
            1.0 - (terminated & (terminated.cumsum(1) == 1)).float()
        ),
    }
    if not bool(((got == 0) | (got == 1)).all()):
        mistakes["a target is 0 or 1, nothing else: it says what happened"] = got.float()
    expect_close(got.float(), expected, "targets", mistakes)
    dtype_advice = "the binary cross-entropy of the continue head compares them with its float32 output: .float()"
    expect(got.dtype == torch.float32, "targets of dtype float32", f"dtype {got.dtype}", dtype_advice)
    single = answer(terminated[:1].clone(), truncated[:1].clone())
    lost_axis = {"a batch of one is still a batch: .squeeze() drops every axis of size 1, so leave it out": (4,)}
    single = expect_tensor(single, (1, 4), "the targets of a single episode", lost_axis)
    expect_close(single, expected[:1], "targets of a single episode")


_ADVICE = {
    "leaf Variable that requires grad": "change parameters in place under `with torch.no_grad():`",
    "has no attribute": "a module is no tensor: walk over zip(slow.parameters(), critic.parameters())",
    "not iterable": "a module is no list of tensors: walk over zip(slow.parameters(), critic.parameters())",
}


@checker("9.4", _ADVICE)
def update_slow(answer: Answer) -> None:
    """Oracle: after k updates the distance to a fixed critic has shrunk to (1 - mix)^k of itself."""
    torch.manual_seed(4)
    critic = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ELU(), nn.Linear(2, 1)))
    slow = copy.deepcopy(critic).requires_grad_(False)
    for parameter in slow.parameters():
        nn.init.normal_(parameter)
    mix = 0.25
    before, target = _flat(slow), _flat(critic)
    parameters = list(slow.parameters())
    answer(slow, critic, mix)
    mode = "torch.set_grad_enabled(False) stays in force after the function: use `with torch.no_grad():`"
    expect(torch.is_grad_enabled(), "gradients enabled as before", "gradients switched off everywhere", mode)
    expect(
        torch.equal(_flat(critic), target),
        "the critic as it was",
        "a changed critic",
        "only slow follows; the critic is trained by its own loss",
    )
    expect(
        all(now is was for now, was in zip(slow.parameters(), parameters, strict=True)),
        "the same parameters with new values",
        "new parameters",
        "write into them in place (mul_, add_, lerp_, copy_) instead of replacing them",
    )
    expect(
        all(parameter.grad_fn is None for parameter in slow.parameters()),
        "parameters without a history",
        "a slow critic that is part of the critic's graph",
        "update under `with torch.no_grad():`, for no gradient may flow into the target",
    )
    _expect_flags(slow, "slow", False)
    _expect_flags(critic, "critic", True)
    _expect_mixed(slow, before, target, mix)
    answer(slow, critic, mix)
    answer(slow, critic, 0.5)
    expected = target + (1 - mix) ** 2 * 0.5 * (before - target)
    hard_coded = {"the first update was right: mix is hard-coded, or an update remembers an older one": _flat(slow)}
    expect_close(_flat(slow), expected, "slow parameters after updates with mix 0.25, 0.25, 0.5", hard_coded)
    answer(slow, critic, 1.0)
    expect_close(_flat(slow), target, "slow parameters after an update with mix 1, those of the critic:")
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.add_(1.0)
    expect(
        bool(torch.allclose(_flat(slow), target, atol=1e-4)),
        "a slow critic with its own memory",
        "one that moves with the critic",
        "copy values instead of sharing tensors: `.data = other.data` makes both the same",
    )
    answer(slow.requires_grad_(True), critic, mix)
    _expect_flags(slow, "slow", True)


def _flat(module: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()]).clone()


def _expect_flags(module: nn.Module, name: str, wanted: bool) -> None:
    kept = all(parameter.requires_grad == wanted for parameter in module.parameters())
    expect(kept, f"requires_grad as it was in `{name}`", "changed flags", "torch.no_grad() is enough")


def _expect_mixed(slow: nn.Module, before: Tensor, target: Tensor, mix: float) -> None:
    def only(moves: Callable[[str, Tensor], bool]) -> Tensor:
        """What comes of it when the other parameters stay behind."""
        moved = [torch.full((p.numel(),), moves(name, p)) for name, p in slow.named_parameters()]
        return torch.where(torch.cat(moved), expected, before)

    got, expected = _flat(slow), before + mix * (target - before)
    in_place = "change the parameters in place, whether or not they require a gradient"
    mistakes = {
        f"nothing has moved: `p = ...` binds a new name, `p.lerp(...)` makes a new tensor; {in_place}": before,
        "the mix is the wrong way round: slow keeps (1 - mix) of itself and takes mix of the critic": (
            mix * before + (1 - mix) * target
        ),
        "slow became the critic: a slow target moves by the share mix only": target,
        "slow is not reduced: its own share is (1 - mix), or the sum grows": before + mix * target,
        "slow fades away: add mix times the critic": (1 - mix) * before,
        "slow is reduced first, and the difference is taken after that: take it from the old slow": (
            (1 - mix) ** 2 * before + mix * target
        ),
        "the biases are left behind: loop over all parameters()": only(lambda _, p: p.dim() > 1),
        "only the first parameter moves: loop over all parameters()": only(lambda name, _: name == "0.weight"),
        "the layers within layers are left behind: parameters() reaches them all": only(lambda n, _: n.count(".") < 2),
        "slow moves away from the critic: the difference has the wrong sign": before - mix * (target - before),
    }
    share = float(((got - before) / (target - before)).median())
    mistakes[f"slow moved by the share {share:.2f}, whatever mix is"] = before + share * (target - before)
    expect_close(got, expected, "slow parameters after one update with mix 0.25", mistakes)
