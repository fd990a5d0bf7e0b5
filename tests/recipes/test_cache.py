"""The cache: everything is made once, whole or not at all, and made again whenever what it was made from changes."""

import ast
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import wmcourse
from wmcourse.recipes.cache import cache_folder, cached, fingerprint, sources
from wmcourse.zoo.registry import chapters, study, study_names

PACKAGE = Path(wmcourse.__file__).parent


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WMCOURSE_CACHE", str(tmp_path))
    return tmp_path


class Maker:
    """Makes "made 1", then "made 2", ..."""

    def __init__(self):
        self.count = 0

    def __call__(self):
        self.count += 1
        return f"made {self.count}"


def save(text, path):
    path.write_text(text)


def load(path):
    text = path.read_text()
    if not text.startswith("made"):
        raise ValueError("not a text that was made here")
    return text


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_what_is_there_is_not_made_again(folder):
    make = Maker()
    assert [cached("stage/text.txt", make, save, load) for _ in range(3)] == ["made 1"] * 3
    assert make.count == 1
    assert files(folder) == ["text.txt"] and (folder / "stage" / "text.txt").read_text() == "made 1"


def test_another_name_is_another_thing():
    make = Maker()
    assert cached("one.txt", make, save, load) == "made 1"
    assert cached("two.txt", make, save, load) == "made 2"
    assert cached("one.txt", make, save, load) == "made 1"


@pytest.mark.parametrize("damage", ["", "nonsense"])
def test_a_file_that_cannot_be_read_is_made_again(folder, damage):
    make = Maker()
    cached("text.txt", make, save, load)
    (folder / "text.txt").write_text(damage)
    assert cached("text.txt", make, save, load) == "made 2"
    assert (folder / "text.txt").read_text() == "made 2"
    assert cached("text.txt", make, save, load) == "made 2"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_save_leaves_nothing_behind(folder, error):
    def torn(text, path):
        path.write_text(text[:2])
        raise error

    make = Maker()
    with pytest.raises(error):
        cached("text.txt", make, torn, load)
    assert files(folder) == []
    assert cached("text.txt", make, save, load) == "made 2"


def test_a_failure_while_making_leaves_nothing_behind(folder):
    def fail():
        raise RuntimeError("diverged")

    with pytest.raises(RuntimeError, match="diverged"):
        cached("text.txt", fail, save, load)
    assert files(folder) == []


def test_while_it_is_being_saved_nobody_can_read_it(folder):
    seen = []

    def watched(text, path):
        save(text, path)
        seen.append((folder / "text.txt").exists())
        assert path.suffix == ".txt"  # numpy appends .npz to names that lack it

    cached("text.txt", Maker(), watched, load)
    assert seen == [False] and files(folder) == ["text.txt"]


def test_the_folder_is_the_one_asked_for_or_the_users_own(folder, monkeypatch):
    assert cache_folder() == folder
    monkeypatch.delenv("WMCOURSE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/wmcourse")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/learner")
    assert cache_folder() == Path("/home/learner/.cache/wmcourse")


@dataclass(frozen=True)
class Inner:
    size: int = 3


@dataclass(frozen=True)
class Config:
    lr: float = 1e-3
    inner: Inner = Inner()


MODULE = "wmcourse.nets.optimize"


def test_a_fingerprint_is_short_and_changes_with_every_value_in_a_config():
    plain = fingerprint(MODULE, Config(), "source")
    assert len(plain) == 12 and plain == fingerprint(MODULE, Config(), "source")
    others = [
        fingerprint(MODULE, replace(Config(), lr=1e-4), "source"),
        fingerprint(MODULE, replace(Config(), inner=Inner(4)), "source"),
        fingerprint(MODULE, Config(), "other"),
        fingerprint(MODULE, "source", Config()),
        fingerprint(MODULE, Config()),
        fingerprint("wmcourse.nets.mlp", Config(), "source"),
    ]
    assert len({plain, *others}) == 7


def test_neighboring_values_do_not_run_together():
    assert fingerprint(MODULE, "ab", "c") != fingerprint(MODULE, "a", "bc")
    assert fingerprint(MODULE, 1, 23) != fingerprint(MODULE, 12, 3)


def test_a_fingerprint_rests_on_every_source_that_can_change_a_result():
    """What the module imports, directly, through a package, or through another module; and nothing else."""
    names = {"/".join(path.parts[-2:]) for path in sources("wmcourse.recipes.pixel_episodes")}
    assert {"recipes/pixel_episodes.py", "envs/cartpole_pixels.py", "envs/cartpole.py", "data/collect.py"} <= names
    assert {"agents/random_policy.py", "data/frames.py"} <= names
    assert not any(name.startswith(("viz/", "chapters/", "exercises/")) for name in names)
    study = {path.name for path in sources("wmcourse.chapters.compounding_error.studies")}
    assert {"rssm.py", "transition.py", "descent.py", "coded_rssm.py", "latent_dynamics.py", "horizon.py"} <= study


STAGES = ["wmcourse.recipes.pixel_episodes", "wmcourse.recipes.autoencoder", "wmcourse.recipes.measure_pixels"]
STUDIES = sorted({study(name).module for name in study_names()})
CACHED = [*STAGES, *STUDIES]
"""The modules whose fingerprints are in the names of what is cached."""


def test_a_study_counts_the_sources_of_its_own_module():
    """A module that makes studies, in its chapter's folder."""
    for chapter in chapters():
        for name in chapter.studies:
            module = study(name).module
            assert module.startswith(f"wmcourse.chapters.{chapter.topic}."), name
            assert "Study(" in (PACKAGE.parent / f"{module.replace('.', '/')}.py").read_text(), name


@pytest.mark.parametrize(
    ("module", "file"),
    [
        ("wmcourse.recipes.pixel_episodes", "envs/cartpole_pixels.py"),
        ("wmcourse.recipes.autoencoder", "recipes/descent.py"),
        ("wmcourse.chapters.dreamer.studies", "recipes/dreamer.py"),
        ("wmcourse.chapters.rssm.studies", "chapters/rssm/recipes/linear_gaussian.py"),
        ("wmcourse.chapters.compounding_error.studies", "recipes/descent.py"),
        ("wmcourse.chapters.latent_dynamics.studies", "data/__init__.py"),
    ],
)
def test_a_changed_training_loop_or_world_is_never_served_stale_results(monkeypatch, module, file):
    before, read, changed = fingerprint(module), Path.read_text, []

    def edited(path, *args, **options):
        if path == PACKAGE / file:
            changed.append(path)
            return read(path, *args, **options) + "\nCHANGED = True\n"
        return read(path, *args, **options)

    monkeypatch.setattr(Path, "read_text", edited)
    assert fingerprint(module) != before and len(changed) == 1


def test_another_version_of_torch_is_never_served_the_results_of_this_one(monkeypatch):
    before = fingerprint(MODULE)
    monkeypatch.setattr("wmcourse.recipes.cache.versions", lambda: {"torch": "99"})
    assert fingerprint(MODULE) != before


RUN = """
import importlib, json, sys
from pathlib import Path
from types import ModuleType

root, modules = Path(sys.argv[1]), sys.argv[2:]


def package(folder):
    "A package whose __init__.py runs only when somebody asks it for a name."
    made = ModuleType(".".join(folder.relative_to(root.parent).parts))
    made.__path__ = [str(folder)]

    def ask(name):
        if name.startswith("__"):
            raise AttributeError(name)
        del made.__getattr__
        exec((folder / "__init__.py").read_text(), made.__dict__)
        return getattr(made, name)

    made.__getattr__ = ask
    return made


ran = {}
for module in modules:
    for name in [name for name in sys.modules if name.startswith("wmcourse")]:
        del sys.modules[name]
    for init in root.rglob("__init__.py"):
        made = package(init.parent)
        sys.modules[made.__name__] = made
    importlib.import_module(module)
    mine = (each for name, each in sys.modules.items() if name.startswith("wmcourse"))
    ran[module] = [each.__file__ for each in mine if getattr(each, "__file__", None)]
print(json.dumps(ran))
"""


def test_every_file_that_python_runs_for_a_result_counts():
    """The oracle is Python's own import system."""
    words = [sys.executable, "-c", RUN, str(PACKAGE), *CACHED]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    ran = json.loads(done.stdout)
    for module in CACHED:
        assert len(ran[module]) > 5
        assert set(map(Path, ran[module])) <= set(sources(module)), module


BY_NAME = {"import_module", "load", "load_manifest", "load_study", "recipe", "study"}
"""What finds a module, a model or a study by a name that is not an import."""


@pytest.mark.parametrize("module", CACHED)
def test_nothing_cached_rests_on_what_is_found_by_a_name(module):
    """Else its fingerprint would not know of it. The zoo itself may, which saves models after they are made."""
    for path in sources(module):
        if path.parent.name == "zoo" or path in (PACKAGE / "__init__.py", PACKAGE / "chapter.py"):
            continue
        imports = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom))
        found = {
            each.name
            for node in imports
            for each in node.names
            if (node.module or "").startswith(("importlib", "wmcourse.zoo", "wmcourse.studies"))
        }
        assert not found & BY_NAME or path == PACKAGE / "studies" / "__init__.py", path


def test_relative_and_late_imports_count(tmp_path, monkeypatch):
    folder = tmp_path / "wmcourse_like"
    files = {
        "__init__.py": "",
        "first.py": "from . import second\nfrom .inner.third import x\n",
        "second.py": "def f():\n    import wmcourse_like.fourth\n",
        "inner/__init__.py": "import wmcourse_like.unrelated\n",
        "inner/third.py": "from ..fifth import y\n",
        "fourth.py": "",
        "fifth.py": "y = 1\n",
        "unrelated.py": "",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("wmcourse.recipes.cache.__package__", "wmcourse_like.recipes")
    found = {path.relative_to(folder).as_posix() for path in sources("wmcourse_like.first")}
    assert found == set(files) - {"unrelated.py"}


def test_a_fingerprint_is_the_same_in_every_process():
    """Else a later run would not find what this one has made."""
    program = f"from wmcourse.recipes.cache import fingerprint; print(fingerprint({MODULE!r}, (1, 2.5, None), 'a'))"
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == fingerprint(MODULE, (1, 2.5, None), "a")
