"""Shipping: what was measured is printed and stored beside the weights, which come back as they were."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

import wmcourse
from wmcourse.evaluation.statistics import Interval
from wmcourse.models.autoencoder import AutoencoderConfig
from wmcourse.training.remedies import REMEDIES
from wmcourse.training.result import Training
from wmcourse.training.shipping import ship
from wmcourse.zoo.errors import Diverged

RECIPE = REMEDIES["latent-dynamics-recurrent"]
METRICS = {"nmse_h25_random": Interval(0.5, 0.4, 0.6), "vpt80_steps_random": Interval(7.0, 6.0, 9.0)}


def trained(config):
    return Training(RECIPE.build(config).eval(), 3, 1234, 5.67, None, [])


def test_shipped_weights_come_back_with_their_config_and_their_marks(tmp_path, capsys):
    default = RECIPE.Config(seed=31)
    config = replace(default, model=replace(default.model, autoencoder=AutoencoderConfig(width=2, latent_dim=5)))
    made = trained(config)
    manifest = ship(RECIPE, config, made, METRICS, protocol="as said", directory=tmp_path)
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [
        ["nmse_h25_random", "0.5000"],
        ["vpt80_steps_random", "7.0000"],
    ]
    loaded = wmcourse.load(RECIPE.NAME, directory=tmp_path)
    assert loaded.config == config.model and loaded.manifest == manifest
    for name, value in made.module.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    assert (manifest.name, manifest.headline, manifest.protocol) == (RECIPE.NAME, RECIPE.HEADLINE, "as said")
    assert (manifest.seed, manifest.environment_steps, manifest.wall_s) == (31, 1234, 5.7)
    assert manifest.metrics == METRICS and manifest.description == RECIPE.DESCRIPTION
    words = manifest.command.split()
    assert words[:5] == ["wmcourse", "train", RECIPE.NAME, "--seed", "31"]
    assert set(words[5:]) == {"--model.autoencoder.latent-dim", "5", "--model.autoencoder.width", "2"}


def test_a_model_that_could_not_be_measured_is_not_shipped(tmp_path):
    config = RECIPE.Config()
    broken = {"nmse_h25_random": Interval(float("nan"), 0.0, 1.0)}
    with pytest.raises(Diverged, match="nmse_h25_random"):
        ship(RECIPE, config, trained(config), broken, protocol="as said", directory=tmp_path)
    assert not list(tmp_path.iterdir())


def test_any_recipe_with_a_name_a_headline_and_words_can_ship(tmp_path):
    recipe = SimpleNamespace(NAME="tiny", HEADLINE="nmse_h25_random", DESCRIPTION="a line")
    config = RECIPE.Config()
    module = Training(torch.nn.Linear(1, 1), 1, 1, 1.0, None, [])
    ship(recipe, config, module, METRICS, protocol="as said", directory=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny.json", "tiny.safetensors"]
