"""A still picture with its alternative text, the same in the book, JupyterLab and GitHub."""

from __future__ import annotations

import base64
import html
import io
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from PIL import Image


class Picture:
    """A displayable picture: `Picture.of(matplotlib_figure, alt="...")` or `Picture(png_bytes, alt=...)`.

    Raises ValueError without an alternative text: a picture that cannot be seen must be readable.
    """

    def __init__(self, png: bytes, *, alt: str, width: int | None = None) -> None:
        """Hold the PNG bytes, the alternative text and the width in CSS pixels."""
        if not alt.strip():
            raise ValueError("alt is empty: say in a sentence what the picture shows")
        self.png, self.alt, self.width = png, alt, width

    @classmethod
    def of(cls, figure: Figure, *, alt: str) -> Picture:
        """Render a matplotlib figure and close it."""
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=144, metadata={"Software": None})
        plt.close(figure)
        return cls(buffer.getvalue(), alt=alt, width=round(figure.get_figwidth() * 96))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        data = base64.b64encode(self.png).decode("ascii")
        width = "" if self.width is None else f"width:{self.width}px;"
        style = f"{width}max-width:100%;height:auto;border-radius:8px"
        image = f'<img alt="{html.escape(self.alt)}" src="data:image/png;base64,{data}" style="{style}">'
        return {"text/plain": self.alt, "text/html": f'<div class="wm-picture">{image}</div>', "image/png": data}


def few_colors(png: io.BytesIO) -> bytes:
    """The same picture with at most 96 colors: a fraction of its bytes."""
    small = io.BytesIO()
    colors = Image.open(png).convert("RGB").quantize(96, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    colors.save(small, format="PNG", optimize=True)
    return small.getvalue()
