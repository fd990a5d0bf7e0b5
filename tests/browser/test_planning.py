"""The PlanningBoard in a page of its own: the reader swings, the planner is watched, every slider is alive."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from wmcourse.envs.pendulum import pendulum_dynamics, pendulum_reward
from wmcourse.evaluation.pendulum import PLANNERS
from wmcourse.interactive import PlanningBoard
from wmcourse.interactive.widget import PageWidget
from wmcourse.models.ensemble import EnsembleConfig, ProbabilisticEnsemble
from wmcourse.models.known import known_pendulum
from wmcourse.models.protocol import first_look
from wmcourse.planning import Imagination, RecedingHorizon

GAME = "document.querySelector('.wm-planning').wmPlanning"
FINISH = (
    f"() => {{ const game = {GAME}; while (game.steps < 198) {{ if (!game.due || game.think()) game.follow(); }} }}"
)
"""What a planner does in real time, but for the last two steps, at once."""
PLAY = (
    f"count => {{ const game = {GAME}; for (; count > 0; count--) {{ if (game.due) game.think(); game.follow(); }} }}"
)


@pytest.fixture(scope="module")
def ensemble():
    torch.manual_seed(0)
    model = ProbabilisticEnsemble(EnsembleConfig(hidden_dim=16)).eval()
    model.fit_normalizers(torch.randn(100, 4), torch.randn(100, 4) * torch.tensor([0.2, 0.2, 0.7, 3.0]))
    model.manifest = SimpleNamespace(name="untrained")
    return model


@pytest.fixture(scope="module")
def board(ensemble):
    return PlanningBoard({"five networks": ensemble}, title="Swing.", alt="A fan.", early="five networks")


@pytest.fixture(scope="module")
def site(board, write_page):
    return write_page(board, board.page_models)


@pytest.fixture
def page(site, visit):
    opened = visit(site)
    opened.page.wait_for_selector(".wm-planning.wm-ready")
    yield opened.page
    assert (opened.requests, opened.errors) == ([], [])


def game(page, what):
    return page.evaluate(f"{GAME}.{what}")


def button(page, name):
    return page.get_by_role("button", name=name, exact=False)


def slide(page, label, key):
    page.get_by_label(label, exact=True).press(key)


def wait(page, condition):
    page.wait_for_function(f"() => {{ const game = {GAME}; return {condition}; }}", timeout=120_000)


def test_time_stands_still_until_a_key_is_held_and_then_the_torque_is_full(page):
    page.wait_for_timeout(200)
    assert (game(page, "steps"), game(page, "state")) == (0, [math.pi, 0])
    page.keyboard.down("ArrowRight")
    wait(page, "game.steps >= 4")
    assert (game(page, "torque"), game(page, "by")) == (2, "you")
    page.keyboard.down("ArrowLeft")
    wait(page, "game.torque === -2")
    page.keyboard.up("ArrowLeft")
    wait(page, "game.torque === 2")
    page.keyboard.up("ArrowRight")
    wait(page, "game.torque === 0")
    kept = game(page, "steps")
    wait(page, f"game.steps > {kept}")  # it swings on


def test_the_buttons_push_as_the_keys_do(page):
    button(page, "Turn clockwise").press("Enter")
    wait(page, "game.torque === -2")
    box = button(page, "Turn counterclockwise").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    wait(page, "game.torque === 2")
    page.mouse.up()
    wait(page, "game.torque === 0")


@torch.no_grad()
def python_return(seed):
    """Of CEM on the true equations, from hanging down."""
    policy = RecedingHorizon(Imagination(known_pendulum()), PLANNERS["cem"], seed=seed)
    observation, memory, total = torch.tensor([[-1.0, 0.0, 0.0]]), policy.initial(1), 0.0
    for _ in range(200):
        action, memory = policy.act(memory, observation)
        total += pendulum_reward(observation, action).item()
        observation = pendulum_dynamics(observation, action)
    return total


def test_the_planner_swings_it_up_as_pythons_does_and_the_two_scores_are_compared(page):
    button(page, "Watch the planner").click()
    wait(page, "game.steps >= 5")  # in real time
    page.evaluate(FINISH)
    wait(page, "game.over")
    page.wait_for_function("document.querySelector('.wm-planning').dataset.playing === 'false'")
    total = game(page, "total")
    assert total == pytest.approx(python_return(seed=0), abs=40)
    assert game(page, "upright") > 120
    page.keyboard.down("ArrowLeft")  # another turn, from the same start
    wait(page, "game.by === 'you' && game.steps > 1")
    page.evaluate(f"() => {{ while ({GAME}.steps < 198) {GAME}.step(0, 'you'); }}")
    wait(page, "game.over")
    page.keyboard.up("ArrowLeft")
    mine = game(page, "total")
    assert mine < -1000 and game(page, "records") == {"planner": total, "you": mine}
    words = f"From this start: you {mine:.0f}, planner {total:.0f}.".replace("-", "−")
    page.wait_for_function("words => document.querySelector('.wm-status').textContent.includes(words)", arg=words)


def test_each_step_shows_an_iteration_and_then_the_pendulum_moves(page):
    slide(page, "Iterations of the search", "Home")
    for _ in range(3):
        slide(page, "Iterations of the search", "ArrowRight")
    seen = []
    for _ in range(6):
        button(page, "Step: one").click()
        seen.append((game(page, "trying.length"), game(page, "search.length"), game(page, "steps")))
    assert seen == [(1, 0, 0), (2, 0, 0), (3, 0, 0), (0, 4, 0), (0, 4, 1), (1, 4, 1)]
    spread = game(page, "search.map(({ std }) => std.reduce((sum, each) => sum + each, 0))")
    assert spread == sorted(spread, reverse=True) and spread[-1] < 0.6 * spread[0], "the fan should narrow"
    assert page.locator(".wm-status").inner_text().startswith("Iteration 1 of 4: of 100 futures")


def test_every_slider_is_alive(page):
    for label, key in (("Futures in an iteration", "End"), ("Horizon: how far ahead", "Home")):
        slide(page, label, key)
    slide(page, "Iterations of the search", "End")
    page.evaluate(f"{GAME}.think()")
    search = "search.map(({ futures }) => [futures.length, futures[0].plan.length])"
    assert game(page, search) == [[256, 3]] * 6
    slide(page, "Horizon: how far ahead", "End")
    slide(page, "Futures in an iteration", "Home")
    slide(page, "Look and plan every", "End")
    page.evaluate(f"{GAME}.restart()")
    page.evaluate(PLAY, 50)
    assert game(page, "promises.map(({ step, horizon }) => [step, horizon])") == [[0, 40], [20, 40], [40, 40]]
    assert game(page, "promises.map(({ earned }) => earned !== null)") == [True, False, False]
    earned = game(page, "promises[0].earned")
    assert earned == pytest.approx(game(page, "rewards.slice(0, 40).reduce((sum, each) => sum + each, 0)"))


def test_a_plan_shorter_than_the_interval_is_made_anew_at_its_end(page):
    slide(page, "Look and plan every", "End")
    slide(page, "Horizon: how far ahead", "Home")
    page.evaluate(PLAY, 7)
    assert game(page, "promises.map(({ step }) => step)") == [0, 3, 6]


def test_the_kind_of_search_decides_which_sliders_it_has(page):
    kind = page.get_by_label("Search by")
    temperature = page.get_by_label("MPPI's temperature λ", exact=True)
    assert temperature.is_disabled()
    kind.select_option(label="MPPI")
    counts = []
    for key in ("Home", "End"):
        temperature.press(key)
        page.evaluate(f"{GAME}.restart()")
        page.evaluate(f"{GAME}.think()")
        counts.append(game(page, "search[0].shares.filter((share) => share > 0.5).length"))
    assert counts[0] < 5 < 60 < counts[1]
    kind.select_option(label="random shooting")
    assert page.get_by_label("Iterations of the search", exact=True).is_disabled()
    page.evaluate(f"{GAME}.restart()")
    page.evaluate(f"{GAME}.think()")
    assert game(page, "search.length") == 1
    assert game(page, "plan.value") == game(
        page, "search[0].futures.reduce((best, { value }) => Math.max(best, value), -Infinity)"
    )


@torch.no_grad()
def test_with_a_model_the_plan_is_worth_what_pytorch_promises(page, ensemble):
    page.get_by_label("Imagine with").select_option(label="five networks")
    page.evaluate(f"{GAME}.think()")
    plan, promised = game(page, "plan.plan"), game(page, "promises[0].promised")
    actions = torch.tensor(list(plan.values()) if isinstance(plan, dict) else plan, dtype=torch.float32)
    state = first_look(ensemble, torch.tensor([[-1.0, 0.0, 0.0]]), 0.0)
    value = Imagination(ensemble).score(state)(actions.reshape(1, 1, -1, 1)).item()
    assert promised == pytest.approx(value, abs=1e-3)


def test_presets_play_at_once_and_a_short_sight_fails(page):
    button(page, "horizon 3: short-sighted").click()
    assert (game(page, "horizon"), page.locator(".wm-planning").get_attribute("data-playing")) == (3, "true")
    assert page.get_by_label("Horizon: how far ahead", exact=True).get_attribute("aria-valuetext") == "3 steps, 0.15 s"
    page.evaluate(FINISH)
    wait(page, "game.over")
    assert game(page, "total") < -1200
    button(page, "does it keep its promises?").click()
    assert (game(page, "horizon"), game(page, "dream")) == (20, 1)
    button(page, "CEM over the true equations").click()
    assert (game(page, "dream"), game(page, "steps") < 3) == (0, True)


def test_slowly_each_iteration_is_shown_while_it_plays(page):
    page.get_by_label("Watch", exact=True).select_option(label="slowly: every iteration")
    button(page, "Watch the planner").click()
    for seen in ("trying.length === 1", "trying.length === 2", "plan !== null", "steps >= 1"):
        wait(page, f"game.{seen}")
    kept = game(page, "steps")
    button(page, "Watch the planner").click()
    page.wait_for_timeout(300)
    assert game(page, "steps") - kept <= 1


def test_a_kick_changes_the_speed_and_an_episode_with_one_does_not_count(page):
    button(page, "Kick").click()
    assert game(page, "state[1]") == 5
    page.evaluate(f"() => {{ while (!{GAME}.over) {GAME}.step(0, 'you'); }}")
    assert game(page, "records") == {}
    button(page, "Restart, hanging").click()
    assert (game(page, "state"), game(page, "steps")) == ([math.pi, 0], 0)


def test_a_random_start_is_kept_until_another_is_asked_for(page):
    button(page, "Restart anywhere").click()
    start = game(page, "state")
    assert start != [math.pi, 0] and abs(start[0]) <= math.pi and abs(start[1]) <= 1
    page.keyboard.press("ArrowRight")
    wait(page, "game.steps >= 2")
    button(page, "Watch the planner").click()
    assert game(page, "start") == start
    wait(page, "game.by === 'planner'")
    button(page, "Restart anywhere").click()
    assert game(page, "state") != start


def test_a_search_that_finds_nothing_says_so(page):
    page.evaluate("WM.pendulum.reward = () => NaN")
    for name in ("Step: one", "Watch the planner"):
        button(page, "Restart, hanging").click()
        assert "Swing it up" in page.locator(".wm-status").inner_text()
        button(page, name).click()
        page.wait_for_function("document.querySelector('.wm-status').textContent.startsWith('The search failed: no')")
        assert page.locator(".wm-planning").get_attribute("data-playing") == "false"


def test_it_pauses_out_of_sight(page):
    button(page, "Watch the planner").click()
    wait(page, "game.steps >= 2")
    page.locator("#end").scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.wm-planning').dataset.playing === 'false'")
    kept = game(page, "steps")
    page.wait_for_timeout(300)
    assert game(page, "steps") == kept
    page.locator(".wm-planning").scroll_into_view_if_needed()
    wait(page, f"game.steps > {kept}")


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_a_phone_and_a_desk(site, visit, width):
    page = visit(site, width=width).page
    page.wait_for_selector(".wm-planning.wm-ready")
    pendulum, charts = (page.locator(f".wm-board {name}").bounding_box() for name in (".wm-canvas", ".wm-meter"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for box in (pendulum, charts):
        assert box["width"] >= 256 and box["x"] >= 0 and box["x"] + box["width"] <= width
    assert (pendulum["y"] == charts["y"]) is (width == 1280), "side by side where there is room"
    for each in page.locator(".wm-planning .wm-buttons:not(.wm-presets) .wm-button").all():
        assert each.bounding_box()["height"] >= 44
    button(page, "Step: one").click()
    drawn = page.evaluate(
        """() => { const canvas = document.querySelector('.wm-planning .wm-canvas');
           const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
           const colors = new Set();
           for (let i = 0; i < pixels.length; i += 4)
             if (pixels[i + 3] > 250) colors.add(pixels.slice(i, i + 3).join());
           return [...colors]; }"""
    )
    assert "217,102,10" in drawn, "no future is drawn"
    assert "27,36,48" in drawn, "no real pendulum is drawn"


def test_nothing_under_the_pointer_moves_when_the_words_change(page):
    places = []
    for _ in range(6):
        places.append(button(page, "Step: one").bounding_box()["y"])
        button(page, "Step: one").click()
    assert len(set(places)) == 1


def test_in_jupyterlab_the_same_script_is_a_module_of_its_own(chromium, board):
    payloads = {name: model.payload() for name, model in board.page_models.items()}
    state = {"kind": board.kind, "spec": board.spec, "models": payloads, "identity": "x"}
    page = chromium.new_page()
    page.set_content("<div id=cell></div>")
    page.evaluate(
        """async ([script, state]) => {
             const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
             const { default: { render } } = await import(url);
             const model = { get: (name) => state[name] }, el = document.getElementById("cell");
             window.clean = await render({ model, el }); }""",
        [PageWidget._esm.default_value, state],
    )
    assert page.locator("#cell .wm-planning.wm-ready .wm-title").inner_text() == "Swing."
    page.get_by_label("Imagine with").select_option(label="five networks")
    button(page, "Watch the planner").click()
    wait(page, "game.steps >= 2")
    assert np.isfinite(game(page, "promises[0].promised"))
    page.evaluate("window.clean()")
    kept = game(page, "steps")
    page.wait_for_timeout(300)
    assert game(page, "steps") == kept
    page.close()
