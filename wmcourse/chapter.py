"""A chapter's table: what the registry, the command line and the lists of contents know of it."""

from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

PLAN: dict[str, tuple[str, ...]] = {
    "I Predict": ("01 why world models", "02 latent dynamics", "03 compounding error"),
    "II Dream": ("04 VAE", "05 MDN-RNN", "06 dream controller", "07 car racing"),
    "III Believe": ("08 RSSM", "09 Dreamer", "10 counting world", "11 DreamerV3"),
    "IV Plan": ("12 CEM planning", "13 value planning"),
    "V Beyond pixels": (
        "14 JEPA",
        "15 token world models",
        "16 diffusion world models",
        "17 latent actions",
        "18 open problems",
    ),
}
"""The parts of the course and their chapters, whether they are there yet or not."""
PARTS = tuple(PLAN)


@dataclass(frozen=True)
class Chapter:
    """One chapter; the package `wmcourse.chapters.TOPIC` has it as `CHAPTER`."""

    number: int
    topic: str
    """Its folder in `wmcourse/chapters` and, after the number, the name of its notebooks: `rssm` in `08_rssm`."""
    title: str
    part: str
    """One of `PARTS`."""
    summary: str = ""
    """What a reader finds out there, in one short sentence; on the map it stands below the chapter's picture."""
    recipes: tuple[str, ...] = ()
    """The models it trains and ships; `RECIPES` in its `recipes.py` holds them."""
    studies: tuple[str, ...] = ()
    """`STUDIES` in its `studies.py` holds them."""
    exercises: tuple[str, ...] = ()
    """Exercise k is `exercises[k - 1]`, a file of that name in its `exercises/`."""

    @property
    def stem(self) -> str:
        """The name of its notebooks, such as `08_rssm`."""
        return f"{self.number:02d}_{self.topic}"


def topics() -> list[str]:
    """The packages in `wmcourse/chapters`."""
    return sorted(module.name for module in iter_modules(import_module("wmcourse.chapters").__path__))
