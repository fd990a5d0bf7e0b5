"""What all checkers of chapter 9 share: whatever is wrong is named."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from wmcourse.checks import dreamer as check
from wmcourse.checks.check import CheckFailed

EXERCISES = (
    "continue_target",
    "lambda_return",
    "imagine_ahead",
    "update_slow",
    "straight_through_sample",
)


@pytest.fixture(scope="module")
def answers(answers_of) -> dict[str, dict[str, Any]]:
    return answers_of("09_dreamer")


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda *_, **__: "seven", "got: +str 'seven'"),
        (lambda *_, **__: torch.zeros(7, 7), r"got: "),
        (lambda *_, **__: 1 / 0, "ZeroDivisionError"),
        (lambda: None, "keep the arguments of the stub"),
        (torch.zeros(3), "without calling it"),
        (None, "without calling it"),
    ],
    ids=["string", "shape", "error", "arguments", "called", "none"],
)
def test_whatever_comes_back_the_message_says_what_came(name: str, answer: Any, message: str) -> None:
    if name == "update_slow" and "got:" in message:
        message = "binds a new name"  # it returns nothing that could be looked at
    with pytest.raises(CheckFailed, match=message):
        getattr(check, name)(answer)


@pytest.mark.parametrize("name", [name for name in EXERCISES if name != "update_slow"])
def test_a_forgotten_return_is_named(name: str) -> None:
    with pytest.raises(CheckFailed, match="no return statement"):
        getattr(check, name)(lambda *_, **__: None)


def test_a_not_implemented_error_that_is_no_stub_is_wrong() -> None:
    def answer(terminated, truncated):
        raise NotImplementedError("later")

    with pytest.raises(CheckFailed, match="NotImplementedError: later"):
        check.continue_target(answer)


def test_an_error_names_the_line_of_the_answer_it_came_from() -> None:
    def answer(terminated, truncated):
        return terminated + "1"

    with pytest.raises(CheckFailed, match=r"TypeError: .* at `return terminated \+ \"1\"`"):
        check.continue_target(answer)


def test_a_notebook_shows_the_message_without_a_traceback() -> None:
    with pytest.raises(CheckFailed) as caught:
        check.continue_target(lambda terminated, truncated: terminated.float())
    assert caught.value._render_traceback_() == [f"Not right yet.\n{caught.value}"]


def test_checkers_leave_the_random_state_alone() -> None:
    before = torch.random.get_rng_state()
    for name in EXERCISES:
        with pytest.raises(CheckFailed):
            getattr(check, name)(lambda *_, **__: 0)
    assert torch.equal(before, torch.random.get_rng_state())


def test_checkers_leave_random_state_and_gradients_alone_when_the_answer_does_not(answers) -> None:
    before = torch.random.get_rng_state()
    for name in EXERCISES:
        getattr(check, name)(answers["solved"][name])

    def switches_gradients_off(slow, critic, mix):
        torch.set_grad_enabled(False)
        answers["solved"]["update_slow"](slow, critic, mix)

    def seeds_the_dream(model, state, policy, horizon):
        torch.manual_seed(0)
        return answers["solved"]["imagine_ahead"](model, state, policy, horizon)

    with pytest.raises(CheckFailed, match="gradients switched off everywhere"):
        check.update_slow(switches_gradients_off)
    with pytest.raises(CheckFailed, match="leave torch.manual_seed to the caller"):
        check.imagine_ahead(seeds_the_dream)
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.is_grad_enabled()


def test_oracles_are_independent_of_the_package() -> None:
    allowed = ("wmcourse.checks.", "wmcourse.models.protocol", "wmcourse.errors")
    for file in Path(check.__file__).parent.glob("*.py"):
        for module in re.findall(r"^\s*(?:from|import) (wmcourse[\w.]*)", file.read_text(), re.MULTILINE):
            assert module.startswith(allowed), f"{file.name} imports {module}"
