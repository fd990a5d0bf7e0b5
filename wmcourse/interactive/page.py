"""The HTML of explorers and players: a still picture, and the data from which the book's script makes the live one."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from wmcourse.interactive.grid import pack
from wmcourse.interactive.sliders import Control

MAX_BYTES = 1_400_000
_DATA = re.compile(r'<script type="application/json" class="wm-data">(.*?)</script>', re.DOTALL)


def explorer_html(
    *,
    title: str,
    alts: Sequence[str],
    controls: Mapping[str, Control],
    trees: Sequence[Any],
    png: bytes,
    computed: Any = None,
) -> str:
    """Build the element of class `wm-explorer` from the figures of all grid points, the last control fastest.

    Where the page computes its figures, `computed` is what it needs for that, and one figure is given: the defaults'.

    Raises ValueError if it would make the page too heavy.
    """
    described = [{"name": name, **control.describe(control.values)} for name, control in controls.items()]
    if computed is not None:
        described = [
            {**spec, "values": control.values} for spec, control in zip(described, controls.values(), strict=True)
        ]
    full = [{**tree, "alt": alt} for tree, alt in zip(trees, alts, strict=True)]
    start = 0
    for control in controls.values() if computed is None else ():
        start = start * len(control.values) + control.default_index
    return element(
        "wm-explorer" if controls else "wm-chart",
        title=title,
        alt=alts[start],
        data={"controls": described, **pack(full), **({} if computed is None else {"computed": computed})},
        png=png,
        hint="Run the cell for live sliders." if controls else "",
    )


def element(kind: str, *, title: str, alt: str, data: Any, png: bytes, hint: str = "") -> str:
    """The `<figure>` of class `kind`: until the book's script has run, it shows the still picture.

    Raises ValueError if it would make the page too heavy.
    """
    payload = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    payload = payload.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    if len(payload.encode()) > MAX_BYTES:
        raise ValueError(f"{title!r} weighs {len(payload.encode()) / 1e6:.1f} MB and may weigh {MAX_BYTES / 1e6:.1f}: "
                         "take larger steps on the sliders, or draw fewer points")  # fmt: skip
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    identity = f"wm-{name}-{hashlib.sha256(payload.encode()).hexdigest()[:8]}"
    picture = f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
    return (
        f'<figure class="{kind}" id="{identity}" aria-label="{html.escape(title)}" style="margin:1rem 0">\n'
        f'<figcaption class="wm-title" style="font-weight:600">{html.escape(title)}</figcaption>\n'
        f'<div class="wm-still"><img alt="{html.escape(alt)}" src="{picture}" style="max-width:100%;border-radius:8px">'
        f'<div class="wm-hint" style="font-size:85%;opacity:.75">{hint}</div></div>\n'
        f'<script type="application/json" class="wm-data">{payload}</script>\n'
        "</figure>"
    )


def models_of(page: str) -> set[str]:
    """The names of the models that the elements of a page run: of a player one, of sliders and boards several."""
    specs = [json.loads(data) for data in _DATA.findall(page)]
    running = [each for spec in specs for each in (spec, spec.get("computed", {}), *spec.get("models", []))]
    return {each["model"] for each in running if "model" in each}
