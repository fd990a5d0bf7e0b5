"""The recorded command, typed again, gives the same Config."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmcourse.cli import TRAINED, _training_options
from wmcourse.zoo import model_names, recipe, training_command


@dataclass(frozen=True)
class Agent:
    lambda_: float = 0.95
    hidden_dim: int = 8
    normalize_returns: bool = False


@dataclass(frozen=True)
class Config:
    seed: int = 0
    stop_when_solved: bool = True
    sizes: tuple[int, ...] = (1, 2)
    clip: float | None = None
    note: str = ""
    folder: Path = Path("a")
    agent: Agent = field(default_factory=Agent)


agents = st.builds(Agent, lambda_=st.floats(0, 1), hidden_dim=st.integers(1, 99), normalize_returns=st.booleans())
configs = st.builds(
    Config,
    seed=st.integers(0, 9),
    stop_when_solved=st.booleans(),
    sizes=st.lists(st.integers(0, 9), max_size=3).map(tuple),
    clip=st.none() | st.floats(0, 1e6),
    note=st.sampled_from(["", "two words", "it's"]),
    folder=st.sampled_from([Path("a"), Path("b c")]),
    agent=agents,
)


@given(configs)
def test_the_command_gives_the_config_back(config: Config) -> None:
    words = shlex.split(training_command("toy", config, Config()))
    assert words[:3] == ["wmcourse", "train", "toy"]
    source = SimpleNamespace(config=Config(), description="A toy.")
    parsed, directory = _training_options("toy", source, words[3:])
    assert parsed == config
    assert directory == TRAINED


def test_only_the_seed_and_what_is_unusual_is_named() -> None:
    assert training_command("toy", Config(), Config()) == "wmcourse train toy --seed 0"
    unusual = Config(seed=3, stop_when_solved=False, agent=Agent(lambda_=0.5))
    expected = "wmcourse train toy --seed 3 --no-stop-when-solved --agent.lambda_ 0.5"
    assert training_command("toy", unusual, Config()) == expected


def test_what_cannot_be_typed_is_refused() -> None:
    with pytest.raises(TypeError, match="--sizes has no form on the command line"):
        training_command("toy", Config(sizes=((1,), (2,))), Config())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(model_names()))
def test_each_recipe_s_default_command_gives_its_default_config(name: str) -> None:
    source = recipe(name)
    parsed, _ = _training_options(name, source, ["--seed", "3"])
    assert parsed == source.configured(seed=3)
