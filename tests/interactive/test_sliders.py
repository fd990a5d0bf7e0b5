import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmcourse.interactive import Choice, Slider, Stops
from wmcourse.interactive.sliders import as_control, text


def test_a_slider_of_integers_holds_both_ends_and_stays_integer():
    values = Slider(5, 20, 5).values
    assert values == (5, 10, 15, 20)
    assert all(isinstance(value, int) for value in values)


def test_a_slider_of_floats_has_no_float_noise():
    assert Slider(0.0, 0.5, 0.1).values == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


@given(st.integers(-50, 50), st.integers(1, 9), st.integers(1, 30))
def test_a_slider_is_an_arithmetic_progression(start, step, count):
    values = Slider(start, start + step * count, step).values
    assert list(values) == list(range(start, start + step * count + 1, step))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((10, 5, 1), "runs upwards"),
        ((5, 5, 1), "runs upwards"),
        ((0, 10, 0), "step must be positive"),
        ((0, 10, -2), "for example 2"),
        ((0, 10, 3), "nearest stops are 9 and 12"),
        ((0, float("nan"), 1), "not a finite number"),
        ((0, float("inf"), 1), "not a finite number"),
    ],
)
def test_an_impossible_range_is_refused_with_what_would_be_right(arguments, message):
    with pytest.raises(ValueError, match=message):
        Slider(*arguments)


def test_a_default_must_be_on_the_slider():
    assert Slider(0, 10, 5, default=5).default_index == 1
    with pytest.raises(ValueError, match="default 7 is not one of the values"):
        Slider(0, 10, 5, default=7)
    with pytest.raises(ValueError, match="default 'c'"):
        Choice(["a", "b"], default="c")


@pytest.mark.parametrize(
    ("values", "message"),
    [([], "none"), ([3], "at least two"), ([1, 2, 1], "twice"), ([1, float("nan")], "finite"), ("ab", "no slider")],
)
def test_impossible_lists_are_refused_by_the_name_of_their_parameter(values, message):
    with pytest.raises(ValueError, match=message) as error:
        as_control("speed", values)
    assert "speed" in str(error.value)


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("horizon", Slider(0, 10)),
        ("horizon", [-5, 5]),
        ("peek_every", Slider(0, 20, 10, or_never=True)),
        ("temperature", Slider(-1.0, 1.0, 0.5)),
        ("horizon", ["soon", "late"]),
    ],
)
def test_the_models_own_limits_hold_for_sliders(name, declared):
    with pytest.raises(ValueError, match=f"{name}: .* impossible"):
        as_control(name, declared)


def test_never_is_the_last_value_and_is_shown_as_a_word():
    control = Slider(10, 20, 10, or_never=True, unit="steps")
    assert [control.show(value) for value in control.values] == ["10 steps", "20 steps", "never"]


def test_the_live_slider_may_be_denser_but_must_hold_the_grid():
    assert Slider(0, 10, 5, live_step=1).live_values == tuple(range(11))
    with pytest.raises(ValueError, match="skips the value 5"):
        Slider(0, 10, 5, live_step=2)


def test_labels_come_from_the_parameter_unless_given():
    assert as_control("peek_every", [1, 2]).label == "Peek every"
    assert as_control("h", Slider(1, 2, label="Horizon")).label == "Horizon"


def test_words_make_a_choice_and_numbers_a_slider():
    assert as_control("episode", ["a", "b"]).choice
    assert not as_control("seed", range(4)).choice


@pytest.mark.parametrize(("value", "shown"), [(0.1 + 0.2, "0.3"), (-5, "−5"), (1e-7, "1e−07"), ("a-b", "a-b")])
def test_numbers_are_shown_short(value, shown):
    assert text(value) == shown


def test_stops_make_a_slider_over_the_listed_values():
    control = Stops([1, 5, 20, None], default=20, unit="steps")
    assert control.values == (1, 5, 20, None)
    assert not control.choice
    assert control.show(control.default) == "20 steps"
    assert control.show(None) == "never"
