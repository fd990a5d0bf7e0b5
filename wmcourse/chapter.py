"""A chapter's table: what the registry, the command line and the lists of contents know of it."""

from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

PARTS = ("I Predict", "II Dream", "III Believe", "IV Plan", "V Beyond pixels")


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
    """What the map of the book says of it."""
    recipes: tuple[str, ...] = ()
    """The models it trains and ships; `RECIPES` in its `recipes.py` holds them."""
    studies: tuple[str, ...] = ()
    """`STUDIES` in its `studies.py` holds them."""
    exercises: tuple[str, ...] = ()
    """Exercise k is `exercises[k - 1]` in its `exercises.py` or `exercises/`."""

    @property
    def stem(self) -> str:
        """The name of its notebooks, such as `08_rssm`."""
        return f"{self.number:02d}_{self.topic}"


def topics() -> list[str]:
    """The packages in `wmcourse/chapters`."""
    return sorted(module.name for module in iter_modules(import_module("wmcourse.chapters").__path__))
