"""The dream line at its own sizes: dreams side by side, learning to dream, the search for a controller, real games."""

from collections.abc import Callable

import cma
import numpy as np
import pytest
import torch

from wmcourse.agents.controller import act_each
from wmcourse.envs.dodge_gym import DodgeVector
from wmcourse.models.dream_vector import DreamVectorEnv
from wmcourse.models.mdn_rnn import MDNRNN, MDNRNNConfig
from wmcourse.nets.optimize import clipped_step

MEMBERS, DREAMS, STEPS = 32, 8, 100
"""Controllers of a generation, dreams of each, steps of a dream."""
PARAMETERS = 867
GENERATIONS = 20
GAMES, LENGTH = 32, 64
"""Of an update of the MDN-RNN, and their steps."""


@pytest.fixture(scope="module")
def model() -> MDNRNN:
    """It never says that a game ends, so that all dreams last equally long."""
    model = MDNRNN(MDNRNNConfig()).eval()
    model.goes_on.bias.data.fill_(100.0)
    return model


def dreaming(model: MDNRNN) -> Callable[[], None]:
    """A generation of linear controllers, each in its dreams, all as one tensor."""
    env = DreamVectorEnv(model, MEMBERS * DREAMS, start_observations=torch.rand(1, 3, 64, 64), temperature=1.15)
    population = 0.1 * torch.randn(MEMBERS, PARAMETERS)

    def dream() -> None:
        features, _ = env.reset(seed=0)
        for _ in range(STEPS):
            seen = torch.from_numpy(features).view(MEMBERS, DREAMS, -1)
            features, _, ended, _, _ = env.step(act_each(population, seen, model.action_dim).flatten().numpy())
        assert not ended.any()

    return dream


def test_dream(ratio, model):
    dream = dreaming(model)
    ratio.to_matrix_products(dream)
    if ratio.benchmark.stats is not None:  # --benchmark-disable
        ratio.benchmark.extra_info["steps_per_second"] = MEMBERS * DREAMS * STEPS / ratio.benchmark.stats.stats.min


def test_mdn_rnn_update(ratio):
    """Loss, gradient, step; games of full length."""
    model = MDNRNN(MDNRNNConfig())
    memory = torch.nn.ModuleList([model.lstm, model.mixture, model.goes_on])
    adam = torch.optim.Adam(memory.parameters())
    latents, actions = torch.randn(GAMES, LENGTH + 1, 32), torch.eye(3)[torch.randint(3, (GAMES, LENGTH))]
    continues, real = torch.ones(GAMES, LENGTH), torch.ones(GAMES, LENGTH, dtype=torch.bool)

    def update() -> None:
        loss = model.loss(latents, actions, continues, real)
        clipped_step(adam, loss.nll * 32 + loss.ending, memory, clip=10.0)

    ratio.to_matrix_products(update)


def test_cma_generation(ratio, model):
    """What the search itself costs: it asks for a population and is told its scores."""
    options = {"popsize": MEMBERS, "seed": 1, "verbose": -9}
    strategy = cma.CMAEvolutionStrategy(np.zeros(PARAMETERS), 0.1, options)

    def search() -> None:
        for _ in range(GENERATIONS):
            vectors = strategy.ask()
            strategy.tell(vectors, [float(np.sum(np.square(vector - 1))) for vector in vectors])

    name = f"{GENERATIONS} times the {MEMBERS * DREAMS} dreams of a generation"
    ratio.to(name, dreaming(model), search, scale=GENERATIONS)


def test_dodge(ratio):
    """A step of 256 games, pictures included."""
    games = MEMBERS * DREAMS
    env, actions = DodgeVector(games), np.random.default_rng(0).integers(3, size=(STEPS, games))
    pictures, _ = env.reset(seed=0)

    def play() -> None:
        for action in actions:
            env.step(action)

    ratio.to("copying as many pictures", lambda: [pictures.copy() for _ in actions], play)
    if ratio.benchmark.stats is not None:  # --benchmark-disable
        ratio.benchmark.extra_info["frames_per_second"] = games * STEPS / ratio.benchmark.stats.stats.min
