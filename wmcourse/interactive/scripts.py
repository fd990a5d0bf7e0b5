"""Our scripts and styles: files of `assets/`, joined into one for the book's pages and one for each kind of widget."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from wmcourse.envs import dodge, pendulum, two_rooms

RULES = "rules.js"
"""Not a file: written by `rules`."""
DODGE = (
    "SIDE LIMIT STAY STRIDE RING AGENT_ROW AGENT_RADIUS BALL_RADIUS LAUNCH SPEEDS SLOTS BACKGROUND AGENT BALL _PARTS"
)
"""The names of the numbers that its script needs."""
PENDULUM = "STEPS GRAVITY MASS LENGTH TIME_STEP MAX_SPEED MAX_TORQUE"
TWO_ROOMS = (
    "SIDE LIMIT MAX_STEP REACHED DOT_RADIUS BORDER WALL_X WALL_WIDTH DOOR_Y DOOR_WIDTH FLOOR WALL DOT "
    "_LOW _HIGH _NEAR_WALL _IN_DOOR _REACH _PARTS"
)
WORLDS = ("cartpole.js", RULES, "dodge.js")
GAMES = ("dreaming.js", "duet.js", "solo.js")
PLANNING = ("planners.js", "receding.js", "watching.js")
PENDULUM_BOARD = ("pendulum.js", "imagining.js", "swing.js", "planboard.js", "planned.js", "planning.js")
ROOMS_BOARD = ("two_rooms.js", "towards.js", "journey.js", "roomsboard.js", "rooms.js")
BOARDS = (*PLANNING, *PENDULUM_BOARD, *ROOMS_BOARD)
DRAWING = ("controls.js", "canvas.js", "model.js", "picture.js")
PLAYER = (*DRAWING, *WORLDS, *GAMES, "stage.js", "clock.js", "attention.js", "player.js", "latents.js", *BOARDS)
EXPLORER = ("controls.js", "explorer.js")
PAGE = (*PLAYER, "rollout.js", "explorer.js")
STYLES = ("page.css", "explorer.css", "player.css", "planning.css")


@cache
def asset(name: str) -> str:
    """The text of a script or style sheet of this package."""
    if name == RULES:
        return rules()
    return (files("wmcourse.interactive") / "assets" / name).read_text(encoding="utf-8")


def joined(names: tuple[str, ...]) -> str:
    """Several of them in this order, as one."""
    return "\n".join(map(asset, names))


def rules() -> str:
    """The numbers of Dodge, of the pendulum and of two rooms as their environments have them: written once, there."""
    worlds = {"dodge": (dodge, DODGE), "pendulum": (pendulum, PENDULUM), "two_rooms": (two_rooms, TWO_ROOMS)}
    numbers = {
        world: {name.lstrip("_"): getattr(module, name) for name in names.split()}
        for world, (module, names) in worlds.items()
    }
    return f"globalThis.WM = globalThis.WM || {{}};\nWM.rules = {json.dumps(numbers)};\n"
