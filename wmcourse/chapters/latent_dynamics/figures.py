"""Figures of chapter 02: how they look; what they show is measured in the notebook."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import plotly.graph_objects as go
import torch
from jaxtyping import Float, UInt8
from plotly.subplots import make_subplots
from torch import Tensor

from wmcourse.agents.imitation import Imitated
from wmcourse.envs.cartpole_pixels import TRACK
from wmcourse.evaluation.calibration import Bin
from wmcourse.interactive.explorer import Explorer
from wmcourse.interactive.sliders import Choice, Slider
from wmcourse.viz.filmstrip import difference, film_rows, filmstrip, gray_frames, png_uri
from wmcourse.viz.picture import Picture
from wmcourse.viz.style import IMAGINED, MUTED, REAL, TEMPLATE, matplotlib_style

COLORS = {"true state": REAL, "code z": IMAGINED}
"""Of controllers, by what they are shown."""
FEWEST = 10
"""Steps in a bin of the reliability diagram; a share of fewer says little."""
WALK = torch.linspace(-2, 2, 9)
"""Standard deviations at which the whole way through the code is drawn."""

Walk = Callable[[int, Tensor], Tensor]
"""From a principal direction, counted from 1, and standard deviations (S,) to pictures (S, 1, H, W)."""
Films = Callable[[str], tuple[Tensor, Tensor]]
"""From the name of a plan to what happens and what the model expects, (T+1, 1, H, W) each."""


def camera_views(
    picture: UInt8[np.ndarray, "height width 3"],
    small: UInt8[Tensor, "3 side side"],
    ours: UInt8[Tensor, "1 side side"],
) -> Picture:
    """One state as the renderer draws it, with the crop framed, as shrunk, and as cropped and gray."""
    views = {
        "the renderer's picture": picture,
        "shrunk to 64 x 64": small.permute(1, 2, 0).numpy(),
        "cropped, gray, 64 x 64": np.repeat(ours[0].numpy()[..., None], 3, -1),
    }
    with matplotlib_style():
        figure, axes = plt.subplots(1, 3, figsize=(8.6, 3.0), width_ratios=[1.5, 1, 1])
        for axis, (title, view) in zip(axes, views.items(), strict=True):
            axis.imshow(view, interpolation="nearest")
            axis.set(title=title, xticks=[], yticks=[])
        top, bottom, left, right = TRACK
        corner, width, height = (left, top), right - left, bottom - top
        axes[0].add_patch(plt.Rectangle(corner, width, height, fill=False, edgecolor=IMAGINED, linewidth=2))
        return Picture.of(
            figure,
            alt="The same state of CartPole three times: the full picture with the crop marked by an orange frame, "
            "the full picture shrunk until the pole is a thin stroke, and the cropped gray picture, where the pole is "
            "large.",
        )


def redrawn_pictures(
    real: Float[Tensor, "picture 1 height width"], drawn: Mapping[str, Float[Tensor, "picture 1 height width"]]
) -> go.Figure:
    """Pictures, what codes made of them, a row for each, and the error of the last one."""
    rows = {"real": gray_frames(real), **{name: gray_frames(each) for name, each in drawn.items()}}
    rows["its error"] = difference(rows["real"], list(rows.values())[-1])
    return film_rows(rows, steps=range(len(real))).update_xaxes(title_text="test picture")


def two_futures(films: Mapping[str, Float[Tensor, "time 1 height width"]], *, steps: Sequence[int]) -> go.Figure:
    """Two films below each other, and how they differ."""
    rows = {name: gray_frames(film) for name, film in films.items()}
    return film_rows({**rows, "difference": difference(*rows.values())}, steps=steps)


def learning_curves(pupils: Mapping[str, Imitated]) -> go.Figure:
    """Held-out loss and accuracy of each controller against the update."""
    figure = make_subplots(1, 2, horizontal_spacing=0.16)
    for name, pupil in pupils.items():
        for column, key in enumerate(("loss", "accuracy"), start=1):
            figure.add_scatter(
                x=[row["update"] for row in pupil.history],
                y=[row[key] for row in pupil.history],
                name=name,
                mode="lines",
                showlegend=column == 1,
                line={"color": COLORS[name], "width": 2.4},
                row=1,
                col=column,
            )
    figure.update_layout(template=TEMPLATE, height=340, legend_y=1.12)
    figure.update_xaxes(title_text="update", rangemode="tozero")
    figure.update_yaxes(type="log", title_text="loss (nats)", row=1, col=1)
    return figure.update_yaxes(range=[0.9, 1.002], title_text="accuracy", row=1, col=2)


def reliability_diagram(bins: Mapping[str, Sequence[Bin]]) -> go.Figure:
    """How often each controller is right, by how sure it is; bins of few steps are left out."""
    figure = go.Figure()
    dotted = {"color": MUTED, "dash": "dot"}
    figure.add_scatter(x=[0.5, 1], y=[0.5, 1], mode="lines", name="as sure as right", line=dotted)
    for name, found in bins.items():
        shown = [each for each in found if each.steps >= FEWEST]
        figure.add_scatter(
            x=[each.confidence for each in shown],
            y=[each.share_right for each in shown],
            mode="lines+markers",
            name=name,
            line={"color": COLORS[name]},
            text=[f"{each.steps} steps" for each in shown],
        )
    figure.update_layout(template=TEMPLATE, height=340, hovermode="closest")
    figure.update_xaxes(title_text="how sure it is")
    return figure.update_yaxes(title_text="how often it is right", range=[0.4, 1.03])


def walk_explorer(walk: Walk, *, directions: int) -> Explorer:
    """The decoded picture some way along a direction of the code, and the whole way in small pictures below it."""

    def draw(direction: int, steps: float) -> go.Figure:
        here = gray_frames(walk(direction, torch.tensor([float(steps)])))[0]
        return picture_above_strip(here, gray_frames(walk(direction, WALK)), steps=WALK.tolist())

    return Explorer(
        draw,
        title="What changes when we walk through the code?",
        alt=lambda direction, steps: (
            f"The decoded picture {steps:+g} standard deviations along direction {direction} of the code, and the "
            "whole way in nine small pictures."
        ),
        direction=Slider(1, directions, 1, default=1, label="Principal direction", unit=""),
        steps=Slider(-2, 2, 1, default=1, label="Standard deviations", unit="", live_step=0.25),
    )


def picture_above_strip(
    picture: UInt8[np.ndarray, "side side 3"],
    strip: UInt8[np.ndarray, "step side side 3"],
    *,
    steps: Sequence[float],
    scale: int = 4,
) -> go.Figure:
    """One picture, enlarged, above the strip of all of them, under which their standard deviations stand."""
    side, gap = len(picture), 12
    large, width = scale * side, side * len(strip)
    left = (width - large) // 2
    sheet = np.full((large + gap + side, width, 3), 253, dtype=np.uint8)
    sheet[:large, left : left + large] = picture.repeat(scale, 0).repeat(scale, 1)
    sheet[large + gap :] = np.concatenate(list(strip), axis=1)
    figure = go.Figure(go.Image(source=png_uri(sheet), hoverinfo="skip"))
    aspect = sheet.shape[0] / sheet.shape[1]
    figure.update_layout(template=TEMPLATE, height=440, margin={"t": 14, "b": 44}, meta={"aspect": aspect})
    blank = {"showgrid": False, "showline": False, "ticks": ""}
    figure.update_yaxes(showticklabels=False, range=[sheet.shape[0], 0], **blank)
    return figure.update_xaxes(
        tickvals=[side // 2 + side * i for i in range(len(strip))],
        ticktext=[f"{each:+g}" for each in steps],
        title_text="below, the whole way (standard deviations)",
        range=[0, width],
        **blank,
    )


def plan_explorer(films: Films, plans: Sequence[str], *, default: str, variance: float) -> Explorer:
    """What happens and what the model sees after each plan of pushes, by how far one looks ahead."""

    def draw(plan: str, horizon: int) -> go.Figure:
        real, dream = (gray_frames(film) for film in films(plan))
        return filmstrip(real, dream, steps=[round(horizon * i / 8) for i in range(9)])

    def alt(plan: str, horizon: int) -> str:
        real, dream = (film[horizon] for film in films(plan))
        error = (real - dream).square().mean().item() / variance
        return (
            f"Real pictures, the model's pictures, and their difference over {horizon} steps; pushes: {plan}. "
            f"At the last step the normalized squared error is {error:.2g}."
        )

    return Explorer(
        draw,
        title="What does the model see if we push like this?",
        alt=alt,
        plan=Choice(list(plans), default=default, label="Pushes"),
        horizon=Slider(8, 20, 4, default=8, label="Horizon", unit="steps"),
    )
