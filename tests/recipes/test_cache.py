"""The cache: everything is made once, whole or not at all, and made again whenever what it was made from changes."""

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from wmcourse.recipes.cache import cache_folder, cached, fingerprint, sources


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


def test_a_fingerprint_changes_with_a_source(tmp_path, monkeypatch):
    (tmp_path / "optimize.py").write_text("x = 1\n")
    before = fingerprint(MODULE)
    monkeypatch.setattr("wmcourse.recipes.cache.sources", lambda module: (tmp_path / "optimize.py",))
    assert fingerprint(MODULE) != before


def test_a_fingerprint_is_the_same_in_every_process():
    """Else a later run would not find what this one has made."""
    program = f"from wmcourse.recipes.cache import fingerprint; print(fingerprint({MODULE!r}, (1, 2.5, None), 'a'))"
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == fingerprint(MODULE, (1, 2.5, None), "a")
