"""Steps survived, counted alike in games and in dreams."""

import numpy as np
import pytest
import torch

from wmcourse.agents.controller import Controller
from wmcourse.envs.dodge import STAY
from wmcourse.evaluation.survival import (
    as_population,
    dream_survival,
    real_survival,
    survival_of_rule,
)
from wmcourse.models.mdn_rnn import MDNRNN, MDNRNNConfig
from wmcourse.models.vae import VAEConfig

SMALL = MDNRNNConfig(vae=VAEConfig(latent_dim=3, width=2), hidden_dim=4, components=2)


@pytest.fixture
def world() -> MDNRNN:
    torch.manual_seed(0)
    return MDNRNN(SMALL).eval()


def always(action: int, members: int = 1) -> torch.Tensor:
    """Controllers that do the same whatever they see."""
    table = torch.zeros(members, 3, 8)
    table[:, action, -1] = 1.0
    return table.flatten(1)


def test_a_controller_that_stands_still_survives_as_long_as_a_rule_that_stands_still(world: MDNRNN):
    stays = survival_of_rule(lambda scene, running: np.full(len(running), STAY), games=6, seed=9)
    torch.testing.assert_close(real_survival(world, always(STAY), games=6, seed=9)[0], stays)


def test_each_member_plays_its_own_games(world: MDNRNN):
    both = torch.cat([always(0), always(2)])
    steps = real_survival(world, both, games=4, seed=1)
    left, right = (
        survival_of_rule(lambda scene, running, a=a: np.full(len(running), a), games=8, seed=1) for a in (0, 2)
    )
    torch.testing.assert_close(steps, torch.stack([left[:4], right[4:]]))  # the same dice, game by game


@pytest.mark.parametrize("chance", [0.9, 0.98])
def test_a_dream_with_a_constant_hazard_lasts_as_the_geometric_law_says(world: MDNRNN, chance: float):
    torch.nn.init.zeros_(world.goes_on.weight)
    torch.nn.init.constant_(world.goes_on.bias, float(np.log(chance / (1 - chance))))
    steps = dream_survival(world, always(STAY, 2), temperature=1.0, dreams=400, seed=0, limit=50)
    expected = chance * (1 - chance**50) / (1 - chance)
    assert steps.shape == (2, 400) and steps.max() <= 50
    assert abs(steps.mean().item() - expected) < 4 * steps.std().item() / 800**0.5


def test_a_controller_and_its_vector_are_the_same():
    controller = Controller(SMALL)
    torch.nn.init.normal_(controller.actor.linear.weight)
    vector = as_population(controller)[0]
    other = Controller(SMALL)
    other.actor.put(vector)
    torch.testing.assert_close(other.actor.linear.weight, controller.actor.linear.weight)
    torch.testing.assert_close(other.actor.linear.bias, controller.actor.linear.bias)
