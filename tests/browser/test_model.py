"""Models in the page against PyTorch: every shipped model, 50 steps with the same noise, whatever it can be asked."""

import base64
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

import wmcourse.interactive
from wmcourse.interactive.page_model import page_model
from wmcourse.models.protocol import first_look
from wmcourse.zoo import model_names

ASSETS = Path(wmcourse.interactive.__file__).parent / "assets"
STEPS = 50
LOOK_EVERY = 5
TOLERANCE = 1e-5
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


class Chosen(NamedTuple):
    action: torch.Tensor


class Recorded(TorchFunctionMode):
    """Keeps what is drawn, under the names that the page's graphs have for it."""

    names = {torch.randn: "normal", torch.randn_like: "normal", torch.rand: "uniform", torch.rand_like: "uniform"}

    def __init__(self):
        super().__init__()
        self.drawn = {}

    def __torch_function__(self, function, types, arguments=(), options=None):
        result = function(*arguments, **(options or {}))
        if kind := self.names.get(function):
            count = sum(name.startswith(kind) for name in self.drawn)
            self.drawn[f"{kind}{count}"] = plain(result.clone())
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


def experience(world, actor, temperature):
    """What PyTorch answers along 50 steps: the questions for the page, and the answers."""
    torch.manual_seed(0)
    questions, answers = [], []

    def ask(name, function, **given):
        with Recorded() as noise:
            told = function()
        questions.append([name, {key: plain(value) for key, value in given.items()} | noise.drawn])
        answers.append({key: value for key, value in told._asdict().items() if value is not None})
        return told

    at = torch.tensor(temperature)
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
        ask("decode", lambda b=belief: world.decode(b))
        if actor is not None:
            ask("act", lambda b=belief: Chosen(actor(b.features, greedy=True).action))
    return questions, answers


@torch.no_grad()
@pytest.mark.parametrize("name", model_names())
def test_the_page_answers_as_pytorch_does(blank, name):
    model = wmcourse.load(name)
    world = getattr(model, "world", model)
    exported = page_model(model)
    blank.evaluate(f"() => {{ {exported.sidecar('tested')} }}")
    questions, answers = experience(world, getattr(model, "actor", None), 0.7)
    for (asked, *_), told, real in zip(questions, blank.evaluate(ASK, questions), answers, strict=True):
        assert told.keys() == real.keys()
        for key, value in real.items():
            np.testing.assert_allclose(
                numbers(told[key]), value.flatten(), rtol=0, atol=TOLERANCE, err_msg=f"{asked}: {key}"
            )


@torch.no_grad()
def test_without_webassembly_the_answers_are_the_same(blank):
    model = wmcourse.load("cartpole-dreamer")
    blank.evaluate(f"() => {{ {page_model(model).sidecar('tested')} }}")
    questions, _ = experience(model.world, model.actor, 1.0)
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
