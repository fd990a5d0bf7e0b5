"""Figures of chapter 14 about clips: what is hidden of them, what is predicted, and what probes read."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from wmcourse.evaluation.statistics import Interval
from wmcourse.models.video_jepa import VideoJEPA
from wmcourse.nets.patches import clips, tubelets
from wmcourse.nets.tubes import Tubes
from wmcourse.viz.filmstrip import film_rows
from wmcourse.viz.style import ERROR_SCALE, MUTED, REAL, TEMPLATE

VIOLET, BROWN = "#7a5fa8", "#a0522d"
COVER = (0.80, 0.78, 0.73)
"""Color of what is hidden."""


@torch.no_grad()
def drawing(model: VideoJEPA, clip: Float[Tensor, "frame height width"], tubes: Tubes) -> Float[Tensor, "frame h w"]:
    """A clip in [0, 1] whose hidden tubelets are as the pixel twin draws them."""
    tokens = model.tokens(clip[None])
    tokens = tokens.scatter(1, _spread(tubes.hidden, tokens), model.predict(tokens, tubes))
    drawn = clips(tokens, model.config.grid, model.config.tubelet)[0]
    return (drawn * model.std + model.mean).clamp(0, 1)


@torch.no_grad()
def heat(
    model: VideoJEPA, clip: Float[Tensor, "frame height width"], tubes: Tubes
) -> tuple[Float[Tensor, "frame height width"], float]:
    """Each hidden tubelet's error over the largest one, which comes second; NaN where nothing was hidden."""
    errors = model.errors(clip[None], tubes)
    tokens = torch.full_like(model.tokens(clip[None]), torch.nan)
    tokens = tokens.scatter(1, _spread(tubes.hidden, tokens), errors[..., None].expand(-1, -1, tokens.shape[-1]))
    largest = errors.max().item()
    return clips(tokens, model.config.grid, model.config.tubelet)[0] / largest, largest


def masked_clip(jepa: VideoJEPA, twin: VideoJEPA, clip: Float[Tensor, "frame height width"], tubes: Tubes) -> go.Figure:
    """A clip, what the encoders are given of it, what the twin draws, and where the JEPA is off (dark: most)."""
    tokens = tubelets(clip[None], jepa.config.tubelet)
    hidden = clips(
        torch.zeros_like(tokens).scatter(1, _spread(tubes.hidden, tokens), 1.0), jepa.config.grid, jepa.config.tubelet
    )[0]
    seen = torch.where(hidden[..., None] > 0, torch.tensor(COVER), clip[..., None])
    rows = {
        "clip": _bytes(clip[..., None].expand(-1, -1, -1, 3)),
        "given": _bytes(seen),
        "twin draws": _bytes(drawing(twin, clip, tubes)[..., None].expand(-1, -1, -1, 3)),
        "JEPA is off": colored(heat(jepa, clip, tubes)[0]),
    }
    figure = film_rows(rows, steps=range(len(clip)))
    return figure.update_xaxes(title_text="frame")


def colored(share: Float[Tensor, "frame height width"]) -> UInt8[np.ndarray, "frame height width 3"]:
    """Shares in [0, 1] as colors of the error scale; NaN is as pale as none."""
    stops = np.array([stop for stop, _ in ERROR_SCALE], dtype=float)
    colors = np.array([[int(str(color)[i : i + 2], 16) for i in (1, 3, 5)] for _, color in ERROR_SCALE])
    values = np.nan_to_num(share.numpy(), nan=0.0)
    return np.stack([np.interp(values, stops, channel) for channel in colors.T], axis=-1).round().astype(np.uint8)


def probe_dots(found: Mapping[str, Mapping[str, Sequence[Interval]]]) -> go.Figure:
    """R2 by quantity (rows) and encoder (colors): a dot and its interval for each training.

    `found` holds, for each encoder, the intervals of its trainings by quantity.
    """
    figure = go.Figure()
    names = list(next(iter(found.values())))
    encoders = list(zip(found.items(), (VIOLET, BROWN, MUTED, REAL), strict=False))
    for number, ((encoder, by_quantity), color) in enumerate(encoders):
        height = 0.2 * (number - (len(encoders) - 1) / 2)
        points = [
            (each, place + height + 0.05 * (i - (len(trainings) - 1) / 2))
            for place, trainings in enumerate(by_quantity[name] for name in names)
            for i, each in enumerate(trainings)
        ]
        figure.add_scatter(
            x=[each.value for each, _ in points], y=[lane for _, lane in points], mode="markers", name=encoder,
            marker={"color": color, "size": 7, "symbol": ("circle", "square", "circle-open", "diamond")[number]},
            error_x={
                "array": [each.high - each.value for each, _ in points],
                "arrayminus": [each.value - each.low for each, _ in points],
                "thickness": 1.4, "width": 0, "color": color,
            },
        )  # fmt: skip
    figure.update_layout(template=TEMPLATE, height=110 + 62 * len(names), hovermode="closest")
    figure.update_xaxes(title_text="share of the variance that a probe reads (R²)")
    return figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.5, -0.5], showgrid=False
    )


def _spread(which: Tensor, tokens: Tensor) -> Tensor:
    """Indices of tokens, for each of their pixels."""
    return which[..., None].expand(-1, -1, tokens.shape[-1])


def _bytes(picture: Tensor) -> UInt8[np.ndarray, "frame height width 3"]:
    return (picture * 255).round().to(torch.uint8).numpy()
