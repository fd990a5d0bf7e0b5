"""Which models and studies the course ships, and the modules that make them."""

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

from wmcourse.errors import unknown
from wmcourse.evaluation.statistics import Interval
from wmcourse.zoo.errors import UnknownModel, UnknownStudy
from wmcourse.zoo.manifest import Manifest

RECIPES: dict[str, str] = {
    "cartpole-dreamer": "wmcourse.training.cartpole_dreamer:CARTPOLE_DREAMER",
    "cartpole-dreamer-categorical": "wmcourse.training.cartpole_categorical:CARTPOLE_CATEGORICAL",
    "galton-dreamer": "wmcourse.training.galton_dreamer:GALTON_DREAMER",
    "linear-gaussian-rssm": "wmcourse.training.linear_gaussian_rssm",
}
"""Model to the recipe that trains it: a module, `module:object`, or `module:mapping[key]`."""

ABLATIONS = (
    "cartpole-dreamer-no-correction",
    "cartpole-dreamer-no-stochastic-path",
    "cartpole-dreamer-no-reconstruction",
    "cartpole-dreamer-no-kl",
    "cartpole-dreamer-sighted-no-kl",
    "cartpole-dreamer-no-slow-critic",
    "galton-dreamer-no-correction",
    "galton-dreamer-no-stochastic-path",
    "galton-dreamer-no-reconstruction",
    "galton-dreamer-no-reward-loss",
    "galton-dreamer-no-kl",
    "galton-dreamer-no-balancing",
    "galton-dreamer-no-slow-critic",
    "galton-dreamer-one-free-nat",
    "galton-dreamer-gaussian",
)
RECIPES |= {name: f"wmcourse.training.ablations:SHIPPED[{name}]" for name in ABLATIONS}

REMEDIES = (
    "latent-dynamics",
    "latent-dynamics-two-frames",
    "latent-dynamics-multi-step",
    "latent-dynamics-noise",
    "latent-dynamics-recurrent",
    "latent-dynamics-recurrent-multi-step",
    "latent-dynamics-all",
    "latent-dynamics-clock",
)
RECIPES |= {name: f"wmcourse.training.remedies:REMEDIES[{name}]" for name in REMEDIES}
RECIPES |= {
    "latent-dynamics-ensemble": "wmcourse.training.remedies:ENSEMBLE",
    "coded-rssm": "wmcourse.training.remedies:CODED_RSSM",
}

STUDIES: dict[str, str] = {
    "cartpole-dreamer-confirmation": "wmcourse.training.cartpole_dreamer_confirmation",
    "cartpole-dreamer-seeds": "wmcourse.training.cartpole_dreamer_seeds",
    "compounding-error": "wmcourse.training.compounding_error",
    "latent-control": "wmcourse.training.latent_control",
    "latent-noise-scale": "wmcourse.training.noise_scale",
    "linear-gaussian-confirmation": "wmcourse.training.linear_gaussian_confirmation",
    "preprocessing": "wmcourse.training.preprocessing",
    "rssm-ablations-cartpole": "wmcourse.training.rssm_ablations:CARTPOLE",
    "rssm-ablations-galton": "wmcourse.training.rssm_ablations:GALTON",
}
"""Study to the module, or `module:object`, whose `main()` measures it again; results are in `studies/NAME.json`."""


@runtime_checkable
class Recipe(Protocol):
    """What a module or an object in `wmcourse.training` offers."""

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
    return cast(Recipe, _import(RECIPES[name]))


def study(name: str) -> Any:
    """What measures a study, imported when asked for.

    Raises:
        UnknownStudy: no such study; the message names the nearest ones.
    """
    if name not in STUDIES:
        raise UnknownStudy(unknown("study", name, STUDIES))
    return _import(STUDIES[name])


def _import(where: str) -> Any:
    module, _, attribute = where.partition(":")
    source = import_module(module)
    if not attribute:
        return source
    name, _, key = attribute.rstrip("]").partition("[")
    found = getattr(source, name)
    return found[key] if key else found
