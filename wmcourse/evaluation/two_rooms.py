"""Journeys through two rooms: how often, and how soon, a planner that imagines with a model reaches the goal."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

from wmcourse.data.walks import film, take_walks
from wmcourse.envs.two_rooms import (
    LIMIT,
    MAX_STEP,
    Background,
    Tasks,
    draw_noise,
    draw_rooms,
    draw_tasks,
    free_positions,
    move,
    reached,
)
from wmcourse.evaluation.collapse import dimension_std, effective_rank
from wmcourse.evaluation.probes import linear_probe, mlp_probe, r_squared
from wmcourse.evaluation.statistics import Interval, bootstrap_mean, wilson_interval
from wmcourse.models.jepa import JEPA
from wmcourse.models.protocol import WorldModel
from wmcourse.models.towards_goal import TowardsGoal
from wmcourse.planning import CEM, MPPI, Box, Imagination, Planner, RecedingHorizon

ACTIONS = Box([-MAX_STEP] * 2, [MAX_STEP] * 2)
PLANNERS: dict[str, Planner] = {
    "cem": CEM(ACTIONS, horizon=20, samples=128, elites=12, iterations=5, init_std=1.0, noise_beta=2.0),
    "mppi": MPPI(ACTIONS, horizon=20, samples=128, iterations=5, std=0.4, noise_beta=2.0),
}
"""Plans of 20 steps, drawn with noise that is slow, as steps in one direction are."""
REPLAN_EVERY = 4
"""Steps that are taken, without a look, before the next plan is made."""
AT_ONCE = 25
"""Journeys that are planned for together."""
PROBED, TESTED = 3000, 1000
"""Pictures that a probe learns from, and that it is tested on."""


class Journeys(NamedTuple):
    """What became of each task."""

    arrived: Bool[Tensor, " batch"]
    steps: Int[Tensor, " batch"]
    """Until the goal was reached; all of them where it was not."""
    paths: Float[Tensor, "batch steps 2"]
    """Positions from the start on; a dot that has arrived stays where it is."""


def travel(
    model: WorldModel,
    planner: Planner,
    tasks: Tasks,
    *,
    background: Background | None = "plain",
    seed: int = 0,
    replan_every: int = REPLAN_EVERY,
    limit: int = LIMIT,
) -> Journeys:
    """Take every task at once. Without a `background`, the model sees positions (B, 2) and no pictures.

    The goal's picture is taken in the same rooms: with the episode's noise if that stays, else with its own.
    """
    dice = Generator().manual_seed(seed)
    count = len(tasks.start)
    still = draw_noise(count, dice)

    def see(position: Tensor) -> Tensor:
        if background is None:
            return position
        noise = {"plain": None, "still": still, "moving": draw_noise(count, dice)}[background]
        return draw_rooms(position, noise)

    imagination = Imagination(TowardsGoal(model, see(tasks.goal)))
    policy = RecedingHorizon(imagination, planner, replan_every=replan_every, seed=seed)
    position, memory = tasks.start, policy.initial(count)
    arrived, steps = reached(position, tasks.goal), torch.zeros(count, dtype=torch.int64)
    path = [position]
    for _ in range(limit):
        action, memory = policy.act(memory, see(position))
        position = torch.where(arrived[:, None], position, move(position, action))
        steps += ~arrived
        arrived = arrived | reached(position, tasks.goal)
        path.append(position)
        if arrived.all():
            break
    return Journeys(arrived, steps, torch.stack(path, dim=1))


def success(
    model: WorldModel,
    planner: Planner,
    *,
    episodes: int,
    seed: int,
    background: Background | None = "plain",
    **how: int,
) -> dict[str, Interval]:
    """Share of new tasks whose goal is reached within 60 steps, and the steps that were taken."""
    tasks = draw_tasks(episodes, Generator().manual_seed(seed))
    parts = [
        travel(model, planner, Tasks(start, goal), background=background, seed=seed + number, **how)
        for number, (start, goal) in enumerate(zip(*(each.split(AT_ONCE) for each in tasks), strict=True))
    ]
    arrived = torch.cat([part.arrived for part in parts])
    steps = torch.cat([part.steps for part in parts])
    return {"success": wilson_interval(int(arrived.sum()), episodes), "steps": bootstrap_mean(steps.double())}


@torch.no_grad()
def embedded(
    model: JEPA, positions: Float[Tensor, "rows 2"], background: Background, generator: Generator
) -> Float[Tensor, "rows latent"]:
    """Embeddings of pictures of dots at these positions."""
    parts = [film(part[:, None], background, generator).squeeze(1) for part in positions.split(500)]
    return torch.cat([model.encode(part) for part in parts])


def measure_embedding(model: JEPA, *, seed: int, background: Background = "plain") -> dict[str, Interval]:
    """Collapse monitors over the free floor, probes of the position, and how far a rollout of ten steps is off."""
    dice = Generator().manual_seed(seed)
    places = [free_positions(count, dice) for count in (PROBED, TESTED)]
    known, new = (embedded(model, each, background, dice) for each in places)
    episode = torch.arange(TESTED)
    metrics = {"rank": _sure(effective_rank(new)), "std": _sure(float(dimension_std(new).mean()))}
    probe = mlp_probe(known, places[0], seed=seed)
    for name, reader in {"linear": linear_probe(known, places[0]), "mlp": probe}.items():
        both = r_squared(reader, new, places[1], episode)
        metrics[f"{name}_r2"] = min(both, key=lambda axis: axis.value)
    walks = take_walks(200, 10, dice)
    state = embedded(model, walks.positions[:, 0], background, dice)
    for action in walks.actions.unbind(dim=1):
        with torch.no_grad():
            state = model.predict(state, action)
    metrics["error_h10_px"] = bootstrap_mean((probe(state) - walks.positions[:, -1]).norm(dim=-1).detach())
    return metrics


def measure_rooms(
    model: JEPA,
    *,
    episodes: int,
    seed: int,
    background: Background = "plain",
    planners: tuple[str, ...] = tuple(PLANNERS),
) -> dict[str, Interval]:
    """Success of each planner on new tasks, and what the embedding holds."""
    metrics: dict[str, Interval] = {}
    for name in planners:
        found = success(model, PLANNERS[name], episodes=episodes, seed=seed, background=background)
        metrics |= {f"{name}_{what}": value for what, value in found.items()}
    return metrics | measure_embedding(model, seed=seed, background=background)


def _sure(value: float) -> Interval:
    return Interval(value, value, value)
