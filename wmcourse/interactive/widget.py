"""What runs models in the page: one element for every front end, in JupyterLab a widget of the page's own scripts."""

from __future__ import annotations

import base64
import os
from abc import ABC, abstractmethod
from typing import Any, Literal

import anywidget
import traitlets

from wmcourse.interactive.explorer import STATIC, WIDGET
from wmcourse.interactive.live import stable_identity
from wmcourse.interactive.page import element
from wmcourse.interactive.page_model import PageModel
from wmcourse.interactive.scripts import PLAYER, joined

_RENDER = """
export default {
  render({ model, el }) {
    const spec = model.get("spec"), kind = model.get("kind");
    const root = WM.make("figure", { className: `wm-${kind}`, id: `wm-${kind}-${model.get("identity")}` });
    root.append(WM.make("figcaption", { className: "wm-title", textContent: spec.title }));
    el.append(root);
    return WM[kind](root, spec, model.get("models"));
  },
};
"""


class PageWidget(anywidget.AnyWidget):
    """Draws itself wherever a widget can be shown, without asking the kernel for anything."""

    _esm = traitlets.Unicode(joined(PLAYER) + _RENDER).tag(sync=True)
    _css = traitlets.Unicode(joined(("explorer.css", "player.css", "planning.css"))).tag(sync=True)
    kind = traitlets.Unicode().tag(sync=True)
    spec = traitlets.Dict().tag(sync=True)
    models = traitlets.Dict().tag(sync=True)
    identity = traitlets.Unicode().tag(sync=True)


class PageElement(ABC):
    """What runs models in the reader's page, and shows itself in every front end."""

    kind: Literal["player", "latents", "planning", "rooms"]
    """Of the script, and of the element's class: `wm-player`."""
    hint: str
    """What to do where it is only a picture."""

    def __init__(self, *, title: str, alt: str, spec: dict[str, Any]) -> None:
        """`spec` is what the script needs besides the models.

        Raises:
            ValueError: the title or the alt is empty.
        """
        if not title.strip() or not alt.strip():
            raise ValueError(f"a {self.kind} needs a title (what to find out) and an alt (the picture in words)")
        self.title, self.alt, self.spec = title, alt, {"title": title, **spec}

    @property
    @abstractmethod
    def page_models(self) -> dict[str, PageModel]:
        """The models that it runs, by their names."""

    @property
    @abstractmethod
    def still(self) -> bytes:
        """A picture as PNG."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        identity = stable_identity(f"wm-{self.kind}", self.title)
        payloads = {name: model.payload() for name, model in self.page_models.items()}
        PageWidget(kind=self.kind, spec=self.spec, models=payloads, identity=identity, model_id=identity)
        view = {"version_major": 2, "version_minor": 0, "model_id": identity}
        bundle: dict[str, Any] = {"text/plain": f"{self.title}\n{self.alt}", WIDGET: view}
        if os.environ.get(STATIC) == "1":
            picture, words = self.still, {"title": self.title, "alt": self.alt, "hint": self.hint}
            bundle["text/html"] = element(f"wm-{self.kind}", data=self.spec, png=picture, **words)
            bundle["image/png"] = base64.b64encode(picture).decode("ascii")
        return bundle


def named(model: Any) -> str:
    """The name under which a page finds a model; raises `ValueError` if `wmcourse.load` has not loaded it."""
    if not hasattr(model, "manifest"):
        raise ValueError("a page finds its model by name: give one that wmcourse.load has loaded")
    return str(model.manifest.name)
