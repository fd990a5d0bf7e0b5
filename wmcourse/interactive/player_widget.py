"""The Player in JupyterLab: the page's own script as a widget."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from wmcourse.interactive.explorer import WIDGET
from wmcourse.interactive.live import stable_identity
from wmcourse.interactive.player import Player
from wmcourse.interactive.scripts import PLAYER, joined

_RENDER = """
export default {
  render({ model, el }) {
    const spec = model.get("spec");
    const root = WM.make("figure", { className: "wm-player", id: `wm-player-${model.get("identity")}` });
    root.append(WM.make("figcaption", { className: "wm-title", textContent: spec.title }));
    el.append(root);
    return WM.player(root, spec, model.get("payload"));
  },
};
"""


class PlayerWidget(anywidget.AnyWidget):
    """Draws itself wherever a widget can be shown, without asking the kernel for anything."""

    _esm = traitlets.Unicode(joined(PLAYER) + _RENDER).tag(sync=True)
    _css = traitlets.Unicode(joined(("explorer.css", "player.css"))).tag(sync=True)
    spec = traitlets.Dict().tag(sync=True)
    payload = traitlets.Dict().tag(sync=True)
    identity = traitlets.Unicode().tag(sync=True)


def view(player: Player) -> dict[str, Any]:
    """What a notebook shows of a player."""
    identity = stable_identity("wm-player", player.title)
    PlayerWidget(spec=player.spec, payload=player.page_model.payload(), identity=identity, model_id=identity)
    return {WIDGET: {"version_major": 2, "version_minor": 0, "model_id": identity}}
