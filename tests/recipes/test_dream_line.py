"""The recipes of the dream line, tiny: they repeat, hand on what they trained, and measure what they say."""

from dataclasses import replace

import pytest
import torch

from wmcourse.evaluation.survival import as_population
from wmcourse.models.mdn_rnn import MDNRNN, MDNRNNConfig
from wmcourse.models.vae import VAEConfig
from wmcourse.recipes import dream_controller, mdn_rnn, vae
from wmcourse.recipes.dream_controller import ControllerTraining
from wmcourse.recipes.encoded_games import Sequences
from wmcourse.recipes.mdn_rnn import MDNTraining
from wmcourse.recipes.measure_dreams import dreamed_chance, measure_codes, real_chance
from wmcourse.recipes.vae import VAETraining

CODE = VAEConfig(latent_dim=3, width=2)
EYE = VAETraining(updates=3, batch_size=2, games=3, model=CODE)
MIND = MDNTraining(
    updates=3, batch_size=2, games=3, vision=EYE, model=MDNRNNConfig(vae=CODE, hidden_dim=4, components=2)
)
HAND = ControllerTraining(generations=2, population=4, rollouts=2, memory=MIND)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WMCOURSE_CACHE", str(tmp_path_factory.mktemp("cache")))


def weights(module: torch.nn.Module) -> torch.Tensor:
    return torch.cat([value.flatten() for value in module.state_dict().values()])


def test_a_training_repeats_and_rests_on_the_one_before_it():
    eye = vae.train(replace(EYE, seed=7), progress=False)
    mind = mdn_rnn.train(replace(MIND, seed=7), progress=False)
    hand = dream_controller.train(replace(HAND, seed=7), progress=False)
    torch.testing.assert_close(weights(mind.module.vae), weights(eye.module), rtol=0, atol=0)
    torch.testing.assert_close(weights(hand.module.world), weights(mind.module), rtol=0, atol=0)
    again = dream_controller.train(replace(HAND, seed=7), progress=False)  # from the cache, but for the last stage
    torch.testing.assert_close(weights(again.module), weights(hand.module), rtol=0, atol=0)
    assert eye.environment_steps == mind.environment_steps == hand.environment_steps > 0
    assert weights(hand.module.actor).abs().sum() > 0
    other = vae.train(replace(EYE, seed=8), progress=False)
    assert (weights(other.module) != weights(eye.module)).any()


def test_shipped_weights_fit_into_16_bits():
    for module in (vae.train(EYE, progress=False).module, dream_controller.train(HAND, progress=False).module):
        for name, parameter in module.named_parameters():
            torch.testing.assert_close(parameter, parameter.half().float(), rtol=0, atol=0, msg=name)


def test_reality_counts_its_steps_and_an_untrained_memory_keeps_its_first_weights():
    real = replace(HAND, where="reality", trained_memory=False)
    grown = dream_controller.train(real, progress=False)
    steps = grown.history[-1]["real_steps"]
    assert steps >= 2 * 4 * 2  # generations, members, games: every game lasts
    assert grown.environment_steps == steps + mdn_rnn.cached_mdn_rnn(MIND, progress=False).environment_steps
    trained = mdn_rnn.cached_mdn_rnn(MIND, progress=False).module
    assert (weights(grown.module.world.lstm) != weights(trained.lstm)).any()
    torch.testing.assert_close(weights(grown.module.world.vae), weights(trained.vae), rtol=0, atol=0)


def test_a_controller_that_sees_z_alone_has_no_weight_for_the_memory():
    grown = dream_controller.train(replace(HAND, sees="z"), progress=False).module
    assert as_population(grown).shape == (1, 3 * (3 + 1))


def test_a_model_scores_its_own_dreams_as_calibrated():
    torch.manual_seed(0)
    world = MDNRNN(MDNRNNConfig(vae=CODE, hidden_dim=4, components=2)).eval()
    actions = torch.eye(3)[torch.randint(3, (200, 20))]
    with torch.no_grad():
        state, latents = world.initial(200), []
        latents.append(state.latent)
        for step in range(20):
            state = world.imagine(state, actions[:, step])
            latents.append(state.latent)
        games = Sequences(torch.stack(latents, 1), actions, torch.ones(200, 20), torch.ones(200, 20, dtype=torch.bool))
        found = measure_codes(world, games)
    assert found["inside_50"].low < 0.5 < found["inside_50"].high
    assert found["inside_90"].low < 0.9 < found["inside_90"].high


def test_chance_dies_as_often_as_it_is_counted_and_balls_are_few_in_an_empty_dream():
    steps, balls = real_chance(games=60, seed=3)
    assert 25 < steps.mean() < 60 and 1 < balls.mean() < 4
    torch.manual_seed(0)
    world = MDNRNN(MDNRNNConfig(vae=CODE, hidden_dim=4, components=2)).eval()
    torch.nn.init.constant_(world.goes_on.bias, 50.0)
    dreamed, area = dreamed_chance(world, temperature=1.0, dreams=3, seed=0)
    assert dreamed.tolist() == [300.0] * 3 and area.shape == (3,)
