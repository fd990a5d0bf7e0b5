"""Candidates and what they are worth, for exercises 12.2 to 12.4."""

from collections.abc import Iterator
from itertools import cycle

import torch
from torch import Tensor

from wmcourse.exercises import Draw
from wmcourse.exercises.draw import Case

USELESS = (torch.nan, torch.inf, -torch.inf)


def drawn_values(draw: Draw, count: int, *, scale: float, level: float = 0.0, lost: int = 0) -> Tensor:
    """Values (N,) at least half a `scale` apart, from `level` down and up; `lost` of them are not finite."""
    ranks = torch.randperm(count, generator=draw.generator) - count // 2
    values = level + scale * (ranks + draw.uniform(count, low=-0.25, high=0.25))
    where = torch.randperm(count, generator=draw.generator)[:lost]
    for place, useless in zip(where.tolist(), cycle(USELESS), strict=False):
        values[place] = useless
    return values


def drawn_plans(draw: Draw, *shape: int, scale: float = 1.0) -> Tensor:
    """Plans (N, H, A) that scatter around a middle, widely in one step and action, narrowly in another."""
    middle = draw.normal(*shape[1:], scale=scale)
    return middle + scale * draw.magnitudes(*shape[1:], low=1e-2, high=1.0) * draw.normal(*shape)


def best_first(values: Tensor) -> list[int]:
    """The candidates with a finite value, the best first, by Python's own sorting."""
    known = [(value, n) for n, value in enumerate(values.tolist()) if abs(value) < float("inf")]
    return [n for _, n in sorted(known, reverse=True)]


def dropped(values: Tensor) -> Tensor:
    """The values with -inf where they are not finite."""
    return values.masked_fill(~values.isfinite(), -torch.inf)


def gaussian_rounds(draw: Draw) -> Iterator[Case]:
    """Few and many elites, one, all that have a value; a plan of one step; values and actions of all sizes."""
    for (plans, horizon, action_dim), elites, scale, level, lost, size, floor in (
        ((7, 3, 2), 4, 1.0, 0.0, 0, 1.0, 0.05),
        ((9, 4, 1), 3, 1.0, -50.0, 2, 1.0, 0.1),
        ((5, 2, 3), 1, 1.0, 0.0, 1, 2.0, 0.3),
        ((6, 1, 4), 6, 1e-6, 0.0, 0, 30.0, 0.0),
        ((3, 1, 1), 2, 1.0, -9.0, 1, 1.0, 0.01),
        ((1, 5, 2), 1, 1.0, 3.0, 0, 1.0, 0.5),
        ((60, 12, 5), 10, 1e4, -1e6, 25, 1e-2, 1e-3),
        ((11, 6, 3), 8, 1e-3, -1.0, 3, 300.0, 20.0),
    ):
        yield {
            "candidates": drawn_plans(draw, plans, horizon, action_dim, scale=size),
            "values": drawn_values(draw, plans, scale=scale, level=level, lost=lost),
            "elites": elites,
            "min_std": floor,
        }


def categorical_rounds(draw: Draw) -> Iterator[Case]:
    """Few and many elites, one, all that have a value; a plan of one step; no least probability, and almost 1 / C."""
    for (plans, horizon, choices), elites, scale, level, lost, least, momentum in (
        ((7, 2, 3), 4, 1.0, 0.0, 0, 0.1, 0.0),
        ((9, 4, 2), 5, 1.0, -50.0, 2, 0.05, 0.5),
        ((5, 3, 4), 1, 1.0, 0.0, 1, 0.02, 0.25),
        ((6, 1, 5), 6, 1e-6, 0.0, 0, 0.0, 0.9),
        ((1, 5, 2), 1, 1.0, 3.0, 0, 0.01, 0.3),
        ((3, 1, 4), 2, 1.0, -9.0, 1, 0.24, 0.1),
        ((60, 12, 6), 10, 1e4, -1e6, 25, 0.01, 0.6),
        ((11, 6, 3), 8, 1e-3, -1.0, 3, 0.0, 0.0),
    ):
        old = draw.uniform(horizon, choices) * draw.flags(horizon, choices, share=0.7) + draw.one_hot(horizon, choices)
        yield {
            "probs": old / old.sum(-1, keepdim=True),  # some are 0
            "candidates": draw.one_hot(plans, horizon, choices),
            "values": drawn_values(draw, plans, scale=scale, level=level, lost=lost),
            "elites": elites,
            "min_prob": least,
            "momentum": momentum,
        }


def weighted_rounds(draw: Draw) -> Iterator[Case]:
    """Mild temperatures first; then almost 0 and very large ones, far from 0 on both sides; one plan, one step."""
    for (plans, horizon, action_dim), temperature, scale, level, lost, size in (
        ((5, 3, 2), 2.0, 1.0, 0.0, 0, 1.0),
        ((7, 2, 3), 0.5, 0.25, -2.0, 2, 1.0),
        ((6, 4, 1), 1e-6, 1.0, -1e5, 0, 2.0),
        ((4, 1, 5), 1e-6, 30.0, 1e5, 1, 0.1),
        ((1, 5, 2), 0.1, 1.0, -300.0, 0, 1.0),
        ((3, 1, 1), 8.0, 4.0, 500.0, 1, 1.0),
        ((9, 6, 4), 1e4, 1.0, -40.0, 3, 100.0),
        ((50, 12, 5), 1.0, 0.125, -1200.0, 20, 1.0),
        ((8, 2, 4), 1e-6, 1e-6, 1e-5, 3, 1e-2),
    ):
        yield {
            "candidates": drawn_plans(draw, plans, horizon, action_dim, scale=size),
            "values": drawn_values(draw, plans, scale=scale, level=level, lost=lost),
            "temperature": temperature,
        }
