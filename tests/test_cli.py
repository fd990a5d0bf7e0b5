"""The command line: what it prints where, its exit status, and one clear line for each mistake."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

import wmcourse
from wmcourse import chapters, cli

ROOT = Path(wmcourse.__file__).parents[1]
SOURCE = ROOT / "sources" / "solutions" / "09_dreamer.md"

TABLE = """
from wmcourse.chapter import PARTS, Chapter

CHAPTER = Chapter(99, "toy", "Toy", PARTS[0], recipes=("toy-model",), studies=("toy-study",))
"""
STUDIES = """
class Toy:
    name = "toy-study"

    def run(self):
        print("measured")


STUDIES = (Toy(),)
"""
RECIPES = """
import os
import time
from dataclasses import dataclass, field

from torch import nn

from wmcourse.evaluation.statistics import Interval
from wmcourse.recipes.recipe import Recipe, Training


@dataclass(frozen=True)
class Layer:
    width: int = 2


@dataclass(frozen=True)
class Config:
    seed: int = 0
    \"\"\"Seed of everything random.\"\"\"
    layer: Layer = field(default_factory=Layer)
    steps: int = 1

    def __post_init__(self):
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1, got {self.steps}")


def build(config):
    return nn.Linear(config.layer.width, 1)


def train(config, *, progress=True, on_update=None):
    print("training", flush=True)
    for _ in range(config.steps - 1):
        time.sleep(0.1)
    module = build(config)
    nn.init.constant_(module.weight, float("nan") if config.seed == 666 else config.seed)
    return Training(module.eval(), 1, 1, 0.1, [])


def measure(module, *, episodes, seed):
    print("a stray line")
    os.write(1, b"a stray line from below Python\\n")
    if episodes == 13 or module.weight.flatten()[0] == 13:
        return {"return_mean": Interval(float("nan"), 0.0, 0.0)}
    if module.weight.flatten()[0] == 14:
        print("measuring", flush=True)
        time.sleep(60)
    angle = Interval(0.1, 0.05, 0.2)
    return {"return_mean": Interval(float(episodes), float(seed), 9.0), "pole_angle_error_rad_h11": angle}


TOY = Recipe(
    name="toy-model", description="A toy.", config=Config(), build=build, train=train, measure=measure,
    headline="return_mean", protocol="real episodes, 95% bootstrap interval", evaluation_seed=4, episodes=5,
)
RECIPES = (TOY,)
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A chapter with a toy recipe, and an empty folder for its weights."""
    folder = tmp_path / "chapters" / "toy"
    folder.mkdir(parents=True)
    for name, text in (("__init__", TABLE), ("recipes", RECIPES), ("studies", STUDIES)):
        (folder / f"{name}.py").write_text(text)
    monkeypatch.setattr(chapters, "__path__", [*chapters.__path__, str(folder.parent)])
    yield tmp_path / "weights"
    for name in [name for name in sys.modules if name.startswith("wmcourse.chapters.toy")]:
        del sys.modules[name]


def run(*words: Any) -> int:
    """The exit status, whether `main` returns it or argparse leaves with it."""
    try:
        return cli.main([str(word) for word in words])
    except SystemExit as stop:
        return int(stop.code or 0)


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr, with nothing on stdout."""
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line


def process(toy: Path, *words: Any) -> list[str]:
    """The command line of a process in which the toy's chapter is there."""
    code = (
        f"import sys, wmcourse.chapters as c; c.__path__.append({str(toy.parent / 'chapters')!r}); "
        "from wmcourse.cli import main; sys.exit(main())"
    )
    return [sys.executable, "-c", code, *map(str, words)]


def environment(toy: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{toy.parent}"}


# train ----------------------------------------------------------------------------------------------------------------


def test_train_passes_every_option_of_the_config_on(toy: Path) -> None:
    assert run("train", "toy-model", "--seed", 3, "--layer.width", 4, "--output-dir", toy) == 0
    model = wmcourse.load("toy-model", directory=toy)
    assert model.manifest.config == {"seed": 3, "layer": {"width": 4}, "steps": 1}
    assert model.weight.tolist() == [[3.0] * 4]


def test_train_writes_to_a_folder_of_the_users_and_says_how_to_load_it(toy: Path, capsys, monkeypatch) -> None:
    (toy.parent / "work").mkdir()
    monkeypatch.chdir(toy.parent / "work")
    monkeypatch.setattr("wmcourse.zoo.weights.WEIGHTS", toy)
    assert run("train", "toy-model", "--seed", 3) == 0
    assert capsys.readouterr().out.splitlines()[-1] == 'load it with: wmcourse.load("toy-model", directory="trained")'
    assert wmcourse.load("toy-model", directory="trained").manifest.command == "wmcourse train toy-model --seed 3"
    assert not toy.exists()
    assert run("train", "toy-model", "--seed", 4, "--replace-shipped") == 0
    assert capsys.readouterr().out.splitlines()[-1] == 'load it with: wmcourse.load("toy-model")'
    assert wmcourse.load("toy-model").manifest.command == "wmcourse train toy-model --seed 4"
    assert wmcourse.load("toy-model", directory="trained").manifest.seed == 3
    assert run("train", "toy-model", "--replace-shipped", "--output-dir", toy) == 2
    assert "name two places to write to: choose one of them" in capsys.readouterr().err


def test_a_training_that_cannot_be_measured_is_kept_and_listed_as_such(toy: Path, capsys) -> None:
    assert run("train", "toy-model", "--seed", 13, "--output-dir", toy) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"toy-model is trained and kept in {toy / 'toy-model.safetensors'}, but it is not measured: " in line
    assert "return_mean.value is nan" in line
    assert run("list", "--weights-dir", toy) == 0
    assert re.search(r"^toy-model +not measured$", capsys.readouterr().out, re.MULTILINE)
    assert wmcourse.load("toy-model", directory=toy).manifest.metrics == {}


def test_train_help_shows_the_recipe_s_options(toy: Path, capsys) -> None:
    assert run("train", "toy-model", "--help") == 0
    shown = capsys.readouterr().out
    for text in (
        "--seed INT",
        "Seed of everything random.",
        "--layer.width",
        "--output-dir",
        "--replace-shipped",
        "A toy.",
    ):
        assert text in shown
    assert run("train", "--help") == 0
    assert "toy-model" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the model's name comes first"),
        (["--seed", "3", "toy-model"], "the model's name comes first"),
        (["toy-modle"], "unknown model 'toy-modle': did you mean 'toy-model'"),
        (["toy-model", "--sed", "3"], "Unrecognized options: --sed, 3 Perhaps you meant: --seed INT"),
        (["toy-model", "--seed", "x"], "Error parsing --seed: invalid literal for int"),
        (["toy-model", "--steps", "0"], "steps must be at least 1, got 0"),
        (["toy-model", "--output-dir", __file__], "cannot make the folder"),
        (["toy-model", "--seed", "666"], "the training diverged: weight holds NaN"),
    ],
)
def test_a_wrong_training_is_refused_in_one_line(toy: Path, capsys, words: list[str], message: str) -> None:
    if words[-1:] == ["666"]:
        words = [*words, "--output-dir", str(toy)]
    assert run("train", *words) == 2
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert line.startswith("wmcourse: ")
    assert message in line
    assert not toy.exists() or not list(toy.iterdir())


def test_a_folder_that_is_read_only_is_refused_before_the_training(toy: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert run("train", "toy-model", "--output-dir", toy) == 2
    assert "choose another folder with --output-dir" in one_line(capsys)


@pytest.mark.parametrize(
    ("before", "seed", "during", "state"),
    [
        (None, 2, "training", "nothing was saved"),
        (1, 2, "training", "the old weights are unchanged"),
        (1, 14, "measuring", "the training is kept in {path}, but not measured"),
    ],
)
def test_ctrl_c_leaves_what_was_there_and_what_was_trained(
    toy: Path, before: int | None, seed: int, during: str, state: str
) -> None:
    if before is not None:
        assert run("train", "toy-model", "--seed", before, "--output-dir", toy) == 0
    files = {path.name: path.read_bytes() for path in toy.glob("*")}
    steps = 600 if during == "training" else 1
    words = process(toy, "train", "toy-model", "--seed", seed, "--steps", steps, "--output-dir", toy)
    child = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(toy),
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where tests run in the background
    )
    assert child.stdout is not None
    while child.stdout.readline() != f"{during}\n":
        assert child.poll() is None
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    _, stderr = child.communicate(timeout=60)
    assert child.returncode == 130
    state = state.format(path=toy / "toy-model.safetensors")
    assert stderr.strip() == f"wmcourse: interrupted; {state}"
    if during == "training":
        assert {path.name: path.read_bytes() for path in toy.glob("*")} == files
    else:
        assert wmcourse.load("toy-model", directory=toy).manifest.seed == seed


# evaluate -------------------------------------------------------------------------------------------------------------


def test_evaluate_prints_one_json_object_and_nothing_else(toy: Path) -> None:
    assert run("train", "toy-model", "--output-dir", toy) == 0
    words = process(toy, "evaluate", "toy-model", "--episodes", 7, "--seed", 3, "--json", "--weights-dir", toy)
    done = subprocess.run(words, capture_output=True, text=True, env=environment(toy), timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "model": "toy-model",
        "protocol": "real episodes, 95% bootstrap interval",
        "seed": 3,
        "episodes": 7,
        "metrics": {
            "return_mean": {"value": 7.0, "low": 3.0, "high": 9.0},
            "pole_angle_error_rad_h11": {"value": 0.1, "low": 0.05, "high": 0.2},
        },
    }
    assert "a stray line\n" in done.stderr
    assert "a stray line from below Python" in done.stderr


def test_evaluate_without_json_is_a_table(toy: Path, capsys) -> None:
    assert run("train", "toy-model", "--output-dir", toy) == 0
    capsys.readouterr()
    assert run("evaluate", "toy-model", "--episodes", 7, "--weights-dir", toy) == 0
    shown = capsys.readouterr().out
    assert "pole_angle_error_rad_h11  0.1 [0.05, 0.2]" in shown
    assert "7 episodes, seed 0: real episodes" in shown


def test_nan_is_never_printed(toy: Path, capsys) -> None:
    assert run("train", "toy-model", "--output-dir", toy) == 0
    capsys.readouterr()
    assert run("evaluate", "toy-model", "--episodes", 13, "--json", "--weights-dir", toy) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "return_mean could not be measured" in captured.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["evaluate"], "NAME"),
        (["evaluate", "toy"], "did you mean 'toy-model'?"),
        (["evaluate", "toy-model"], "make it with: wmcourse train toy-model --replace-shipped"),
        (["evaluate", "toy-model", "--episodes", "0"], "must be at least 1, got 0"),
        (["evaluate", "toy-model", "--episodes", "many"], "'many' is not an integer"),
        (["evaluate", "toy-model", "--seed", "-1"], "must be at least 0, got -1"),
        (["evaluate", "toy-model", "--epochs", "3"], "unrecognized arguments: --epochs 3"),
        (["evalute", "toy-model"], "invalid choice: 'evalute'"),
        ([], "COMMAND"),
        (["study", "nothing"], "unknown study 'nothing'"),
    ],
)
def test_a_wrong_call_is_refused_in_one_line(toy: Path, capsys, words: list[str], message: str) -> None:
    assert run(*words) == 2
    assert message in one_line(capsys)


def test_damaged_weights_are_one_line_too(toy: Path, capsys) -> None:
    assert run("train", "toy-model", "--output-dir", toy) == 0
    (toy / "toy-model.safetensors").write_bytes(b"")
    capsys.readouterr()
    assert run("evaluate", "toy-model", "--weights-dir", toy) == 2
    assert "is not a whole safetensors file" in one_line(capsys)


# list and study -------------------------------------------------------------------------------------------------------


def test_list_shows_trained_and_untrained_models(toy: Path, capsys) -> None:
    assert run("list", "--weights-dir", toy) == 0
    untrained = f"not trained yet: wmcourse train toy-model --output-dir {toy}"
    assert re.search(rf"^toy-model +{re.escape(untrained)}$", capsys.readouterr().out, re.MULTILINE)
    assert run("train", "toy-model", "--output-dir", toy) == 0
    capsys.readouterr()
    assert run("list", "--weights-dir", toy) == 0
    assert "return_mean 5 [4, 9]" in capsys.readouterr().out
    assert run("list", "--json", "--weights-dir", toy) == 0
    (entry,) = [entry for entry in json.loads(capsys.readouterr().out) if entry["name"] == "toy-model"]
    assert entry["trained"]
    assert entry["metrics"]["return_mean"] == {"value": 5.0, "low": 4.0, "high": 9.0}


def test_study_runs_its_study(toy: Path, capsys) -> None:
    assert run("study", "toy-study") == 0
    assert capsys.readouterr().out == "measured\n"


@pytest.mark.parametrize("words", [["--help"], ["evaluate", "--help"], ["check", "--help"], ["list", "--help"]])
def test_help_is_help(capsys, words: list[str]) -> None:
    assert run(*words) == 0
    assert "usage: wmcourse" in capsys.readouterr().out


# check ----------------------------------------------------------------------------------------------------------------

SETUP = """
class CheckFailed(AssertionError):
    pass

def check(function, number, right):
    got = function()
    if got != right:
        raise CheckFailed(f"expected: {right}\\ngot:      {got}")
    print(f"Exercise {number} is right: {function.__name__}")
"""


def notebook(
    path: Path, functions: dict[str, str], *, setup: str = SETUP, checks: dict[str, str] | None = None
) -> Path:
    """An exercise notebook: a function `f` for each exercise, right when it returns 1."""
    cells = [nbformat.v4.new_code_cell(setup)]
    for number, code in functions.items():
        cells.append(nbformat.v4.new_markdown_cell(f"## Exercise {number}: The title of {number}\n\nText."))
        cells.append(nbformat.v4.new_code_cell(code, metadata={"tags": [f"exercise-{number}"]}))
        check = (checks or {}).get(number, f'check(f, "{number}", 1)')
        cells.append(nbformat.v4.new_code_cell(check, metadata={"tags": [f"check-{number}"]}))
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


def answer(code: str) -> str:
    return f"def f():\n    {code}\n"


def test_check_tells_done_from_wrong_from_not_started_and_one_error_stops_nothing(folder: Path, capsys) -> None:
    functions = {
        "9.1": answer("return 1"),
        "9.2": answer("return 2"),
        "9.3": answer('raise NotImplementedError("Exercise 9.3")'),
        "9.4": "def f(:\n    return 1",
        "9.5": answer("while True: pass"),
        "9.6": answer("import os; os._exit(3)"),
        "9.7": answer("return 1"),
        "9.8": answer("return 2"),
        "9.9": answer('raise NotImplementedError("later")'),
        "9.10": answer("return 1"),
    }
    checks = {"9.8": "# check(f, '9.8', 1)"}
    path = notebook(folder / "09_dreamer.ipynb", functions, checks=checks)
    before, modified = path.read_bytes(), path.stat().st_mtime_ns
    assert run("check", "dreamer", "--json", "--exercises", folder, "--timeout", 3) == 1
    report = json.loads(capsys.readouterr().out)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, modified)
    assert [file.name for file in folder.iterdir()] == ["09_dreamer.ipynb"]
    found = {entry["exercise"]: (entry["status"], entry["message"]) for entry in report["exercises"]}
    assert list(found) == list(functions)
    assert found["9.1"] == ("done", "")
    assert found["9.2"] == ("wrong", "expected: 1\ngot:      2")
    assert found["9.3"] == ("not started", "")
    assert found["9.4"][0] == "wrong"
    assert "SyntaxError" in found["9.4"][1]
    assert found["9.5"] == ("wrong", "Timeout: the cell ran for more than 3 s and was stopped")
    assert found["9.6"] == ("wrong", "KernelDied: the cell ended its Python process")
    assert found["9.7"] == ("done", "")
    assert found["9.8"] == ("wrong", "its check cell no longer calls the checker: copy it from a fresh notebook")
    assert found["9.9"] == ("wrong", "NotImplementedError: later")
    assert found["9.10"] == ("done", "")
    assert (report["done"], report["total"]) == (3, 10)
    assert report["exercises"][0]["title"] == "The title of 9.1"


def test_check_names_a_cell_that_failed_above(folder: Path, capsys) -> None:
    notebook(folder / "09_dreamer.ipynb", {"9.1": answer("return 1")}, setup="import no_such_module")
    assert run("check", "--exercises", folder) == 1
    shown = capsys.readouterr().out
    assert "NameError: name 'check' is not defined" in shown
    assert "a cell above the exercises failed first: ModuleNotFoundError" in shown
    assert "0 of 1 done" in shown


def test_a_cell_that_fails_below_the_exercises_is_no_cell_above_them(folder: Path, capsys) -> None:
    path = notebook(folder / "09_dreamer.ipynb", {"9.1": answer("return 2"), "9.2": answer("return 1")})
    content = nbformat.read(path, as_version=4)
    content.cells.append(nbformat.v4.new_code_cell("1 / 0"))
    nbformat.write(content, path)
    assert run("check", "--exercises", folder) == 1
    shown = capsys.readouterr().out
    assert "expected: 1" in shown
    assert "failed first" not in shown


def test_check_reads_the_notebooks_that_ship(folder: Path, capsys) -> None:
    from products import read_source, strip_solutions

    solved = read_source(SOURCE)
    nbformat.write(solved, folder / "09_dreamer.ipynb")
    nbformat.write(strip_solutions(solved), folder / "10_stubs.ipynb")
    assert run("check", "--exercises", folder) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[:5]] == ["done"] * 5
    assert [line.split()[-2:] for line in lines[5:10]] == [["not", "started"]] * 5
    assert "The return of a dream" in lines[1]
    assert lines[10:] == ["5 of 10 done"]


@pytest.mark.parametrize("topic", ["09_dreamer", "dreamer", "9", "09", "Dreamer", "exercises/09_dreamer.ipynb"])
def test_a_topic_goes_by_all_its_names(folder: Path, topic: str) -> None:
    from wmcourse.exercises.progress import exercise_notebooks

    for name in ("08_rssm", "09_dreamer", "11_dreamer_v3"):
        (folder / f"{name}.ipynb").touch()
    assert exercise_notebooks(folder, topic) == [folder / "09_dreamer.ipynb"]
    assert len(exercise_notebooks(folder)) == 3


@pytest.mark.parametrize(
    ("topic", "message"),
    [("dremer", "did you mean 'dreamer'"), ("12", "unknown topic '12'"), ("zzz", "choose from 09_dreamer, dreamer")],
)
def test_an_unknown_topic_brings_the_nearest_ones(folder: Path, capsys, topic: str, message: str) -> None:
    notebook(folder / "09_dreamer.ipynb", {"9.1": answer("return 1")})
    assert run("check", topic, "--exercises", folder) == 2
    assert message in one_line(capsys)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"7", b'{"a": 1}', b"\xff\xfe", b'{"cells": 3, "nbformat": 4, "nbformat_minor": 5}']
)
def test_a_file_that_is_no_notebook_is_named(folder: Path, capsys, content: bytes) -> None:
    (folder / "09_dreamer.ipynb").write_bytes(content)
    assert run("check", "9", "--exercises", folder) == 2
    line = one_line(capsys)
    assert "09_dreamer.ipynb is not a notebook" in line
    assert (folder / "09_dreamer.ipynb").read_bytes() == content


def test_a_notebook_without_exercises_and_a_folder_without_notebooks(folder: Path, capsys) -> None:
    assert run("check", "--exercises", folder) == 2
    assert f"no exercise notebooks in {folder}" in one_line(capsys)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), folder / "09_dreamer.ipynb")
    assert run("check", "--exercises", folder) == 2
    assert "have lost their tags" in one_line(capsys)


def test_a_missing_check_cell_is_named(folder: Path) -> None:
    from wmcourse.exercises.progress import progress

    path = notebook(folder / "09_dreamer.ipynb", {"9.1": answer("return 1"), "9.2": answer("return 1")})
    content = nbformat.read(path, as_version=4)
    content.cells = [cell for cell in content.cells if cell.metadata.get("tags") != ["check-9.1"]]
    nbformat.write(content, path)
    first, second = progress(path)
    assert (first.status, first.message) == ("wrong", "its check cell is missing: copy it from a fresh notebook")
    assert second.status == "done"
