"""Figures of chapter 08, of beliefs and of what they are worth; what they show is measured in the notebook."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.distributions import Normal

from wmcourse.evaluation.horizon import HorizonTable
from wmcourse.interactive.explorer import Explorer
from wmcourse.interactive.sliders import Slider, Stops
from wmcourse.viz.horizon import horizon_figure
from wmcourse.viz.style import CORRECTED, IMAGINED, MUTED, REAL, TEMPLATE, faded


class Beliefs(NamedTuple):
    """What the two filters believe of one number, step by step: means and standard deviations; and when they look."""

    exact: tuple[Float[Tensor, " time"], Float[Tensor, " time"]]
    learned: tuple[Float[Tensor, " time"], Float[Tensor, " time"]]
    peeked: Bool[Tensor, " time"]


def hidden_and_seen(position: Float[Tensor, " time"], readings: Float[Tensor, " time"]) -> go.Figure:
    """Where a cart is, and what its sensor says."""
    figure, steps = go.Figure(), np.arange(len(position))
    line, marker = {"color": REAL, "width": 2.6}, {"color": MUTED, "size": 6, "symbol": "x"}
    figure.add_scatter(x=steps, y=position.numpy(), mode="lines", name="true position, hidden", line=line)
    figure.add_scatter(x=steps, y=readings.numpy(), mode="markers", name="what the sensor shows", marker=marker)
    figure.update_layout(template=TEMPLATE, height=340)
    figure.update_xaxes(title_text="step")
    figure.update_yaxes(title_text="position (m)")
    return figure


def beliefs_explorer(
    believe: Callable[[int | None], Beliefs], *, position: Float[Tensor, " time"], readings: Float[Tensor, " time"]
) -> Explorer:
    """Where a cart is, and where the Kalman filter and the RSSM believe it to be, by the steps between looks."""
    believed = cache(believe)

    def draw(horizon: int, peek_every: int | None) -> go.Figure:
        shown, time = slice(0, horizon + 1), np.arange(horizon + 1)
        found = believed(peek_every)
        figure = go.Figure()
        for name, (mean, std), color in (
            ("Kalman filter", found.exact, CORRECTED),
            ("RSSM", found.learned, IMAGINED),
        ):
            figure.add_traces(_band(time, mean[shown].numpy(), std[shown].numpy(), color, name))
        line = {"color": REAL, "width": 2.6}
        figure.add_scatter(x=time, y=position[shown].numpy(), mode="lines", name="true position", line=line)
        looks = np.flatnonzero(found.peeked[shown].numpy())
        seen = readings[looks].numpy()
        marker = {"color": MUTED, "size": 8, "symbol": "x"}
        figure.add_scatter(x=looks, y=seen, mode="markers", name="sensor, when looked at", marker=marker)
        figure.update_layout(template=TEMPLATE, height=400)
        figure.update_xaxes(title_text="step")
        figure.update_yaxes(title_text="position (m)", range=[-7, 7])
        return figure

    return Explorer(
        draw,
        title="Does the learned belief swell and shrink like the exact one?",
        alt=lambda horizon, peek_every: (
            f"Position of the cart over {horizon} steps with the beliefs of the Kalman filter and of the RSSM, "
            + (f"looking every {peek_every} steps." if peek_every else "looking once.")
        ),
        horizon=Slider(10, 40, 10, default=40, label="Horizon", unit="steps"),
        peek_every=Stops([1, 2, 5, 10, 20, None], default=10, unit="steps"),
    )


def _band(time: np.ndarray, mean: np.ndarray, std: np.ndarray, color: str, name: str) -> list[go.Scatter]:
    """A mean, and the middle 95% of the Gaussian around it."""
    around = {
        "x": np.concatenate([time, time[::-1]]),
        "y": np.concatenate([mean + 1.96 * std, (mean - 1.96 * std)[::-1]]),
        "line": {"width": 0},
        "fillcolor": faded(color, 0.2),
    }
    return [
        go.Scatter(**around, fill="toself", mode="lines", hoverinfo="skip", showlegend=False, name=f"{name}, 95%"),
        go.Scatter(x=time, y=mean, mode="lines", name=name, line={"color": color, "width": 2.2}),
    ]


def bound_explorer(
    terms: Callable[[Normal], tuple[Tensor, Tensor]], *, prior: Normal, posterior: Normal, evidence: Float[Tensor, ""]
) -> Explorer:
    """How tight the bound is for a guess: `terms` are its reconstruction and its KL."""

    def draw(mean: float, spread: float) -> go.Figure:
        guess, z = Normal(torch.tensor(mean), torch.tensor(spread)), torch.linspace(-2.5, 2.5, 101)
        figure = go.Figure()
        for name, density, color in (
            ("prior p(z)", prior, MUTED),
            ("true posterior p(z | o)", posterior, REAL),
            ("guess q(z)", guess, IMAGINED),
        ):
            line = {"color": color, "width": 2.4}
            height = density.log_prob(z).exp()
            figure.add_scatter(x=z.numpy(), y=height.numpy(), name=name, mode="lines", line=line)
        reconstruction, kl = terms(guess)
        elbo = reconstruction - kl
        lines = (
            f"reconstruction {reconstruction:+.2f}",
            f"− KL {kl:.2f}",
            f"= ELBO {elbo:+.2f}",
            f"evidence {evidence:+.2f}",
            f"gap {evidence - elbo:.2f}",
        )
        corner = {"x": -2.4, "y": 1.45, "xanchor": "left", "yanchor": "top", "align": "left"}
        figure.add_annotation(**corner, text="<br>".join(lines), showarrow=False)
        figure.update_layout(template=TEMPLATE, height=380)
        figure.update_xaxes(title_text="latent z")
        figure.update_yaxes(title_text="density", range=[0, 1.5])
        return figure

    return Explorer(
        draw,
        title="When is the bound tight?",
        alt=lambda mean, spread: (
            f"Densities of prior, true posterior and a guess with mean {mean} and spread {spread}."
        ),
        mean=Slider(-1.0, 2.0, 0.25, default=0.5, label="Mean of the guess"),
        spread=Slider(0.25, 1.25, 0.2, default=0.65, label="Spread of the guess"),
    )


def errors_by_horizon(tables: Mapping[str, HorizonTable]) -> go.Figure:
    """The nMSE of each model at the measured horizons, all the same, with its interval."""
    curves = {
        name: ([e.value for e in found.nmse], [e.low for e in found.nmse], [e.high for e in found.nmse])
        for name, found in tables.items()
    }
    horizons = next(iter(tables.values())).horizons
    what, unit = "squared error of a prediction", "share of the data's variance"
    return horizon_figure(horizons, curves, quantity=what, unit=unit, log=True)


def surprise_explorer(surprised: Callable[[float], Float[Tensor, " time"]], *, pushed_at: int) -> Explorer:
    """The information gain along an episode whose cart is pushed by hand at one step, by the push; from step 1 on."""

    gained = cache(surprised)

    def draw(kick: float) -> go.Figure:
        gain = gained(kick)
        figure = go.Figure()
        line = {"color": CORRECTED, "width": 2.4}
        shown = gain[1:].clamp_min(0.01).numpy()
        figure.add_scatter(x=np.arange(1, len(gain)), y=shown, mode="lines", name="information gain", line=line)
        figure.add_vline(x=pushed_at, line={"color": MUTED, "dash": "dot"})
        figure.update_layout(template=TEMPLATE, height=340, showlegend=False)
        figure.update_xaxes(title_text="step; the dotted line is the push by hand")
        figure.update_yaxes(title_text="information gain (nats)", type="log", range=[-2.2, 3.5])
        return figure

    return Explorer(
        draw,
        title="Does the model notice a push by hand?",
        alt=lambda kick: (
            f"Information gain along {len(gained(kick)) - 1} steps of CartPole; at step {pushed_at} the cart is kicked "
            f"by {kick} m/s."
        ),
        kick=Slider(-1.0, 1.0, 0.25, default=0.5, label="Push by hand", unit="m/s"),
    )
