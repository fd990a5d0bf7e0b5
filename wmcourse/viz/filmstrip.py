"""Dreams shown beside reality, frame by frame, with the difference as a third row."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
import torch
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from torch import Tensor

from wmcourse.viz.style import TEMPLATE

_GAP = 6
_BACKGROUND = (253, 252, 249)  # the card of style.PAPER
_EDGE = (185, 181, 171)
_CARD_WIDTH = 560


def as_frames(frames: ArrayLike, name: str = "frames") -> NDArray[np.uint8]:
    """Frames (T, H, W, 3) as uint8; floats must lie in [0, 1], and ValueError says so when they do not."""
    array = np.asarray(frames)
    if array.ndim != 4 or array.shape[-1] != 3:
        raise ValueError(f"{name} must have shape (T, H, W, 3), not {array.shape}")
    if array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.floating) or array.min() < 0 or array.max() > 1:
        raise ValueError(f"{name} must be uint8 in 0..255 or floats in 0..1, not {array.dtype} up to {array.max()}")
    return np.asarray(np.rint(array * 255), dtype=np.uint8)


def difference(real: ArrayLike, dream: ArrayLike) -> NDArray[np.uint8]:
    """How far each pixel (T, H, W) is off: white where the frames agree, darkest where they differ fully."""
    left, right = as_frames(real, "real").astype(int), as_frames(dream, "dream").astype(int)
    if left.shape != right.shape:
        raise ValueError(
            f"real has shape {left.shape} and dream {right.shape}: compare the same steps at the same size"
        )
    error = np.abs(left - right).max(axis=-1, keepdims=True) / 255  # (T, H, W, 1)
    return np.asarray(np.rint(255 - error * (255 - np.array([122, 46, 0]))), dtype=np.uint8)


def filmstrip(real: ArrayLike, dream: ArrayLike, *, steps: Sequence[int], title: str | None = None) -> go.Figure:
    """Lay out real and dreamed frames (T, H, W, 3) at the chosen steps, and their difference below, as one figure."""
    rows = {"real": real, "dream": dream, "difference": difference(real, dream)}
    return film_rows(rows, steps=steps, title=title)


def film_rows(rows: Mapping[str, ArrayLike], *, steps: Sequence[int], title: str | None = None) -> go.Figure:
    """Lay out several films (T, H, W, 3) below each other, at the chosen steps, as one figure."""
    films = [as_frames(frames, name) for name, frames in rows.items()]
    count, frame_height, frame_width, _ = films[0].shape
    if not steps or min(steps) < 0 or max(steps) >= count:
        raise ValueError(f"steps must be indices of the {count} frames, 0 to {count - 1}, not {list(steps)}")
    pitch_x, pitch_y = frame_width + _GAP, frame_height + _GAP
    sheet = np.empty((len(films) * pitch_y, len(steps) * pitch_x, 3), dtype=np.uint8)
    sheet[:] = _BACKGROUND
    for row, frames in enumerate(films):
        for column, step in enumerate(steps):
            top, left = row * pitch_y + _GAP // 2, column * pitch_x + _GAP // 2
            sheet[top - 1 : top + frame_height + 1, left - 1 : left + frame_width + 1] = _EDGE
            sheet[top : top + frame_height, left : left + frame_width] = frames[step]
    figure = go.Figure(go.Image(source=png_uri(sheet), hoverinfo="skip"))
    centers = [(column + 0.5) * pitch_x for column in range(len(steps))]
    top = 44 if title else 14
    height = round(_CARD_WIDTH * sheet.shape[0] / sheet.shape[1]) + top + 50
    figure.update_layout(meta={"aspect": sheet.shape[0] / sheet.shape[1]})
    left = max(84, 16 + 7 * max(map(len, rows)))
    figure.update_layout(
        template=TEMPLATE, height=height, title_text=title, margin={"t": top, "l": left, "b": 50, "r": 12}
    )
    blank = {"showgrid": False, "showline": False, "ticks": ""}
    figure.update_xaxes(
        tickvals=centers, ticktext=[str(step) for step in steps], title_text="step", range=[0, sheet.shape[1]], **blank
    )
    middles = [(row + 0.5) * pitch_y for row in range(len(films))]
    figure.update_yaxes(tickvals=middles, ticktext=list(rows), title_text=None, range=[sheet.shape[0], 0], **blank)
    return figure


def gray_frames(pictures: Tensor) -> NDArray[np.uint8]:
    """Pictures (T, channels, H, W) in [0, 1], of which the last channel is taken, as gray frames (T, H, W, 3)."""
    last = (pictures.detach()[:, -1].clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    return np.repeat(last[..., None], 3, axis=-1)


def png_uri(pixels: NDArray[np.uint8]) -> str:
    """Encode one picture (H, W, 3) as a `data:image/png` address."""
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    if pixels.size > 200_000:  # few colors weigh little, and nobody sees the difference
        image = image.quantize(128, dither=Image.Dither.NONE)
    image.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
