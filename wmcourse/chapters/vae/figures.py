"""Figures of chapter 04: how they look; what they show is measured in the notebook."""

import io
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from PIL import Image
from plotly.subplots import make_subplots
from torch import Tensor

from wmcourse.evaluation.statistics import Interval
from wmcourse.interactive.explorer import Explorer
from wmcourse.interactive.sliders import Slider, Stops
from wmcourse.studies import Results
from wmcourse.viz.picture import Picture
from wmcourse.viz.style import IMAGINED, INK, MUTED, REAL, TEMPLATE, faded, matplotlib_style

Pictures = Float[Tensor, "column 3 64 64"]
COLORS = {"real": REAL, "one game": REAL, "another game": REAL, "difference": MUTED}
"""Of rows of pictures by their name; what a model draws is orange."""


def picture_rows(
    rows: Mapping[str, Pictures], *, title: str, alt: str, captions: Sequence[str] = (), width: float = 7.2
) -> Picture:
    """Rows of pictures, each below its name, as wide as the text; captions stand below the columns."""
    columns = len(next(iter(rows.values())))
    with matplotlib_style():
        figure, axes = plt.subplots(
            len(rows),
            columns,
            figsize=(width, 0.45 + len(rows) * (width / columns + 0.2) + 0.2 * bool(captions)),
            squeeze=False,
        )
        figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=11, fontweight="bold")
        for row, (name, pictures) in enumerate(rows.items()):
            for column, picture in enumerate(pictures):
                panel = axes[row, column]
                panel.imshow(picture.detach().clamp(0, 1).permute(1, 2, 0).numpy(), interpolation="nearest")
                panel.set(xticks=[], yticks=[])
            axes[row, 0].set_title(name, color=COLORS.get(name, IMAGINED), fontsize=10)
        for panel, caption in zip(axes[-1], captions, strict=False):
            panel.set_xlabel(caption, color=MUTED, fontsize=9)
        drawn = Picture.of(figure, alt=alt)
    small = io.BytesIO()
    few = (
        Image.open(io.BytesIO(drawn.png))
        .convert("RGB")
        .quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    )
    few.save(small, format="PNG", optimize=True)
    return Picture(small.getvalue(), alt=alt, width=drawn.width)


def difference(real: Pictures, drawn: Pictures) -> Pictures:
    """How far each pixel is off, in its worst color: white where they agree, darkest where they differ fully."""
    error = (real - drawn).abs().amax(1, keepdim=True).clamp(0, 1)
    darkest = error.new_tensor([0.48, 0.18, 0.0]).view(3, 1, 1)
    return 1 - error * (1 - darkest)


def price_explorer() -> Explorer:
    """One number of the code: its cloud q against the prior p, and what the cloud costs."""
    z = np.linspace(-4, 4, 161)

    def cost(mean: float | int, std: float) -> float:
        return 0.5 * (mean**2 + std**2 - 1 - np.log(std**2))

    def draw(mean: float | int, std: float) -> go.Figure:
        figure = go.Figure()
        after = f"after: {mean:g}, give or take {std:g}; KL = {cost(mean, std):.2f} nats"
        for name, center, spread, color in (("before", 0.0, 1.0, MUTED), (after, mean, std, IMAGINED)):
            height = np.exp(-0.5 * ((z - center) / spread) ** 2) / spread
            figure.add_scatter(
                x=z, y=height, mode="lines", name=name, line={"color": color, "width": 2.4},
                fill="tozeroy", fillcolor=faded(color, 0.15),
            )  # fmt: skip
        figure.update_layout(template=TEMPLATE, height=300)
        figure.update_xaxes(title_text="z, one number of the code", range=[-4, 4])
        return figure.update_yaxes(title_text="density, scaled", range=[0, 1.08 / std], showticklabels=False)

    return Explorer(
        draw,
        title="What does it cost to say one number?",
        alt=lambda mean, std: (
            f"The standard normal bell, and a bell at {mean:g} of standard deviation {std:g}, "
            f"which costs {cost(mean, std):.2f} nats."
        ),
        mean=Slider(-2, 2, 1, default=1, label="Mean", live_step=0.5),
        std=Stops([0.05, 0.1, 0.2, 0.5, 0.75, 1.0], default=0.2, label="Standard deviation"),
    )


def prices(study: Results, betas: Sequence[str]) -> go.Figure:
    """Recall, error and nats of each training, by its price; the intervals are bars. At 0 there is no cloud to pay."""
    panels = {
        "ball_recall": "balls found",
        "squared_error": "squared error",
        "kl_nats": "nats in the code",
    }
    figure = make_subplots(1, 3, horizontal_spacing=0.13)
    for column, (metric, words) in enumerate(panels.items(), start=1):
        paid = [beta for beta in betas if metric != "kl_nats" or float(beta) > 0]
        points = [(beta, found) for beta in paid for found in study.intervals(beta, metric)]
        figure.add_trace(_dots([beta for beta, _ in points], [found for _, found in points]), row=1, col=column)
        figure.update_yaxes(title_text=words, row=1, col=column)
    figure.update_layout(template=TEMPLATE, height=300, showlegend=False, hovermode="closest")
    figure.update_xaxes(title_text="price β", type="category", categoryorder="array", categoryarray=list(betas))
    figure.update_yaxes(rangemode="tozero")
    figure.update_yaxes(tickformat=".0%", rangemode="normal", row=1, col=1)
    return figure


def lost_balls(shares: Mapping[str, Interval], *, unit: str) -> go.Figure:
    """The share of balls that is lost, by a property of theirs."""
    figure = go.Figure(_dots(list(shares), list(shares.values())))
    figure.update_layout(template=TEMPLATE, height=320, showlegend=False, hovermode="closest")
    figure.update_xaxes(title_text=unit, type="category")
    return figure.update_yaxes(title_text="balls lost", tickformat=".0%", rangemode="tozero")


def nats_by_balls(nats: Mapping[int, Interval]) -> go.Figure:
    """What the code of a picture costs, by the number of balls in it."""
    figure = go.Figure(_dots(list(nats), list(nats.values())))
    figure.update_layout(template=TEMPLATE, height=300, showlegend=False, hovermode="closest")
    figure.update_xaxes(title_text="balls in the picture", dtick=1)
    return figure.update_yaxes(title_text="nats in the code", rangemode="tozero")


def _dots(x: Sequence[str] | Sequence[int], found: Sequence[Interval]) -> go.Scatter:
    return go.Scatter(
        x=list(x),
        y=[each.value for each in found],
        mode="markers",
        marker={"color": IMAGINED, "size": 9},
        error_y={
            "type": "data",
            "array": [each.high - each.value for each in found],
            "arrayminus": [each.value - each.low for each in found],
            "color": IMAGINED,
        },
    )
