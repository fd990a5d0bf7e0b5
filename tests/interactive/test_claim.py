import numpy as np
import pytest
import torch

from wmcourse.interactive import claim


def test_a_claim_is_the_sentence_with_its_measured_values():
    sentence = claim(
        "After {h} steps it is **{e:.2f} rad**, {again:.1%}.", h=50, e=torch.tensor(0.1234), again=np.float32(0.5)
    )
    assert sentence.data == "After 50 steps it is **0.12 rad**, 50.0%."


@pytest.mark.parametrize(
    ("template", "values", "message"),
    [
        ("{a} and {b}", {"a": 1}, "uses b, but no such value"),
        ("{a}", {"a": 1, "b": 2}, "b was given, but the sentence does not use it"),
        ("{a}", {"a": float("nan")}, "a is nan: nothing was measured"),
        ("{a}", {"a": np.array(np.inf)}, "a is inf"),
        ("{a}", {"a": torch.zeros(3)}, "a holds 3 numbers"),
        ("{a}", {"a": None}, "a is a NoneType"),
        ("{}", {}, "name each value"),
        ("nothing measured", {}, "write it as prose"),
    ],
)
def test_a_claim_that_measures_nothing_is_refused(template, values, message):
    with pytest.raises(ValueError, match=message):
        claim(template, **values)
