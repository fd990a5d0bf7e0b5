"""Planning: what a search costs beside the model it asks, beside other libraries, and what fits into a control loop."""

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from wmcourse.models.protocol import Prediction
from wmcourse.nets.mlp import mlp
from wmcourse.planning import CEM, MPPI, Box, Imagination, Plan, Planner

LATENT, ACTION, WIDTH = 32, 6, 256
TICK = 0.1
"""Seconds of a control loop."""
SEARCH = CEM(Box([-1.0] * ACTION, [1.0] * ACTION), horizon=12, samples=512, elites=64)
WEIGHING = MPPI(SEARCH.actions, horizon=12, samples=512)


class LatentState(NamedTuple):
    latent: Tensor


class LatentWorld(nn.Module):
    """z' = z + f(z, a), and a head for the reward: the least that one can plan with."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_shape, self.action_dim = (LATENT,), ACTION
        self.change = mlp(LATENT + ACTION, WIDTH, LATENT, layers=2)
        self.reward = mlp(LATENT, WIDTH, 1)

    def initial(self, batch_size: int) -> LatentState:
        return LatentState(torch.zeros(batch_size, LATENT))

    def observe(
        self, state: LatentState, action: Tensor | None, observation: Tensor, temperature: float = 1.0
    ) -> LatentState:
        return LatentState(observation)

    def step(self, latent: Tensor, action: Tensor) -> Tensor:
        return latent + self.change(torch.cat([latent, action], dim=-1))

    def imagine(self, state: LatentState, action: Tensor, temperature: float = 1.0) -> LatentState:
        return LatentState(self.step(state.latent, action))

    def decode(self, state: LatentState) -> Prediction:
        return Prediction(reward=self.reward(state.latent)[:, 0])


@pytest.fixture(scope="module")
def model() -> LatentWorld:
    torch.manual_seed(0)
    return LatentWorld().eval()


def searching(model: LatentWorld, planner: Planner) -> Callable[[], Plan]:
    """One search from one belief."""
    score = Imagination(model).score(LatentState(torch.zeros(1, LATENT)))
    return lambda: planner.plan(score)


def asking(model: LatentWorld, samples: int, horizon: int, rounds: int) -> Callable[[], None]:
    """As many steps of the model as a search takes, and nothing else: `rounds` rollouts of all candidates, one of the
    mean."""
    actions, one = torch.rand(horizon, samples, ACTION), torch.rand(horizon, 1, ACTION)

    def ask() -> None:
        for pushes in [actions] * rounds + [one]:
            latent = torch.zeros(pushes.shape[1], LATENT)
            for action in pushes:
                latent = model.step(latent, action)
                model.reward(latent)

    return torch.no_grad()(ask)


def assert_same_work(ratio) -> None:
    """Ours rolls the mean out once more, a five-hundredth of a round."""
    counted = ratio.benchmark.extra_info
    assert abs(counted["gflop"] / counted["reference_gflop"] - 1) < 0.01


@pytest.mark.parametrize("iterations", [3, 6])
def test_cem_beside_its_model(ratio, model, iterations):
    planner = replace(SEARCH, iterations=iterations)
    bare = asking(model, planner.samples, planner.horizon, iterations)
    ratio.to("the model's steps alone", bare, searching(model, planner))


@pytest.mark.parametrize("iterations", [3, 6])
def test_mppi_beside_its_model(ratio, model, iterations):
    planner = replace(WEIGHING, iterations=iterations)
    bare = asking(model, planner.samples, planner.horizon, iterations)
    ratio.to("the model's steps alone", bare, searching(model, planner))


@pytest.mark.parametrize("iterations", [3, 6])
@torch.no_grad()
def test_cem_beside_torchrl(ratio, model, iterations):
    torchrl = pytest.importorskip("torchrl", reason="torchrl is not installed: `make bench` does that where it can")
    from planning_peers import torchrl_cem

    planner = replace(SEARCH, iterations=iterations)
    peer = torchrl_cem(model, planner, torch.zeros(LATENT))
    ratio.to_peer(f"torchrl {torchrl.__version__}", peer, searching(model, planner))
    assert_same_work(ratio)


@pytest.mark.parametrize("iterations", [3, 6])
@torch.no_grad()
def test_mppi_beside_pytorch_mppi(ratio, model, iterations):
    pytest.importorskip("pytorch_mppi", reason="pytorch_mppi is not installed: `make bench` does that where it can")
    from planning_peers import pytorch_mppi

    planner = replace(WEIGHING, iterations=iterations)
    peer = pytorch_mppi(model, planner, torch.zeros(LATENT))
    ratio.to_peer(f"pytorch_mppi {version('pytorch_mppi')}", peer, searching(model, planner))
    assert_same_work(ratio)


@pytest.mark.parametrize("samples", [64, 256, 1024])
@pytest.mark.parametrize("horizon", [6, 12, 24])
def test_control_loop(benchmark, model, samples, horizon):
    """A CEM search of three rounds: does it fit into a loop of 100 ms?"""
    planner = replace(SEARCH, samples=samples, horizon=horizon, elites=samples // 8)
    benchmark(searching(model, planner))
    if benchmark.stats is not None:  # --benchmark-disable
        benchmark.extra_info.update(reference="100 ms", ratio=benchmark.stats.stats.min / TICK)
