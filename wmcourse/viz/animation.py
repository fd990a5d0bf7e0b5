"""A video of the dream beside reality, as one element that needs no script and no network."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from wmcourse.viz.filmstrip import as_frames
from wmcourse.viz.style import CORRECTED, IMAGINED, INK, PAPER, REAL

MAX_BYTES = 400_000
_BAR = 26
_EDGE = "#b9b5ab"
_COLORS = {"real": REAL, "dream": IMAGINED, "imagined": IMAGINED, "corrected": CORRECTED}


class Film:
    """Videos side by side: `Film({"real": frames, "dream": frames}, alt="...")`, frames (T, H, W, 3).

    An animated WebP; a reader whose system asks for less motion gets the last frame instead.
    Raises ValueError for lengths that differ, no alt, or a film of more than 400 kB.
    """

    def __init__(self, tracks: Mapping[str, ArrayLike], *, alt: str, fps: float | int = 20, width: int = 220) -> None:
        """Encode the tracks, each scaled to `width` pixels, with a caption and a running step count."""
        if not alt.strip():
            raise ValueError("alt is empty: say in a sentence what the film shows")
        if not 0 < fps <= 50:
            raise ValueError(f"fps must lie between 0 and 50, not {fps}")
        frames = {name: as_frames(track, name) for name, track in tracks.items()}
        lengths = {name: len(track) for name, track in frames.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"the tracks must be equally long to run side by side; they have {lengths}")
        self.alt = alt
        self.pages = [_page(frames, step, width) for step in range(next(iter(lengths.values())))]
        duration = round(1000 / fps)
        self.webp = _encode(self.pages, "WEBP", duration)
        if len(self.webp) > MAX_BYTES:
            raise ValueError(f"the film weighs {len(self.webp) / 1e3:.0f} kB, more than {MAX_BYTES / 1e3:.0f}: "
                             "show every second step, or make it narrower")  # fmt: skip

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        film, last = _uri(self.webp, "webp"), _uri(_encode(self.pages[-1:], "WEBP", 0), "webp")
        style = "max-width:100%;height:auto;border-radius:8px"
        image = (
            f'<picture><source media="(prefers-reduced-motion: reduce)" srcset="{last}">'
            f'<img alt="{html.escape(self.alt)}" src="{film}" style="{style}"></picture>'
        )
        closer = '<summary style="cursor:pointer">film (press to hide or show)</summary>'
        return {
            "text/plain": self.alt,
            "text/html": f'<details class="wm-film" open>{closer}{image}</details>',
        }


def _page(frames: Mapping[str, NDArray[np.uint8]], step: int, width: int) -> Image.Image:
    panels = []
    for track in frames.values():
        height = round(track.shape[1] * width / track.shape[2])
        smooth = Image.Resampling.NEAREST if width > track.shape[2] else Image.Resampling.LANCZOS
        panels.append(Image.fromarray(track[step]).resize((width, height), smooth))
    gap = 8
    tallest = max(panel.height for panel in panels)
    page = Image.new("RGB", (len(panels) * (width + gap) + gap, tallest + _BAR + gap), PAPER)
    pen = ImageDraw.Draw(page)
    font = ImageFont.load_default(size=14)
    for column, (name, panel) in enumerate(zip(frames, panels, strict=True)):
        left = gap + column * (width + gap)
        page.paste(panel, (left, _BAR))
        pen.rectangle((left, _BAR, left + width - 1, _BAR + panel.height - 1), outline=_EDGE)
        pen.rectangle((left, _BAR - 3, left + width - 1, _BAR - 1), fill=_COLORS.get(name, INK))
        pen.text((left, 4), name, fill=_COLORS.get(name, INK), font=font)
    pen.text((page.width - gap, 4), f"step {step}", fill=INK, font=font, anchor="ra")
    return page


def _encode(pages: list[Image.Image], kind: str, duration_ms: int) -> bytes:
    buffer = io.BytesIO()
    durations = [duration_ms] * (len(pages) - 1) + [max(duration_ms, 1200)]  # rest on the last frame
    options = {"append_images": pages[1:], "save_all": True, "duration": durations, "loop": 0} if len(pages) > 1 else {}
    pages[0].save(buffer, format=kind, quality=60, method=4, **options)
    return buffer.getvalue()


def _uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
