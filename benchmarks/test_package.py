"""What a reader waits for first: the import, and a trained model."""

import subprocess
import sys

import pytest
from safetensors.torch import load_file

import wmcourse
from wmcourse.zoo import model_names
from wmcourse.zoo.parts import part_path
from wmcourse.zoo.weights import WEIGHTS, load_manifest, model_path


def python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def test_import(ratio):
    ratio.to("starting Python", lambda: python("pass"), lambda: python("import wmcourse"))


@pytest.mark.parametrize("name", model_names())
def test_load(ratio, name):
    parts = load_manifest(name).parts.items()
    files = [model_path(name, WEIGHTS), *(part_path(WEIGHTS, *part) for part in parts)]
    ratio.to("reading its tensors", lambda: [load_file(file) for file in files], lambda: wmcourse.load(name))
