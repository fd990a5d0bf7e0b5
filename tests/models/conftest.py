"""One small model of each kind, for what holds of all of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from wmcourse.envs.linear_gaussian import cart_on_a_spring
from wmcourse.models import (
    RSSM,
    AutoencoderConfig,
    CodedRSSM,
    CodedRSSMConfig,
    Ensemble,
    KalmanFilter,
    LatentDynamics,
    LatentDynamicsConfig,
    RSSMConfig,
    TransitionConfig,
)
from wmcourse.models.ensemble import EnsembleConfig, ProbabilisticEnsemble
from wmcourse.models.jepa import JEPA, JEPAConfig
from wmcourse.models.known import KnownWorld
from wmcourse.models.mdn_rnn import MDNRNN, MDNRNNConfig
from wmcourse.models.vae import VAEConfig

RSSM_SIZES = {"deter_dim": 6, "stoch_dim": 3, "groups": 2, "classes": 3, "hidden_dim": 8}
CODER = AutoencoderConfig(frames=2, latent_dim=3, width=2)
REMEMBERS = LatentDynamicsConfig(CODER, TransitionConfig(memory_dim=5, clock=True, hidden_dim=8))
PETS = EnsembleConfig(action_dim=2, members=2, hidden_dim=8, particles=2)
TURN, PUSH = torch.linalg.qr(torch.arange(9.0).view(3, 3) ** 2).Q, torch.tensor([[0.5, 0.0, 1.0], [0.0, 0.3, -0.2]])
MODELS: dict[str, Callable[[], Any]] = {
    "rssm-gaussian": lambda: RSSM(RSSMConfig(**RSSM_SIZES)),
    "rssm-categorical": lambda: RSSM(RSSMConfig(latent="categorical", **RSSM_SIZES)),
    "rssm-no-correction": lambda: RSSM(RSSMConfig(latent="deterministic", corrects=False, **RSSM_SIZES)),
    "latent-dynamics": lambda: LatentDynamics(REMEMBERS),
    "ensemble": lambda: Ensemble(REMEMBERS, 2),
    "coded-rssm": lambda: CodedRSSM(CodedRSSMConfig(CODER, RSSMConfig(observation_shape=(3,), **RSSM_SIZES))),
    "mdn-rnn": lambda: MDNRNN(MDNRNNConfig(VAEConfig(latent_dim=3, width=2), hidden_dim=6, action_dim=2, components=2)),
    "kalman": lambda: KalmanFilter(cart_on_a_spring()),
    "pets-inf": lambda: ProbabilisticEnsemble(PETS),
    "pets-1": lambda: ProbabilisticEnsemble(replace(PETS, propagation="TS1")),
    "known": lambda: KnownWorld(
        lambda seen, action: seen @ TURN.to(seen.device) + action @ PUSH.to(seen.device),
        lambda seen, action: -seen.square().sum(-1) - action.square().sum(-1),
        observation_shape=(3,),
        action_dim=2,
    ),
    "jepa": lambda: JEPA(JEPAConfig(embedding_dim=3, width=2, hidden_dim=8)),
}
FORGETFUL = (JEPA,)
"""Models to which one observation says all there is to know."""


@pytest.fixture
def remembers(small_model: Any) -> bool:
    """Whether an observation is added to what was believed before, and does not replace it."""
    return not isinstance(small_model, FORGETFUL)


@pytest.fixture(params=MODELS.values(), ids=MODELS.keys())
def small_model(request: pytest.FixtureRequest) -> Any:
    """A model of each kind, actions of two numbers, and weights that matter."""
    model = request.param()
    if isinstance(model, torch.nn.Module):
        for parameter in model.parameters():
            parameter.data.mul_(1.5)
        for name, buffer in model.named_buffers():
            if name.endswith("residual"):
                buffer.fill_(0.3)
    return model
