"""The RoomsBoard in a page of its own: the rooms are Python's, the reader sets a goal, every slider is alive."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from wmcourse.data.walks import take_walks
from wmcourse.envs.two_rooms import DOOR_Y, WALL_X, draw_rooms, is_free, move
from wmcourse.interactive import RoomsBoard
from wmcourse.interactive.rooms_board import STUCK, TRUTH
from wmcourse.interactive.scripts import PLAYER, joined
from wmcourse.interactive.widget import PageWidget
from wmcourse.models.jepa import JEPA, JEPAConfig
from wmcourse.models.protocol import first_look
from wmcourse.models.towards_goal import TowardsGoal
from wmcourse.planning import Imagination

ELEMENT = "document.querySelector('.wm-rooms')"
TRAVEL = (
    f"() => {{ const game = {ELEMENT}.wmRooms; while (!game.over) {{ if (game.due) game.think(); game.follow(); }} }}"
)
INK = """() => { const canvas = document.querySelector('.wm-rooms .wm-canvas'), colors = {};
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  for (let i = 0; i < pixels.length; i += 4)
    if (pixels[i + 3] > 250) { const color = pixels.slice(i, i + 3).join(); colors[color] = (colors[color] || 0) + 1; }
  return colors; }"""
ORANGE, DARK, TEAL = "217,102,10", "27,36,48", "10,143,134"


@pytest.fixture(scope="module")
def jepa():
    torch.manual_seed(0)
    model = JEPA(JEPAConfig(embedding_dim=8, width=4, hidden_dim=16)).eval()
    torch.nn.init.normal_(model.encoder.head[1].weight, std=0.1)
    torch.nn.init.normal_(model.predictor[-1].weight, std=0.1)
    model.manifest = SimpleNamespace(name="untrained")
    return model


@pytest.fixture(scope="module")
def probe():
    torch.manual_seed(1)
    return torch.nn.Linear(8, 2).requires_grad_(False)


@pytest.fixture(scope="module")
def board(jepa, probe):
    return RoomsBoard({"JEPA": jepa}, probes={"JEPA": probe}, title="Travel.", alt="Two rooms.", samples=16, horizon=20)


@pytest.fixture(scope="module")
def site(board, write_page):
    return write_page(board, board.page_models)


@pytest.fixture
def page(site, visit):
    opened = visit(site)
    opened.page.wait_for_selector(".wm-rooms.wm-ready", timeout=120_000)
    yield opened.page
    assert (opened.requests, opened.errors) == ([], [])


def game(page, what):
    return page.evaluate(f"{ELEMENT}.wmRooms.{what}")


def wait(page, condition):
    page.wait_for_function(f"() => {{ const game = {ELEMENT}.wmRooms; return {condition}; }}", timeout=120_000)


def choose(page, label, option):
    page.get_by_label(label, exact=True).select_option(label=option)


def click_at(page, place):
    box = page.locator(".wm-rooms .wm-canvas").bounding_box()
    page.mouse.click(*(box[side] + box["width"] * at / 64 for side, at in zip("xy", place, strict=True)))


def test_the_rooms_are_the_environments(chromium):
    dice = torch.Generator().manual_seed(0)
    walks = take_walks(40, 50, dice)
    start, actions = walks.positions[:, 0], walks.actions * 1.7  # some are too long
    positions = [start]
    for action in actions.unbind(1):
        positions.append(move(positions[-1], action))
    real = torch.stack(positions, dim=1)
    page = chromium.new_page()
    page.add_script_tag(content=joined(PLAYER))
    shown, pictures = page.evaluate(
        """([starts, actions]) => { const world = WM.twoRooms, pictures = [];
           const walked = starts.map((start, n) => {
             const places = [start];
             for (const action of actions[n]) places.push(world.move(places[places.length - 1], action));
             pictures.push(Array.from(world.observe(places[places.length - 1])));
             return places;
           });
           return [walked, pictures]; }""",
        [start.tolist(), actions.tolist()],
    )
    np.testing.assert_allclose(shown, real, atol=1e-4)
    np.testing.assert_allclose(np.reshape(pictures, (-1, 3, 64, 64)), draw_rooms(real[:, -1]), atol=1 / 255)
    steps = (real[:, 1:] - real[:, :-1] - actions.clamp(-4, 4)).abs().amax(-1)
    crossed = ((real[:, 1:, 0] > WALL_X) != (real[:, :-1, 0] > WALL_X)).any(1)
    assert (steps > 0.5).any(1).float().mean() > 0.5, "walls should be hit"
    assert crossed.sum() > 3 and (steps < 1e-4).float().mean() > 0.1, "the door should be used"
    drawn = (70 * torch.rand(300, 2, generator=dice)).tolist()
    floor = torch.tensor(page.evaluate("places => places.map(WM.twoRooms.onFloor)", drawn))
    free = is_free(torch.tensor(drawn))
    assert is_free(floor).all() and torch.equal(floor[free], torch.tensor(drawn)[free]) and 20 < free.sum() < 280
    page.close()


def test_a_click_in_the_other_room_sets_the_goal_and_the_dot_arrives(page):
    choose(page, "Imagine with", TRUTH)
    page.wait_for_timeout(200)
    assert game(page, "steps") == 0, "nothing moves unasked"
    click_at(page, (48, 30))
    assert game(page, "goal") == pytest.approx([48, 30], abs=0.5)
    wait(page, "game.arrived")
    page.wait_for_function(f"{ELEMENT}.dataset.playing === 'false'")
    steps = game(page, "steps")
    assert 9 <= steps < 40 and len(game(page, "trace")) == steps + 1
    assert f"arrived after {steps} steps" in page.locator(".wm-status").inner_text()
    inked = page.evaluate(INK)
    assert min(inked.get(color, 0) for color in (ORANGE, DARK, TEAL)) > 100
    click_at(page, (32, 50))  # in the wall: the nearest place is meant
    assert game(page, "goal") == pytest.approx([36, 50], abs=0.5) or game(page, "goal")[0] == 28
    assert game(page, "start") != [14, 50], "it goes on from where it is"


def test_arrows_move_a_goal_and_enter_sets_it(page):
    choose(page, "Imagine with", TRUTH)
    page.locator(".wm-rooms").focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    assert game(page, "goal") == [50, 42]
    assert "A goal at 46, 40: Enter sets it." in page.locator(".wm-status").inner_text()
    page.keyboard.press("Enter")
    assert game(page, "goal") == [46, 40]
    wait(page, "game.steps > 1")
    page.keyboard.press(" ")
    kept = game(page, "steps")
    page.wait_for_timeout(300)
    assert game(page, "steps") == kept
    page.keyboard.press("r")
    assert (game(page, "steps"), game(page, "state")) == (0, [14, 50])
    page.keyboard.press("s")
    assert (game(page, "trying.length"), game(page, "steps")) == (1, 0)
    assert page.locator(".wm-status").inner_text().startswith("Iteration 1 of 3: of 16 futures imagined with the true")


def test_every_slider_is_alive(page):
    def slide(label, key):
        page.get_by_label(label, exact=True).press(key)

    for label in ("Futures in an iteration", "Iterations of the search"):
        slide(label, "End")
    slide("Horizon: how far ahead", "Home")
    page.evaluate(f"{ELEMENT}.wmRooms.think()")
    shapes = "search.map(({ futures, mean }) => [futures.length, futures[0].path.length, mean.length])"
    assert game(page, shapes) == [[256, 6, 6]] * 6
    slide("Horizon: how far ahead", "End")
    slide("Futures in an iteration", "Home")
    plans = f"""every => {{ const game = {ELEMENT}.wmRooms, at = []; game.restart([14, 50], [50, 50]);
      while (game.steps < 12) {{ if (game.due) at.push(game.steps), game.think(); game.follow(); }} return at; }}"""
    slide("Look and plan every", "End")
    assert page.evaluate(plans) == [0, 10]
    slide("Look and plan every", "Home")
    assert page.evaluate(plans) == list(range(12))
    assert game(page, "plan.plan.length") == 60
    for kind, count in (("MPPI", 6), ("random shooting", 1)):
        choose(page, "Search by", kind)
        page.evaluate(f"() => {{ {ELEMENT}.wmRooms.restart(); {ELEMENT}.wmRooms.think(); }}")
        assert game(page, "search.length") == count
    assert page.get_by_label("Iterations of the search", exact=True).is_disabled()


@torch.no_grad()
def test_a_plan_is_worth_what_pytorch_says_and_lies_where_the_probe_says(page, jepa, probe):
    page.evaluate(f"{ELEMENT}.wmRooms.think()")
    plan = torch.tensor([game(page, f"plan.plan[{i}]") for i in range(40)]).reshape(1, 1, 20, 2)
    here, goal = (draw_rooms(torch.tensor([place])) for place in ((14.0, 50.0), (50.0, 42.0)))
    wish = TowardsGoal(jepa, goal)
    value = Imagination(wish).score(first_look(wish, here, 0.0))(plan).item()
    assert game(page, "plan.value") == pytest.approx(value, rel=1e-4)
    state = first_look(jepa, here, 0.0)
    for action in plan[0].unbind(1):
        state = jepa.imagine(state, action, 0.0)
    last = [game(page, f"plan.path[{i}]") for i in (38, 39)]
    np.testing.assert_allclose(last, probe(state.embedding)[0], atol=1e-3)


@torch.no_grad()
def test_the_map_grows_until_it_is_whole_and_holds_the_distances_of_embeddings(page, jepa):
    page.wait_for_function(f"{ELEMENT}.dataset.mapped === 'true'", timeout=120_000)
    asked = """([spec, places]) => { const world = WM.twoRooms, [{ model, probe }] = spec.models;
      const dream = WM.embedded(world, WM.model(WM.models[model]), WM.model(probe)), maps = WM.distances(world, 2);
      maps.advance(dream, 1e9);
      return places.map(([row, column]) => maps.to(dream, spec.goal).values[32 * row + column]); }"""
    cells = [(25, 6), (3, 28), (10, 16), (20, 24)]
    spec = page.evaluate(f"JSON.parse({ELEMENT}.querySelector('.wm-data').textContent)")
    told = page.evaluate(asked, [spec, cells])
    places = torch.tensor([[2 * column + 1.0, 2 * row + 1.0] for row, column in cells])
    assert is_free(places).all() and abs(places[2, 0] - WALL_X) < 2 and abs(places[2, 1] - DOOR_Y) < 4
    goal = jepa.encode(draw_rooms(torch.tensor([[50.0, 42.0]])))
    np.testing.assert_allclose(told, (jepa.encode(draw_rooms(places)) - goal).norm(dim=-1), rtol=1e-3, atol=1e-4)
    looks = {}
    for option in ("as the planner measures it", "in a straight line", "off"):
        choose(page, "Distance to the goal", option)
        page.wait_for_function(f"{ELEMENT}.dataset.mapped === 'true'", timeout=120_000)
        looks[option] = page.evaluate("document.querySelector('.wm-rooms .wm-canvas').toDataURL()")
    assert len(set(looks.values())) == 3


def test_presets_and_the_straight_line_is_stuck_behind_the_wall(page):
    page.get_by_role("button", name="the straight-line distance, stuck").click()
    assert (game(page, "dream"), game(page, "goal")) == (1, list(STUCK[1]))
    assert page.locator(".wm-rooms").get_attribute("data-playing") == "true"
    page.evaluate(TRAVEL)
    page.wait_for_function(f"{ELEMENT}.dataset.playing === 'false'")
    assert not game(page, "arrived") and game(page, "state[0]") < WALL_X
    assert "60 steps are over" in page.locator(".wm-status").inner_text()
    page.get_by_role("button", name="Show: JEPA: the same goal").click()
    assert (game(page, "dream"), game(page, "start")) == (0, list(STUCK[0]))
    assert f"On the same way, {TRUTH} did not arrive" in page.locator(".wm-status").inner_text()
    page.get_by_role("button", name="Show: a goal in the other room").click()
    assert (game(page, "start"), game(page, "goal")) == ([14, 50], [50, 42])


def test_it_pauses_out_of_sight(page):
    choose(page, "Imagine with", TRUTH)
    page.get_by_role("button", name="Show: the straight-line distance, stuck").click()
    wait(page, "game.steps >= 2")
    page.locator("#end").scroll_into_view_if_needed()
    page.wait_for_function(f"{ELEMENT}.dataset.playing === 'false'")
    kept = game(page, "steps")
    page.wait_for_timeout(300)
    assert game(page, "steps") == kept
    page.locator(".wm-rooms .wm-canvas").scroll_into_view_if_needed()
    wait(page, f"game.steps > {kept}")


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_a_phone_and_a_desk(site, visit, width):
    page = visit(site, width=width).page
    page.wait_for_selector(".wm-rooms.wm-ready", timeout=120_000)
    rooms, pictures = (page.locator(f".wm-board {name}").bounding_box() for name in (".wm-canvas", ".wm-meter"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert rooms["width"] == rooms["height"] >= 256
    for box in (rooms, pictures):
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
    assert (rooms["y"] == pictures["y"]) is (width == 1280), "side by side where there is room"
    for each in page.locator(".wm-rooms .wm-buttons:not(.wm-presets) .wm-button").all():
        assert each.bounding_box()["height"] >= 44


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
    assert page.locator("#cell .wm-rooms.wm-ready .wm-title").inner_text() == "Travel."
    page.get_by_role("button", name="Watch the planner").click()
    wait(page, "game.steps >= 2")
    assert np.isfinite(game(page, "plan.value"))
    page.evaluate("window.clean()")
    kept = game(page, "steps")
    page.wait_for_timeout(300)
    assert game(page, "steps") == kept
    page.close()
