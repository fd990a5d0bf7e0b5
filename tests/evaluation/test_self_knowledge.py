"""An ensemble's doubt beside its error: at the same moments, and against a rollout of each start by itself."""

import pytest
import torch

from wmcourse.data.episode import Episode
from wmcourse.evaluation import rollout
from wmcourse.evaluation.held_out import held_out, newest_frame
from wmcourse.evaluation.horizon import horizon_errors
from wmcourse.evaluation.self_knowledge import self_knowledge, trusted_horizon
from wmcourse.models import Ensemble, LatentDynamicsConfig, map_state
from wmcourse.models.autoencoder import AutoencoderConfig
from wmcourse.models.transition import TransitionConfig

CONFIG = LatentDynamicsConfig(
    AutoencoderConfig(width=2, latent_dim=3, frames=2), TransitionConfig(hidden_dim=8, memory_dim=4)
)


@pytest.fixture
def ensemble():
    torch.manual_seed(0)
    return Ensemble(CONFIG, 3).eval()


@pytest.fixture
def episodes():
    return [
        Episode(
            torch.rand(steps + 1, 2, 64, 64),
            torch.eye(2)[torch.randint(2, (steps,))],
            torch.ones(steps),
            terminated=True,
        )
        for steps in (5, 8)
    ]


def test_errors_are_those_of_the_horizons(ensemble, episodes):
    options = {"horizon": 4, "context": 2, "stride": 3, "view": newest_frame}
    known = self_knowledge(ensemble, episodes, **options)
    theirs = horizon_errors(ensemble, held_out(ensemble, episodes), **options)
    torch.testing.assert_close(known.error, theirs.normalized, equal_nan=True)
    assert torch.equal(known.episode, theirs.episode)


def test_doubts_equal_a_naive_loop(ensemble, episodes):
    known = self_knowledge(ensemble, episodes, horizon=4, context=2, stride=3)
    row = 0
    for number, episode in enumerate(episodes):
        for start in range(1, len(episode), 3):
            states = rollout(ensemble, episode.actions[None], episode.observations[None], context=start + 1).state
            assert known.episode[row] == number
            for h in range(1, 5):
                if start + h > len(episode):
                    assert known.disagreement[row, h - 1].isnan() and known.error[row, h - 1].isnan()
                    continue
                alone = ensemble.disagreement(map_state(lambda part, t=start + h: part[:, t], states))
                torch.testing.assert_close(known.disagreement[row, h - 1], alone[0])
            row += 1
    assert row == len(known.episode)


def test_an_ensemble_is_trusted_until_it_first_doubts():
    nan = torch.nan
    doubt = torch.tensor(
        [[0.1, 0.2, 0.9, 0.1], [0.9, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.3], [0.1, 0.3, nan, nan], [0.1, 0.4, nan, nan]]
    )
    assert trusted_horizon(doubt, 0.3).tolist() == [2, 0, 4, 2, 1]
