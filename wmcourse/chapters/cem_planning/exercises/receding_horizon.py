"""Exercise 12.5: receding-horizon control."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from wmcourse.chapters.cem_planning.exercises.reality import Search, World, controls
from wmcourse.exercises import Exercise

Lived = tuple[Tensor, Tensor]


def by_a_queue(
    step: World, search: Search, observation: Tensor, start: Tensor, fill: Tensor, steps: int, replan_every: int
) -> Lived:
    """For each action that leaves the queue at its head, `fill` comes in at its end."""
    queue, seen, taken = list(start), [observation], list[Tensor]()
    while len(taken) < steps:
        queue = list(search(seen[-1], torch.stack(queue)))
        for _ in range(min(replan_every, steps - len(taken))):
            taken.append(queue.pop(0))
            queue.append(fill)
            seen.append(step(taken[-1]))
    return torch.stack(taken), torch.stack(seen)


receding_horizon = Exercise(
    "12.5",
    by_a_queue,
    controls,
    returns=("actions", "observations"),
    learns=(),
    unseen=False,
    advice={
        "out of bounds": "count the steps of *this* plan: begin again at 0 when there is a new one",
        "same number of dimensions": "`fill` is one action (A,): fill.expand(replan_every, -1) is a row for each step",
    },
)


def shifted(plan: Tensor, done: int, fill: Tensor) -> Tensor:
    """What is left of a plan, and as much as is missing."""
    return torch.cat([plan[done:], fill.expand(len(plan), -1)])[: len(plan)]


def control(**other: Callable[..., Any]) -> Callable[..., Lived]:
    """Right, but for what is `other`: when it plans, from what it begins, what it looks at, which step it takes."""

    def live(
        step: World, search: Search, observation: Tensor, start: Tensor, fill: Tensor, steps: int, replan_every: int
    ) -> Lived:
        seen, taken, plan, first, done = [observation], list[Tensor](), start, start, 0
        for t in range(steps):
            if other.get("due", lambda t, k: t % k == 0)(t, replan_every):
                if t:
                    start = other.get("begin", lambda plan, k, fill, *_: shifted(plan, k, fill))(
                        plan, done, fill, start, first
                    )
                plan, done = search(other.get("look", lambda seen, k: seen[-1])(seen, replan_every), start), 0
            taken.append(plan[other.get("row", lambda done, t: done)(done, t)])
            seen.append(step(taken[-1]))
            done += 1
        return torch.stack(taken), torch.stack(seen)

    return live


CONTROLS: dict[str, Callable[..., Lived]] = {
    "each search begins at the first start: begin at what is left of the plan before": (
        control(begin=lambda plan, k, fill, start, first: first)
    ),
    "the plan is not shifted: what is done is done, its first steps lie behind": control(begin=lambda plan, *_: plan),
    "shifted by one step only: by as many as were done": control(
        begin=lambda plan, k, fill, *_: shifted(plan, 1, fill)
    ),
    "the old start is shifted, not the plan that the search made of it": (
        control(begin=lambda plan, k, fill, start, first: shifted(start, k, fill))
    ),
    "the end is the plan's own beginning: torch.roll goes round in a circle": (
        control(begin=lambda plan, k, *_: plan.roll(-k, 0))
    ),
    "the last action is repeated at the end: put `fill` there": (
        control(begin=lambda plan, k, *_: shifted(plan, k, plan[-1]))
    ),
    "zeros at the end: put `fill` there": control(begin=lambda plan, k, fill, *_: shifted(plan, k, 0 * fill)),
    "searched at each step: only every `replan_every` steps": control(due=lambda t, k: True),
    "searched with an old observation: look at what the last step led to": control(look=lambda seen, k: seen[0]),
    "the observation is one step old: search after the look, not before": (
        control(look=lambda seen, k: seen[max(len(seen) - 2, 0)])
    ),
    "the first action of the plan is repeated: the next step takes the next one": control(row=lambda done, t: 0),
    "row t of the plan is taken: a new plan begins at its row 0": control(row=lambda done, t: t),
}
for words, wrong in CONTROLS.items():
    receding_horizon.mistake(words)(wrong)
