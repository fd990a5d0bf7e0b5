import base64
import json

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import wmcourse
from wmcourse.agents.controller import Controller
from wmcourse.envs.linear_gaussian import cart_on_a_spring
from wmcourse.interactive.graph import CannotExport, Weights
from wmcourse.interactive.lowering import lower
from wmcourse.interactive.page_model import page_model
from wmcourse.models.kalman import KalmanFilter
from wmcourse.models.mdn_rnn import MDNRNNConfig
from wmcourse.models.vae import VAEConfig


def operations(function, **examples):
    return [each.name for each in lower(function, examples, Weights(), where="it").operations]


def test_what_a_model_draws_becomes_inputs_in_the_order_of_drawing():
    def drawn(x: Tensor) -> dict[str, Tensor]:
        return {"y": x + torch.randn(1, 3) * torch.rand(1, 3) + torch.randn_like(x)}

    graph = lower(drawn, {"x": torch.zeros(1, 3)}, Weights(), where="it")
    assert graph.inputs == {"x": (1, 3), "normal0": (1, 3), "uniform0": (1, 3), "normal1": (1, 3)}
    assert list(graph.outputs) == ["y"]


def test_what_does_not_depend_on_the_inputs_is_computed_at_once():
    weight = torch.randn(3, 3)
    names = operations(lambda x: {"y": x @ (weight.exp() + 1).T}, x=torch.zeros(1, 3))
    assert names == ["linear"]


def test_what_no_output_needs_is_left_out():
    assert operations(lambda x: (x.sin(), {"y": x.cos()})[1], x=torch.zeros(1, 3)) == ["cos"]


def test_a_model_that_cannot_be_exported_says_what_stops_it():
    with pytest.raises(CannotExport, match=r"KalmanFilter\.\w+ "):
        page_model(KalmanFilter(cart_on_a_spring()))


def test_weights_are_kept_once_for_all_questions():
    agent = wmcourse.load("cartpole-dreamer")
    exported = page_model(agent)
    payload = exported.payload()
    numbers = np.frombuffer(base64.b64decode(payload["weights"]), dtype="<f4")
    parameters = sum(p.numel() for part in (agent.world, agent.actor) for p in part.parameters())
    assert parameters <= len(numbers) < parameters + 1000
    assert set(payload["graphs"]) == {"begin", "observe", "imagine", "decode", "act"}
    assert json.loads(exported.sidecar("x").removeprefix('WM.models["x"] = ').removesuffix(";\n")) == payload


def test_what_no_output_needs_of_a_head_is_cut():
    head = nn.Linear(3, 10)
    weights = Weights()
    lower(lambda x: {"y": head(x).split([2, 3, 5], -1)[1]}, {"x": torch.zeros(1, 3)}, weights, where="it")
    assert [array.shape for array in weights.arrays] == [(5, 3), (5,)]


@torch.no_grad()
def test_a_whole_mdn_rnn_fits_a_page():
    """Its sidecar, once 16 bits hold its weights; the page's budget of 2 MB leaves the rest to the text."""
    model = Controller(MDNRNNConfig(VAEConfig(width=8)))
    for weight in model.parameters():
        weight.copy_(weight.half())
    model.world.vae.background.fill_(0.1)
    sidecar = page_model(model).sidecar("dodge")
    assert len(sidecar) <= 1_650_000
    for weight in model.parameters():
        weight.mul_(1.1)
    assert len(page_model(model).sidecar("dodge")) > 1.9 * len(sidecar)
