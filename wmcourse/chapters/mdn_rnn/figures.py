"""Figures of chapter 05: how they look; what they show is measured in the notebook."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
import torch
from jaxtyping import Float
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots
from torch import Tensor

from wmcourse.envs.dodge import BACKGROUND
from wmcourse.evaluation.statistics import Interval
from wmcourse.interactive.explorer import Explorer
from wmcourse.interactive.sliders import Choice, Slider, Stops
from wmcourse.nets.mixture import Mixture
from wmcourse.viz.filmstrip import filmstrip
from wmcourse.viz.style import IMAGINED, MUTED, REAL, TEMPLATE, faded

Points = tuple[Float[Tensor, "point 1"], Float[Tensor, "point 1"]]
"""When, and where."""
Dots = Mapping[str, Sequence[Interval]]
"""Name of a row to what was measured, one interval for each training."""
Films = Callable[[int | None], tuple[Tensor, Tensor, Tensor]]
"""From how often the model looks to what happened, what it expected, (T+1, 3, 64, 64), and when it looked, (T+1,)."""
BINS = 20
"""Of the histogram of ranks."""
STEP = 24
"""From one shade of a film to the next, of 255."""
AHEAD = (5, 10, 20)
"""Steps after the first of a window that are shown, of a film."""


def fork(panels: Mapping[str, Points], mean: Points) -> go.Figure:
    """Where balls are against how far they have fallen; what happened is dark, what a network deals is orange."""
    figure = make_subplots(1, len(panels), shared_yaxes=True, horizontal_spacing=0.03)
    for column, (name, (when, where)) in enumerate(panels.items(), start=1):
        color = REAL if column == 1 else IMAGINED
        x, y = (np.round(each.flatten().numpy(), 3) for each in (when, where))
        dot = {"color": color, "size": 4, "opacity": 0.5}
        figure.add_scatter(x=x, y=y, mode="markers", marker=dot, name=name, showlegend=False, row=1, col=column)
        figure.update_xaxes(title_text=name, tickvals=[-1, 0, 1], row=1, col=column)
    x, y = (np.round(each.flatten().numpy(), 3) for each in mean)
    stroke = {"color": IMAGINED, "width": 3}
    figure.add_scatter(x=x, y=y, mode="lines", line=stroke, name="least squared error", row=1, col=1)
    figure.update_layout(template=TEMPLATE, height=300, showlegend=False, hovermode=False, margin_t=14)
    figure.update_xaxes(range=[-1.05, 1.05])
    figure.update_yaxes(range=[-2.1, 2.1], tickvals=[])
    return figure.update_yaxes(title_text="place", tickvals=[-1, 0, 1], col=1)


def dots(
    panels: Mapping[str, Mapping[str, Dots]], colors: Mapping[str, str], *, reference: Mapping[str, float] | None = None
) -> go.Figure:
    """A panel for each quantity: rows of dots with their intervals, one color for each series.

    `panels` is quantity to series to rows; `reference` draws a dashed line in some panels.
    """
    rows = list(dict.fromkeys(row for series in panels.values() for held in series.values() for row in held))
    figure = make_subplots(1, len(panels), shared_yaxes=True, horizontal_spacing=0.06)
    for column, (quantity, series) in enumerate(panels.items(), start=1):
        for name, held in series.items():
            points = [
                (each, -rows.index(row) + 0.16 * ((len(found) - 1) / 2 - k), row)
                for row, found in held.items()
                for k, each in enumerate(found)
            ]
            bars = {
                "x": [bound for each, _, _ in points for bound in (each.low, each.high, None)],
                "y": [bound for _, height, _ in points for bound in (height, height, None)],
            }
            where = {"row": 1, "col": column}
            stroke = {"color": faded(colors[name], 0.5), "width": 3}
            figure.add_scatter(**bars, mode="lines", line=stroke, hoverinfo="skip", showlegend=False, **where)
            figure.add_scatter(
                x=[each.value for each, _, _ in points],
                y=[height for _, height, _ in points],
                text=[row for _, _, row in points],
                mode="markers",
                marker={"color": colors[name], "size": 9},
                name=name,
                showlegend=column == 1 and len(series) > 1,
                hovertemplate="%{text}: %{x:.3g}",
                **where,
            )
        if reference and quantity in reference:
            figure.add_vline(x=reference[quantity], line={"color": MUTED, "dash": "dot"}, row=1, col=column)
        figure.update_xaxes(title_text=quantity, row=1, col=column)
    figure.update_xaxes(nticks=4, tickangle=0)
    figure.update_layout(
        template=TEMPLATE, height=120 + 46 * len(rows), hovermode="closest", margin={"l": 34 + 7 * max(map(len, rows))}
    )
    figure.update_yaxes(range=[0.6 - len(rows), 0.4], showgrid=False, tickvals=[])
    return figure.update_yaxes(tickvals=[-i for i in range(len(rows))], ticktext=rows, col=1)


def rank_histogram(ranks: Float[Tensor, "rows latent"]) -> go.Figure:
    """How many codes in a hundred have each rank; a right forecast is flat."""
    counts = torch.histc(ranks.flatten(), BINS, 0.0, 1.0) / ranks.numel()
    middles = (np.arange(BINS) + 0.5) / BINS
    figure = go.Figure(go.Bar(x=middles, y=100 * counts.numpy(), marker={"color": IMAGINED}, name="codes"))
    figure.add_hline(y=100 / BINS, line={"color": REAL, "dash": "dot"})
    figure.update_layout(template=TEMPLATE, height=260, bargap=0.12, hovermode=False, margin_t=14)
    figure.update_xaxes(title_text="rank of the real code in the forecast", range=[0, 1])
    return figure.update_yaxes(title_text="codes in a hundred", rangemode="tozero")


def temperature_explorer(mixtures: Mapping[str, tuple[Mixture, float]], *, title: str) -> Explorer:
    """The density of a mixture, as learned and at a temperature, and the code that came."""

    def draw(latent: str, temperature: float) -> go.Figure:
        mixture, came = mixtures[latent]
        reach = 3 * mixture.log_sigma.exp()
        likely = mixture.log_pi.exp() > 0.002
        low, high = (mixture.mu - reach)[likely].min().item(), (mixture.mu + reach)[likely].max().item()
        z = torch.linspace(min(low, came) - 0.3, max(high, came) + 0.3, 101)
        learned, dealt = (density(each, z) for each in (mixture, tempered(mixture, temperature)))
        figure = go.Figure()
        dotted = {"color": MUTED, "width": 1.6, "dash": "dot"}
        figure.add_scatter(x=z.numpy(), y=learned, mode="lines", line=dotted, name="as learned")
        figure.add_scatter(
            x=z.numpy(), y=dealt, mode="lines", line={"color": IMAGINED, "width": 2.4}, fill="tozeroy",
            fillcolor=faded(IMAGINED, 0.15), name=f"at temperature {temperature:g}",
        )  # fmt: skip
        figure.add_vline(x=came, line={"color": REAL, "width": 2})
        figure.update_layout(template=TEMPLATE, height=320, hovermode=False)
        figure.update_xaxes(title_text="next code (dark line: what came)")
        return figure.update_yaxes(title_text="density, root scale", showticklabels=False, rangemode="tozero")

    return Explorer(
        draw,
        title=title,
        alt=lambda latent, temperature: (
            f"The density of one number of the next code, {latent}: dotted as learned, orange at temperature "
            f"{temperature:g}; a dark line marks the code that came."
        ),
        latent=Choice(list(mixtures), label="The moment"),
        temperature=Stops((0.1, 0.3, 0.5, 0.8, 1.0, 1.15, 1.3, 1.5, 2.0), default=1.0, label="Temperature"),
    )


def tempered(mixture: Mixture, temperature: float) -> Mixture:
    """The mixture from which `Mixture.sample` draws at this temperature."""
    log_pi = (mixture.log_pi / temperature).log_softmax(-1)
    return Mixture(log_pi, mixture.mu, mixture.log_sigma + 0.5 * float(np.log(temperature)))


def density(mixture: Mixture, z: Float[Tensor, " point"]) -> np.ndarray:
    """The root of the density of one dimension, (1, K) each: a low hump can then be seen beside a high one."""
    nll = Mixture(*(part.expand(len(z), *part.shape) for part in mixture)).nll(z[:, None])
    return np.asarray(torch.exp(-0.5 * nll).numpy())


def against_temperature(
    panels: Mapping[str, tuple[Mapping[float, Interval], Interval]],
) -> go.Figure:
    """Panels of a quantity in dreams against the temperature, with the level and the interval of reality."""
    figure = make_subplots(1, len(panels), horizontal_spacing=0.14)
    for column, (quantity, (dreams, real)) in enumerate(panels.items(), start=1):
        taus, found = list(dreams), list(dreams.values())
        where = {"row": 1, "col": column}
        figure.add_scatter(
            x=[0, 1.6, 1.6, 0], y=[real.low, real.low, real.high, real.high], fill="toself", mode="lines",
            line={"width": 0}, fillcolor=faded(REAL, 0.15), hoverinfo="skip", showlegend=False, **where,
        )  # fmt: skip
        level = {"color": REAL, "width": 2.4}
        figure.add_scatter(
            x=[0, 1.6], y=[real.value] * 2, mode="lines", line=level, name="reality", showlegend=column == 1, **where
        )
        band = {"x": [*taus, *taus[::-1]], "y": [each.low for each in found] + [each.high for each in found[::-1]]}
        figure.add_scatter(
            **band, fill="toself", fillcolor=faded(IMAGINED, 0.18), line={"width": 0}, mode="lines",
            hoverinfo="skip", showlegend=False, **where,
        )  # fmt: skip
        figure.add_scatter(
            x=taus, y=[each.value for each in found], mode="lines+markers", name="dream",
            line={"color": IMAGINED, "dash": "6px,3px"}, showlegend=column == 1, **where,
        )  # fmt: skip
        figure.update_yaxes(title_text=quantity, rangemode="tozero", **where)
    figure.update_xaxes(title_text="temperature", range=[0, 1.6])
    return figure.update_layout(template=TEMPLATE, height=360)


def errors(curves: Mapping[str, ArrayLike], colors: Mapping[str, str]) -> go.Figure:
    """Curves over the steps since the model closed its eyes, from 1."""
    figure = go.Figure()
    for name, curve in curves.items():
        y = np.round(np.asarray(curve), 3)
        stroke = {"color": colors[name], "width": 2.4}
        figure.add_scatter(x=np.arange(1, len(y) + 1), y=y, mode="lines", name=name, line=stroke)
    figure.update_layout(template=TEMPLATE, height=340)
    figure.update_xaxes(title_text="steps since the eyes were closed")
    return figure.update_yaxes(title_text="squared error / variance", rangemode="tozero")


def film_explorer(films: Films, *, title: str, steps: int) -> Explorer:
    """Reality, what the model expected, and the difference, three pictures at a time."""

    def draw(after: int, peek_every: int | None) -> go.Figure:
        real, dream, looked = films(peek_every)
        chosen = [after + each for each in AHEAD]
        figure = filmstrip(as_frames(real), as_frames(dream), steps=chosen)
        labels = [f"{step}, looks" if looked[step] else str(step) for step in chosen]
        return figure.update_xaxes(ticktext=labels)

    return Explorer(
        draw,
        title=title,
        alt=lambda after, peek_every: (
            f"Real pictures, those that the model expected, and the difference, from step {after + AHEAD[0]} to step "
            f"{after + AHEAD[-1]}; it looks "
            + (
                "never again."
                if peek_every is None
                else f"every {peek_every} steps."
                if peek_every > 1
                else "each step."
            )
        ),
        after=Slider(0, steps - AHEAD[-1], AHEAD[-1], label="From step"),
        peek_every=Stops([None, 10, 1], label="Look every", unit="steps"),
    )


def as_frames(pictures: Float[Tensor, "time 3 side side"]) -> np.ndarray:
    """Pictures in [0, 1] as a film (T, H, W, 3) of bytes, in so few shades of the ground that the page stays light."""
    ground = torch.tensor(BACKGROUND).view(3, 1, 1)
    shades = ground + (255 * pictures - ground).div(STEP).round() * STEP
    return np.asarray(shades.clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy())
