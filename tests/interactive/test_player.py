import io
import json
import re
from types import SimpleNamespace

import pytest
from PIL import Image

import wmcourse
from wmcourse.agents.controller import Controller, LinearActor
from wmcourse.interactive import Player, Stops
from wmcourse.interactive.graph import CannotExport
from wmcourse.models.mdn_rnn import MDNRNNConfig
from wmcourse.models.vae import VAEConfig


@pytest.fixture(scope="module")
def dreamer():
    return wmcourse.load("cartpole-dreamer")


@pytest.fixture(autouse=True)
def for_the_book(monkeypatch):
    monkeypatch.setenv("WMCOURSE_STATIC", "1")


def html(player: Player) -> str:
    return player._repr_mimebundle_()["text/html"]


def spec(page: str) -> dict:
    return json.loads(re.search(r'class="wm-data">(.*?)</script>', page, re.DOTALL)[1])


def test_the_page_has_what_the_script_needs_and_no_weights(dreamer):
    player = Player(dreamer, title="How long? <&>", alt="Two carts.", peek_every=Stops([3, None]), start=(0, 0, 0.1, 0))
    told = spec(html(player))
    assert told["model"] == "cartpole-dreamer" and told["start"] == [0, 0, 0.1, 0]
    assert told["peekEvery"] == {
        "label": "Peek every",
        "values": [3, None],
        "texts": ["3", "never"],
        "start": 0,
        "choice": False,
    }
    assert told["temperature"]["values"][0] == 0 and told["temperature"]["texts"][-1] == "2"
    assert "How long? &lt;&amp;&gt;" in html(player) and len(html(player)) < 60_000


def test_every_front_end_gets_its_own_form(dreamer, monkeypatch):
    bundle = Player(dreamer, title="How long?", alt="Two carts.")._repr_mimebundle_()
    assert bundle["text/plain"] == "How long?\nTwo carts."
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert 'class="wm-player"' in bundle["text/html"]
    monkeypatch.delenv("WMCOURSE_STATIC")
    assert set(Player(dreamer, title="How long?", alt="Two carts.")._repr_mimebundle_()) == set(bundle) - {
        "text/html",
        "image/png",
    }


def test_the_still_picture_shows_both_worlds(dreamer):
    picture = Image.open(io.BytesIO(Player(dreamer, title="t", alt="a").still)).convert("RGB")
    colors = {color for _, color in picture.getcolors(1_000_000)}
    assert {(0x1B, 0x24, 0x30), (0xD9, 0x66, 0x0A)} <= colors


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": " "}, "needs a title"),
        ({"alt": ""}, "needs a title"),
        ({"temperature": [-1.0, 0.0]}, "impossible"),
        ({"temperature": Stops([0.0, None])}, "temperature must be a number"),
        ({"start": (0.0, 0.0, 0.0)}, "4 finite numbers"),
        ({"start": (0.0, 0.0, float("nan"), 0.0)}, "4 finite numbers"),
        ({"dream_only": True, "peek_every": [1, 2]}, "nothing to look at"),
    ],
)
def test_bad_input_is_refused(dreamer, changed, said):
    with pytest.raises(ValueError, match=said):
        Player(dreamer, **{"title": "t", "alt": "a", **changed})


def test_a_model_without_a_name_is_refused(dreamer):
    with pytest.raises(ValueError, match=r"wmcourse\.load"):
        Player(dreamer.world, title="t", alt="a")


def test_a_model_of_another_world_is_refused():
    with pytest.raises(ValueError, match=r"shows \(256,\) and takes 3 actions\. It has CartPole.*; Dodge"):
        Player(wmcourse.load("galton-dreamer"), title="t", alt="a")


@pytest.fixture(scope="module")
def dodger():
    agent = Controller(MDNRNNConfig(VAEConfig(latent_dim=5, width=2), hidden_dim=7, components=3))
    agent.manifest = SimpleNamespace(name="dodge-small")
    return agent


def test_several_agents_travel_in_the_page_and_their_world_only_once(dodger):
    actors = {"good": LinearActor(12, 3), "cheater": LinearActor(12, 3)}
    player = Player(dodger, title="t", alt="a", agents=actors, dream_only=True)
    told = spec(html(player))
    assert (told["world"], told["dreamOnly"], told["peekEvery"]) == ("dodge", True, None)
    assert [each["name"] for each in told["agents"]] == ["good", "cheater"]
    assert all(set(each["payload"]["graphs"]) == {"act"} for each in told["agents"])
    assert told["temperature"]["texts"][told["temperature"]["start"]] == "1"
    assert set(player.page_models) == {"dodge-small"}


def test_dodge_has_no_start_to_choose_and_an_agent_must_know_the_features(dodger):
    with pytest.raises(ValueError, match="Dodge always begins alike"):
        Player(dodger, title="t", alt="a", start=(1.0, 2.0))
    with pytest.raises(CannotExport, match=r"MDNRNN\.act"):
        Player(dodger, title="t", alt="a", agents={"of another model": LinearActor(99, 3)})


def test_the_strip_shows_the_real_game_and_of_a_dream_alone_only_the_dream(dodger):
    agent = (140, 200, 255)
    for dream_only in (False, True):
        picture = Image.open(io.BytesIO(Player(dodger, title="t", alt="a", dream_only=dream_only).still)).convert("RGB")
        colors = {color for _, color in picture.getcolors(1_000_000)}
        assert (agent in colors) is not dream_only
