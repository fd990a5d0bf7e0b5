"""What the members of an ensemble expect of plans, for exercise 12.6."""

from collections.abc import Iterator

import torch

from wmcourse.chapters.cem_planning.exercises.candidates import USELESS
from wmcourse.exercises import Draw
from wmcourse.exercises.draw import Case


def opinions(draw: Draw) -> Iterator[Case]:
    """Members that differ for a whole future, or step by step; one of each; no doubt, no discount, no future at all."""
    for (plans, horizon, members), discount, pessimism, scale, level, apart, lost in (
        ((4, 3, 2), 1.0, 1.0, 1.0, 0.0, 1.0, 0),
        ((6, 4, 5), 0.9, 0.5, 1.0, -3.0, 2.0, 2),
        ((5, 6, 3), 0.7, 2.0, 10.0, -50.0, 1.0, 1),
        ((7, 1, 4), 0.5, 1.0, 1.0, 0.0, 1.0, 3),
        ((3, 5, 1), 0.8, 1.5, 1.0, -1.0, 1.0, 0),
        ((1, 2, 3), 0.9, 1.0, 1.0, 5.0, 0.3, 0),
        ((8, 3, 6), 0.95, 0.0, 1.0, 0.0, 5.0, 1),
        ((2, 4, 7), 0.0, 0.7, 1e-4, 0.0, 1.0, 0),
        ((30, 12, 5), 0.99, 3.0, 1e4, -1e5, 1.0, 10),
    ):
        rewards = level + scale * draw.normal(plans, horizon, members)
        rewards += scale * apart * draw.uniform(plans, 1, 1) * draw.normal(plans, 1, members)
        for n in torch.randperm(plans, generator=draw.generator)[:lost].tolist():
            rewards[n, draw.integer(0, horizon - 1), draw.integer(0, members - 1)] = USELESS[n % 3]
        yield {"rewards": rewards, "discount": discount, "pessimism": pessimism}
