"""Watching changes nothing: games and dreams go as they would have gone."""

import numpy as np
import pytest
import torch

from wmcourse.agents.controller import Controller
from wmcourse.chapters.dream_controller.watching import as_act, as_rule, escapes, last_pictures, touched, watch_dreams
from wmcourse.data.games import play
from wmcourse.envs.dodge import AGENT_ROW, DodgeGames, Scene, as_observation, pictures
from wmcourse.evaluation.survival import as_population, dream_survival
from wmcourse.models.mdn_rnn import MDNRNNConfig
from wmcourse.models.vae import VAEConfig


@pytest.fixture(scope="module")
def restless() -> Controller:
    """A small controller that does something of everything."""
    torch.manual_seed(3)
    controller = Controller(MDNRNNConfig(vae=VAEConfig(latent_dim=5), hidden_dim=8, components=2))
    controller.actor.put(torch.randn(3 * (5 + 8 + 1)))
    controller.actor.linear.bias.zero_()
    return controller.eval()


def balls(*at: tuple[float, float, float]) -> Scene:
    """One scene with balls at (x, y) that fall so fast."""
    return Scene(*(np.array([part]) for part in np.array(at).T))


def test_a_controller_plays_by_pictures_alone(restless: Controller) -> None:
    log = play(as_rule(restless, games=1), games=1, seed=5, limit=40)
    world, memory = DodgeGames(1, np.random.default_rng(5)), restless.initial(1)
    for expected in log.actions:
        action, memory = restless.act(memory, as_observation(world.pictures()))
        assert (chosen := action.argmax(-1).numpy()) == expected
        world.step(chosen)
    many = play(as_rule(restless, games=6), games=6, seed=5)
    assert len(set(many.actions)) > 1 and len(set(many.lengths)) > 1


def test_a_watched_dream_is_the_dream_that_is_scored(restless: Controller) -> None:
    world = restless.world
    watched = watch_dreams(world, as_act(restless), temperature=1.0, dreams=7, seed=2, limit=12)
    scored = dream_survival(world, as_population(restless), temperature=1.0, dreams=7, seed=2, limit=12)[0]
    np.testing.assert_array_equal(watched.lengths - watched.died, scored)
    assert len(watched.latents) == len(watched.actions) + 7 == watched.lengths.sum() + 7
    firsts = last_pictures(watched.lengths) - watched.lengths
    assert (watched.latents[firsts] == watched.latents[0]).all()
    assert (watched.latents[last_pictures(watched.lengths)].std(0) > 0).any()


def test_a_ball_that_hits_touches_and_one_aside_does_not() -> None:
    scenes = [balls((x, AGENT_ROW - 3, 3.0)) for x in (0.0, -5.0, 14.0)]
    under, beside, away = (touched(as_observation(pictures(scene))).item() for scene in scenes)
    assert under > 0.3 and beside > 0.3 and away == 0.0


def test_the_oracle_escapes_where_there_is_time() -> None:
    assert escapes(balls((0.0, 20.0, 3.0)))
    assert not escapes(balls((0.0, AGENT_ROW - 10, 4.0)))
