"""The MDN-RNN against step-by-step ways to say the same, and what its ablations cannot know."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Categorical, MixtureSameFamily, Normal

from wmcourse.models.mdn_rnn import MDNRNN, MDNRNNConfig
from wmcourse.models.protocol import map_state
from wmcourse.models.vae import VAEConfig

KINDS = [{"remembers": remembers, "sees_action": sees} for remembers, sees in product((True, False), repeat=2)]


def small(**options):
    return MDNRNN(MDNRNNConfig(VAEConfig(latent_dim=4, width=1), hidden_dim=6, components=2, **options))


def sequences(batch=3, time=5):
    actions = F.one_hot(torch.randint(3, (batch, time)), 3).float()
    return torch.randn(batch, time + 1, 4), actions


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_whole_sequences_are_followed_as_step_by_step(kind):
    model, (latents, actions) = small(**kind), sequences()
    state = model.initial(3)
    followed = model.follow(latents[:, :-1], actions)
    for step in range(5):
        state = model.remember(state._replace(latent=latents[:, step]), actions[:, step])
        torch.testing.assert_close(followed[:, step], state.hidden)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_an_ablation_forgets_or_ignores_and_the_whole_model_does_not(kind):
    """What comes of other memories, and of other actions."""
    model = small(**kind)
    state = map_state(torch.randn_like, model.initial(8))
    action, other = F.one_hot(torch.arange(8) % 3, 3).float(), F.one_hot((torch.arange(8) + 1) % 3, 3).float()
    hidden = model.remember(state, action).hidden
    for changed, action_then, matters in (
        (state._replace(hidden=-state.hidden), action, model.config.remembers),
        (state._replace(cell=-state.cell), action, model.config.remembers),
        (state, other, model.config.sees_action),
        (state._replace(latent=-state.latent), action, True),
    ):
        changes = (model.remember(changed, action_then).hidden - hidden).abs().amax(-1)
        assert (changes > 1e-4).all() if matters else (changes == 0).all()


def test_the_loss_is_a_mean_over_real_steps_of_what_each_of_them_tells():
    """By torch.distributions, one step after the other; padding, whatever it holds, does not count."""
    model, (latents, actions) = small(), sequences()
    lengths, continues = (5, 2, 3), (torch.rand(3, 5) < 0.5).float()
    real = torch.arange(5) < torch.tensor(lengths)[:, None]
    nll, ending = [], []
    for row, length in enumerate(lengths):
        state = model.initial(1)
        for step in range(length):
            state = state._replace(latent=latents[row : row + 1, step])
            state = model.remember(state, actions[row : row + 1, step])
            log_pi, mu, log_sigma = model.expected(state.hidden[0])
            density = MixtureSameFamily(Categorical(logits=log_pi), Normal(mu, log_sigma.exp()))
            nll.append(-density.log_prob(latents[row, step + 1]).sum() / 4)
            ending.append(-Bernoulli(logits=model.goes_on(state.hidden)[0, 0]).log_prob(continues[row, step]))
    begun = -Bernoulli(logits=model.goes_on.bias[0]).log_prob(torch.tensor(1.0)) / 5
    loss = model.loss(latents, actions, continues, real)
    torch.testing.assert_close(loss.nll, torch.stack(nll).mean())
    torch.testing.assert_close(loss.ending, torch.stack(ending).mean() + begun)
    padded = torch.cat([latents[:, :1], torch.where(real[..., None], latents[:, 1:], 1e3)], 1)
    torch.testing.assert_close(model.loss(padded, actions, torch.where(real, continues, 1 - continues), real), loss)


def test_a_look_remembers_what_was_and_codes_what_is_seen():
    model, seen = small(), torch.rand(2, 3, 64, 64)
    state, action = map_state(torch.randn_like, model.initial(2)), torch.eye(3)[:2]
    looked = model.observe(state, action, seen)
    torch.testing.assert_close(looked.hidden, model.remember(state, action).hidden)
    torch.testing.assert_close(looked.latent, model.vae.encode(seen))
    torch.testing.assert_close(looked.features, torch.cat([model.vae.encode(seen), looked.hidden], 1))
    begun = model.observe(state, None, seen)
    assert (begun.hidden == 0).all() and (begun.cell == 0).all() and torch.equal(begun.latent, looked.latent)


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_an_imagined_code_is_drawn_from_what_the_memory_expects(temperature):
    model = small()
    state, action = map_state(torch.randn_like, model.initial(2)), torch.eye(3)[:2]
    torch.manual_seed(1)
    imagined = model.imagine(state, action, temperature)
    after = model.remember(state, action)
    torch.manual_seed(1)
    torch.testing.assert_close(imagined.latent, model.expected(after.hidden).sample(temperature))
    torch.testing.assert_close((imagined.hidden, imagined.cell), (after.hidden, after.cell))
    told, outlook = model.decode(imagined), model.outlook(imagined)
    torch.testing.assert_close(told.observation, model.vae.decode(imagined.latent))
    torch.testing.assert_close(told.continues, torch.sigmoid(model.goes_on(after.hidden)[:, 0]))
    assert torch.equal(told.continues, outlook.continues) and torch.equal(told.reward, told.continues)
    assert outlook.observation is None


def test_memory_is_trained_and_vision_is_not():
    model, (latents, actions) = small(), sequences()
    loss = model.loss(latents, actions, torch.ones(3, 5), torch.ones(3, 5, dtype=torch.bool))
    (loss.nll + loss.ending).backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is None) == name.startswith("vae.")
