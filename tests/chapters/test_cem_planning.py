"""What chapter 12's studies measure: promises, and how long CartPole is kept up."""

import pytest
import torch

import wmcourse
from wmcourse.chapters.cem_planning.cartpole import IMAGINATIONS, played, upright, upright_and_alive
from wmcourse.chapters.cem_planning.exploitation import SEARCHES, opinions, pendulum_starts, promised_and_earned
from wmcourse.chapters.cem_planning.soft_actor_critic import soft_actor_critic
from wmcourse.models.ensemble import EnsembleConfig, ProbabilisticEnsemble
from wmcourse.models.known import known_pendulum


def test_the_truth_keeps_its_promises():
    promised, earned = promised_and_earned(
        known_pendulum(), SEARCHES[100], pendulum_starts(4, seed=1), pessimism=0.0, seed=2
    )
    torch.testing.assert_close(promised, earned)


def test_a_harder_search_of_a_model_promises_more():
    torch.manual_seed(0)
    model = ProbabilisticEnsemble(EnsembleConfig(hidden_dim=8)).eval()
    starts = pendulum_starts(4, seed=1)
    promises = [
        promised_and_earned(model, SEARCHES[plans], starts, pessimism=0.0, seed=2)[0].mean()
        for plans in (1, 10, 100, 300)
    ]
    assert promises == sorted(promises)


def test_searches_try_as_many_plans_as_they_say():
    for plans, planner in SEARCHES.items():
        assert planner.samples * getattr(planner, "iterations", 1) == plans


def test_one_of_five_is_the_first():
    five = ProbabilisticEnsemble(EnsembleConfig(hidden_dim=8)).eval()
    of = opinions(five)
    assert of["one"].config.members == 1 and of["five"] is of["pessimistic"] is five


def test_a_cost_is_1_where_the_episode_ends_and_a_point_more_is_never_bad_inside():
    edges = torch.tensor([[2.4, 0.0, 0.0, 0.0], [0.0, 0.0, 12 * torch.pi / 180, 0.0]])
    action = torch.eye(2)
    torch.testing.assert_close(upright(edges, action), torch.tensor([-1.0, -1.0]))
    torch.testing.assert_close(upright_and_alive(edges, action), torch.zeros(2), atol=1e-6, rtol=0)


def test_dreamer_s_policy_is_measured():
    run = played(wmcourse.load("cartpole-dreamer"), wmcourse.load("cartpole-dreamer"), seed=0, episodes=2, evaluation=3)
    assert run.metrics["return_mean"].value == 500 and run.numbers["decision_ms"] > 0
    assert set(IMAGINATIONS) >= {"reward head", "critic at the end"}


def test_sac_is_watched_and_measured():
    pytest.importorskip("stable_baselines3", reason="the study's own need")
    run = soft_actor_critic(0, steps=(110,), validate_every=110, validation=(1, 3), episodes=1, evaluation=5)
    assert run.history[0]["environment_steps"] == run.environment_steps == 110
    assert {"share_110", "return_110"} == set(run.metrics)
