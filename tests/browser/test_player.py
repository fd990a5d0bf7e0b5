"""The Player in a page of its own: the real world is gymnasium's, the dream PyTorch's, the reader moves both."""

import gymnasium as gym
import numpy as np
import pytest
import torch

import wmcourse
from wmcourse.envs.cartpole import cartpole_dynamics, cartpole_fallen
from wmcourse.evaluation.rollout import rollout
from wmcourse.interactive.player import Player

START = (0.02, 0.0, 0.03, 0.0)
DUET = "document.querySelector('.wm-player').wmPlayer"


@pytest.fixture(scope="module")
def site(write_page):
    player = Player(wmcourse.load("cartpole-dreamer"), title="Push.", alt="Two carts.", agent="Dreamer", start=START)
    return write_page(player, {player.name: player.page_model})


@pytest.fixture
def page(site, visit):
    opened = visit(site)
    opened.page.wait_for_selector(".wm-player.wm-ready")
    yield opened.page
    assert (opened.requests, opened.errors) == ([], [])


def steps(page) -> int:
    return int(page.locator(".wm-player").get_attribute("data-step"))


def test_the_real_cart_is_gymnasiums(page):
    """500 steps, far beyond the limits too."""
    env = gym.make("CartPole-v1").unwrapped
    env.reset(seed=3)
    env.state = np.array(START)
    actions = np.random.default_rng(0).integers(2, size=500).tolist()
    states = []
    for action in actions:
        env.steps_beyond_terminated = None
        env.step(action)
        states.append(env.state)
    shown = page.evaluate(
        """([start, actions]) => { let state = start;
           return actions.map((action) => (state = WM.worlds.cartpole.step(state, action))); }""",
        [START, actions],
    )
    np.testing.assert_allclose(shown, np.array(states), rtol=1e-9, atol=1e-9)


def test_the_rules_end_an_episode_where_cartpoles_do(page):
    states = torch.randn(200, 4) * torch.tensor([2.4, 1.0, 0.2, 1.0])
    over = page.evaluate("states => states.map((state) => WM.worlds.cartpole.over(state) !== '')", states.tolist())
    assert over == cartpole_fallen(states).tolist()
    assert 0 < sum(over) < 200


def test_the_dream_is_pytorchs(page):
    """Keys and buttons, looks by the clock and by hand; both worlds at every step."""
    actions = [1, 0, 0, 1, 1, 0, 1, 1, 0, 0, 1, 0]
    page.get_by_label("Look every").press("Home")
    for _ in range(2):
        page.get_by_label("Look every").press("ArrowRight")  # 1, 2, 5
    page.get_by_role("button", name="Restart").click()
    start = page.evaluate(f"{DUET}.real")
    seen = {0: page.evaluate(f"Array.from({DUET}.dream)")}
    for number, action in enumerate(actions):
        if number % 2:
            page.locator(".wm-player").press(["ArrowLeft", "ArrowRight"][action])
        else:
            page.get_by_role("button", name=["Push left", "Push right"][action]).press("Enter")
        steps_taken, dream = page.evaluate(f"[{DUET}.steps, Array.from({DUET}.dream)]")  # a slow press may be two
        seen[steps_taken] = dream
    pushes = torch.eye(2)[page.evaluate(f"{DUET}.pushes")]
    assert len(seen) == 1 + len(actions)
    real = [torch.tensor(start, dtype=torch.float64)]
    for push in pushes:
        real.append(cartpole_dynamics(real[-1], push.double()))
    np.testing.assert_allclose(page.evaluate(f"{DUET}.real"), real[-1], atol=1e-9)
    model = wmcourse.load("cartpole-dreamer").world
    told = rollout(model, pushes[None], torch.stack(real).float()[None], peek_every=5).believed.observation[0]
    np.testing.assert_allclose(list(seen.values()), told[list(seen)], atol=1e-5)


def test_a_held_key_or_button_pushes_until_it_is_let_go(page):
    page.keyboard.down("ArrowRight")
    page.wait_for_function("document.querySelector('.wm-player').dataset.step >= 4")
    page.keyboard.up("ArrowRight")
    kept = steps(page)
    page.wait_for_timeout(300)
    assert steps(page) == kept
    assert set(page.evaluate(f"{DUET}.pushes")) == {1}
    box = page.get_by_role("button", name="Push left").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 3)
    page.mouse.down()
    page.wait_for_function("before => document.querySelector('.wm-player').dataset.step >= before + 3", arg=kept)
    page.mouse.up()
    kept = steps(page)
    page.wait_for_timeout(300)
    assert steps(page) == kept


def test_nothing_under_the_pointer_moves_when_the_words_change(page):
    places = []
    for _ in range(3):
        places.append(page.get_by_role("button", name="Push right").bounding_box()["y"])
        places.append(page.get_by_label("Temperature").bounding_box()["y"])
        page.get_by_role("button", name="Push right").click()
    assert places == places[:2] * 3


def test_of_two_keys_the_later_counts_and_the_first_is_not_forgotten(page):
    waiting = "count => document.querySelector('.wm-player').wmPlayer.pushes.length >= count"
    page.keyboard.down("ArrowRight")
    page.keyboard.down("ArrowLeft")
    page.wait_for_function(waiting, arg=4)
    page.keyboard.up("ArrowLeft")
    middle = len(page.evaluate(f"{DUET}.pushes"))
    page.wait_for_function(waiting, arg=middle + 3)
    page.keyboard.up("ArrowRight")
    pushes = page.evaluate(f"{DUET}.pushes")
    assert pushes[0] == 1 and 0 in pushes and set(pushes[middle:]) == {1}


def test_a_press_shows_dreamer_with_its_eyes_closed(page):
    page.get_by_role("button", name="Dreamer, eyes closed").click()
    page.wait_for_function("document.querySelector('.wm-player').dataset.step >= 3")
    page.get_by_role("button", name="Play or pause").click()
    page.evaluate(f"() => {{ while ({DUET}.step({DUET}.choose())); }}")
    assert page.evaluate(f"{DUET}.fell") > 20
    assert abs(page.evaluate(f"{DUET}.dream[2]")) < 0.1 < abs(page.evaluate(f"{DUET}.real[2]"))


def test_a_look_pulls_the_dream_back_and_the_model_never_saw_a_fallen_pole(page):
    for _ in range(14):
        page.keyboard.press("ArrowRight")
    before = page.evaluate(f"{DUET}.error()")
    page.get_by_role("button", name="Look").click()
    assert page.evaluate(f"{DUET}.error()") < before
    while page.evaluate(f"{DUET}.step(1)"):
        pass
    assert abs(page.evaluate(f"{DUET}.real[2]")) > 1.5 and abs(page.evaluate(f"{DUET}.dream[2]")) < 1.0
    page.keyboard.press("ArrowRight")
    assert page.evaluate(f"{DUET}.pushes") == [1]  # the push after the end begins again


def test_dreamer_balances_the_pole_while_it_looks(page):
    page.get_by_label("Look every").press("Home")
    page.get_by_label("Who pushes").select_option(label="Dreamer")
    assert page.locator(".wm-player").get_attribute("data-playing") == "true"
    page.get_by_role("button", name="Play or pause").click()
    page.evaluate(f"() => {{ while ({DUET}.step({DUET}.choose())); }}")
    assert page.evaluate(f"[{DUET}.fell, {DUET}.steps, {DUET}.perfect]") == [None, 500, True]


def test_temperature_makes_the_dream_vary(page):
    def dreamed():
        page.evaluate(f"{DUET}.restart([0, 0, 0, 0])")
        for action in (0, 1, 1, 0, 1, 0):
            page.evaluate(f"{DUET}.step({action})")
        return page.evaluate(f"Array.from({DUET}.dream)")

    assert dreamed() == dreamed()
    page.get_by_label("Temperature").press("End")
    assert dreamed() != dreamed()


def test_it_pauses_out_of_sight(page):
    page.get_by_label("Look every").press("Home")
    page.get_by_label("Who pushes").select_option(label="Dreamer")
    page.wait_for_function("document.querySelector('.wm-player').dataset.step >= 2")
    page.locator("#end").scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.wm-player').dataset.playing === 'false'")
    kept = steps(page)
    page.wait_for_timeout(300)
    assert steps(page) == kept
    page.locator(".wm-player").scroll_into_view_if_needed()
    page.wait_for_function("before => document.querySelector('.wm-player').dataset.step > before", arg=kept)


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_a_phone_and_a_desk(site, visit, width):
    page = visit(site, width=width).page
    page.wait_for_selector(".wm-player.wm-ready")
    canvas = page.locator(".wm-canvas").bounding_box()
    assert canvas["width"] >= 256 and canvas["x"] >= 0 and canvas["x"] + canvas["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in ("Push left", "Push right", "Look", "Restart"):
        box = page.get_by_role("button", name=name).bounding_box()
        assert box["height"] >= 44 and box["x"] + box["width"] <= width
    drawn = page.evaluate(
        """() => { const canvas = document.querySelector('.wm-canvas');
           const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
           const colors = new Set();
           for (let i = 0; i < pixels.length; i += 4)
             if (pixels[i + 3] > 250) colors.add(pixels.slice(i, i + 3).join());
           return [...colors]; }"""
    )
    assert "217,102,10" in drawn, "no dream is drawn"
    assert "27,36,48" in drawn, "no real cart is drawn"
