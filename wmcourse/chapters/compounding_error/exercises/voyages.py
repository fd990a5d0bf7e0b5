"""The cases of exercise 3.3, and its rollout in the ways in which it goes wrong."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from wmcourse.chapters.compounding_error.exercises.boat import Belief, Boat
from wmcourse.exercises import Draw
from wmcourse.exercises.draw import Case


def voyages(draw: Draw) -> Iterator[Case]:
    """Looks never again, at each step, now and then, at the last step alone."""
    for batch, steps, action, shape, every, scale, dtype in (
        (2, 7, 3, (4,), 3, 3.0, torch.float32),
        (3, 110, 2, (6,), None, 1.0, torch.float32),
        (2, 6, 3, (4, 5), 2, 100.0, torch.float32),
        (4, 2, 5, (1, 6, 7), 1, 0.01, torch.float32),
        (1, 5, 3, (2,), 4, 3.0, torch.float32),
        (3, 1, 2, (4,), 5, 1.0, torch.float32),
        (2, 9, 5, (3,), 9, 10.0, torch.float32),
        (2, 4, 3, (5,), 3, 1.0, torch.float64),
    ):
        actions, seen = draw.normal(batch, steps, action), draw.normal(batch, steps + 1, *shape, scale=scale)
        model = Boat(draw, action, shape).to(dtype)
        yield {"model": model, "actions": actions.to(dtype), "observations": seen.to(dtype), "peek_every": every}


def journey(
    model: Boat,
    actions: Tensor,
    observations: Tensor,
    peek_every: int | None,
    *,
    first: Belief | None = None,
    before: Callable[[Tensor], Tensor | None] = lambda action: None,
    due: Callable[[int, int], bool] = lambda t, k: t % k == 0,
    look: Callable[..., Belief] = Boat.observe,
    report: Callable[[Belief, Belief], Belief] = lambda imagined, corrected: corrected,
    carry: Callable[[Belief, Belief], Belief] = lambda imagined, corrected: corrected,
) -> Tensor:
    """A rollout that peeks, and all that may go wrong in it; `report` and `carry` choose what to show and to keep."""
    state = first or model.observe(model.initial(len(actions)), before(actions[:, 0]), observations[:, 0])
    believed = [model.decode(state).require_observation()]
    for t, action in enumerate(actions.unbind(1), start=1):
        imagined = model.imagine(state, action)
        peeks = peek_every is not None and due(t, peek_every)
        corrected = look(model, state, action, observations[:, t]) if peeks else imagined
        believed.append(model.decode(report(imagined, corrected)).require_observation())
        state = carry(imagined, corrected)
    return torch.stack(believed, 1)
