"""Which models and studies the course ships: what the chapters' tables say."""

from importlib import import_module
from typing import TYPE_CHECKING

from wmcourse.chapter import Chapter, topics
from wmcourse.errors import unknown
from wmcourse.zoo.errors import UnknownModel, UnknownStudy

if TYPE_CHECKING:
    from wmcourse.recipes.recipe import Recipe
    from wmcourse.studies.study import Study


def chapters() -> list[Chapter]:
    """The tables of all chapters, by number."""
    tables = (import_module(f"wmcourse.chapters.{topic}").CHAPTER for topic in topics())
    return sorted(tables, key=lambda chapter: chapter.number)


def model_names() -> list[str]:
    """The models that the chapters ship."""
    return [name for chapter in chapters() for name in chapter.recipes]


def study_names() -> list[str]:
    """The studies behind the chapters."""
    return [name for chapter in chapters() for name in chapter.studies]


def recipe(name: str) -> "Recipe":
    """The recipe of a model, imported when asked for.

    Raises:
        UnknownModel: no such model; the message names the nearest ones.
    """
    for chapter in chapters():
        if name in chapter.recipes:
            made = import_module(f"wmcourse.chapters.{chapter.topic}.recipes").RECIPES
            return next(each for each in made if each.name == name)
    raise UnknownModel(unknown("model", name, model_names()))


def study(name: str) -> "Study":
    """A study, imported when asked for.

    Raises:
        UnknownStudy: no such study; the message names the nearest ones.
    """
    for chapter in chapters():
        if name in chapter.studies:
            made = import_module(f"wmcourse.chapters.{chapter.topic}.studies").STUDIES
            return next(each for each in made if each.name == name)
    raise UnknownStudy(unknown("study", name, study_names()))
