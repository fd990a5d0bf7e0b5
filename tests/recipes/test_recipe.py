"""A recipe: a variant changes what it names and nothing else, and what is saved can be made again."""

import json
import shlex
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch

from wmcourse.agents import DreamerConfig
from wmcourse.chapters.rssm.recipes import CARTPOLE_CATEGORICAL, GALTON_DREAMER
from wmcourse.cli import _training_options
from wmcourse.evaluation.statistics import Interval
from wmcourse.recipes.cartpole_dreamer import CARTPOLE_DREAMER
from wmcourse.recipes.dreamer import agent_measure, change_world, with_agent
from wmcourse.recipes.latent_dynamics import RECURRENT
from wmcourse.recipes.recipe import Recipe, Training
from wmcourse.studies.results import Run
from wmcourse.zoo import load, training_command
from wmcourse.zoo.errors import Diverged, NotMeasured
from wmcourse.zoo.plain import from_plain, to_plain


def far_sighted(agent: DreamerConfig) -> DreamerConfig:
    return replace(agent, horizon=99)


blunt = change_world(kl_scale=7.0)
FAR = GALTON_DREAMER.variant("galton-far", "Far", with_agent(GALTON_DREAMER.config, far_sighted))
BLUNT = FAR.variant("galton-far-blunt", "Far and blunt", with_agent(FAR.config, blunt))
RECIPES = [CARTPOLE_DREAMER, GALTON_DREAMER, CARTPOLE_CATEGORICAL, FAR, BLUNT, RECURRENT]
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


def short(recipe: Recipe):
    config = recipe.configured(**TINY)
    return replace(config, agent=replace(config.agent, horizon=2))


@pytest.mark.parametrize("change", [far_sighted, blunt])
@pytest.mark.parametrize("base", [GALTON_DREAMER, CARTPOLE_DREAMER])
def test_a_variant_leaves_everything_but_its_agent_alone(base, change) -> None:
    variant = base.variant("other", "Something else", with_agent(base.config, change))
    for field in fields(Recipe):
        if field.name not in ("name", "description", "config"):
            assert getattr(variant, field.name) is getattr(base, field.name), field.name
    assert (variant.name, variant.description) == ("other", "Something else")
    assert type(variant.config) is type(base.config)
    assert variant.config == replace(base.config, agent=change(base.config.agent))
    assert variant.build(variant.config).config == variant.config.agent


def test_changes_add_up_in_a_variant_of_a_variant() -> None:
    assert BLUNT.config.agent == blunt(far_sighted(GALTON_DREAMER.config.agent))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_config_survives_json_and_the_command_line(recipe) -> None:
    """A variant's own configuration is what the command line starts from, so it has no long list of options."""
    unusual = recipe.configured(seed=9, clip=7.5) if recipe is RECURRENT else short(recipe)
    for config in (recipe.configured(seed=7), unusual):
        again = from_plain(type(config), json.loads(json.dumps(to_plain(config))))
        assert again == config and repr(again) == repr(config)
        words = shlex.split(training_command(recipe.name, config, recipe.config))
        assert _training_options(recipe.name, recipe, words[3:])[0] == config
    command = training_command(recipe.name, recipe.configured(seed=7), recipe.config)
    assert command == f"wmcourse train {recipe.name} --seed 7"


def test_a_run_tells_of_the_agent_that_was_kept() -> None:
    asked = []

    def measure(policy, model, *, episodes, seed):
        asked.append((policy, model, episodes, seed))
        return {"return_mean": Interval(1.0, 0.5, 2.0)}

    recipe = replace(CARTPOLE_DREAMER, measure=agent_measure(measure))
    made = recipe.run(short(recipe), episodes=5, seed=11, progress=False)
    assert from_plain(Run, json.loads(json.dumps(to_plain(made)))) == made
    ((policy, model, episodes, seed),) = asked
    assert (model, episodes, seed) == (policy.world, 5, 11)
    again = CARTPOLE_DREAMER.train(short(recipe), progress=False)
    assert all(torch.equal(value, policy.state_dict()[name]) for name, value in again.module.state_dict().items())
    assert (made.seed, made["return_mean"]) == (4, Interval(1.0, 0.5, 2.0))
    assert (made.kept_update, made.environment_steps) == (again.kept_update, again.environment_steps)
    assert made.parameters == sum(each.numel() for each in again.module.parameters())
    for mine, theirs in zip(made.history, again.history, strict=True):
        assert {**mine, "wall_s": 0} == {**theirs, "wall_s": 0}
    assert made.solved is None
    assert recipe.run(replace(short(recipe), solved=0.0), episodes=5, seed=11, progress=False).solved.update == 1


def test_what_is_made_can_be_loaded_and_says_how_it_was_made(tmp_path: Path, capsys) -> None:
    def measure(policy, model, *, episodes, seed):
        return {"peg_nll_nats": Interval(float(episodes), 0.0, float(seed))}

    recipe = replace(GALTON_DREAMER, measure=agent_measure(measure), episodes=6)
    manifest = recipe.make(tmp_path, short(recipe))
    assert manifest.command == training_command("galton-dreamer", short(recipe), recipe.config)
    assert manifest.protocol == f"6 episodes, seed {recipe.evaluation_seed}; {recipe.protocol}"
    assert manifest.metrics["peg_nll_nats"] == Interval(6.0, 0.0, float(recipe.evaluation_seed))
    assert manifest.headline in capsys.readouterr().out
    loaded = load("galton-dreamer", directory=tmp_path)
    assert loaded.config == short(recipe).agent and loaded.manifest == manifest
    trained = recipe.train(short(recipe), progress=False).module
    assert all(torch.equal(value, trained.state_dict()[name]) for name, value in loaded.state_dict().items())


def fails(module, **_):
    raise IndexError("no episode is that long")


def finds(value: float):
    return lambda module, **_: {"nmse_h25_random": Interval(value, 0.0, 1.0)}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"measure": fails}, "IndexError: no episode is that long"),
        ({"measure": finds(0.5), "headline": "nmse_25_random"}, "the headline 'nmse_25_random' is not among"),
        ({"measure": finds(float("nan"))}, "nmse_h25_random.value is nan"),
    ],
)
def test_a_training_that_cannot_be_measured_is_kept_until_the_recipe_is_mended(tmp_path: Path, fault, reason) -> None:
    broken = replace(RECURRENT, **fault)
    trained = Training(RECURRENT.build(RECURRENT.config).eval(), 3, 1234, 5.67, [])
    kept = tmp_path / "latent-dynamics-recurrent.safetensors"
    with pytest.raises(NotMeasured, match=f"is trained and kept in {kept}, but it is not measured: .*{reason}"):
        broken.ship(tmp_path, broken.config, trained)
    model = load(RECURRENT.name, directory=tmp_path)
    assert all(torch.equal(value, trained.module.state_dict()[name]) for name, value in model.state_dict().items())
    assert model.manifest.trained and model.manifest.metrics == {} and model.manifest.environment_steps == 1234
    mended = replace(RECURRENT, measure=finds(0.5))
    mended.measured(tmp_path, model, model.manifest)
    assert load(RECURRENT.name, directory=tmp_path).manifest.headline_metric == Interval(0.5, 0.0, 1.0)


def test_a_training_that_diverged_is_not_kept(tmp_path: Path) -> None:
    module = RECURRENT.build(RECURRENT.config)
    next(module.transition.parameters()).data[0] = float("nan")
    with pytest.raises(Diverged, match="NaN or infinite weights; nothing was saved"):
        RECURRENT.ship(tmp_path, RECURRENT.config, Training(module, 3, 1234, 5.67, []))
    assert not list(tmp_path.iterdir())
