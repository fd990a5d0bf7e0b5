"""Figures of chapter 12 about searches: how they look; what they show is measured in the notebook."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch
from plotly.subplots import make_subplots
from torch import Tensor

from wmcourse.chapters.cem_planning.budget import SEARCHES, costs
from wmcourse.evaluation.pendulum import TORQUE
from wmcourse.interactive.explorer import Explorer
from wmcourse.interactive.sliders import Choice, Slider, Stops
from wmcourse.models.protocol import WorldModel
from wmcourse.planning import MPPI, Imagination, Plan, Planner, path_weights
from wmcourse.viz.style import CORRECTED, IMAGINED, MUTED, REAL, TEMPLATE, faded

VIOLET, BLUE, BROWN = "#7a5fa8", "#4c78a8", "#a0522d"
SEARCH_COLORS = {"random shooting": MUTED, "CEM": IMAGINED, "MPPI": VIOLET, "gradients": BLUE}
DRAWN = 24
"""Candidates that are drawn, of all that were tried."""
MS_RANGE = (-3, 6.5)
"""Powers of ten."""
TEMPERATURES = (0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


def iterations_explorer(model: WorldModel, state: Any, planner: Planner, *, seed: int = 0) -> Explorer:
    """The rounds of a search from one state of the pendulum: what was drawn, and what the best of it left behind."""
    plan = planner.plan(Imagination(model).score(state), generator=torch.Generator().manual_seed(seed))

    def draw(iteration: int) -> go.Figure:
        return distribution(plan, iteration, low=TORQUE.low.item(), high=TORQUE.high.item())

    def alt(iteration: int) -> str:
        values = plan.search[iteration - 1].values[0]
        return (
            f"Iteration {iteration}: torques over the next second, {DRAWN} plans as thin lines and a band where the "
            f"next ones are drawn; the plans are worth {values.min():.0f} to {values.max():.0f}."
        )

    return Explorer(
        draw,
        title="Where does CEM look in its next iteration?",
        alt=alt,
        iteration=Slider(1, len(plan.search), label="Iteration"),
    )


def distribution(plan: Plan, iteration: int, *, low: float, high: float) -> go.Figure:
    """Torques of an iteration's candidates, mean ± std of the next ones; below, what the candidates were worth."""
    figure = make_subplots(2, 1, row_heights=[0.68, 0.32], vertical_spacing=0.2)
    now = plan.search[iteration - 1]
    assert now.std is not None
    steps = np.arange(1, now.mean.shape[1] + 1)
    tried, mean, std = (part[0, ..., 0].numpy().round(3) for part in (now.candidates, now.mean, now.std))
    thin = np.concatenate([np.append(row, np.nan) for row in tried[:DRAWN]])
    figure.add_scatter(
        x=np.tile(np.append(steps, np.nan), DRAWN), y=thin, mode="lines", name="drawn",
        line={"color": faded(MUTED, 0.35), "width": 1}, row=1, col=1,
    )  # fmt: skip
    band = np.concatenate([mean + std, (mean - std)[::-1]]).clip(low, high)
    figure.add_scatter(
        x=np.concatenate([steps, steps[::-1]]), y=band, fill="toself", fillcolor=faded(IMAGINED, 0.25), mode="lines",
        line={"width": 0}, name="next: mean ± std", row=1, col=1,
    )  # fmt: skip
    figure.add_scatter(
        x=steps, y=mean, mode="lines", line={"color": IMAGINED, "width": 2.6}, name="next: mean", row=1, col=1
    )
    values = [each.values[0].numpy() for each in plan.search]
    edges = np.linspace(min(map(np.min, values)), max(map(np.max, values)), 41)
    counts, _ = np.histogram(values[iteration - 1], edges)
    figure.add_bar(
        x=((edges[1:] + edges[:-1]) / 2).round(2),
        y=counts,
        marker_color=MUTED,
        showlegend=False,
        name="plans",
        row=2,
        col=1,
    )
    figure.update_layout(template=TEMPLATE, height=380, hovermode=False, bargap=0.1)
    figure.update_xaxes(title_text="step of the plan", range=[0.5, len(steps) + 0.5], row=1, col=1)
    figure.update_yaxes(title_text="torque (N m)", range=[1.08 * low, 1.08 * high], row=1, col=1)
    figure.update_xaxes(title_text="what a plan is worth", range=[edges[0], edges[-1]], row=2, col=1)
    figure.update_yaxes(
        title_text="plans", range=[0, max(np.histogram(each, edges)[0].max() for each in values)], row=2, col=1
    )
    return figure


def tried(found: Mapping[str, Mapping[int, Sequence[float]]]) -> go.Figure:
    """What the plans found are worth, by the number of plans that each search tried: dots, and lines of means."""
    figure = go.Figure()
    for name, by_count in found.items():
        color = SEARCH_COLORS[name]
        at = [(count, value) for count, values in by_count.items() for value in values]
        figure.add_scatter(
            x=[count for count, _ in at], y=[round(value, 2) for _, value in at], mode="markers", showlegend=False,
            marker={"color": faded(color, 0.3), "size": 5}, hoverinfo="skip",
        )  # fmt: skip
        means = [float(np.mean(values)) for values in by_count.values()]
        figure.add_scatter(
            x=list(by_count), y=means, mode="lines+markers", name=name, line={"color": color, "width": 2.4}
        )
    figure.update_layout(template=TEMPLATE, height=310, hovermode="closest")
    figure.update_xaxes(title_text="plans tried (log scale)", type="log", dtick=1)
    return figure.update_yaxes(title_text="worth of the plan found")


def weights_explorer(model: WorldModel, state: Any, planner: MPPI, *, rounds: int = 10, seed: int = 0) -> Explorer:
    """How MPPI's temperature shares the say among its candidates, and where that leads after some rounds."""
    score = Imagination(model).score(state)

    @cache
    def searched(temperature: float) -> Plan:
        hot = replace(planner, temperature=temperature, iterations=rounds)
        return hot.plan(score, generator=torch.Generator().manual_seed(seed))

    def weights(temperature: float) -> Tensor:
        return path_weights(searched(temperature).search[0].values, temperature)[0].sort(descending=True).values

    def worth(temperature: float) -> dict[str, float]:
        plan = searched(temperature)
        first = plan.search[0]
        return {
            "the best plan": first.values.max().item(),
            "the average": score(first.mean[:, None]).item(),
            f"after {rounds} rounds": plan.value.item(),
        }

    def draw(temperature: float) -> go.Figure:
        return shares(weights(temperature), worth(temperature))

    def alt(temperature: float) -> str:
        told = "; ".join(f"{name} is worth {value:.0f}" for name, value in worth(temperature).items())
        return f"λ = {temperature:g}: the best plan has {weights(temperature)[0]:.0%} of the weight; {told}."

    return Explorer(
        draw,
        title="Who has a say in the average?",
        alt=alt,
        temperature=Stops(TEMPERATURES, default=1.0, label="Temperature λ"),
    )


def shares(weights: Tensor, worth: Mapping[str, float]) -> go.Figure:
    """Weights of plans, the best first, and what came of them."""
    share = 100 * weights.numpy()
    figure = go.Figure(go.Bar(x=np.arange(1, len(share) + 1), y=share.round(3), marker_color=VIOLET, name="weight"))
    voices = f"equal voices: {1 / weights.square().sum().item():.0f}"
    lines = [voices, *(f"{name}: {value:.0f}".replace("-", "−") for name, value in worth.items())]
    figure.add_annotation(
        x=1, y=1, xref="paper", yref="paper", xanchor="right", yanchor="top", align="right", showarrow=False,
        text="<br>".join(lines),
    )  # fmt: skip
    figure.update_layout(template=TEMPLATE, height=240, hovermode=False, bargap=0.15, margin_t=16)
    figure.update_xaxes(title_text="plans of the first round, the best first", range=[0.3, 40.5])
    return figure.update_yaxes(title_text="weight (%)", rangemode="tozero")


def replanning(returns: Mapping[str, Mapping[int, Tensor]], *, chance: float) -> go.Figure:
    """Mean return, with the spread of episodes, against the steps that are taken without a look."""
    figure = go.Figure()
    for (name, by_steps), color in zip(returns.items(), (REAL, IMAGINED, BROWN), strict=False):
        figure.add_scatter(
            x=list(by_steps),
            y=[each.mean().item() for each in by_steps.values()],
            error_y={
                "array": [each.std().item() / len(each) ** 0.5 for each in by_steps.values()],
                "thickness": 1.4,
                "width": 3,
            },
            mode="lines+markers",
            name=name,
            line={"color": color, "width": 2.4, "dash": "solid" if color == REAL else "6px,3px"},
        )
    figure.add_hline(
        y=chance,
        line={"color": MUTED, "dash": "dot", "width": 1.6},
        annotation_text="chance",
        annotation_position="bottom left",
    )
    ticks = sorted({step for by_steps in returns.values() for step in by_steps})
    figure.update_layout(template=TEMPLATE, height=290, hovermode="closest")
    figure.update_xaxes(title_text="steps followed before the next look", tickvals=ticks)
    return figure.update_yaxes(title_text="return of an episode", range=[1.08 * chance, 0])


def budget_explorer() -> Explorer:
    """Milliseconds of one decision with ten cameras, by part."""

    def parts(latent: int, networks: int, search: str, imagine: str) -> dict[str, float]:
        return costs(latent=latent, networks=networks, search=search, pictures=imagine == "pictures too")

    def draw(machine: int, latent: int, networks: int, search: str, imagine: str) -> go.Figure:
        return budget(parts(latent, networks, search, imagine), gflops=machine)

    def alt(machine: int, latent: int, networks: int, search: str, imagine: str) -> str:
        flops = parts(latent, networks, search, imagine)
        return "; ".join(f"{name}: {words(flop / machine / 1e6)}" for name, flop in flops.items())

    return Explorer(
        draw,
        title="What fits into 100 milliseconds?",
        alt=alt,
        machine=Stops((50, 500, 5000, 50_000), default=500, label="Machine", unit="GFLOP/s"),
        latent=Stops((64, 256, 1024), default=256, label="Size of the code"),
        networks=Stops((1, 5), label="Networks"),
        search=Choice(list(SEARCHES), label="Search"),
        imagine=Choice(["codes", "pictures too"], label="Imagine"),
    )


def budget(parts: Mapping[str, float], *, gflops: float | int, limit: float = 100.0) -> go.Figure:
    """Milliseconds of each part on a log scale, and the limit."""
    figure, total = go.Figure(), sum(parts.values()) / gflops / 1e6
    rows = {
        f"{name}: {words(flop / gflops / 1e6)}": (flop / gflops / 1e6, color)
        for (name, flop), color in zip(parts.items(), (REAL, IMAGINED), strict=True)
    }
    rows[f"together: {words(total)}"] = (total, CORRECTED if total <= limit else MUTED)
    for row, (ms, color) in enumerate(rows.values()):
        figure.add_scatter(
            x=[10 ** MS_RANGE[0], ms], y=[row, row], mode="lines+markers", line={"color": color, "width": 10},
            marker={"color": color, "size": [0, 14]},
        )  # fmt: skip
    figure.add_vline(x=limit, line={"color": MUTED, "dash": "dot", "width": 2})
    figure.update_layout(template=TEMPLATE, height=200, showlegend=False, hovermode=False, margin={"l": 130, "t": 16})
    figure.update_xaxes(
        title_text="milliseconds (log scale)", type="log", range=list(MS_RANGE),
        tickvals=[0.01, 1, 100, 1e4, 1e6], ticktext=["0.01", "1", "100", "10⁴", "10⁶"], tickangle=0,
    )  # fmt: skip
    return figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=list(rows), range=[len(rows) - 0.5, -0.5], showgrid=False
    )


def words(ms: float) -> str:
    """Milliseconds, or seconds where they are many."""
    return f"{ms / 1000:,.3g} s" if ms >= 1000 else f"{ms:.2g} ms"
