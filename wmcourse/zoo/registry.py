"""Which models and studies the course ships, and the modules that make them."""

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

from wmcourse.errors import unknown
from wmcourse.evaluation.statistics import Interval
from wmcourse.zoo.errors import UnknownModel, UnknownStudy
from wmcourse.zoo.manifest import Manifest

RECIPES: dict[str, str] = {
    "cartpole-dreamer": "wmcourse.training.cartpole_dreamer",
}
"""Model to the module that trains it."""

STUDIES: dict[str, str] = {
    "cartpole-dreamer-confirmation": "wmcourse.training.cartpole_dreamer_confirmation",
    "cartpole-dreamer-seeds": "wmcourse.training.cartpole_dreamer_seeds",
}
"""Study to the module whose `main()` measures it again; its results are in `studies/NAME.json`."""


@runtime_checkable
class Recipe(Protocol):
    """What a module in `wmcourse.training` offers."""

    NAME: str
    HEADLINE: str
    DESCRIPTION: str
    PROTOCOL: str
    Config: type

    def build(self, config: Any) -> Any:
        """The untrained module."""
        ...

    def evaluate(self, module: Any, *, episodes: int, seed: int) -> dict[str, Interval]:
        """The metrics of a trained module."""
        ...

    def main(self, config: Any, *, directory: Path | None = None) -> Manifest:
        """Train, evaluate, print the metrics, save."""
        ...


def recipe(name: str) -> Recipe:
    """The recipe of a model, imported when asked for.

    Raises:
        UnknownModel: no such model; the message names the nearest ones.
    """
    if name not in RECIPES:
        raise UnknownModel(unknown("model", name, RECIPES))
    return cast(Recipe, import_module(RECIPES[name]))


def study(name: str) -> Any:
    """The module that measures a study, imported when asked for.

    Raises:
        UnknownStudy: no such study; the message names the nearest ones.
    """
    if name not in STUDIES:
        raise UnknownStudy(unknown("study", name, STUDIES))
    return import_module(STUDIES[name])
