"""What all checkers of chapter 3 share: whatever is wrong is named."""

from pathlib import Path
from typing import Any

import pytest
import torch

from wmcourse.checks import compounding_error as check
from wmcourse.checks.check import CheckFailed

SOURCE = Path(__file__).parents[2] / "sources" / "solutions" / "03_compounding_error.md"
EXERCISES = (
    "teacher_forced_and_free",
    "multi_step_loss",
    "peek_rollout",
    "nmse_and_vpt",
    "ensemble_disagreement",
    "lipschitz_bound",
)
TUPLES = {"teacher_forced_and_free": 2, "nmse_and_vpt": 2, "ensemble_disagreement": 2, "lipschitz_bound": 3}


@pytest.fixture(scope="module")
def answers(answers_of) -> dict[str, dict[str, Any]]:
    return answers_of("03_compounding_error")


def test_the_names_offered_are_those_of_the_exercises() -> None:
    assert set(check.__all__) == set(EXERCISES)


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda *_, **__: "seven", "got: +str 'seven'"),
        (lambda *_, **__: torch.zeros(7, 7), r"got: +tensor of shape \(7, 7\)"),
        (lambda *_, **__: 7, "got: +int 7"),
        (lambda *_, **__: (1, 2), "got: "),
        (lambda *_, **__: [], "got: "),
        (lambda *_, **__: None, "no return statement"),
        (lambda *_, **__: 1 / 0, "ZeroDivisionError"),
        (lambda: None, "keep the arguments of the stub"),
        (torch.zeros(3), "without calling it"),
        (None, "without calling it"),
    ],
    ids=["string", "shape", "number", "pair", "empty", "nothing", "error", "arguments", "called", "none"],
)
def test_whatever_comes_back_the_message_says_what_came(name: str, answer: Any, message: str) -> None:
    with pytest.raises(CheckFailed, match=message):
        getattr(check, name)(answer)


@pytest.mark.parametrize("name", TUPLES)
@pytest.mark.parametrize("item", ["text", None, True, [1.0], torch.zeros(2, 5), torch.tensor(torch.nan)], ids=str)
def test_whatever_is_in_a_tuple_the_message_says_what_came(answers, name: str, item: Any) -> None:
    for place in range(TUPLES[name]):

        def answer(*arguments: Any, place: int = place, **limits: Any) -> Any:
            result = list(answers["solved"][name](*arguments, **limits))
            result[place] = item
            return tuple(result)

        with pytest.raises(CheckFailed, match="got: "):
            getattr(check, name)(answer)


def test_checkers_leave_the_random_state_and_the_gradient_mode_alone(answers) -> None:
    before = torch.random.get_rng_state()
    with torch.no_grad():
        for name in EXERCISES:
            getattr(check, name)(answers["solved"][name])
    for name in EXERCISES:
        with pytest.raises(CheckFailed):
            getattr(check, name)(lambda *_, **__: torch.set_grad_enabled(False) and None)
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"teacher_forced_and_free": lambda *_: None}, "first make the checks of 3.1 and 3.6 pass"),
        ({"teacher_forced_and_free": lambda *_: (None, None)}, "first make the checks of 3.1 and 3.6 pass"),
        ({"lipschitz_bound": lambda *_: (1, 2)}, "first make the checks of 3.1 and 3.6 pass"),
        ({"lipschitz_bound": None}, "Exercise 3.6 comes first"),
        ({"teacher_forced_and_free": None}, "Exercise 3.1 comes first"),
        ({}, "L = 1.28, epsilon = 0.015"),
    ],
    ids=["nothing", "pair", "bound", "stub of 3.6", "stub of 3.1", "right"],
)
def test_the_cell_that_applies_two_answers_survives_wrong_ones(answers, capsys, wrong, message: str) -> None:
    from products import read_source

    cell = [cell for cell in read_source(SOURCE).cells if cell.cell_type == "code"][-1]
    stubs = {name: answers["stub"][name] for name, answer in wrong.items() if answer is None}
    exec(cell.source, {**answers["solved"], **wrong, **stubs})
    assert message in capsys.readouterr().out


def test_the_measured_error_of_the_pendulum_stays_below_the_bound(answers) -> None:
    """What the text beside the last cell says: the bound holds, and is soon of no use."""
    from products import read_source

    cell = [cell for cell in read_source(SOURCE).cells if cell.cell_type == "code"][-1]
    names = dict(answers["solved"])
    exec(cell.source, names)
    assert bool((names["drift"] <= names["bound"] + 1e-12).all())
    assert names["bound"][-1] > 100 * names["drift"][-1]
    torch.testing.assert_close(names["one_step"].max(), names["largest"])


def test_a_message_stays_short(answers) -> None:
    for name in ("teacher_forced_and_free", "ensemble_disagreement"):

        def noisy(*arguments: Any, name: str = name) -> Any:
            return answers["solved"][name](*arguments[:2], arguments[2] + 0.1)

        with pytest.raises(CheckFailed) as caught:
            getattr(check, name)(noisy)
        assert len(str(caught.value)) < 400
