"""The explorer of one episode: how far models follow it, by horizon, temperature, and how often they may look."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
import torch
from torch import Tensor

from wmcourse.data.episode import Episode
from wmcourse.evaluation.rollout import rollout
from wmcourse.interactive.explorer import Explorer
from wmcourse.interactive.graph import Weights
from wmcourse.interactive.grid import plain
from wmcourse.interactive.lowering import lower
from wmcourse.interactive.page_model import PageModel
from wmcourse.interactive.sliders import Choice, Control, as_control
from wmcourse.models.protocol import WorldModel
from wmcourse.viz.rollouts import compared_figure, rollout_figure

DIGITS = 9  # enough for a 32-bit float

Quantity = Callable[[Tensor], Tensor]
"""From observations (T+1, ...) to one number a step (T+1,)."""


def rollout_explorer(
    models: WorldModel | Mapping[str, WorldModel],
    episode: Episode | Callable[[WorldModel], Episode],
    quantity: Quantity,
    *,
    title: str,
    name: str,
    unit: str,
    horizon: Control | Sequence[int] | int,
    temperature: Control | Sequence[float] | float,
    peek_every: Control | Sequence[int | None],
    real: Quantity | np.ndarray | None = None,
    colors: Mapping[str, str] | None = None,
    model_slider: Control | None = None,
    when: Literal["believed", "expected"] = "believed",
    context: int = 1,
    value_range: tuple[float, float] | None = None,
    seed: int = 0,
    in_page: str | None = None,
) -> Explorer:
    """One `quantity` of an episode as it was, and as models followed it.

    A single model, or one that a slider chooses from several, is drawn twice: without a look after the first
    `context`, and looking every `peek_every` steps, its looks marked. With `colors`, a color for each model, all of
    them are drawn side by side, looking alike.

    Args:
        models: A model, or several by the names that a reader sees.
        episode: What really happened; a function gives each model the observations that it takes.
        quantity: Reads one number a step from observations, such as an angle.
        title: The question that the explorer answers.
        name: What the number is, in words: "pole angle".
        unit: Its unit.
        horizon: Slider over the steps that are shown, at most the episode's length; or their number, without a slider.
        temperature: Slider over the temperature of the model's draws; or one temperature.
        peek_every: Slider over the steps between looks; None is never.
        real: What the number really was, (T+1,), if it cannot be read from the episode's observations.
        colors: Color of each model, to draw all of them.
        model_slider: The slider that chooses a model; made from the names if there is none.
        when: What the model believes after each look, or what it expects before.
        context: First steps at which every model looks.
        value_range: Of the vertical axis.
        seed: Of the models' draws.
        in_page: The name of the shipped model that the static page runs, so that its sliders may be as fine as a
            notebook's; for a single model of small observations. The page's draws are not PyTorch's.

    Raises:
        ValueError: no model is given, or one of them has no color.
    """
    named = dict(models) if isinstance(models, Mapping) else {"": models}
    if not named or (colors is not None and (missing := set(named) - set(colors))):
        raise ValueError(f"these models have no color: {sorted(missing)}" if named else "at least one model is needed")
    fixed: dict[str, Any] = {
        key: value
        for key, value in (("horizon", horizon), ("temperature", temperature))
        if isinstance(value, int | float)
    }
    offered = [horizon] if isinstance(horizon, int) else as_control("horizon", horizon).live_points
    longest = max(int(value) for value in offered if value is not None)

    def seen(model: WorldModel) -> Episode:
        return episode(model) if callable(episode) else episode

    @cache
    def followed(model: str, temperature: float, peek_every: int | None) -> tuple[np.ndarray, np.ndarray]:
        played = seen(named[model])
        told = rollout(
            named[model],
            played.actions[None, :longest],
            played.observations[None, : longest + 1],
            context=context,
            peek_every=peek_every,
            temperature=temperature,
            seed=seed,
        )
        return quantity(getattr(told, when).require_observation()[0]).numpy(), told.peeked.numpy()

    played = seen(next(iter(named.values())))
    truth = real if isinstance(real, np.ndarray) else (real or quantity)(played.observations).numpy()

    def draw(horizon: int, temperature: float, peek_every: int | None, model: str = next(iter(named))) -> go.Figure:
        shown = slice(0, horizon + 1)
        words: dict[str, Any] = {"quantity": name, "unit": unit, "value_range": value_range}
        if colors is None:
            blind, _ = followed(model, temperature, None)
            helped, looks = followed(model, temperature, peek_every)
            return rollout_figure(truth[shown], blind[shown], helped[shown], peeked=looks[shown], **words)
        curves = {each: followed(each, temperature, peek_every)[0][shown] for each in named}
        _, looks = followed(model, temperature, peek_every)
        return compared_figure(truth[shown], curves, colors=colors, peeked=looks[shown], **words)

    def alt(horizon: int, temperature: float, peek_every: int | None, model: str = next(iter(named))) -> str:
        shown = slice(0, horizon + 1)
        looking = f"looking every {peek_every} steps" if peek_every else "never looking again"
        off = {
            each: np.abs(followed(each, temperature, peek_every)[0][shown] - truth[shown]).mean()
            for each in (named if colors else [model])
        }
        errors = ", ".join(f"{each} {error:.3g}".strip() for each, error in off.items())
        return (
            f"The {name} over {horizon} steps, real and as the model{'s' * bool(colors)} {when} it to be, "
            f"at temperature {temperature:g}, {looking}. Mean absolute error in {unit}: {errors}."
        )

    sliders: dict[str, Any] = {"horizon": horizon, "temperature": temperature, "peek_every": peek_every}
    if len(named) > 1 and colors is None:
        sliders = {"model": model_slider or Choice(list(named), label="Model"), **sliders}
    moving = {key: slider for key, slider in sliders.items() if key not in fixed}
    computed = None
    if in_page is not None:
        if len(named) > 1 or colors is not None or played.observations.dim() != 2:
            raise ValueError("a page runs a single model, of vectors: give no others, no colors and no pictures")
        apart = torch.cat([quantity(observation[None]) for observation in played.observations])
        if not torch.equal(apart, quantity(played.observations)):
            raise ValueError("a page reads the quantity from each observation alone; this one needs several")
        words = {"name": name, "unit": unit, "when": when, "context": context, "seed": seed}
        computed = partial(page_rollout, in_page, played, quantity, truth, steps=longest, fixed=fixed, words=words)
    return Explorer(partial(draw, **fixed), title=title, alt=partial(alt, **fixed), computed=computed, **moving)


def page_rollout(
    model: str, episode: Episode, quantity: Quantity, real: np.ndarray, *, steps: int, fixed: Any, words: Any
) -> dict[str, Any]:
    """What `assets/rollout.js` needs to follow the first `steps` steps of an episode."""
    weights = Weights()
    example = {"observation": episode.observations[:1]}
    graph = lower(lambda observation: {"value": quantity(observation)}, example, weights, where="quantity")
    reader = PageModel({"quantity": graph}, weights, tuple(episode.observations.shape[1:]), episode.actions.shape[-1])
    return {
        "model": model,
        "actions": plain(episode.actions[:steps].numpy(), DIGITS),
        "observations": plain(episode.observations[: steps + 1].numpy(), DIGITS),
        "real": plain(real[: steps + 1], DIGITS),
        "quantity": reader.payload(),
        "fixed": fixed,
        **words,
    }
