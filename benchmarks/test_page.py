"""Models in the page: steps a second in headless Chromium, on one core, beside PyTorch's own."""

import os
from collections import Counter
from pathlib import Path

import pytest
import torch

import wmcourse
from wmcourse.interactive.page_model import page_model
from wmcourse.interactive.scripts import PLAYER, joined
from wmcourse.models.mdn_rnn import MDNRNN, MDNRNNConfig
from wmcourse.models.vae import VAEConfig

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
RUN = """([questions, count]) => {
  const {model, random, given} = window.run;
  for (let i = 0; i < count; i++)
    for (const name of questions) {
      if (name === "draw") {
        WM.picture.draw(window.run.canvas, {width: 320, height: 320}, model.observation, window.run.dream);
        continue;
      }
      const told = model.run(name, {...window.run.belief, ...given, ...model.noise(name, random)});
      if (name === "decode") window.run.dream = told.observation;
      else window.run.belief = told;
    }
}"""
BEGIN = """() => {
  const model = WM.model(WM.models.timed), random = WM.random(0);
  const given = {observation: new Float32Array(model.observation.reduce((a, b) => a * b)), temperature: 1,
                 action: Float32Array.from({length: model.action}, (_, i) => +(i === 0))};
  const canvas = WM.make("canvas", {width: 320, height: 320}).getContext("2d");
  window.run = {model, random, given, canvas, belief: model.run("begin", {...given, ...model.noise("begin", random)})};
}"""


@pytest.fixture(scope="module")
def page():
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.add_script_tag(content=joined(PLAYER))
        yield page
        browser.close()


def mdn_rnn():
    """Of the size that plays Dodge; speed does not depend on the weights."""
    return MDNRNN(MDNRNNConfig(VAEConfig(latent_dim=32, width=8), hidden_dim=256)).eval()


@pytest.mark.parametrize(
    ("build", "questions", "count"),
    [
        (lambda: wmcourse.load("cartpole-dreamer"), ("observe", "imagine", "decode"), 500),
        (lambda: wmcourse.load("latent-dynamics-recurrent"), ("imagine", "decode"), 50),
        (mdn_rnn, ("observe", "imagine", "decode", "draw"), 50),
    ],
    ids=["cartpole-dreamer", "pixel-gru-and-decoder", "mdn-rnn-look-imagine-decode-draw"],
)
@torch.no_grad()
def test_page_steps(ratio, page, build, questions, count):
    """A step answers each question once; of pictures, it is a frame. To draw is the page's own: PyTorch has no part."""
    model = build()
    page.evaluate(f"() => {{ {page_model(model).sidecar('timed')} }}")
    page.evaluate(BEGIN)
    world = getattr(model, "world", model)
    belief, action = world.initial(1), torch.eye(world.action_dim)[:1]
    given = {"observe": (action, torch.zeros(1, *world.observation_shape)), "imagine": (action,), "decode": ()}

    def in_pytorch() -> None:
        for _ in range(count):
            for question in (each for each in questions if each in given):
                getattr(world, question)(belief, *given[question])

    ratio.to("PyTorch", in_pytorch, lambda: page.evaluate(RUN, [questions, count]))
    if ratio.benchmark.stats is None:  # --benchmark-disable
        return
    rate = count / ratio.benchmark.stats.stats.min
    spent = shares(page, questions, count)
    most = ", ".join(f"{name} {share:.0%}" for name, share in spent.most_common(3))
    said = f"PyTorch; {rate:,.0f} a second in the page: {most}"
    ratio.benchmark.extra_info.update(reference=said, steps_per_second=rate, shares=dict(spent))


def shares(page, questions, count) -> Counter[str]:
    """What the page's profiler finds it busy with, as shares; the matrix product is WebAssembly."""
    session = page.context.new_cdp_session(page)
    session.send("Profiler.enable")
    session.send("Profiler.start")
    page.evaluate(RUN, [questions, 4 * count])
    profile = session.send("Profiler.stop")["profile"]
    calls = {node["id"]: node["callFrame"] for node in profile["nodes"]}
    found = Counter(kind(calls[sample]) for sample in profile["samples"])
    busy = {name: times for name, times in found.items() if name}
    return Counter({name: times / sum(busy.values()) for name, times in busy.items()})


def kind(call) -> str:
    """A name for what a sample of the profile was doing; nothing for an idle page."""
    name, source = call["functionName"], call["url"]
    if name in ("(idle)", "(program)", "(root)"):
        return ""
    if source.startswith("wasm"):
        return "matrix products"
    if name in ("normal", "uniform", "noise", "from"):
        return "noise"
    return name if name == "(garbage collector)" else "elementwise and copies"
