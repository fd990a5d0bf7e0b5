"""A recipe: a variant of it changes the agent and nothing else, and what it saves can be repeated."""

import json
import shlex
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch

from wmcourse.agents import DreamerConfig
from wmcourse.cli import _training_options
from wmcourse.evaluation.statistics import Interval
from wmcourse.training.cartpole_categorical import CARTPOLE_CATEGORICAL
from wmcourse.training.cartpole_dreamer import CARTPOLE_DREAMER
from wmcourse.training.dreamer_recipe import DreamerRecipe
from wmcourse.training.galton_dreamer import GALTON_DREAMER
from wmcourse.zoo import load, training_command
from wmcourse.zoo.plain import from_plain, to_plain


def far_sighted(agent: DreamerConfig) -> DreamerConfig:
    return replace(agent, horizon=99)


def blunt(agent: DreamerConfig) -> DreamerConfig:
    return replace(agent, world=replace(agent.world, kl_scale=7.0))


FAR = GALTON_DREAMER.variant("galton-far", "Far", far_sighted)
VARIANTS = [CARTPOLE_CATEGORICAL, FAR, FAR.variant("galton-far-blunt", "Far and blunt", blunt)]
TINY = {
    "seed": 4,
    "updates": 2,
    "batch_size": 2,
    "length": 6,
    "starts": 4,
    "seed_episodes": 2,
    "collect_every": 1,
    "validate_every": 1,
    "validation_episodes": 2,
}


def short(recipe: DreamerRecipe):
    config = recipe.Config(**TINY)
    return replace(config, agent=replace(config.agent, horizon=2))


@pytest.mark.parametrize(
    ("base", "change"), [(GALTON_DREAMER, far_sighted), (CARTPOLE_DREAMER, blunt), (CARTPOLE_CATEGORICAL, blunt)]
)
def test_a_variant_leaves_everything_but_its_agent_alone(base, change) -> None:
    variant = base.variant("other", "Something else", change)
    for field in fields(DreamerRecipe):
        if field.name not in ("NAME", "DESCRIPTION", "Config"):
            assert getattr(variant, field.name) is getattr(base, field.name), field.name
    assert (variant.NAME, variant.DESCRIPTION) == ("other", "Something else")
    assert [field.name for field in fields(variant.Config)] == [field.name for field in fields(base.Config)]
    old, new = base.Config(seed=5), variant.Config(seed=5)
    different = [field.name for field in fields(old) if getattr(old, field.name) != getattr(new, field.name)]
    assert different == ["agent"]
    assert new.agent == change(old.agent)
    assert variant.build(new).config == new.agent
    assert base.Config().agent == old.agent  # nor has the base changed


def test_changes_add_up_in_a_variant_of_a_variant() -> None:
    assert VARIANTS[-1].Config().agent == blunt(far_sighted(GALTON_DREAMER.Config().agent))


@pytest.mark.parametrize("recipe", [CARTPOLE_DREAMER, GALTON_DREAMER, *VARIANTS], ids=lambda recipe: recipe.NAME)
def test_a_config_survives_json(recipe) -> None:
    for config in (recipe.Config(seed=7), short(recipe)):
        again = from_plain(recipe.Config, json.loads(json.dumps(to_plain(config))))
        assert again == config
        assert repr(again) == repr(config)


@pytest.mark.parametrize("recipe", [CARTPOLE_DREAMER, GALTON_DREAMER, *VARIANTS], ids=lambda recipe: recipe.NAME)
def test_the_command_is_the_name_and_the_seed_and_gives_the_config_back(recipe) -> None:
    """A variant's own defaults are what the command line starts from, so it has no long list of options."""
    config = recipe.Config(seed=7)
    command = training_command(recipe.NAME, config)
    assert command == f"wmcourse train {recipe.NAME} --seed 7"
    parsed, _ = _training_options(recipe.NAME, recipe, shlex.split(command)[3:])
    assert parsed == config
    unusual, _ = _training_options(recipe.NAME, recipe, shlex.split(training_command(recipe.NAME, short(recipe)))[3:])
    assert unusual == short(recipe)


def test_a_run_tells_of_the_agent_that_was_kept_in_plain_values() -> None:
    asked = []

    def measure(policy, model, *, episodes, seed):
        asked.append((policy, model, episodes, seed))
        return {"return_mean": Interval(1.0, 0.5, 2.0)}

    recipe = replace(CARTPOLE_DREAMER, measure=measure)
    made = recipe.run(short(recipe), episodes=5, seed=11, progress=False)
    assert json.loads(json.dumps(made)) == made
    ((policy, model, episodes, seed),) = asked
    assert (model, episodes, seed) == (policy.world, 5, 11)
    assert made["metrics"] == {"return_mean": {"value": 1.0, "low": 0.5, "high": 2.0}}
    again = CARTPOLE_DREAMER.train(short(recipe), progress=False)
    assert all(torch.equal(value, policy.state_dict()[name]) for name, value in again.module.state_dict().items())
    assert made["seed"] == 4
    assert made["kept_update"] == again.kept_update
    assert made["environment_steps"] == again.environment_steps
    for mine, theirs in zip(made["history"], again.history, strict=True):
        assert {**mine, "wall_s": 0} == {**theirs, "wall_s": 0}
    assert made["solved"] is None
    solved = recipe.run(replace(short(recipe), solved=0.0), episodes=5, seed=11, progress=False)["solved"]
    assert solved["update"] == 1


def test_what_main_saves_can_be_loaded_and_says_how_it_was_made(tmp_path: Path, capsys) -> None:
    def measure(policy, model, *, episodes, seed):
        return {"peg_nll_nats": Interval(float(episodes), 0.0, float(seed))}

    recipe = replace(GALTON_DREAMER, measure=measure, episodes=6)
    manifest = recipe.main(short(recipe), directory=tmp_path)
    assert manifest.command == training_command("galton-dreamer", short(recipe))
    assert manifest.protocol == f"6 episodes, seed {recipe.evaluation_seed}; {recipe.PROTOCOL}"
    assert manifest.metrics["peg_nll_nats"] == Interval(6.0, 0.0, float(recipe.evaluation_seed))
    assert manifest.headline in capsys.readouterr().out
    loaded = load("galton-dreamer", directory=tmp_path)
    assert loaded.config == short(recipe).agent
    trained = recipe.train(short(recipe), progress=False).module
    assert all(torch.equal(value, trained.state_dict()[name]) for name, value in loaded.state_dict().items())
