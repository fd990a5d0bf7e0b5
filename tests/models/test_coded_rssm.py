"""An RSSM behind an autoencoder: nothing but the two of them, one after the other."""

import pytest
import torch

from wmcourse.evaluation import rollout
from wmcourse.models import WorldModel
from wmcourse.models.autoencoder import AutoencoderConfig
from wmcourse.models.coded_rssm import CodedRSSM, CodedRSSMConfig
from wmcourse.models.rssm import RSSMConfig

CONFIG = CodedRSSMConfig(
    AutoencoderConfig(width=2, latent_dim=5),
    RSSMConfig(observation_shape=(5,), action_dim=2, deter_dim=8, stoch_dim=3, hidden_dim=8),
)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return CodedRSSM(CONFIG).eval()


@pytest.mark.parametrize("peek_every", [None, 1, 3])
def test_it_is_the_rssm_in_the_code_and_its_pictures_are_decoded(model, peek_every):
    assert isinstance(model, WorldModel) and model.observation_shape == (1, 64, 64)
    actions, pictures = torch.eye(2)[torch.randint(2, (2, 6))], torch.rand(2, 7, 1, 64, 64)
    with torch.no_grad():
        codes = model.autoencoder.encode(pictures.flatten(0, 1)).unflatten(0, (2, 7))
    ours = rollout(model, actions, pictures, peek_every=peek_every)
    theirs = rollout(model.rssm, actions, codes, peek_every=peek_every)
    torch.testing.assert_close(ours.state.features, theirs.state.features)
    with torch.no_grad():
        decoded = model.autoencoder.decode(theirs.expected.observation.flatten(0, 1)).unflatten(0, (2, 7))
    torch.testing.assert_close(ours.expected.observation, decoded, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(ours.expected.reward, theirs.expected.reward)


def test_temperature_is_the_rssms(model):
    actions, pictures = torch.eye(2)[torch.randint(2, (2, 6))], torch.rand(2, 7, 1, 64, 64)
    cold = [rollout(model, actions, pictures, seed=seed).state.stoch for seed in (0, 1)]
    warm = [rollout(model, actions, pictures, temperature=1.0, seed=seed).state.stoch for seed in (0, 0, 1)]
    assert torch.equal(cold[0], cold[1])
    assert torch.equal(warm[0], warm[1]) and not torch.equal(warm[0], warm[2])


def test_the_autoencoder_is_not_trained_with_it(model):
    assert not any(parameter.requires_grad for parameter in model.autoencoder.parameters())
    assert all(parameter.requires_grad for parameter in model.rssm.parameters())


@pytest.mark.usefixtures("unchecked_shapes")
def test_unfit_parts_and_pictures_are_named(model):
    with pytest.raises(ValueError, match=r"observations \(24,\) does not fit a code of 5 numbers"):
        CodedRSSM(CodedRSSMConfig(autoencoder=CONFIG.autoencoder))
    with pytest.raises(ValueError, match=r"observation has shape \(2, 64, 64\)"):
        model.observe(model.initial(2), torch.zeros(2, 2), torch.zeros(2, 64, 64))
