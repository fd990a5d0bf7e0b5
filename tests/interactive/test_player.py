import io
import json
import re

import pytest
from PIL import Image

import wmcourse
from wmcourse.interactive import Player, Stops


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
    ],
)
def test_bad_input_is_refused(dreamer, changed, said):
    with pytest.raises(ValueError, match=said):
        Player(dreamer, **{"title": "t", "alt": "a", **changed})


def test_a_model_without_a_name_is_refused(dreamer):
    with pytest.raises(ValueError, match=r"wmcourse\.load"):
        Player(dreamer.world, title="t", alt="a")


def test_a_model_of_another_world_is_refused():
    with pytest.raises(ValueError, match="CartPole's 4 numbers"):
        Player(wmcourse.load("galton-dreamer"), title="t", alt="a")
