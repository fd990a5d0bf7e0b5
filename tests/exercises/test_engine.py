"""The engine, on a toy exercise: what it compares, what it says, and what it leaves as it was."""

import contextlib

import pytest
import torch
from torch import nn

from wmcourse.exercises import CheckFailed, Exercise, Near, frequencies, obedience, with_gradient


def cases(draw):
    for batch, size in ((2, 3), (4, 1), (1, 5)):
        yield {"x": draw.normal(batch, size), "w": draw.normal(size), "gain": 2.0}
    yield {"x": draw.normal(3, 2).double(), "w": draw.normal(2).double(), "gain": 0.0}


def scaled(x, w, gain):
    """An oracle: a product, row by row."""
    return torch.stack([(row * w).sum() for row in x]) * gain + x.mean(1)


toy = Exercise("1.1", scaled, cases, advice={"mat1 and mat2": "transpose w"})


@toy.mistake("the gain is missing")
def _no_gain(x, w, gain):
    return scaled(x, w, 1.0)


@toy.mistake("the mean is missing")
def _no_mean(gain, **rest):
    return scaled(**rest, gain=gain) - rest["x"].mean(1)


def right(x, w, gain):
    return x @ w * gain + x.mean(dim=1)


def message(answer, exercise=toy) -> str:
    with pytest.raises(CheckFailed) as caught:
        exercise(answer)
    return str(caught.value)


def changed(x, w, gain):
    x.mul_(1.0)
    x[0] += 1
    return right(x, w, gain)


def backward(x, w, gain):
    result = right(x, w, gain)
    result.sum().backward()
    return result


def seeds(x, w, gain):
    torch.manual_seed(1)
    return right(x, w, gain)


def switches_off(x, w, gain):
    torch.set_grad_enabled(False)
    return right(x, w, gain)


def test_a_right_answer_is_told_so_in_one_line(capsys) -> None:
    toy(right)
    assert capsys.readouterr().out == "Exercise 1.1 is right: right\n"


def test_a_stub_is_not_started_rather_than_wrong(capsys) -> None:
    def stub(x, w, gain):
        raise NotImplementedError("Exercise 1.1")

    def later(x, w, gain):
        raise NotImplementedError("later")

    with pytest.raises(NotImplementedError, match=r"Exercise 1\.1"):
        toy(stub)
    assert capsys.readouterr().out == ""
    assert "NotImplementedError: later" in message(later)


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        (lambda x, w, gain: x @ w + x.mean(1), "the gain is missing"),
        (lambda x, w, gain: x @ w * gain, "the mean is missing"),
        (lambda x, w, gain: (x @ w).detach() + x.detach().mean(1), "the gain is missing"),  # the numbers say it
    ],
)
def test_a_mistake_is_named_that_agrees_on_every_case(answer, mistake) -> None:
    assert message(answer).endswith(f"likely:   {mistake}")


@pytest.mark.parametrize(
    "answer",
    [
        lambda x, w, gain: x @ w,  # two mistakes at once
        lambda x, w, gain: right(x, w, gain) if len(x) > 1 else x @ w + x.mean(1),  # a mistake on some cases
        lambda x, w, gain: right(x, w, gain).clamp(-1, 1),
        lambda x, w, gain: right(x, w, gain or 0.8),
    ],
)
def test_where_no_mistake_agrees_none_is_named(answer) -> None:
    said = message(answer)
    assert "likely" not in said and "expected: the result = [" in said and "cases are right" in said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda x, w, gain: None, "does it end with `return"),
        (lambda x, w, gain: "seven", "got:      str 'seven'"),
        (lambda x, w, gain: right(x, w, gain).double(), "dtype float64"),
        (lambda x, w, gain: right(x, w, gain).float(), "dtype float32"),
        (lambda x, w, gain: right(x, w, gain).squeeze(), "keeps its axis"),
        (lambda x, w, gain: right(x, w, gain)[:, None], "shape (2, 1)"),
        (lambda x, w, gain: right(x, w, gain)[:-1], "a tensor of shape (2,)"),
        (lambda x, w, gain: [x.detach_(), right(x, w, gain)][1], "x.detach_() cuts"),
        (lambda x, w, gain: [torch.set_default_dtype(torch.float64), right(x, w, gain)][1], "the default dtype"),
        (lambda x, w, gain: right(x, w, gain) / gain * gain, "nan"),
        (lambda x, w, gain: right(x.detach(), w, gain), "none: the graph is cut"),
        (lambda x, w, gain: 2 * right(x, w, gain) - right(x, w, gain).detach(), "gradient of the result"),
        (changed, "a changed `x`"),
        (backward, "leave .backward() and .zero_grad() to the caller"),
        (seeds, "leave torch.manual_seed to the caller"),
        (switches_off, "gradients switched off everywhere"),
        (lambda x: x, "keep the arguments of the stub"),
        (lambda x, w, gain: x.mT @ w[:0, None], "TypeError|RuntimeError"),
        (torch.zeros(3), "hand over the function"),
        (None, "hand over the function"),
    ],
)
def test_whatever_is_wrong_is_said(answer, said) -> None:
    words = message(answer)
    assert any(each in words for each in said.split("|")), words


def test_an_error_names_the_line_it_came_from_and_the_exercises_advice() -> None:
    def answer(x, w, gain):
        return x @ w[:, None].T

    assert "at `return x @ w[:, None].T`" in message(answer)
    assert message(answer).endswith("likely:   transpose w")


def test_a_notebook_shows_the_message_without_a_traceback() -> None:
    with pytest.raises(CheckFailed) as caught:
        toy(lambda x, w, gain: x @ w)
    assert caught.value._render_traceback_() == [f"Not right yet.\n{caught.value}"]


@pytest.mark.parametrize("answer", [right, seeds, switches_off])
def test_the_random_state_and_the_gradient_mode_stay_as_they_were(answer) -> None:
    before = torch.random.get_rng_state()
    with contextlib.suppress(CheckFailed):
        toy(answer)
    assert torch.equal(before, torch.random.get_rng_state()) and torch.is_grad_enabled()


def test_two_mistakes_have_words_of_their_own() -> None:
    with pytest.raises(ValueError, match="two mistakes"):
        toy.mistake("the gain is missing")(right)


def test_arguments_are_laid_out_as_the_case_says_and_numbers_have_no_gradient() -> None:
    def sliced(draw):
        yield {"x": draw.normal(4, 3)[:, 1:]}

    exercise = Exercise("1.7", lambda x: x.sum(), sliced)
    exercise(lambda x: x.reshape(-1).sum())
    assert "view size is not compatible" in message(lambda x: x.view(-1).sum(), exercise)
    assert "a Python number has none" in message(lambda x: x.sum().item(), exercise)


@pytest.mark.parametrize("other", [3.0, -torch.inf, torch.nan])
def test_an_infinite_result_is_expected_where_it_stands(other) -> None:
    def shifted(draw):
        yield {"x": draw.normal(4), "peak": torch.inf}

    exercise = Exercise("1.8", lambda x, peak: torch.cat([x, torch.tensor([peak])]), shifted)
    exercise(lambda x, peak: torch.nn.functional.pad(x, (0, 1), value=peak))
    assert "inf" in message(lambda x, peak: torch.nn.functional.pad(x, (0, 1), value=other), exercise)


# Modules among the arguments ------------------------------------------------------------------------------------------


def networks(draw):
    torch.manual_seed(0)
    yield {"net": nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.0)), "x": draw.normal(4, 2)}


frozen = Exercise("1.2", lambda net, x: net(x.detach()).sum(), networks)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda net, x: net.eval()(x.detach()).sum(), "no .train() or .eval()"),
        (lambda net, x: [net.zero_grad(), net(x.detach()).sum()][1], ".grad` as it was"),
        (lambda net, x: [net.requires_grad_(False), net(x.detach()).sum()][1], "requires_grad"),
        (lambda net, x: [net[0].bias.data.add_(1), net(x.detach()).sum()][1], "as it was"),
        (lambda net, x: net(x).sum(), "no gradient of the result"),
        (lambda net, x: net(x).detach().sum(), "none: the graph is cut"),
    ],
)
def test_a_module_is_left_as_it_is_and_learns_what_it_should(answer, said) -> None:
    frozen(lambda net, x: net(x.detach()).sum())
    assert said in message(answer, frozen)


def test_an_answer_may_change_what_it_is_asked_to() -> None:
    def add(into, x):
        with torch.no_grad():
            into.weight += x

    def changing(draw):
        torch.manual_seed(0)
        yield {"into": nn.Linear(2, 3), "x": draw.normal(3, 2)}

    exercise = Exercise("1.3", add, changing, changes=("into",))
    exercise(lambda into, x: into.weight.data.add_(x) is None or None)
    assert "`into.weight` afterwards" in message(lambda into, x: None, exercise)
    said = message(lambda into, x: setattr(into, "weight", nn.Parameter(into.weight + x)), exercise)
    assert "expected" in said  # a new parameter is not the one that others hold


# Views, draws, closed gradients ---------------------------------------------------------------------------------------


def coins(draw):
    yield {"p": torch.tensor([0.2, 0.7]), "generator": None}


def look(sample, p, generator):
    return {
        "how often": frequencies(sample(p.expand(4000, 2), torch.Generator().manual_seed(3))),
        **obedience(lambda generator: sample(p.expand(50, 2), generator)),
    }


tossed = Exercise("1.4", lambda p, generator=None: torch.bernoulli(p, generator=generator), coins, view=look)


@tossed.mistake("this is the likelier side, not a toss")
def _mode(p, generator=None):
    return p.round()


def test_draws_are_compared_by_what_they_have_in_common() -> None:
    tossed(lambda p, generator=None: (torch.rand(p.shape, generator=generator) < p).float())
    assert "the likelier side" in message(lambda p, generator=None: p.round(), tossed)
    assert "how often near" in message(lambda p, generator=None: torch.bernoulli(0.5 * p, generator=generator), tossed)
    assert "without a generator" in message(lambda p, g=None: torch.bernoulli(p, generator=g or fixed()), tossed)
    assert "same draws" in message(lambda p, generator=None: torch.bernoulli(p), tossed)


def fixed() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_near_is_as_near_as_it_says() -> None:
    value = torch.tensor([1.0, 2.0])

    def one(draw):
        yield {"by": 0.0}

    exercise = Exercise("1.5", lambda by: {"it": Near(value, 0.1)}, one)
    exercise(lambda by: {"it": Near(value + 0.09, 0.1)})
    assert "it near" in message(lambda by: {"it": Near(value + 0.11, 0.1)}, exercise)


def test_an_oracle_may_know_its_gradient_in_closed_form() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    held = with_gradient((x * x).sum(), (x, 3 * x.detach()))
    held.backward()
    assert held.item() == 5.0 and x.grad.tolist() == [3.0, 6.0]


@pytest.mark.parametrize("result", [(1, 2), (2, 1)])
def test_a_list_may_stand_for_a_tuple_and_a_tensor_for_a_whole_number(result) -> None:
    def none(draw):
        yield {}

    exercise = Exercise("1.6", lambda: result, none, returns=("first", "second"))
    exercise(lambda: list(result))
    exercise(lambda: tuple(torch.tensor(each) for each in result))
    assert "first: " in message(lambda: (result[0] + 1, result[1]), exercise)
    assert "whole number" in message(lambda: (float(result[0]), result[1]), exercise)
    assert "2 things, first, second" in message(lambda: (*result, 3), exercise)
