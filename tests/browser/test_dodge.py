"""Dodge in the page against the environment: the same dice and actions, the same scenes and pictures, bit by bit."""

import base64

import numpy as np
import pytest

from wmcourse.envs.dodge import DodgeGames, as_observation
from wmcourse.interactive.scripts import PLAYER, joined

STEPS = 300
PLAY = """([dice, actions]) => {
  const world = WM.worlds.dodge, thrown = dice.flat();
  const random = { uniform: () => thrown.shift() };
  let state = world.start(), bytes = [world.picture(state)], over = [];
  for (const action of actions) {
    state = world.step(state, action, random);
    bytes.push(world.picture(state));
    over.push(world.over(state) !== "");
  }
  const text = (array) => btoa(Array.from(array, (byte) => String.fromCharCode(byte)).join(""));
  const seen = world.observe(state);
  return { pictures: bytes.map(text), over, state, left: thrown.length, seen: Array.from(seen) };
}"""


class Given:
    """Dice that were thrown before."""

    def __init__(self, dice):
        self.dice = iter(dice)

    def random(self, shape):
        return next(self.dice).reshape(shape)


@pytest.fixture(scope="module")
def page(chromium):
    page = chromium.new_page()
    page.add_script_tag(content=joined(PLAYER))
    yield page
    page.close()


@pytest.mark.parametrize("often", [1.0, 0.2], ids=["as it is", "a storm, and no slot free"])
def test_the_page_plays_the_same_game(page, often):
    random = np.random.default_rng(0)
    dice, actions = random.random((STEPS, 3)), np.repeat(random.integers(3, size=STEPS // 10), 10)
    dice[:, 0] *= often
    dice[:, 2] *= often  # slow balls, so that many are in the air
    games = DodgeGames(1, random)
    games.random = Given(dice)
    pictures, hits, most = [games.pictures()[0]], [], 0
    for action in actions:
        hits.append(bool(games.step(np.array([action]))[0]))
        pictures.append(games.pictures()[0])
        most = max(most, int((~np.isnan(games.scene.y)).sum()))
    told = page.evaluate(PLAY, [dice.tolist(), actions.tolist()])
    shown = [np.frombuffer(base64.b64decode(text), np.uint8) for text in told["pictures"]]
    np.testing.assert_array_equal(np.stack(shown).reshape(-1, 3, 64, 64).transpose(0, 2, 3, 1), pictures)
    assert told["over"] == hits and any(hits) and not all(hits)
    balls = np.stack(games.scene, axis=-1)[0]
    assert sorted(told["state"]["balls"]) == sorted(balls[~np.isnan(balls[:, 0])].tolist())
    assert told["left"] == 0 and (most == 12) == (often < 1), "the storm should fill the slots"
    np.testing.assert_array_equal(np.array(told["seen"], np.float32), as_observation(games.pictures()).flatten())
