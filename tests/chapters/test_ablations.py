"""The ablations: each takes out one thing, and what is taken out is really gone."""

from dataclasses import fields, is_dataclass

import pytest
import torch

from wmcourse.chapters.rssm import studies
from wmcourse.chapters.rssm.recipes.ablations import ABLATIONS, SHIPPED, ablated
from wmcourse.chapters.rssm.recipes.galton import GALTON_DREAMER
from wmcourse.data import Batch
from wmcourse.recipes.cartpole_dreamer import CARTPOLE_DREAMER
from wmcourse.recipes.recipe import Recipe
from wmcourse.zoo import registry

WHOLE = {"cartpole": CARTPOLE_DREAMER, "galton": GALTON_DREAMER}
CHANGED = {
    "whole": {},
    "no-correction": {"world.corrects": False},
    "no-stochastic-path": {"world.latent": "deterministic"},
    "no-reconstruction": {"world.probes": ("observation",)},
    "no-reward-loss": {"world.probes": ("reward",)},
    "no-kl": {"world.kl_scale": 0.0},
    "no-balancing": {"world.kl_balance": 0.5},
    "no-slow-critic": {"slow_mix": 1.0},
    "no-free-nats": {"world.free_nats": 0.0},
    "one-free-nat": {"world.free_nats": 1.0},
    "sighted": {"world.blindness": 0.0},
    "sighted-no-kl": {"world.blindness": 0.0, "world.kl_scale": 0.0},
    "categorical": {"world.latent": "categorical"},
    "gaussian": {"world.latent": "gaussian", "world.stoch_dim": 8},
}
ALL = [(world, name) for world, (_, changes) in ABLATIONS.items() for name in changes]


def flat(config, prefix=""):
    """Every option by its dotted name."""
    for field in fields(config):
        value = getattr(config, field.name)
        if is_dataclass(value):
            yield from flat(value, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name, value


def windows(world, batch=3, time=6):
    first = torch.zeros(batch, time, dtype=torch.bool)
    first[:, 0] = True
    return Batch(
        action=torch.randn(batch, time, world.action_dim) * ~first.unsqueeze(-1),
        observation=torch.rand(batch, time, *world.observation_shape),
        reward=torch.rand(batch, time) * ~first,
        continues=torch.ones(batch, time),
        is_first=first,
    )


@pytest.mark.parametrize(("world", "name"), ALL)
def test_an_ablation_differs_from_the_whole_recipe_in_what_its_name_says(world, name) -> None:
    whole, recipe = WHOLE[world], ablated(world, name)
    old, new = dict(flat(whole.config)), dict(flat(recipe.config))
    assert old.keys() == new.keys()
    different = {option.removeprefix("agent."): new[option] for option in new if new[option] != old[option]}
    assert different == CHANGED[name]
    for field in fields(Recipe):
        if field.name not in ("name", "description", "config", "measure"):
            assert getattr(recipe, field.name) is getattr(whole, field.name)


def test_every_ablation_has_a_name_and_a_description_of_its_own() -> None:
    recipes = [ablated(world, name) for world, name in ALL]
    assert len({recipe.name for recipe in recipes}) == len({recipe.description for recipe in recipes}) == len(ALL)
    assert ablated("galton", "no-kl").name == "galton-dreamer-no-kl"
    assert ablated("galton", "no-kl").description.endswith(": no KL")


def test_the_zoo_ships_what_the_ablations_say() -> None:
    for shipped in SHIPPED:
        assert registry.recipe(shipped.name) is shipped
    assert not any(recipe.name.endswith("-whole") for recipe in SHIPPED)  # that is the recipe itself


@pytest.mark.parametrize("world", ABLATIONS)
def test_without_the_kl_its_value_is_seen_but_teaches_nothing(world) -> None:
    """Sighted, so that no dream of the prior enters the loss: then nothing trains the prior at all."""
    recipe = ablated(world, "sighted-no-kl" if world == "cartpole" else "no-kl")
    model = recipe.build(recipe.config).world
    loss = model.loss(windows(model))
    loss.total.backward()
    assert loss.kl > 0
    assert all(p.grad is None or not p.grad.any() for p in model.prior_head.parameters())
    assert all(p.grad.any() for p in model.posterior_head.parameters())


@pytest.mark.parametrize("world", ABLATIONS)
def test_without_a_slow_critic_the_critic_judges_itself(world) -> None:
    for name, equal in (("no-slow-critic", True), ("whole", False)):
        recipe = ablated(world, name)
        agent = recipe.build(recipe.config)
        with torch.no_grad():
            for parameter in agent.critic.parameters():
                parameter.add_(torch.randn_like(parameter))
        agent.update_slow_critic()
        pairs = zip(agent.critic.parameters(), agent.slow_critic.parameters(), strict=True)
        assert all(torch.equal(fast, slow) for fast, slow in pairs) == equal


def test_the_studies_compare_every_ablation_on_seeds_that_nothing_was_tuned_with() -> None:
    for world, (whole, changes) in ABLATIONS.items():
        study = registry.study(f"rssm-ablations-{world}")
        assert list(study.variants) == list(changes)
        assert min(study.seeds) > 9  # the smaller ones were for tuning
        mine = range(studies.ABLATION_EVALUATION_SEED, studies.ABLATION_EVALUATION_SEED + studies.ABLATION_EPISODES)
        assert not set(mine) & set(range(whole.evaluation_seed, whole.evaluation_seed + whole.episodes))
        assert mine.stop <= 1_000_000  # where training's seeds begin


def test_a_run_of_the_study_trains_the_ablation_from_its_seed_and_measures_fresh_episodes(monkeypatch) -> None:
    asked = {}

    def run(self, config, *, episodes, seed, progress):
        asked.update(name=self.name, config=config, episodes=episodes, seed=seed)

    monkeypatch.setattr(Recipe, "run", run)
    registry.study("rssm-ablations-galton").variants["no-kl"](21)
    assert asked["name"] == "galton-dreamer-no-kl"
    assert asked["config"].seed == 21
    assert asked["config"].agent.world.kl_scale == 0.0
    assert (asked["episodes"], asked["seed"]) == (studies.ABLATION_EPISODES, studies.ABLATION_EVALUATION_SEED)
