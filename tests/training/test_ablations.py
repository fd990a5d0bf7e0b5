"""The ablations: each takes out one thing, and what is taken out is really gone."""

from dataclasses import fields, is_dataclass
from types import SimpleNamespace

import pytest
import torch

from wmcourse.data import Batch
from wmcourse.training import cartpole_dreamer_confirmation, cartpole_dreamer_seeds, pool, rssm_ablations
from wmcourse.training.ablations import ABLATIONS, SHIPPED, ablated
from wmcourse.training.cartpole_dreamer import CARTPOLE_DREAMER
from wmcourse.training.dreamer_recipe import DreamerRecipe
from wmcourse.training.galton_dreamer import GALTON_DREAMER
from wmcourse.training.measure_cartpole import measure_cartpole_heads
from wmcourse.zoo import registry
from wmcourse.zoo.studies import load_study

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
    old, new = dict(flat(whole.Config(seed=5))), dict(flat(recipe.Config(seed=5)))
    assert old.keys() == new.keys()
    different = {option.removeprefix("agent."): new[option] for option in new if new[option] != old[option]}
    assert different == CHANGED[name]
    for field in fields(DreamerRecipe):
        if field.name not in ("NAME", "DESCRIPTION", "Config", "measure"):
            assert getattr(recipe, field.name) == getattr(whole, field.name)
    assert recipe.measure is (measure_cartpole_heads if world == "cartpole" else whole.measure)


def test_every_ablation_has_a_name_and_a_description_of_its_own() -> None:
    recipes = [ablated(world, name) for world, name in ALL]
    assert len({recipe.NAME for recipe in recipes}) == len({recipe.DESCRIPTION for recipe in recipes}) == len(ALL)
    assert ablated("galton", "no-kl").NAME == "galton-dreamer-no-kl"
    assert ablated("galton", "no-kl").DESCRIPTION.endswith(": no KL")


def test_the_zoo_ships_what_the_ablations_say() -> None:
    assert set(registry.ABLATIONS) == set(SHIPPED)
    for name, shipped in SHIPPED.items():
        assert name == shipped.NAME
        assert registry.recipe(name) is shipped
    assert not any(name.endswith("-whole") for name in SHIPPED)  # that is the recipe itself


@pytest.mark.parametrize("world", ABLATIONS)
def test_without_the_kl_its_value_is_seen_but_teaches_nothing(world) -> None:
    """Sighted, so that no dream of the prior enters the loss: then nothing trains the prior at all."""
    recipe = ablated(world, "sighted-no-kl" if world == "cartpole" else "no-kl")
    model = recipe.build(recipe.Config()).world
    loss = model.loss(windows(model))
    loss.total.backward()
    assert loss.kl > 0
    assert all(p.grad is None or not p.grad.any() for p in model.prior_head.parameters())
    assert all(p.grad.any() for p in model.posterior_head.parameters())


@pytest.mark.parametrize("world", ABLATIONS)
def test_without_a_slow_critic_the_critic_judges_itself(world) -> None:
    for name, equal in (("no-slow-critic", True), ("whole", False)):
        recipe = ablated(world, name)
        agent = recipe.build(recipe.Config())
        with torch.no_grad():
            for parameter in agent.critic.parameters():
                parameter.add_(torch.randn_like(parameter))
        agent.update_slow_critic()
        pairs = zip(agent.critic.parameters(), agent.slow_critic.parameters(), strict=True)
        assert all(torch.equal(fast, slow) for fast, slow in pairs) == equal


def test_the_studys_seeds_are_new() -> None:
    used = {*cartpole_dreamer_seeds.SEEDS, *cartpole_dreamer_confirmation.SEEDS}
    used |= {recipe.Config().seed for recipe in SHIPPED.values()}
    assert not used & set(rssm_ablations.SEEDS)
    mine = range(rssm_ablations.EVALUATION_SEED, rssm_ablations.EVALUATION_SEED + rssm_ablations.EPISODES)
    for recipe in WHOLE.values():
        theirs = range(recipe.evaluation_seed, recipe.evaluation_seed + recipe.episodes)
        assert not set(mine) & set(theirs)
    assert mine.stop <= 1_000_000  # where training's seeds begin


@pytest.mark.parametrize("study", [rssm_ablations.CARTPOLE, rssm_ablations.GALTON], ids=lambda study: study.world)
def test_the_study_stores_each_changes_runs_in_the_order_of_their_seeds(study, monkeypatch, tmp_path) -> None:
    class Here:
        """A pool of no processes."""

        def __init__(self, workers, context, initializer, arguments) -> None:
            assert (initializer, arguments) == (torch.set_num_threads, (1,))

        def __enter__(self):
            return SimpleNamespace(map=map)

        def __exit__(self, *problem) -> None:
            pass

    monkeypatch.setattr(pool, "ProcessPoolExecutor", Here)
    monkeypatch.setattr(rssm_ablations, "run", lambda job: {"job": list(job)})
    study.main(directory=tmp_path)
    name = f"rssm-ablations-{study.world}"
    assert registry.study(name) is study
    stored = load_study(name, directory=tmp_path)
    assert stored["command"] == f"wmcourse study {name}"
    for change in ABLATIONS[study.world][1]:
        assert [made["job"] for made in stored[change]] == [[study.world, change, s] for s in rssm_ablations.SEEDS]


def test_a_run_of_the_study_trains_the_ablation_from_its_seed_and_measures_fresh_episodes(monkeypatch, capsys) -> None:
    asked = {}

    def run(self, config, *, episodes, seed, progress):
        asked.update(name=self.NAME, config=config, episodes=episodes, seed=seed)
        return {"metrics": {"return_mean": {"value": 1.25}}}

    monkeypatch.setattr(DreamerRecipe, "run", run)
    assert rssm_ablations.run(("galton", "no-kl", 21))["metrics"]["return_mean"]["value"] == 1.25
    assert asked["name"] == "galton-dreamer-no-kl"
    assert asked["config"].seed == 21
    assert asked["config"].agent.world.kl_scale == 0.0
    assert (asked["episodes"], asked["seed"]) == (rssm_ablations.EPISODES, rssm_ablations.EVALUATION_SEED)
    assert "galton no-kl 21: return 1.25" in capsys.readouterr().out
