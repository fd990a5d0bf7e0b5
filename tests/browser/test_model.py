"""Models in the page against PyTorch: every shipped model, 50 steps with the same noise, whatever it can be asked."""

import base64
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

import wmcourse.interactive
from wmcourse.agents.controller import Controller
from wmcourse.interactive.graph import Weights
from wmcourse.interactive.lowering import lower
from wmcourse.interactive.page_model import PageModel, field_name, page_actor, page_model
from wmcourse.models.autoencoder import Autoencoder, AutoencoderConfig
from wmcourse.models.ensemble import EnsembleConfig, ProbabilisticEnsemble
from wmcourse.models.jepa import JEPA, JEPAConfig
from wmcourse.models.mdn_rnn import MDNRNN, MDNRNNConfig
from wmcourse.models.protocol import first_look
from wmcourse.models.vae import VAE, VAEConfig
from wmcourse.zoo import model_names

ASSETS = Path(wmcourse.interactive.__file__).parent / "assets"
STEPS = 50
LOOK_EVERY = 5
TOLERANCE = 1e-5
CLOSE = 1e-4  # a choice by so little could rightly fall differently in the page
ASK = """questions => {
  const model = WM.model(WM.models.tested);
  const read = (text) => new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  const write = (array) => btoa(Array.from(new Uint8Array(array.buffer), (byte) => String.fromCharCode(byte)).join(""));
  const each = (record, change) =>
    Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
  let belief = {};
  return questions.map(([name, given]) => {
    const told = model.run(name, {...belief, ...each(given, read)});
    if (["begin", "observe", "imagine"].includes(name)) belief = told;
    return each(told, write);
  });
}"""


SMALL = MDNRNNConfig(VAEConfig(latent_dim=5, width=2), hidden_dim=7, components=3)
UNTRAINED = {
    "an MDN-RNN": lambda: MDNRNN(SMALL),
    "a controller": lambda: Controller(SMALL),
    "a VAE": lambda: VAE(VAEConfig(latent_dim=5, width=2)),
    "an ensemble": lambda: ProbabilisticEnsemble(EnsembleConfig(members=3, hidden_dim=7, particles=2)),
    "a JEPA": lambda: JEPA(JEPAConfig(embedding_dim=5, width=2, hidden_dim=7)),
    "an autoencoder": lambda: Autoencoder(AutoencoderConfig(color=True, latent_dim=5, width=2)),
}
IN_PAGES = [name for name in model_names() if not name.startswith("video-")]
"""Those that answer what the protocol asks; an encoder of whole clips does not."""


def model_of(name):
    return UNTRAINED[name]() if name in UNTRAINED else wmcourse.load(name)


class Chosen(NamedTuple):
    action: torch.Tensor


class Latent(NamedTuple):
    latent: torch.Tensor


class Picture(NamedTuple):
    observation: torch.Tensor


class Recorded(TorchFunctionMode):
    """Keeps what is drawn, under the names that the page's graphs have for it, and how close the closest choice was."""

    names = {torch.randn: "normal", torch.randn_like: "normal", torch.rand: "uniform", torch.rand_like: "uniform"}

    def __init__(self):
        super().__init__()
        self.drawn, self.margin = {}, np.inf

    def __torch_function__(self, function, types, arguments=(), options=None):
        result = function(*arguments, **(options or {}))
        if kind := self.names.get(function):
            count = sum(name.startswith(kind) for name in self.drawn)
            self.drawn[f"{kind}{count}"] = plain(result.clone())
        if function is torch.Tensor.argmax:
            best, second = arguments[0].topk(2, dim=-1).values.unbind(-1)
            self.margin = min(self.margin, (best - second).min().item())
        return result


def plain(tensor):
    """As text: a browser takes lists of numbers one by one."""
    return base64.b64encode(tensor.detach().numpy().astype("<f4").tobytes()).decode()


def numbers(text):
    return np.frombuffer(base64.b64decode(text), dtype="<f4")


@pytest.fixture(scope="module")
def blank(chromium, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    (folder / "page.html").write_text("<!doctype html><title>blank</title>")
    page = chromium.new_page()
    page.goto((folder / "page.html").as_uri())
    page.add_script_tag(path=ASSETS / "model.js")
    yield page
    page.close()


class Interview:
    """What PyTorch was asked, for the page to be asked the same, and what it answered."""

    def __init__(self):
        self.questions, self.answers, self.margin = [], [], np.inf

    def ask(self, name, function, **given):
        with Recorded() as noise:
            told = function()
        self.questions.append([name, {key: plain(value) for key, value in given.items()} | noise.drawn])
        called = field_name if name in ("begin", "observe", "imagine") else str
        self.answers.append({called(key): value for key, value in told._asdict().items() if value is not None})
        self.margin = min(self.margin, noise.margin)
        return told


def experience(model, temperature=0.7):
    """An interview in which no choice is close."""
    world = getattr(model, "world", model)
    for seed in range(20):
        torch.manual_seed(seed)
        interview = Interview()
        if hasattr(world, "imagine"):
            dream(world, getattr(model, "actor", None), temperature, interview.ask)
        else:
            redraw(model, interview.ask)
        if interview.margin > CLOSE:
            return interview.questions, interview.answers
    pytest.fail("with each of 20 seeds a choice is close")


def redraw(model, ask):
    """Pictures as codes, and codes as pictures."""
    for picture in torch.rand(3, 1, *model.observation_shape):
        code = ask("encode", lambda x=picture: Latent(model.encode(x)), observation=picture).latent
        for latent in (code, torch.randn_like(code)):
            ask("decode", lambda z=latent: Picture(model.decode(z)), latent=latent)


def dream(world, actor, temperature, ask):
    """50 steps of random actions, with a look at a random observation now and then."""
    at = torch.tensor(temperature)
    decodes = any(field is not None for field in world.decode(world.initial(1)))
    observation = torch.rand(1, *world.observation_shape)
    belief = ask(
        "begin",
        lambda: first_look(world, observation, at),
        observation=observation,
        temperature=at,
    )
    for step in range(1, STEPS + 1):
        action = torch.eye(world.action_dim)[torch.randint(world.action_dim, (1,))]
        now = {"action": action, "temperature": at}
        if step % LOOK_EVERY:
            belief = ask("imagine", lambda b=belief, a=action: world.imagine(b, a, at), **now)
        else:
            seen = torch.rand(1, *world.observation_shape)
            belief = ask(
                "observe", lambda b=belief, a=action, o=seen: world.observe(b, a, o, at), **now, observation=seen
            )
        if decodes:
            ask("decode", lambda b=belief: world.decode(b))
        if actor is not None:
            ask("act", lambda b=belief: Chosen(actor(b.features, greedy=True).action))


@torch.no_grad()
@pytest.mark.parametrize("name", [*IN_PAGES, *UNTRAINED])
def test_the_page_answers_as_pytorch_does(blank, name):
    model = model_of(name)
    blank.evaluate(f"() => {{ {page_model(model).sidecar('tested')} }}")
    questions, answers = experience(model)
    for (asked, *_), told, real in zip(questions, blank.evaluate(ASK, questions), answers, strict=True):
        assert told.keys() == real.keys()
        for key, value in real.items():
            np.testing.assert_allclose(
                numbers(told[key]), value.flatten(), rtol=TOLERANCE, atol=TOLERANCE, err_msg=f"{asked}: {key}"
            )


@torch.no_grad()
def test_without_webassembly_the_answers_are_the_same(blank):
    model = wmcourse.load("cartpole-dreamer")
    blank.evaluate(f"() => {{ {page_model(model).sidecar('tested')} }}")
    questions, _ = experience(model, 1.0)
    fast = blank.evaluate(ASK, questions)
    slow = blank.evaluate(
        "questions => { const kept = WebAssembly; WebAssembly = undefined;"
        f" try {{ return ({ASK})(questions); }} finally {{ WebAssembly = kept; }} }}",
        questions,
    )
    assert fast != slow, "both ran the same code"
    for one, other in zip(fast, slow, strict=True):
        for key in one:
            np.testing.assert_allclose(numbers(one[key]), numbers(other[key]), rtol=TOLERANCE, atol=TOLERANCE)


@torch.no_grad()
def test_an_actor_that_travels_alone_acts_as_the_one_that_travels_with_its_model(blank):
    agent = Controller(SMALL)
    belief = agent.world.initial(1)._replace(hidden=torch.randn(1, 7))
    alone = page_actor(agent.world, agent.actor)
    told = blank.evaluate(
        "([payload, belief]) => Array.from(WM.model(payload).run('act', belief).action)",
        [alone.payload(), {name: field.flatten().tolist() for name, field in belief._asdict().items()}],
    )
    assert told == agent.actor(belief.features).action.flatten().tolist()
    assert set(alone.graphs) == {"act"}


@torch.no_grad()
def test_weights_of_16_bits_are_read_exactly(blank):
    """All 63,490 finite ones, infinity, and next to them an array that needs 32 bits."""
    halves = np.arange(65536, dtype="<u2").view("<f2")
    halves = torch.from_numpy(halves[~np.isnan(halves)].astype("<f4"))
    weights = Weights()
    tenth = torch.tensor([0.1])
    graph = lower(lambda x: {"y": x + halves, "z": x + tenth}, {"x": torch.zeros(1)}, weights, where="it")
    payload = PageModel({"it": graph}, weights, (1,), 0).payload()
    assert sorted(payload["bytes"]) == [2, 4]
    blank.evaluate("payload => { WM.models.tested = payload; }", payload)
    told = blank.evaluate(ASK, [["it", {"x": plain(torch.zeros(1))}]])[0]
    np.testing.assert_array_equal(numbers(told["y"]), halves)
    assert numbers(told["z"]) == np.float32(0.1)
