"""The pendulum and the searches in the page against Python's: the same noise, the same plans, whoever imagines."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from wmcourse.envs.pendulum import pendulum_dynamics, pendulum_reward
from wmcourse.evaluation.pendulum import PLANNERS
from wmcourse.interactive import PlanningBoard
from wmcourse.interactive.page_model import page_model
from wmcourse.interactive.scripts import PLAYER, joined
from wmcourse.models.ensemble import EnsembleConfig, ProbabilisticEnsemble
from wmcourse.models.known import known_pendulum
from wmcourse.models.protocol import first_look
from wmcourse.planning import CEM, MPPI, Box, Imagination

SAMPLES, HORIZON, ITERATIONS = 30, 12, 3  # more futures than the page imagines at once, and not a multiple of that
START = (2.2, -1.5)
SEARCH = """([kind, asked, noise, state, payload]) => {
  const world = WM.pendulum, dream = payload ? WM.imagination(world, WM.model(payload)) : WM.truth(world);
  let used = 0;
  const random = { normal: () => noise[used++], uniform: () => noise[used++] };
  dream.begin(state);
  const start = asked.start && asked.start.map((torque) => torque ?? NaN);
  const search = WM.planners[kind]({ ...asked, start, dream, random, most: world.most }), rounds = [];
  for (;;) {
    const { value, done } = search.next();
    if (done) return { rounds, used, plan: Array.from(value.plan), value: value.value, path: Array.from(value.path) };
    if (value) rounds.push({
      values: value.futures.map((future) => future.value), shares: Array.from(value.shares),
      mean: Array.from(value.mean), std: value.std && Array.from(value.std) });
  }
}"""


@pytest.fixture(scope="module")
def blank(chromium):
    page = chromium.new_page()
    page.add_script_tag(content=joined(PLAYER))
    yield page
    page.close()


@pytest.fixture(scope="module")
def ensemble():
    torch.manual_seed(0)
    model = ProbabilisticEnsemble(EnsembleConfig(members=3, hidden_dim=16, particles=2)).eval()
    for layer in model.layers:
        torch.nn.init.normal_(layer.weight, std=0.4)
    model.fit_normalizers(torch.randn(100, 4), torch.randn(100, 4) * torch.tensor([0.2, 0.2, 0.7, 3.0]))
    model.manifest = SimpleNamespace(name="an-ensemble")
    return model


def seen(angle, speed, dtype=torch.float32):
    return torch.tensor([[math.cos(angle), math.sin(angle), speed]], dtype=dtype)


def test_the_pendulum_is_the_environments(blank):
    held = torch.rand(20, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 6 - 3
    torques = held.repeat_interleave(10).tolist()
    states, rewards = blank.evaluate(
        """([start, torques]) => { const world = WM.pendulum, states = [start], rewards = [];
           for (const torque of torques) {
             rewards.push(world.reward(states[states.length - 1], torque));
             states.push(world.step(states[states.length - 1], torque));
           }
           return [states, rewards]; }""",
        [[0.5, 7.0], torques],
    )
    observation = seen(0.5, 7.0, torch.float64)
    for torque, (angle, speed), reward in zip(torques, states[1:], rewards, strict=True):
        push = torch.tensor([[torque]], dtype=torch.float64)
        assert reward == pytest.approx(pendulum_reward(observation, push).item(), abs=1e-9)
        observation = pendulum_dynamics(observation, push)
        np.testing.assert_allclose(seen(angle, speed, torch.float64), observation, atol=1e-9)
    assert max(abs(speed) for _, speed in states) == 8, "the limit of its speed should be met"
    assert min(rewards) < -9 and max(abs(angle) for angle, _ in states) > 3, "it should hang, too"


@torch.no_grad()
@pytest.mark.parametrize("by", ["the true equations", "an ensemble"])
@pytest.mark.parametrize("kind", ["cem", "mppi", "shooting"])
@pytest.mark.parametrize("warm", [False, True])
def test_a_search_finds_what_pythons_finds(blank, ensemble, kind, by, warm):
    board = PlanningBoard(title="t", alt="a", samples=SAMPLES, horizon=HORIZON, iterations=ITERATIONS)
    own, temperature = board.spec["own"][kind], 0.7
    changes = {"samples": SAMPLES, "horizon": HORIZON}
    if kind != "shooting":
        changes["iterations"] = ITERATIONS
    changes |= {"cem": {"elites": 3}, "mppi": {"temperature": temperature}, "shooting": {}}[kind]
    planner = replace(PLANNERS[kind], **changes)
    start = torch.linspace(-1.5, 1.5, HORIZON).reshape(1, HORIZON, 1) if warm else None
    if warm:
        start[:, -3:] = torch.nan
    model = known_pendulum() if by == "the true equations" else ensemble
    state = first_look(model, seen(*START), 0.0)
    plan = planner.plan(Imagination(model).score(state), start=start, generator=torch.Generator().manual_seed(5))

    same = torch.Generator().manual_seed(5)
    if kind == "shooting":
        noise = torch.rand(1, SAMPLES, HORIZON, 1, generator=same).flatten().tolist()
    else:
        draws = [torch.randn(1, SAMPLES, 1, HORIZON, generator=same) for _ in range(ITERATIONS)]
        noise = torch.cat(draws).flatten().tolist()
    given = None if start is None else [None if value != value else value for value in start.flatten().tolist()]
    asked = {**own, **changes, "iterations": ITERATIONS, "temperature": temperature, "start": given}
    asked["elites"] = changes["elites"] / SAMPLES if kind == "cem" else None
    payload = None if model is not ensemble else page_model(ensemble).payload()
    told = blank.evaluate(SEARCH, [kind, asked, noise, list(START), payload])

    assert told["used"] == len(noise) and len(told["rounds"]) == len(plan.search)
    for mine, theirs in zip(told["rounds"], plan.search, strict=True):
        np.testing.assert_allclose(mine["values"], theirs.values[0], rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(mine["mean"], theirs.mean.flatten(), atol=1e-4)
        if theirs.std is None:
            assert mine["std"] is None
        else:
            np.testing.assert_allclose(mine["std"], theirs.std.flatten(), atol=1e-4)
        best = theirs.values[0].argmax().item()
        assert mine["shares"][best] == 1 and min(mine["shares"]) < 0.1
    np.testing.assert_allclose(told["plan"], plan.actions.flatten(), atol=1e-4)
    assert told["value"] == pytest.approx(plan.value.item(), abs=1e-3)
    for action, angle in zip(plan.actions.unbind(1), told["path"], strict=True):
        state = model.imagine(state, action, 0.0)
        cos, sin, _ = model.decode(state).observation[0].tolist()
        assert math.cos(angle - math.atan2(sin, cos)) == pytest.approx(1, abs=1e-6)


NOISE = """([kind, asked, noise]) => {
  let used = 0;
  const random = { normal: () => noise[used++], uniform: () => noise[used++] };
  const dream = { rows: 7, roll: (plans) => plans.map((plan) => ({ plan, path: plan, value: plan[0] })) };
  const { value: first } = (function* (search) { for (const each of search) if (each) yield each; })(
    WM.planners[kind]({ ...asked, dream, random })).next();
  return { plans: first.futures.map(({ plan }) => Array.from(plan)), used };
}"""


@pytest.mark.parametrize("kind", ["cem", "mppi"])
@pytest.mark.parametrize("horizon", [1, 2, 7, 20])
def test_colored_noise_is_pythons(blank, kind, horizon):
    samples, width, beta = 9, 2, 2.0
    box = Box([-100.0] * width, [100.0] * width)
    options = {"actions": box, "horizon": horizon, "samples": samples, "iterations": 1, "noise_beta": beta}
    planner = CEM(**options, elites=3, init_std=0.01, min_std=0.001) if kind == "cem" else MPPI(**options, std=0.01)
    plan = planner.plan(lambda plans: plans[:, :, 0, 0], generator=torch.Generator().manual_seed(3))
    same = torch.Generator().manual_seed(3)
    if horizon == 1:
        noise = torch.randn(1, samples, width, 1, generator=same)
    else:
        waves = horizon // 2 + 1
        real, imaginary = (torch.randn(1, samples, width, waves, generator=same) for _ in range(2))
        noise = torch.stack([real, imaginary], dim=3)  # the page draws sample by sample
    own = {"initStd": 0.01, "minStd": 0.001, "elites": 1 / 3, "std": 0.01, "temperature": 1.0, "beta": beta}
    asked = {**own, "horizon": horizon, "width": width, "samples": samples, "iterations": 1, "most": 100.0}
    told = blank.evaluate(NOISE, [kind, asked, noise.flatten().tolist()])
    assert told["used"] == noise.numel()
    candidates = plan.search[0].candidates[0].reshape(samples, -1)
    np.testing.assert_allclose(told["plans"], candidates, atol=1e-5)
    assert candidates.abs().max() < 100 and candidates.std() > 0.5


BROKEN = """(kind) => {
  const dream = { rows: 7, begin() {}, roll: (plans) => plans.map((plan) => ({ plan, path: plan, value: VALUE })) };
  const own = { temperature: 0.1, initStd: 1, minStd: 0.05, elites: 0.1, std: 0.6 };
  const asked = { horizon: 4, samples: 40, iterations: 4, ...own };
  const search = WM.planners[kind]({ ...asked, most: 2, dream, random: WM.random(0) });
  for (;;) {
    const { value, done } = search.next();
    if (done) return value.plan[0];
  }
}"""


@pytest.mark.parametrize("kind", ["cem", "mppi", "shooting"])
def test_a_future_without_a_finite_value_loses(blank, kind):
    half = BROKEN.replace("VALUE", "plan[0] > 0 ? NaN : plan[0]")
    assert blank.evaluate(half, kind) < 0
    none = BROKEN.replace("VALUE", "Infinity - Infinity")
    with pytest.raises(Exception, match="no future has a finite value"):
        blank.evaluate(none, kind)
