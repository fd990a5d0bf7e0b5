"""What the chapters' tables name, they have; and the other way round."""

from dataclasses import is_dataclass
from importlib import import_module
from importlib.util import find_spec

import pytest

from wmcourse.chapter import PARTS
from wmcourse.zoo import UnknownModel, UnknownStudy, registry
from wmcourse.zoo.plain import from_plain, to_plain

CHAPTERS = registry.chapters()


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)
def test_a_chapters_table_names_all_that_its_modules_hold(chapter) -> None:
    package = f"wmcourse.chapters.{chapter.topic}"
    for module, kind in (("recipes", "RECIPES"), ("studies", "STUDIES")):
        there = find_spec(f"{package}.{module}") is not None
        made = getattr(import_module(f"{package}.{module}"), kind) if there else ()
        names, wanted = tuple(each.name for each in made), getattr(chapter, module)
        assert names == wanted, f"make `{module}=` in {package}/__init__.py and `{kind}` in its {module} agree"
    assert chapter.part in PARTS and chapter.title


def test_no_two_chapters_have_a_number_a_model_or_a_study_in_common() -> None:
    for names in ([c.number for c in CHAPTERS], registry.model_names(), registry.study_names()):
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", registry.model_names())
def test_a_recipe_keeps_the_contract(name: str) -> None:
    recipe = registry.recipe(name)
    assert recipe.name == name and recipe.description and recipe.protocol
    assert is_dataclass(recipe.config)
    config = recipe.configured(seed=7)
    assert from_plain(type(config), to_plain(config)) == config
    assert recipe.evaluation_seed + recipe.episodes <= 1_000_000  # where the seeds of training begin
    assert recipe.evaluation_seed != recipe.config.seed


def test_an_unknown_name_brings_the_nearest_ones(tiny) -> None:
    with pytest.raises(UnknownStudy, match="did you mean 'tiny-study'"):
        registry.study("tiny-studdy")
    with pytest.raises(UnknownModel, match="did you mean 'tiny-model'"):
        registry.recipe("tiny-modle")
