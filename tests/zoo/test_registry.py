"""Every registered recipe has what the zoo and the command line ask of it."""

from dataclasses import is_dataclass

import pytest

from wmcourse.zoo import RECIPES, STUDIES, UnknownStudy, recipe
from wmcourse.zoo.plain import from_plain, to_plain
from wmcourse.zoo.registry import study


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_recipe_keeps_the_contract(name: str) -> None:
    source = recipe(name)
    assert name == source.NAME
    for text in (source.HEADLINE, source.DESCRIPTION, source.PROTOCOL):
        assert isinstance(text, str)
        assert text
    assert is_dataclass(source.Config)
    config = source.Config(seed=7)
    assert from_plain(source.Config, to_plain(config)) == config
    for function in (source.build, source.evaluate, source.main):
        assert callable(function)


def test_an_unknown_study_brings_the_nearest_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STUDIES, "dreamer-seeds", "nowhere")
    with pytest.raises(UnknownStudy, match="did you mean 'dreamer-seeds'"):
        study("dreamer-sedes")
