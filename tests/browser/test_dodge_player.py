"""The Player of Dodge: the real game beside a dream of it, and the dream alone, played to its end."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from wmcourse.agents.controller import Controller, LinearActor
from wmcourse.evaluation.rollout import rollout
from wmcourse.interactive import Player
from wmcourse.models.mdn_rnn import MDNRNNConfig
from wmcourse.models.vae import VAEConfig

GAME = "document.querySelector('.wm-player').wmPlayer"
STEPPED = "count => document.querySelector('.wm-player').wmPlayer.steps >= count"
SMALL = MDNRNNConfig(VAEConfig(latent_dim=5, width=2), hidden_dim=7, components=3)
SURE = 8.0  # logit: hardly any dream ends
UNSURE = 2.0


def always(action):
    """An actor that knows one action."""
    actor = LinearActor(12, 3)
    torch.nn.init.zeros_(actor.linear.weight)
    actor.linear.bias.copy_(torch.eye(3)[action])
    return actor


@pytest.fixture(scope="module")
def agent():
    torch.manual_seed(0)
    agent = Controller(SMALL)
    agent.world.goes_on.weight.zero_()
    agent.world.goes_on.bias.fill_(UNSURE)
    agent.actor = always(0)
    agent.manifest = SimpleNamespace(name="dodge-small")
    return agent.eval()


@pytest.fixture(scope="module")
def beside(agent, write_page):
    player = Player(agent, title="Dodge.", alt="A game.", agent="lefty", seed=1)
    return write_page(player, {player.name: player.page_model})


@pytest.fixture(scope="module")
def inside(agent, write_page):
    agents = {"righty": always(2)}
    player = Player(agent, title="Dodge.", alt="A dream.", agent="lefty", agents=agents, dream_only=True, seed=1)
    return write_page(player, {player.name: player.page_model})


@pytest.fixture
def play(visit):
    pages = []

    def open_player(site, **options):
        pages.append(visit(site, **options))
        pages[-1].page.wait_for_selector(".wm-player.wm-ready")
        return pages[-1].page

    yield open_player
    assert [(each.requests, each.errors) for each in pages] == [([], [])] * len(pages)


@torch.no_grad()
def test_the_dream_beside_the_game_is_pytorchs(play, beside, agent):
    """At temperature 0, where nothing is drawn; with looks by the clock."""
    page = play(beside)
    page.get_by_label("Temperature").press("Home")
    page.get_by_label("Look every").press("Home")
    for _ in range(2):
        page.get_by_label("Look every").press("ArrowRight")  # 1, 2, 5
    told = page.evaluate(
        """actions => { const game = document.querySelector('.wm-player').wmPlayer, seen = [], dreamed = [];
           const keep = () => { seen.push(Array.from(game.seen)); dreamed.push(Array.from(game.dream)); };
           game.restart(); keep();
           for (const action of actions) { if (!game.step(action)) break; keep(); }
           return [game.pushes, seen, dreamed]; }""",
        [0, 0, 2, 1, 1, 2, 2, 2, 0, 1, 1, 2],
    )
    pushes, seen, dreamed = told
    assert len(pushes) > 5
    actions, real = torch.eye(3)[pushes], torch.tensor(seen).view(-1, 3, 64, 64)
    expected = rollout(agent.world, actions[None], real[None], peek_every=5).believed.observation[0]
    np.testing.assert_allclose(dreamed, expected.flatten(1), atol=1e-5)


def test_time_flows_once_begun_and_stays_without_a_hand(play, beside):
    page = play(beside)
    assert page.evaluate(f"{GAME}.steps") == 0
    page.keyboard.down("ArrowLeft")
    page.wait_for_function(STEPPED, arg=3)
    page.keyboard.up("ArrowLeft")
    moved = page.evaluate(f"{GAME}.steps")
    page.wait_for_function(STEPPED, arg=moved + 4)
    pushes = page.evaluate(f"{GAME}.pushes")
    assert pushes[:3] == [0, 0, 0] and pushes[-2:] == [1, 1]
    page.get_by_role("button", name="Play or pause").click()
    kept = page.evaluate(f"{GAME}.steps")
    page.wait_for_timeout(300)
    assert page.evaluate(f"{GAME}.steps") == kept


def test_a_short_touch_between_two_steps_is_a_move(play, inside):
    page = play(inside)
    page.get_by_role("button", name="Play or pause").click()
    page.wait_for_function(STEPPED, arg=1)
    page.evaluate(
        """() => { const button = document.querySelectorAll('.wm-push')[1];
           button.setPointerCapture = () => {};
           for (const kind of ['pointerdown', 'pointerup'])
             button.dispatchEvent(new PointerEvent(kind, { pointerId: 1, bubbles: true })); }"""
    )
    page.wait_for_function(f"() => {GAME}.pushes.includes(2)")
    assert page.evaluate(f"{GAME}.pushes").count(2) == 1


def test_a_game_that_is_over_begins_anew_only_when_asked(play, beside):
    page = play(beside)
    page.evaluate(f"() => {{ while ({GAME}.step(1)); }}")
    over, why, score = page.evaluate(f"[{GAME}.fell, {GAME}.why, {GAME}.score]")
    assert why == "a ball has hit" and score == over - 1
    page.locator(".wm-player").press("ArrowLeft")
    assert page.evaluate(f"{GAME}.steps") == over
    page.locator(".wm-player").press("r")
    assert page.evaluate(f"{GAME}.steps") == 0


def test_what_the_dream_draws_changes_no_real_throw(play, beside):
    page = play(beside)
    games = []
    for key in ("Home", "End"):
        page.reload()
        page.wait_for_selector(".wm-player.wm-ready")
        page.get_by_label("Temperature").press(key)
        page.evaluate(f"() => {{ while ({GAME}.step(1)); }}")
        games.append(page.evaluate(f"[{GAME}.real, {GAME}.dream[100]]"))
    assert games[0][0] == games[1][0] and games[0][1] != games[1][1]


def test_a_dream_ends_as_often_as_the_model_says(play, inside):
    """1 - sigmoid(2) = 12% a step: 400 dreams last 7.4 steps that count, give or take 0.4. And the seed decides."""
    page = play(inside)
    last = f"""() => Array.from({{ length: 400 }}, () => {{
      {GAME}.restart(); while ({GAME}.step(1)); return {GAME}.score; }})"""
    scores = np.array(page.evaluate(last))
    chance = 1 / (1 + np.exp(-UNSURE))
    assert abs(scores.mean() - chance / (1 - chance)) < 4 * scores.std() / 20
    page.reload()
    page.wait_for_selector(".wm-player.wm-ready")
    assert page.evaluate(last) == scores.tolist()


def test_at_temperature_0_a_likely_game_goes_on_to_the_limit(play, inside):
    page = play(inside)
    page.get_by_label("Temperature").press("Home")
    page.evaluate(f"() => {{ while ({GAME}.step(1)); }}")
    assert page.evaluate(f"[{GAME}.steps, {GAME}.fell, {GAME}.perfect]") == [300, None, True]


@pytest.mark.parametrize(("name", "action"), [("lefty", 0), ("righty", 2)])
def test_the_reader_chooses_who_plays_and_the_score_is_the_readers_own(play, inside, name, action):
    page = play(inside)
    page.get_by_label("Temperature").press("Home")
    page.get_by_label("Who plays").select_option(label=name)
    page.wait_for_function(STEPPED, arg=2)
    assert set(page.evaluate(f"{GAME}.pushes")) == {action}
    page.evaluate(f"() => {{ while ({GAME}.steps < 298) {GAME}.step(1); }}")
    page.wait_for_function(f"() => {GAME}.stopped")
    page.wait_for_function("document.querySelector('.wm-player').dataset.playing === 'false'")
    assert "Your best" not in page.locator(".wm-status").inner_text()
    page.get_by_label("Who plays").select_option(label="you")
    page.get_by_role("button", name="Restart").click()
    page.locator(".wm-player").press("ArrowLeft")
    page.evaluate(f"() => {{ while ({GAME}.steps < 298) {GAME}.step(1); }}")
    page.wait_for_function("document.querySelector('.wm-status').textContent.includes('Your best: 300')")
    assert page.get_by_role("button", name="Restart").inner_text() == "play again"


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("site", ["beside", "inside"])
def test_pictures_are_large_and_crisp(play, request, site, width):
    """At least 256 px a side, each pixel of the picture as many whole ones of the screen."""
    page = play(request.getfixturevalue(site), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator(".wm-canvas").bounding_box()
    rows = 2 if (site, width) == ("beside", 390) else 1
    side = round((box["height"] - 6) / rows - 22)
    assert side >= 256 and side % 64 == 0 and box["x"] >= 0 and box["x"] + box["width"] <= width
    drawn = np.array(
        page.evaluate(
            """side => { const canvas = document.querySelector('.wm-canvas');
               return Array.from(canvas.getContext('2d').getImageData(0, 22, side, side).data); }""",
            side,
        )
    ).reshape(side, side, 4)
    scale = side // 64
    assert (drawn == drawn[::scale, ::scale].repeat(scale, 0).repeat(scale, 1)).all()
    if site == "beside":
        assert {(22, 26, 46), (140, 200, 255)} <= {*map(tuple, drawn[..., :3].reshape(-1, 3).tolist())}
