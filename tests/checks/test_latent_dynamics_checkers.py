"""What all checkers of chapter 2 share: whatever is wrong is named."""

from pathlib import Path
from typing import Any

import pytest
import torch

from wmcourse.checks import latent_dynamics as check
from wmcourse.checks.check import CheckFailed

SOURCE = Path(__file__).parents[2] / "sources" / "solutions" / "02_latent_dynamics.md"
EXERCISES = (
    "encoder_output_shape",
    "preprocess",
    "one_step_latent_loss",
    "probe_r2",
    "same_frame_different_future",
)


@pytest.fixture(scope="module")
def answers(answers_of) -> dict[str, dict[str, Any]]:
    return answers_of("02_latent_dynamics")


def test_the_names_offered_are_those_of_the_exercises() -> None:
    assert set(check.__all__) == set(EXERCISES)


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda *_, **__: "seven", "got: +str 'seven'"),
        (lambda *_, **__: torch.zeros(7, 7), r"got: +(Tensor|tensor of shape \(7, 7\))"),
        (lambda *_, **__: 7, "got: +int 7"),
        (lambda *_, **__: (1, 2), "got: "),
        (lambda *_, **__: None, "no return statement"),
        (lambda *_, **__: 1 / 0, "ZeroDivisionError"),
        (lambda x, *, y: None, "keep the arguments of the stub"),
        (torch.zeros(3), "without calling it"),
        (None, "without calling it"),
    ],
    ids=["string", "shape", "number", "pair", "nothing", "error", "arguments", "called", "none"],
)
def test_whatever_comes_back_the_message_says_what_came(name: str, answer: Any, message: str) -> None:
    with pytest.raises(CheckFailed, match=message):
        getattr(check, name)(answer)


@pytest.mark.parametrize("name", ["encoder_output_shape", "same_frame_different_future"])
@pytest.mark.parametrize("item", ["text", None, 7.5, torch.zeros(2, 5), [torch.zeros(4)]])
def test_whatever_is_in_a_tuple_the_message_says_what_came(answers, name: str, item: Any) -> None:
    for place in range(3):

        def answer(*arguments: Any, place: int = place) -> Any:
            result = list(answers["solved"][name](*arguments))
            result[place] = item
            return tuple(result)

        with pytest.raises(CheckFailed, match="got: "):
            getattr(check, name)(answer)


def test_checkers_leave_the_random_state_and_the_gradient_mode_alone(answers) -> None:
    before = torch.random.get_rng_state()
    for name in EXERCISES:
        getattr(check, name)(answers["solved"][name])
        with pytest.raises(CheckFailed):
            getattr(check, name)(lambda *_, **__: torch.set_grad_enabled(False) and None)
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.is_grad_enabled()


def test_checkers_need_no_gradient_mode_of_their_own(answers) -> None:
    with torch.no_grad():
        for name in EXERCISES:
            getattr(check, name)(answers["solved"][name])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"preprocess": lambda *_: None}, "first make the checks of 2.2 and 2.5 pass"),
        ({"same_frame_different_future": lambda: (1, 2)}, "first make the checks of 2.2 and 2.5 pass"),
        ({"same_frame_different_future": lambda: (torch.zeros(4), torch.ones(5), 1)}, "first make the checks"),
        ({"preprocess": None}, "Exercise 2.2 comes first"),
        ({"same_frame_different_future": None}, "Exercise 2.5 comes first"),
        ({}, "after 0 steps,    0 of 4096 pixels differ"),
    ],
    ids=["nothing", "pair", "shape", "first stub", "second stub", "right"],
)
def test_the_cell_that_applies_two_answers_survives_wrong_ones(answers, capsys, wrong, message: str) -> None:
    from products import read_source

    cell = [cell for cell in read_source(SOURCE).cells if cell.cell_type == "code"][-1]
    stubs = {name: answers["stub"][name] for name, answer in wrong.items() if answer is None}
    exec(cell.source, {**answers["solved"], **wrong, **stubs})
    assert message in capsys.readouterr().out
