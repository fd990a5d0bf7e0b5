"""The Player in JupyterLab: the page's own script as a widget."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

import anywidget
import traitlets

from wmcourse.interactive.player import Player
from wmcourse.interactive.scripts import PLAYER, joined

VIEW = "application/vnd.jupyter.widget-view+json"
_shown: Counter[str] = Counter()
_RENDER = """
export default {
  render({ model, el }) {
    const spec = model.get("spec");
    WM.models[spec.model] = WM.models[spec.model] || model.get("payload");
    const root = WM.make("figure", { className: "wm-player", id: `wm-player-${model.get("identity")}` });
    root.append(WM.make("figcaption", { className: "wm-title", textContent: spec.title }));
    el.append(root);
    return WM.player(root, spec);
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
    """What a notebook shows of a player. The id depends only on its title and how often it was shown."""
    _shown[player.title] += 1
    identity = uuid.uuid5(uuid.NAMESPACE_OID, f"wm-player/{player.title}/{_shown[player.title]}").hex
    payload = player.page_model.payload()
    widget: Any = PlayerWidget(spec=player.spec, payload=payload, identity=identity, model_id=identity)
    bundle = widget._repr_mimebundle_()
    return {VIEW: (bundle[0] if isinstance(bundle, tuple) else bundle)[VIEW]}
