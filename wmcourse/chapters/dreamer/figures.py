"""Figures of chapter 09: how they look; what they show is measured in the notebook."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import product

import numpy as np
import plotly.graph_objects as go
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from wmcourse.envs.cartpole import render_cartpole
from wmcourse.evaluation.cartpole import ANGLE
from wmcourse.evaluation.horizon import HorizonTable
from wmcourse.interactive.explorer import Explorer
from wmcourse.interactive.sliders import Slider, Stops
from wmcourse.studies.results import Results
from wmcourse.viz.horizon import horizon_figure
from wmcourse.viz.rollouts import rollout_figure
from wmcourse.viz.style import IMAGINED, MUTED, REAL, TEMPLATE

Play = Callable[[Tensor, float], tuple[Tensor, Tensor]]
"""From starts (B, 4) and a temperature to pole angles (B, T+1) in degrees, real and dreamed; NaN once it is over."""


def lambda_weights(lambda_: float, horizon: int) -> go.Figure:
    """The weight of each n-step return in a λ-return, and their mean look ahead."""
    looks = range(1, horizon + 1)
    weights = [(1 - lambda_) * lambda_ ** (n - 1) for n in looks[:-1]] + [lambda_ ** (horizon - 1)]
    mean_look = sum(n * weight for n, weight in zip(looks, weights, strict=True))
    figure = go.Figure()
    figure.add_bar(x=list(looks), y=weights, name="weight", marker_color=IMAGINED)
    dotted = {"color": MUTED, "width": 3, "dash": "dot"}
    figure.add_scatter(x=[mean_look, mean_look], y=[0, 1], mode="lines", name="mean look ahead", line=dotted)
    figure.update_layout(template=TEMPLATE, bargap=0.35)
    figure.update_xaxes(title_text="imagined steps before the critic is asked (n)", range=[0.3, 15.7])
    figure.update_yaxes(title_text="weight", range=[0, 1.02])
    return figure


def lambda_weights_explorer() -> Explorer:
    """The weights of the λ-return, by λ and the dream's horizon."""
    return Explorer(
        lambda_weights,
        title="How far does the λ-return look before it asks the critic?",
        alt=lambda lambda_, horizon: (
            f"Bars: the weight of each n-step return for lambda {lambda_} and horizon {horizon}."
        ),
        lambda_=Slider(0.0, 1.0, 0.05, default=0.95, label="λ"),
        horizon=Slider(3, 15, 1, default=15, label="Horizon", unit="steps"),
    )


def learning_curves(results: Results, variant: str = "default") -> go.Figure:
    """The validation return of every training against the real steps it has learned from, and the mark for solved."""
    figure = go.Figure()
    for i, run in enumerate(results.runs[variant]):
        figure.add_scatter(
            x=[row["environment_steps"] for row in run.history],
            y=[row["return"] for row in run.history],
            mode="lines+markers",
            name=f"seed {run.seed}",
            line={"color": REAL, "width": 1.6},
            opacity=1 - 0.17 * i,
            marker={"size": 5, "symbol": i},
        )
    figure.add_hline(y=results.facts["solved_at"], line={"color": MUTED, "dash": "dot", "width": 2})
    figure.update_layout(template=TEMPLATE)
    figure.update_xaxes(title_text="steps of training data from the real environment", rangemode="tozero")
    figure.update_yaxes(title_text="return, mean of the validation", range=[0, 520])
    return figure


def cartpole_frames(states: Float[Tensor, "time 4"]) -> UInt8[np.ndarray, "time 100 150 3"]:
    """States as small pictures, one a step."""
    return np.stack([render_cartpole(state, size=(100, 150)) for state in states])


def angle_errors(tables: Mapping[str, HorizonTable], *, horizons: Sequence[int]) -> go.Figure:
    """The open-loop error of the pole's angle for each kind of episodes, at some of the measured horizons."""
    curves = {}
    for name, measured in tables.items():
        found = [measured.absolute[measured.horizons.index(h)][ANGLE] for h in horizons]
        curves[f"{name} episodes"] = ([e.value for e in found], [e.low for e in found], [e.high for e in found])
    return horizon_figure(horizons, curves, quantity="error of the pole angle", unit="rad")


def own_game_explorer(play: Play) -> Explorer:
    """The agent's game and its dream of it, by the pole's angle and the cart's speed at their common start."""
    angles, speeds = [float(each) for each in range(-10, 11, 2)], [each / 2 for each in range(-4, 5)]
    grid = list(product(angles, speeds))
    starts = torch.tensor([[0.0, speed, math.radians(angle), 0.0] for angle, speed in grid])

    @cache
    def played(temperature: float) -> tuple[np.ndarray, np.ndarray]:
        real, dreamed = play(starts, temperature)
        return real.numpy(), dreamed.numpy()

    def draw(angle: float, speed: float, temperature: float) -> go.Figure:
        row = grid.index((angle, speed))
        real, dreamed = (each[row] for each in played(temperature))
        return rollout_figure(real, dreamed, quantity="pole angle", unit="degrees", value_range=(-14, 14))

    return Explorer(
        draw,
        title="Does the agent's dream of its own game come true?",
        alt=lambda angle, speed, temperature: (
            f"Pole angle over 100 steps from a start at {angle} degrees with the cart at {speed} m/s: the real game, "
            f"and the agent's dream of it at temperature {temperature}."
        ),
        angle=Stops(angles, default=6.0, label="Pole's angle", unit="degrees"),
        speed=Stops(speeds, default=0.0, label="Cart's speed", unit="m/s"),
        temperature=[0.0, 1.0, 2.0],
    )
