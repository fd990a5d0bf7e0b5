"""Our scripts and styles: files of `assets/`, joined into one for the book's pages and one for each kind of widget."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from wmcourse.envs import dodge, pendulum

RULES = "rules.js"
"""Not a file: written by `rules`."""
DODGE = (
    "SIDE LIMIT STAY STRIDE RING AGENT_ROW AGENT_RADIUS BALL_RADIUS LAUNCH SPEEDS SLOTS BACKGROUND AGENT BALL _PARTS"
)
"""The names of the numbers that its script needs."""
PENDULUM = "STEPS GRAVITY MASS LENGTH TIME_STEP MAX_SPEED MAX_TORQUE"
WORLDS = ("cartpole.js", RULES, "dodge.js")
GAMES = ("dreaming.js", "duet.js", "solo.js")
PLANNING = ("pendulum.js", "imagining.js", "planners.js", "swing.js", "planboard.js", "planned.js", "planning.js")
DRAWING = ("controls.js", "canvas.js", "model.js", "picture.js")
PLAYER = (*DRAWING, *WORLDS, *GAMES, "stage.js", "clock.js", "attention.js", "player.js", "latents.js", *PLANNING)
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
    """The numbers of Dodge and of the pendulum as their environments have them: written once, there."""
    worlds = {"dodge": (dodge, DODGE), "pendulum": (pendulum, PENDULUM)}
    numbers = {
        world: {name.lstrip("_"): getattr(module, name) for name in names.split()}
        for world, (module, names) in worlds.items()
    }
    return f"globalThis.WM = globalThis.WM || {{}};\nWM.rules = {json.dumps(numbers)};\n"
