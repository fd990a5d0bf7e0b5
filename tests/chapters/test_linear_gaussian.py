"""The recipe: repeatable, honest about its seeds, its loss the ELBO, its metrics right on a model that is known."""

import math
from dataclasses import replace

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from wmcourse.chapters.rssm import beliefs as measure
from wmcourse.chapters.rssm import studies
from wmcourse.chapters.rssm.recipes import linear_gaussian as recipe
from wmcourse.envs.linear_gaussian import cart_on_a_spring

SHORT = replace(recipe.Config(seed=3), updates=4, log_every=2, batch_size=3, length=6)


def test_the_same_seed_trains_the_same_weights() -> None:
    first, second = (recipe.train(SHORT, progress=False).module.state_dict() for _ in range(2))
    other = recipe.train(replace(SHORT, seed=4), progress=False).module.state_dict()
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=0, atol=0, msg=name)
    assert not torch.equal(first["gru.weight_hh"], other["gru.weight_hh"])


def test_training_moves_every_part_but_the_heads_of_what_this_world_lacks() -> None:
    torch.manual_seed(SHORT.seed)
    before = recipe.build(SHORT).state_dict()
    after = recipe.train(SHORT, progress=False).module.state_dict()
    still = {name.split(".")[0] for name, value in after.items() if torch.equal(value, before[name])}
    assert still == {"normalizer", "reward_head", "continue_head"}


def test_the_gradient_is_that_of_the_negative_evidence_lower_bound() -> None:
    """-E log p(o | h, z) + KL(q || p), written with torch.distributions, in the observation's own unit."""
    torch.manual_seed(0)
    config = recipe.Config()
    model, batch = recipe.build(config), recipe.windows(4, 8, seed=1_000_001)
    parameters = [p for name, p in model.named_parameters() if not name.startswith(("reward", "continue"))]
    torch.manual_seed(1)
    loss = model.loss(batch)
    torch.manual_seed(1)
    states, prior, posterior = model.infer(batch)
    means = model.normalizer.inverse(model.reconstruct(states.features))
    likelihood = Normal(means, 0.5).log_prob(batch.observation).sum(-1).mean()
    q, p = (Independent(Normal(*model.latent.mean_std(each)), 1) for each in (posterior, prior))
    bound = likelihood - kl_divergence(q, p).mean()
    assert recipe.elbo(config, loss.observation.item(), loss.kl.item()) == pytest.approx(bound.item(), abs=1e-5)
    ours, oracle = torch.autograd.grad(loss.total, parameters), torch.autograd.grad(-bound, parameters)
    for mine, theirs in zip(ours, oracle, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


def test_every_update_sees_new_episodes_and_none_of_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    used, real = [], recipe.windows

    def spy(count, length, *, seed):
        used.append(seed)
        return real(count, length, seed=seed)

    monkeypatch.setattr(recipe, "windows", spy)
    trained = recipe.train(SHORT, progress=False)
    assert len(set(used)) == 4
    assert min(used) > max(1_000_000, recipe.EVALUATION_SEED, measure.PROBE_SEED)
    assert trained.environment_steps == 4 * 3 * 5
    assert [row["update"] for row in trained.history] == [2, 4]


def test_windows_begin_an_episode_each() -> None:
    batch = recipe.windows(5, 7, seed=1_000_001)
    assert batch.is_first[:, 0].all() and not batch.is_first[:, 1:].any()
    assert not batch.action[:, 0].any()
    assert (batch.action[:, 1:].sum(-1) == 1).all()
    assert batch.observation.shape == (5, 7, 1)


@pytest.mark.usefixtures("unchecked_shapes")
def test_the_exact_filter_in_the_models_place_gets_the_exact_filters_marks(drawing_kalman) -> None:
    cart = cart_on_a_spring()
    metrics = measure.measure_beliefs(drawing_kalman(cart), cart, sensor_std=0.5, episodes=60, seed=1)
    assert abs(metrics["excess_nats_per_step"].value) < 0.01
    assert abs(metrics["excess_nats_per_step_particles"].value) < 0.01
    assert metrics["nll_over_kalman"].value == pytest.approx(1.0, abs=0.01)
    assert metrics["gain"].value == pytest.approx(metrics["gain_kalman"].value, abs=0.02)
    probed, exact = (metrics[name].value for name in ("probed_position_rmse_m", "position_rmse_m_kalman"))
    assert probed == pytest.approx(exact, rel=0.01)  # here the probe only has to copy
    for name in ("position_inside_50_share", "position_inside_90_share"):
        assert metrics[name].value == pytest.approx(metrics[f"{name}_kalman"].value, abs=0.015)
    for name, value in metrics.items():
        assert value.low <= value.value <= value.high
        if name.endswith("_kalman") and "over" not in name:
            name = name if name.removesuffix("_kalman") in metrics else f"probed_{name}"
            assert metrics[name.removesuffix("_kalman")].value == pytest.approx(value.value, rel=0.06), name


def test_the_exact_filters_own_numbers_agree_with_its_covariance() -> None:
    """Calibration and score, measured on episodes, are those that the steady belief promises."""
    cart = cart_on_a_spring()
    columns = measure.exact_columns(cart, measure.play(cart, episodes=400, seed=1))
    means = {name: column.mean().item() for name, column in columns.items()}
    assert means["position_inside_50_share"] == pytest.approx(0.5, abs=0.02)
    assert means["position_inside_90_share"] == pytest.approx(0.9, abs=0.02)
    assert means["position_mse_m2"] ** 0.5 == pytest.approx(means["position_std_m"], rel=0.03)
    assert means["gain_above"] / means["gain_below"] == pytest.approx(0.393, abs=0.001)
    assert means["innovation_mse_m2"] == pytest.approx(means["innovation_foreseen_mse_m2"], rel=0.03)
    first = means["gain_early_above"] / means["gain_early_below"]
    assert first == pytest.approx(0.521, abs=0.001)  # after one look the belief is still wide
    assert means["nll_nats_per_step"] == pytest.approx(0.5 * math.log(2 * math.pi * math.e * 0.642**2), abs=0.02)


def test_the_metrics_of_an_untrained_model_are_bad_and_finite() -> None:
    torch.manual_seed(0)
    metrics = recipe.evaluate(recipe.build(recipe.Config()).eval(), episodes=12, seed=5)
    assert metrics["excess_nats_per_step"].value > 0.5
    assert metrics["position_inside_90_share"].value < 0.7
    assert abs(metrics["gain"].value) < 0.1
    assert all(math.isfinite(bound) for metric in metrics.values() for bound in metric)


def test_the_confirmation_uses_seeds_of_its_own_and_its_variant_differs_in_one_thing() -> None:
    assert not {0, 1, 2} & set(studies.CONFIRMATION.seeds)
    config = recipe.Config()
    variant = studies.trusting(config)
    assert variant.world.observation_std == config.world.observation_std / 2
    assert replace(variant, world=config.world) == config
    assert replace(variant.world, observation_std=config.world.observation_std) == config.world
