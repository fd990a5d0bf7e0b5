"""What a reader waits for first: the import, and a trained model."""

import subprocess
import sys

import pytest
from safetensors.torch import load_file

import wmcourse
from wmcourse.zoo import MissingWeights, model_names
from wmcourse.zoo.weights import WEIGHTS


def python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def test_import(ratio):
    ratio.to("starting Python", lambda: python("pass"), lambda: python("import wmcourse"))


@pytest.mark.parametrize("name", model_names())
def test_load(ratio, name):
    try:
        wmcourse.load(name)
    except MissingWeights as error:
        pytest.skip(str(error))
    path = WEIGHTS / f"{name}.safetensors"
    ratio.to("reading its tensors", lambda: load_file(path), lambda: wmcourse.load(name))
